//! `todoctl recover`: undoes a run that was killed or got stuck, from the cluster alone.

use crate::args::{Args, Recover};
use crate::front::Front;
use crate::open;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_screen::output::Output;

/// Recovers.
pub(super) async fn recover(args: &Args, command: &Recover, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::reading(args, command.profile.as_deref()).await?;
    let mut front = Front::of(args, &command.run, output);
    let access = environment.running().await?;
    let world = environment.observe(access.clone()).await?;
    environment.trust(&world, &mut front)?;
    let Some(lease) = environment.lease(&world)? else {
        front.note(&format!("Nothing to recover: no run of profile {} is open.", environment.inputs.name));
        return Ok(Exit::Done);
    };
    environment.wait_or_take_over(command.run.lock_timeout, &access, lease, true, &mut front).await?;
    Ok(Exit::Done)
}
