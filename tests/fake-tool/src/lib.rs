//! A program that stands for `helm`, `kubectl`, `minikube`, `docker` and `sandbox` in the scenario tests, by the name it is called by.
//!
//! They share one state file and model what todoctl meets: helm's records with their traps, a controller that
//! rolls Deployments out, streams, immutable Secrets, images. How pods behave comes from the image's build context
//! (a file `behaviour`) or from `extraEnv.BEHAVIOUR`, as with a real program; an image that was not built cannot be
//! pulled. What no input can cause, such as a tool that fails, is a scripted fault.

pub mod api;
pub mod argv;
pub mod cluster;
pub mod dapr;
pub mod docker;
pub mod fault;
pub mod helm;
pub mod journal;
pub mod kubeconfig;
pub mod kubectl;
pub mod minikube;
pub mod oci;
pub mod sandbox;
pub mod state;
pub mod store;

/// What a tool answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit status.
    pub exit: i32,
}

impl Answer {
    /// Success with a result.
    pub fn ok(stdout: impl Into<String>) -> Self {
        Self { stdout: stdout.into(), ..Self::default() }
    }

    /// Failure with a complaint.
    pub fn fail(exit: i32, stderr: impl Into<String>) -> Self {
        Self { stderr: stderr.into(), exit, ..Self::default() }
    }
}

impl From<Result<String, String>> for Answer {
    /// A complaint is exit status 1, as with helm and kubectl.
    fn from(result: Result<String, String>) -> Self {
        match result {
            Ok(stdout) => Self::ok(stdout),
            Err(stderr) => Self::fail(1, stderr),
        }
    }
}

/// What one call of a tool is made with.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Its arguments, without the program's name.
    pub args: Vec<String>,
    /// Its standard input.
    pub stdin: String,
    /// `KUBECONFIG` in its environment.
    pub kubeconfig: Option<String>,
    /// Milliseconds since 1970.
    pub now: u64,
}
