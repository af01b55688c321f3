//! What the process is told: its role, its environment, its files.
//!
//! Owns reading and judging the environment, once, and reports everything that is wrong with it together.
//! Refuses to print a value: a message names the variable only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::faults::Fault;
use crate::log::Level;

/// The smallest secret that Better Auth accepts.
const MIN_SECRET: usize = 32;

/// What the process serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Backend,
    Frontend,
    Notification,
    Recurring,
    Audit,
}

impl Role {
    const ALL: [Self; 5] = [Self::Backend, Self::Frontend, Self::Notification, Self::Recurring, Self::Audit];

    fn parse(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| {
            format!(
                "unknown role '{text}': give {} as first argument, or in the file 'role' of APP_DIR",
                Self::ALL.map(Self::name).join(", ")
            )
        })
    }

    /// The role's name, as on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Frontend => "frontend",
            Self::Notification => "notification",
            Self::Recurring => "recurring",
            Self::Audit => "audit",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Backend => 8001,
            Self::Frontend => 3000,
            Self::Notification => 8002,
            Self::Recurring => 8003,
            Self::Audit => 8004,
        }
    }

    /// The secrets without which the role does not start.
    fn secrets(self) -> &'static [&'static str] {
        match self {
            Self::Backend => &["DATABASE_URL", "BETTER_AUTH_SECRET"],
            Self::Frontend => &["BETTER_AUTH_SECRET"],
            Self::Notification | Self::Recurring | Self::Audit => &[],
        }
    }

    /// Whether the role can do nothing without a sidecar.
    fn needs_sidecar(self) -> bool {
        match self {
            Self::Backend | Self::Frontend => false,
            Self::Notification | Self::Recurring | Self::Audit => true,
        }
    }
}

/// Everything that a role needs to start. It has no `Debug`: it holds the database's password.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) role: Role,
    pub(crate) port: u16,
    /// Empty for the roles that have no database.
    pub(crate) database_url: String,
    pub(crate) backend_url: String,
    /// The Dapr app id of the backend.
    pub(crate) backend_app_id: String,
    /// The URL of the Dapr sidecar, when there is one.
    sidecar_url: Option<String>,
    /// Where the files of the image's build context are.
    pub(crate) app_dir: PathBuf,
    pub(crate) log_level: Level,
    /// How long requests are still taken after SIGTERM, while the cluster learns that the pod is leaving.
    pub(crate) shutdown_delay: Duration,
    pub(crate) faults: Fault,
}

impl Config {
    /// Reads arguments, environment and role file. Fails with every problem at once.
    pub(crate) fn from_process() -> Result<Self, Vec<String>> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let argument = std::env::args().nth(1);
        Self::read(argument.as_deref(), &Environment(environment))
    }

    fn read(argument: Option<&str>, environment: &Environment) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let app_dir = PathBuf::from(environment.text("APP_DIR").unwrap_or("/app"));
        let role = match role(argument, &app_dir) {
            Ok(role) => role,
            Err(problem) => return Err(vec![problem]),
        };
        problems.extend(role.secrets().iter().filter_map(|name| environment.secret_problem(name)));
        let mut keep = |problem| problems.push(problem);
        let sidecar_url = sidecar_url(environment, &mut keep);
        if role.needs_sidecar() && sidecar_url.is_none() {
            keep(format!("DAPR_ENABLED must be 1: {} does nothing without a Dapr sidecar", role.name()));
        }
        let config = Self {
            role,
            port: environment.number("PORT", &mut keep).unwrap_or(role.default_port()),
            database_url: environment.text("DATABASE_URL").unwrap_or_default().to_owned(),
            backend_url: environment
                .text("BACKEND_URL")
                .unwrap_or("http://backend-service:8001")
                .trim_end_matches('/')
                .to_owned(),
            backend_app_id: environment.text("BACKEND_APP_ID").unwrap_or("backend").to_owned(),
            sidecar_url,
            app_dir,
            log_level: environment.text("LOG_LEVEL").map_or(Ok(Level::Info), Level::parse).unwrap_or_else(
                |problem| {
                    keep(problem);
                    Level::Info
                },
            ),
            shutdown_delay: Duration::from_secs(
                environment.number("SHUTDOWN_DELAY_SECONDS", &mut keep).unwrap_or(1),
            ),
            faults: Fault::read(environment, &mut keep),
        };
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// Whether this pod has a sidecar.
    pub(crate) fn sidecar(&self) -> Result<&str, String> {
        self.sidecar_url.as_deref().ok_or_else(|| "there is no Dapr sidecar (DAPR_ENABLED)".to_owned())
    }
}

/// `DAPR_ENABLED` says that there is a sidecar: the chart sets it. `DAPR_HTTP_PORT` is set by Dapr's injector.
fn sidecar_url(environment: &Environment, problem: &mut impl FnMut(String)) -> Option<String> {
    let port = environment.number::<u16>("DAPR_HTTP_PORT", problem).unwrap_or(3500);
    environment.flag("DAPR_ENABLED", problem).then(|| format!("http://127.0.0.1:{port}"))
}

fn role(argument: Option<&str>, app_dir: &Path) -> Result<Role, String> {
    if let Some(argument) = argument {
        return Role::parse(argument);
    }
    let file = app_dir.join("role");
    let text = std::fs::read_to_string(&file)
        .map_err(|error| format!("no role given, and {} cannot be read: {error}", file.display()))?;
    Role::parse(text.trim())
}

/// The environment as read once at start. An empty variable counts as absent.
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A whole number. What is wrong goes to `problem`.
    pub(crate) fn number<N: std::str::FromStr>(
        &self,
        name: &str,
        problem: &mut impl FnMut(String),
    ) -> Option<N> {
        let text = self.text(name)?;
        let number = text.parse().ok();
        if number.is_none() {
            problem(format!("{name} is not a whole number in its range"));
        }
        number
    }

    /// True for `1` and `true`; false for `0`, `false` and absent.
    pub(crate) fn flag(&self, name: &str, problem: &mut impl FnMut(String)) -> bool {
        match self.text(name) {
            None | Some("0" | "false") => false,
            Some("1" | "true") => true,
            Some(_) => {
                problem(format!("{name} must be 1 or 0"));
                false
            }
        }
    }

    fn secret_problem(&self, name: &str) -> Option<String> {
        let Some(value) = self.text(name) else {
            return Some(format!("{name} is missing"));
        };
        match name {
            "BETTER_AUTH_SECRET" if value.chars().count() < MIN_SECRET => {
                Some(format!("{name} must have at least {MIN_SECRET} characters"))
            }
            "DATABASE_URL" if !value.starts_with("postgres://") && !value.starts_with("postgresql://") => {
                Some(format!("{name} must begin with postgres:// or postgresql://"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn problems(role: &str, pairs: &[(&str, &str)]) -> Vec<String> {
        Config::read(Some(role), &environment(pairs)).err().unwrap_or_default()
    }

    #[test]
    fn lists_every_missing_secret() {
        assert_eq!(problems("backend", &[]), ["DATABASE_URL is missing", "BETTER_AUTH_SECRET is missing"]);
        assert_eq!(problems("frontend", &[]), ["BETTER_AUTH_SECRET is missing"]);
    }

    #[test]
    fn never_prints_a_value() {
        let all = problems(
            "backend",
            &[
                ("DATABASE_URL", "mysql://user:hunter2@host"),
                ("BETTER_AUTH_SECRET", "hunter2"),
                ("PORT", "hunter2"),
            ],
        );
        assert_eq!(all.len(), 3);
        assert!(!all.concat().contains("hunter2"));
    }

    #[test]
    fn has_the_defaults_of_the_charts() {
        let backend = Config::read(
            Some("backend"),
            &environment(&[("DATABASE_URL", "postgresql://h/d"), ("BETTER_AUTH_SECRET", SECRET)]),
        )
        .ok()
        .unwrap();
        assert_eq!((backend.port, backend.app_dir.as_path()), (8001, Path::new("/app")));
        let frontend = Config::read(
            Some("frontend"),
            &environment(&[("BETTER_AUTH_SECRET", SECRET), ("BACKEND_URL", "http://b:1/")]),
        )
        .ok()
        .unwrap();
        assert_eq!((frontend.port, frontend.backend_url.as_str()), (3000, "http://b:1"));
    }

    #[test]
    fn an_empty_variable_is_absent() {
        assert_eq!(problems("frontend", &[("BETTER_AUTH_SECRET", " ")]), ["BETTER_AUTH_SECRET is missing"]);
    }

    #[test]
    fn refuses_an_unknown_role() {
        assert_eq!(
            problems("database", &[]),
            [
                "unknown role 'database': give backend, frontend, notification, recurring, audit as first argument, \
              or in the file 'role' of APP_DIR"
            ]
        );
    }

    #[test]
    fn a_consumer_needs_its_sidecar() {
        for role in ["notification", "recurring", "audit"] {
            assert_eq!(
                problems(role, &[("DAPR_ENABLED", "0")]),
                [format!("DAPR_ENABLED must be 1: {role} does nothing without a Dapr sidecar")]
            );
        }
        let pairs = [("DAPR_ENABLED", "1"), ("DAPR_HTTP_PORT", "3600")];
        let audit = Config::read(Some("audit"), &environment(&pairs)).ok().unwrap();
        assert_eq!((audit.port, audit.sidecar()), (8004, Ok("http://127.0.0.1:3600")));
    }

    #[test]
    fn every_context_has_its_role() {
        for role in Role::ALL {
            let context = Path::new(env!("CARGO_MANIFEST_DIR")).join(role.name());
            assert_eq!(super::role(None, &context), Ok(role));
        }
    }
}
