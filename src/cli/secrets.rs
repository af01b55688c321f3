//! `todoctl secrets`: the versions in the cluster, a new value for the next `up`, and what is wrong.

mod check;
mod list;
mod set;

use crate::cli::args::{Args, Secrets};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::exit::Exit;
use crate::output::Output;
use crate::survey;
use crate::world::{Access, World};

/// Runs one of them.
pub(super) async fn secrets(args: &Args, command: &Secrets, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        Secrets::List(reading) => list::list(args, reading, output).await,
        Secrets::Set(set) => set::set(args, set, output).await,
        Secrets::Check(check) => check::check(args, check, output).await,
    }
}

/// The world with the records of runs, which refer to versions too.
async fn world(session: &Session, access: Access) -> Result<World, Failure> {
    let runner = session.runner(Some(&access), None);
    let namespace = session.inputs.profile.namespace.clone();
    let (world, runs) =
        tokio::join!(session.world(access.clone()), survey::runs(&runner, &access, &namespace));
    let mut world = world?;
    world.runs = Some(runs?);
    Ok(world)
}
