//! Stands for docker with its plugin buildx: one registry, whose images the cluster can pull. Engine, network and logins
//! that fail are scripted faults.

use std::path::Path;

use crate::argv::Argv;
use crate::state::{Behaviour, State};
use crate::{Answer, Call};

const VALUED: [&str; 6] = ["--platform", "--tag", "--file", "--progress", "--builder", "--format"];
const BARE: [&str; 4] = ["--push", "--load", "--provenance", "--version"];

/// Answers one call. `folder` is the working folder.
pub fn run(state: &mut State, call: &Call, folder: &Path) -> Answer {
    let argv = match Argv::parse(&call.args, &VALUED, &BARE) {
        Ok(argv) => argv,
        Err(error) => return Answer::fail(125, format!("{error}\n")),
    };
    match (argv.word(0), argv.word(1), argv.word(2)) {
        ("", _, _) => Answer::ok("Docker version 28.3.0, build 38b7060\n"),
        ("info", _, _) => Answer::ok("{\"ServerVersion\":\"28.3.0\",\"MemTotal\":25000000000,\"NCPU\":8}\n"),
        ("buildx", "version", _) => Answer::ok("github.com/docker/buildx v0.24.0 d0e5e86\n"),
        ("buildx", "build", context) => build(state, &argv, &folder.join(context), folder).into(),
        ("buildx", "imagetools", "inspect") => {
            let name = argv.word(3);
            if state.images.contains_key(name) {
                Answer::ok(format!("Name:      {name}\n"))
            } else {
                Answer::fail(1, format!("ERROR: {name}: not found\n"))
            }
        }
        ("buildx", "imagetools", "create") => match state.images.get(argv.word(3)).cloned() {
            Some(behaviour) => {
                for tag in argv.values("--tag") {
                    state.images.insert(tag.clone(), behaviour.clone());
                }
                Answer::default()
            }
            None => Answer::fail(1, format!("ERROR: {}: not found\n", argv.word(3))),
        },
        (one, two, _) => Answer::fail(1, format!("docker: unknown command: docker {one} {two}\n")),
    }
}

fn build(state: &mut State, argv: &Argv, context: &Path, folder: &Path) -> Result<String, String> {
    let file = argv.value(&["--file"]).unwrap_or_default();
    if !folder.join(file).is_file() {
        return Err(format!(
            "ERROR: failed to solve: failed to read dockerfile: open {file}: no such file\n"
        ));
    }
    let behaviour = std::fs::read_to_string(context.join("behaviour")).unwrap_or_default();
    let behaviour = Behaviour::parse(&behaviour).map_err(|error| format!("ERROR: {error}\n"))?;
    for tag in argv.values("--tag") {
        state.images.insert(tag.clone(), behaviour.clone());
    }
    Ok(String::new())
}
