//! Owns one external command as data: what a plan prints and a `Runner` performs.
//! Refuses to spawn anything (`runner`) and to know any flag (`tool`).

mod install;
mod output;

pub use install::install;
pub use output::{Output, RunError};

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

/// An external program that todoctl knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// `helm`, major 3 or 4.
    Helm,
    /// `kubectl`.
    Kubectl,
    /// `minikube`.
    Minikube,
    /// `oci`, the command line of Oracle Cloud.
    Oci,
    /// `docker`, with its plugin buildx.
    Docker,
    /// A program of the project, such as the sandbox tool or an image's `prepare`:
    /// a path relative to the project, or a name on the PATH.
    Project(PathBuf),
}

impl Tool {
    /// The name as a person would type it.
    pub fn name(&self) -> String {
        match self {
            Self::Helm => "helm".to_owned(),
            Self::Kubectl => "kubectl".to_owned(),
            Self::Minikube => "minikube".to_owned(),
            Self::Oci => "oci".to_owned(),
            Self::Docker => "docker".to_owned(),
            Self::Project(path) => path.display().to_string(),
        }
    }
}

/// What a child reads on standard input.
#[derive(Debug, Clone, Default)]
pub enum Stdin {
    /// Nothing: `/dev/null`.
    #[default]
    None,
    /// Text that may be printed in a plan.
    Public(String),
    /// Text that is never printed, logged or written to disk.
    Secret(SecretString),
}

/// How a changing command talks while it works. `tool::dialect` understands it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Text for people, read when the command has ended.
    #[default]
    Text,
    /// Text for people of which the newest line says what it does, read while it runs.
    Lines,
    /// minikube's JSON events, one per line, read while it runs.
    MinikubeEvents,
    /// `BuildKit`'s plain progress, read while it builds.
    BuildKit,
}

/// One external command. Its arguments are public by construction: a secret travels on standard input only.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The program.
    pub tool: Tool,
    /// Its arguments, without the program's name.
    pub args: Vec<String>,
    /// What it reads.
    pub stdin: Stdin,
    /// After this long it is stopped and counts as failed.
    pub timeout: Duration,
    /// Which kubeconfig it sees.
    pub kubeconfig: Kubeconfig,
    /// How it talks.
    pub dialect: Dialect,
}

/// Which kubeconfig a child sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kubeconfig {
    /// The private one of the run, which leads to one cluster; none before it was made.
    #[default]
    Private,
    /// The user's own: the files of `KUBECONFIG`, or `~/.kube/config`. For what looks a context up or adds one.
    Users,
}

impl Invocation {
    /// A command without input and with the default timeout of one minute.
    pub fn new<A: Into<String>>(tool: Tool, args: impl IntoIterator<Item = A>) -> Self {
        Self {
            tool,
            args: args.into_iter().map(Into::into).collect(),
            stdin: Stdin::None,
            timeout: Duration::from_mins(1),
            kubeconfig: Kubeconfig::Private,
            dialect: Dialect::Text,
        }
    }

    /// The same command with the user's kubeconfig instead of the run's.
    #[must_use]
    pub fn with_users_kubeconfig(mut self) -> Self {
        self.kubeconfig = Kubeconfig::Users;
        self
    }

    /// The same command with another timeout.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same command, which talks in a way that is understood while it works.
    #[must_use]
    pub fn speaking(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// The same command with public text on standard input.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.stdin = Stdin::Public(text.into());
        self
    }

    /// The same command with secret text on standard input.
    #[must_use]
    pub fn secret_input(mut self, text: SecretString) -> Self {
        self.stdin = Stdin::Secret(text);
        self
    }

    /// The command as a line for a shell; standard input is not part of it.
    pub fn line(&self) -> String {
        std::iter::once(self.tool.name())
            .chain(self.args.iter().cloned())
            .map(|word| quote(&word))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The command as a line that can be pasted into a shell, public input included.
    /// Secret input is named, not shown.
    pub fn shell(&self) -> String {
        match &self.stdin {
            Stdin::None => self.line(),
            Stdin::Public(text) => format!("{} <<<{}", self.line(), quote(text)),
            Stdin::Secret(_) => format!("{} <SECRET", self.line()),
        }
    }
}

impl Serialize for Invocation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tool", &self.tool.name())?;
        map.serialize_entry("args", &self.args)?;
        match &self.stdin {
            Stdin::None => {}
            Stdin::Public(text) => map.serialize_entry("stdin", text)?,
            Stdin::Secret(text) => {
                map.serialize_entry("stdin_secret_bytes", &text.expose_secret().len())?;
            }
        }
        map.end()
    }
}

/// Quotes a word for a POSIX shell, only where it needs it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+{}".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let command = Invocation::new(Tool::Kubectl, ["get", "pod", "it's", "a b", ""]);
        assert_eq!(command.line(), r"kubectl get pod 'it'\''s' 'a b' ''");
    }

    #[test]
    fn secret_input_shows_in_no_form() {
        let command = Invocation::new(Tool::Kubectl, ["apply", "-f", "-"])
            .secret_input("CANARY-7f3a".to_owned().into());
        let json = serde_json::to_string(&command).unwrap();
        for form in [command.shell(), command.line(), json, format!("{command:?}")] {
            assert!(!form.contains("CANARY"), "{form}");
        }
    }
}
