//! Stands for the one-machine Kubernetes: its state, its images, its database.

use std::path::Path;

use serde_json::json;

use crate::argv::Argv;
use crate::state::{Behaviour, State, VERSION};
use crate::{Answer, Call};

const VALUED: [&str; 5] = ["--name", "--net", "-o", "-t", "-f"];

/// Answers one call. `folder` is the working folder.
pub fn run(state: &mut State, call: &Call, folder: &Path) -> Answer {
    let argv = match Argv::parse(&call.args, &VALUED, &["--url"]) {
        Ok(argv) => argv,
        Err(error) => return Answer::fail(2, format!("error: {error}\n")),
    };
    match (argv.word(0), argv.word(1)) {
        ("status", "") => status(state, argv.value(&["--name"]).unwrap_or("sandbox")),
        ("start", "") => {
            if state.sandbox != "degraded" {
                state.started = call.now;
            }
            "running".clone_into(&mut state.sandbox);
            Answer { stderr: "the node is ready\n".to_owned(), ..Answer::default() }
        }
        ("delete", "") => {
            *state = State {
                sandbox: "absent".to_owned(),
                faults: state.faults.clone(),
                helm: state.helm.clone(),
                api: state.api.clone(),
                kubeconfig: state.kubeconfig.clone(),
                ..State::default()
            };
            Answer::default()
        }
        ("database", "") => Answer::ok("postgresql://todo:sandbox-password@10.245.0.1:5432/todo\n"),
        ("image", verb) => image(state, verb, &argv, folder),
        (verb, _) => Answer::fail(2, format!("error: unknown verb {verb}\n")),
    }
}

fn status(state: &State, name: &str) -> Answer {
    let exit = match state.sandbox.as_str() {
        "running" => 0,
        "stopped" => 3,
        "absent" => 4,
        _ => 5,
    };
    let status = json!({"name": name, "state": state.sandbox, "node_ip": "10.245.0.2", "host_ip": "10.245.0.1",
        "kubeconfig": state.kubeconfig, "kubernetes_version": VERSION, "components": []});
    Answer { stdout: format!("{status}\n"), stderr: String::new(), exit }
}

fn image(state: &mut State, verb: &str, argv: &Argv, folder: &Path) -> Answer {
    if state.sandbox != "running" {
        return Answer::fail(1, "error: the sandbox does not run\n");
    }
    match verb {
        "ls" => {
            let names: Vec<_> = state
                .images
                .keys()
                .map(|name| json!({"name": name, "digest": "sha256:0", "size": "2 MiB"}))
                .collect();
            Answer::ok(format!("{}\n", json!(names)))
        }
        "build" => build(state, argv, folder).into(),
        "rm" => {
            for name in &argv.words[2..] {
                state.images.remove(name);
            }
            Answer::default()
        }
        other => Answer::fail(2, format!("error: unknown verb image {other}\n")),
    }
}

fn build(state: &mut State, argv: &Argv, folder: &Path) -> Result<String, String> {
    let (Some(tag), Some(file)) = (argv.value(&["-t"]), argv.value(&["-f"])) else {
        return Err("error: image build wants -t and -f\n".to_owned());
    };
    let context = folder.join(argv.word(2));
    if !folder.join(file).is_file() || !context.is_dir() {
        return Err(format!("error: no Dockerfile {file} or no context {}\n", argv.word(2)));
    }
    let behaviour = std::fs::read_to_string(context.join("behaviour")).unwrap_or_default();
    state
        .images
        .insert(tag.to_owned(), Behaviour::parse(&behaviour).map_err(|error| format!("error: {error}\n"))?);
    Ok(format!("{tag}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> Call {
        Call { args: line.split(' ').map(str::to_owned).collect(), ..Call::default() }
    }

    #[test]
    fn the_exit_status_tells_the_state() {
        let mut state = State { sandbox: "stopped".into(), ..State::default() };
        assert_eq!(run(&mut state, &call("--name x status -o json"), Path::new(".")).exit, 3);
        assert_eq!(run(&mut state, &call("--name x image ls -o json"), Path::new(".")).exit, 1);
        assert_eq!(run(&mut state, &call("--name x start"), Path::new(".")).exit, 0);
        assert_eq!(run(&mut state, &call("--name x status -o json"), Path::new(".")).exit, 0);
    }

    #[test]
    fn an_image_behaves_as_its_context_says() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("context")).unwrap();
        std::fs::write(folder.path().join("context/behaviour"), "crash\n").unwrap();
        std::fs::write(folder.path().join("Dockerfile"), "").unwrap();
        let mut state = State::default();
        let built =
            run(&mut state, &call("--name x image build -t a:1 -f Dockerfile context"), folder.path());
        assert_eq!((built.exit, &state.images["a:1"]), (0, &Behaviour::Crash));
        assert!(run(&mut state, &call("image ls -o json"), folder.path()).stdout.contains("\"a:1\""));
        run(&mut state, &call("image rm a:1"), folder.path());
        assert!(state.images.is_empty());
    }
}
