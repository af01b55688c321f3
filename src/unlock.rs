//! `todoctl unlock RUN`: removes a lock by hand. It needs the id of the run, so that nobody removes another one than
//! was looked at, and says what is left undone.

use crate::args::{Args, Unlock};
use crate::open;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_plan::step::{Reversal, Undo};
use todoctl_plan::tool::kubectl::content_name;
use todoctl_plan::tool::reversal::Reverser;
use todoctl_plan::world::lease::OpenRun;
use todoctl_run::lock;
use todoctl_screen::output::Output;

/// Removes.
pub(super) async fn unlock(args: &Args, command: &Unlock, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::reading(args, command.profile.as_deref()).await?;
    let access = environment.running().await?;
    let cluster = environment.connection(&access).await?;
    let namespace = &environment.inputs.profile.namespace;
    let read = lock::read(&cluster, namespace).await;
    let Some(lease) = read.map_err(|message| environment.unreadable(&message))? else {
        output.note(&format!("Nothing to unlock: no run of profile {} is open.", environment.inputs.name));
        return Ok(Exit::Done);
    };
    if lease.open.run != command.run {
        let message = format!("run {} does not hold profile {}", command.run, environment.inputs.name);
        let hint = format!("it is held by run {}: {}", lease.open.run, lease.holder.story());
        return Err(Diagnostic::new(Code::UsageArgument, message, hint));
    }
    lock::remove(&cluster, namespace, &lease).await.map_err(|message| {
        let hint = "the holder lives and has renewed it; todoctl recover takes over only from the dead";
        Diagnostic::new(Code::LockHeld, format!("the lock was not removed: {message}"), hint)
    })?;
    let left = left(&lease.open, &Reverser::new(environment.helm_major, &access));
    output.note(&format!(
        "The lock of run {} is removed. Left undone, each unless it has no effect:",
        command.run
    ));
    output.result(&left);
    if lease.open.has_content {
        let name = content_name(&lease.open.run);
        output.note(&format!(
            "What the applied objects were is in Secret {name} of namespace {namespace}, key before."
        ));
    }
    Ok(Exit::Done)
}

/// The commands that would undo a run, last step first. Objects that would be applied are left out: the undo list has
/// only their names.
fn left(open: &OpenRun, reverser: &Reverser) -> String {
    let mut lines = Vec::new();
    for step in open.steps.iter().rev() {
        let Undo::Commands { reversals, .. } = &step.undo else { continue };
        let commands = reverser.undo(&step.undo);
        let whole =
            commands.iter().zip(reversals).filter(|(_, one)| !matches!(one, Reversal::Restore { .. }));
        lines.push(step.info.title.clone());
        lines.extend(whole.map(|(command, _)| format!("  {}", command.shell())));
    }
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") }
}
