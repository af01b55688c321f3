//! `todoctl secrets check`: what is missing, malformed, apart or unused. Exit status 4 when there is something.

use serde_json::json;

use crate::args::{Args, CheckSecrets, Form};
use crate::{open, sources};
use todoctl_advice::inventory;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_core::text;
use todoctl_screen::output::Output;

pub(super) async fn check(
    args: &Args,
    command: &CheckSecrets,
    output: &mut Output,
) -> Result<Exit, Diagnostic> {
    let environment = open::reading_objects(args, command.reading.profile.as_deref()).await?;
    let given = sources::given(&environment.inputs.profile.secrets, &command.sources, output)?;
    let access = environment.running().await?;
    let mut world = environment.observe_with_runs(access).await?;
    world.given = given.values;
    let findings = inventory::findings(&environment.inputs, &world);
    match command.reading.output {
        Form::Json => {
            let all = json!({"format": 1, "profile": environment.inputs.name, "findings": findings});
            output.result(&all.to_string());
        }
        Form::Text if findings.is_empty() => {
            output.result(&format!(
                "The secrets of profile {} are complete and sound.",
                environment.inputs.name
            ));
        }
        Form::Text => {
            let width = output.result_look.width;
            for one in &findings {
                let line = format!("{}: {} {}", one.kind, one.name, one.message);
                output.result(&text::wrap(&line, width, "  ").join("\n"));
            }
        }
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Found })
}
