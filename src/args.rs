//! Owns the command line. No argument ever holds a secret.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

use todoctl_screen::output::Color;
use todoctl_screen::render::Progress;

/// Deploy a multi-service application to Kubernetes: all of it new and verified, or all of it back as it was
#[derive(Debug, Parser)]
#[command(name = "todoctl", version, max_term_width = 100, after_help = EXITS)]
pub(super) struct Args {
    /// Project folder, the one that holds profiles/ [default: the nearest above the working folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) project: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
    /// Show every command that is run
    #[arg(long, short, global = true)]
    pub(super) verbose: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXITS: &str = "Exit status:
  0 done                        10 preflight: profile, tools, cluster, secrets, charts
  1 bug in todoctl              11 another run holds the environment
  2 wrong arguments             12 declined
  3 plan --exit-code: changes   20 failed, everything is back as it was
  4 a check found something     21 failed, something remains to be done
                                22 interrupted, something remains to be done
                                23 interrupted, everything is back as it was";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Deploy a profile: todoctl up sandbox
    Up(Up),
    /// Show what up would do, and change nothing
    Plan(PlanArgs),
    /// Build the images of a profile that are missing: todoctl build oke --tag latest
    Build(Build),
    /// Show the releases of a profile and whether they are healthy
    Status(Reading),
    /// Return a release to an earlier revision, or everything to an earlier run: todoctl rollback backend 3
    Rollback(Rollback),
    /// Show the runs on record, or the revisions of one release: todoctl history backend
    History(History),
    /// Show what the pods of a service say, sidecars included: todoctl logs backend -f
    Logs(Logs),
    /// Uninstall the releases of a profile
    Down(DownArgs),
    /// Undo a run that was killed or got stuck, from the cluster alone
    Recover(Recover),
    /// Remove the lock of a run by hand: todoctl unlock RUN
    Unlock(Unlock),
    /// Run the checks of a profile against what is deployed now
    Verify(Reading),
    /// Look at, set and check the secrets of a profile; values are never shown
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Look at everything that up needs, and say how to mend it: todoctl doctor local
    Doctor(Doctor),
    /// Find mistakes in profiles, charts, components and workflows, and committed secrets
    Lint(Lint),
    /// Add up what a profile asks of the nodes, and say whether it fits: todoctl budget oke
    Budget(Budget),
    /// Show what differs between two profiles and must not: todoctl parity local oke
    Parity(Parity),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct Up {
    #[command(flatten)]
    pub(super) what: What,
    /// Show the plan and change nothing, like `todoctl plan`
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) run: Run,
    /// Keep what was changed when something fails, for looking at it
    #[arg(long)]
    pub(super) no_rollback: bool,
    /// Steps that may act at once; what only waits for pods does not count, builds have as many places of their own
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: u16,
    /// One step at a time, in the documented order
    #[arg(long, conflicts_with = "jobs")]
    pub(super) sequential: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Build {
    /// Profile: a name in profiles/, or a file
    pub(super) profile: String,
    /// Only the images of these releases
    #[arg(long, value_delimiter = ',', value_name = "RELEASE")]
    pub(super) only: Vec<String>,
    /// Give the images this tag too, in their registry; releases never refer to it
    #[arg(long, value_delimiter = ',', value_name = "TAG")]
    pub(super) tag: Vec<String>,
    /// Images that may be built at once
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: u16,
    /// One image at a time
    #[arg(long, conflicts_with = "jobs")]
    pub(super) sequential: bool,
    /// How progress is shown
    #[arg(long, value_enum, default_value_t = Progress::Auto, value_name = "HOW")]
    pub(super) progress: Progress,
    /// Form of the result
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
}

#[derive(Debug, ClapArgs)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) what: What,
    /// Exit with 3 when there is something to do
    #[arg(long)]
    pub(super) exit_code: bool,
    /// Form of the result
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
}

#[derive(Debug, Subcommand)]
pub(super) enum SecretsCommand {
    /// List the versions in the cluster, their keys, and what uses them
    List(Reading),
    /// Give a value anew; the next up takes it: todoctl secrets set auth-secret
    Set(SetSecret),
    /// Find what is missing, malformed, apart or unused
    Check(CheckSecrets),
}

#[derive(Debug, ClapArgs)]
pub(super) struct SetSecret {
    /// Name of the value, under `secrets.values` of the profile
    pub(super) name: String,
    /// Profile [default: the one this project was last brought up with]
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    #[command(flatten)]
    pub(super) sources: Sources,
    /// Take random bytes, as many as the profile says
    #[arg(long, conflicts_with_all = ["env_file", "secrets_from"])]
    pub(super) generate: bool,
    #[command(flatten)]
    pub(super) run: Run,
}

#[derive(Debug, ClapArgs)]
pub(super) struct CheckSecrets {
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    pub(super) sources: Sources,
}

/// What is deployed, with which values.
#[derive(Debug, ClapArgs)]
pub(super) struct What {
    /// Profile: a name in profiles/, or a file
    pub(super) profile: String,
    /// Only these releases, with their images and secrets
    #[arg(long, value_delimiter = ',', value_name = "RELEASE")]
    pub(super) only: Vec<String>,
    /// A chart value for this run only: release.key=value, the rest in helm's syntax
    #[arg(long, value_name = "RELEASE.KEY=VALUE")]
    pub(super) set: Vec<String>,
    #[command(flatten)]
    pub(super) sources: Sources,
}

/// Where secret values are given. The environment and a terminal are others.
#[derive(Debug, Clone, Default, ClapArgs)]
pub(super) struct Sources {
    /// File of KEY=VALUE lines with secrets, by the variables that the profile declares
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Option<PathBuf>,
    /// File with one JSON object of secrets, by the profile's names for them; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(super) secrets_from: Option<PathBuf>,
}

/// How a changing command asks and reports.
#[derive(Debug, ClapArgs)]
pub(super) struct Run {
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Answer the question of a profile that wants its name typed
    #[arg(long, value_name = "NAME")]
    pub(super) confirm: Option<String>,
    /// Wait so long for another run that holds the environment, such as 30s or 5m
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub(super) lock_timeout: Duration,
    /// How progress is shown
    #[arg(long, value_enum, default_value_t = Progress::Auto, value_name = "HOW")]
    pub(super) progress: Progress,
    /// Form of the result; json writes one event per line on stdout
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
}

/// A duration as people write it: `30s`, `5m`.
fn duration(text: &str) -> Result<Duration, String> {
    let span: SignedDuration = text.parse().map_err(|_| "not a duration; try 30s or 5m".to_owned())?;
    Duration::try_from(span).map_err(|_| "a duration cannot be negative".to_owned())
}

impl Run {
    /// How progress is shown: `-o json` is a stream of events.
    pub(super) fn progress(&self) -> Progress {
        match self.output {
            Form::Json => Progress::Json,
            Form::Text => self.progress,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(super) struct Reading {
    /// Profile [default: the one this project was last brought up with]
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// Form of the result
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Doctor {
    /// Profile: a name in profiles/, or a file [default: the tools of every profile, and the cluster of the one this
    /// project was last brought up with]
    pub(super) profile: Option<String>,
    #[command(flatten)]
    pub(super) sources: Sources,
    /// Form of the result
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Lint {
    /// Profile: a name in profiles/, or a file [default: every profile]
    pub(super) profile: Option<String>,
    /// Form of the result
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Budget {
    /// Profile: a name in profiles/, or a file
    pub(super) profile: String,
    /// Form of the result
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Parity {
    /// Profile: a name in profiles/, or a file
    #[arg(default_value = "local")]
    pub(super) one: String,
    /// The one it is compared with
    #[arg(default_value = "oke")]
    pub(super) other: String,
    /// Form of the result
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
}

#[derive(Debug, ClapArgs)]
pub(super) struct History {
    /// Release whose revisions are shown
    pub(super) release: Option<String>,
    #[command(flatten)]
    pub(super) reading: Reading,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Logs {
    /// Service: a release of the profile
    pub(super) service: String,
    /// Go on until Ctrl-C
    #[arg(long, short)]
    pub(super) follow: bool,
    /// What the containers said before they were restarted
    #[arg(long, short, conflicts_with = "follow")]
    pub(super) previous: bool,
    /// Lines of each container, from the end; -1 for all
    #[arg(long, default_value_t = 200, value_name = "N", allow_hyphen_values = true)]
    pub(super) tail: i64,
    /// What this machine has of a run: the output of its commands, and the evidence of its failure
    #[arg(long, value_name = "ID", conflicts_with_all = ["follow", "previous", "tail"])]
    pub(super) run: Option<String>,
    /// Profile [default: the one this project was last brought up with]
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Recover {
    /// Profile [default: the one this project was last brought up with]
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    #[command(flatten)]
    pub(super) run: Run,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Unlock {
    /// Id of the run that holds the environment, as the message of another run names it
    pub(super) run: String,
    /// Profile [default: the one this project was last brought up with]
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Rollback {
    /// Release
    #[arg(required_unless_present = "to_run")]
    pub(super) release: Option<String>,
    /// Revision [default: the newest verified one before the current]
    pub(super) revision: Option<u32>,
    /// Return everything to what this run deployed; `previous` is the deployment before the current one
    #[arg(long = "run", value_name = "ID", conflicts_with_all = ["release", "revision"])]
    pub(super) to_run: Option<String>,
    /// Profile [default: the one this project was last brought up with]
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// Show the plan and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) run: Run,
}

#[derive(Debug, ClapArgs)]
pub(super) struct DownArgs {
    /// Profile: a name in profiles/, or a file
    pub(super) profile: String,
    /// Also delete the namespaces, with everything in them
    #[arg(long)]
    pub(super) purge: bool,
    /// Delete the whole cluster
    #[arg(long)]
    pub(super) delete_cluster: bool,
    #[command(flatten)]
    pub(super) run: Run,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}
