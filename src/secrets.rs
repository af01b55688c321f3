//! `todoctl secrets`: the versions in the cluster, a new value for the next `up`, and what is wrong.

mod check;
mod list;
mod set;

use crate::args::{Args, Secrets};
use crate::session::Session;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_plan::world::{Access, World};
use todoctl_run::survey;
use todoctl_screen::output::Output;

/// Runs one of them.
pub(super) async fn secrets(args: &Args, command: &Secrets, output: &mut Output) -> Result<Exit, Diagnostic> {
    match command {
        Secrets::List(reading) => list::list(args, reading, output).await,
        Secrets::Set(set) => set::set(args, set, output).await,
        Secrets::Check(check) => check::check(args, check, output).await,
    }
}

/// The world with the records of runs, which refer to versions too.
async fn world(session: &Session, access: Access) -> Result<World, Diagnostic> {
    let runner = session.runner(Some(&access), None);
    let namespace = session.inputs.profile.namespace.clone();
    let (world, runs) =
        tokio::join!(session.world(access.clone()), survey::runs(&runner, &access, &namespace));
    let mut world = world?;
    world.runs = Some(runs?);
    Ok(world)
}
