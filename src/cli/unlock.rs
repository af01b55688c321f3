//! `todoctl unlock RUN`: removes a lock by hand. It needs the id of the run, so that nobody removes another one than
//! was looked at, and says what is left undone.

use crate::cli::args::{Args, Unlock};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::exit::Exit;
use crate::lock;
use crate::output::Output;
use crate::tool::kubectl::Kubectl;
use crate::tool::reversal::Reverser;
use crate::world::lease::OpenRun;

/// Removes.
pub(super) async fn unlock(args: &Args, command: &Unlock, output: &mut Output) -> Result<Exit, Failure> {
    let session = Session::reading(args, command.profile.as_deref()).await?;
    let access = session.running().await?;
    let (runner, kubectl) = (session.runner(Some(&access), None), Kubectl::new(&access));
    let namespace = &session.inputs.profile.namespace;
    let read = lock::read(&runner, &kubectl, namespace).await;
    let Some(lease) = read.map_err(|message| session.unreadable(&message))? else {
        output.note(&format!("Nothing to unlock: no run of profile {} is open.", session.inputs.name));
        return Ok(Exit::Done);
    };
    if lease.open.run != command.run {
        let message = format!("run {} does not hold profile {}", command.run, session.inputs.name);
        let hint = format!("it is held by run {}: {}", lease.open.run, lease.holder.story());
        return Err(Failure::usage(message, hint));
    }
    lock::remove(&runner, &kubectl, namespace, &lease).await.map_err(|message| {
        let hint = "the holder lives and has renewed it; todoctl recover takes over only from the dead";
        Failure::new(Exit::Locked, format!("the lock was not removed: {message}"), hint)
    })?;
    let left = left(&lease.open, &Reverser::new(session.helm_major, &access));
    output.note(&format!(
        "The lock of run {} is removed. Left undone, each unless it has no effect:",
        command.run
    ));
    output.result(&left);
    Ok(Exit::Done)
}

/// The commands that would undo a run, last step first.
fn left(open: &OpenRun, reverser: &Reverser) -> String {
    let lines = open.steps.iter().rev().flat_map(|step| {
        let commands = reverser.undo(&step.undo);
        let title = (!commands.is_empty()).then(|| step.info.title.clone());
        title
            .into_iter()
            .chain(commands.iter().map(|command| format!("  {}", command.shell())).collect::<Vec<_>>())
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") }
}
