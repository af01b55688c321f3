//! Owns the provider `context`: a cluster that somebody else runs, reached as the user's kubeconfig says.
//! Refuses to start, stop and delete it.

use super::{ClusterState, Down, Facts, Found, Kubeconfig, Provider, Reach};
use crate::tool::kubectl;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Invocation, Output};
use todoctl_project::profile::Context;

pub(super) struct ContextProvider(pub(super) Context);

impl Provider for ContextProvider {
    fn title(&self) -> String {
        format!("context {}", self.0.context)
    }

    /// Nothing is known of a cluster that anybody made.
    fn facts(&self) -> Facts {
        Facts::default()
    }

    fn status(&self) -> Vec<Invocation> {
        vec![kubectl::minified(&self.0.context, self.0.kubeconfig.as_deref())]
    }

    fn found(&self, outputs: &[Output]) -> Result<Found, String> {
        let [output] = outputs else { return Err("it was not asked".to_owned()) };
        if !output.is_success() {
            let complaint = output.complaint();
            let complaint = complaint.trim_start_matches("error: ");
            // What kubectl says when it has read the file (client-go `clientcmd/api/helpers.go`, `MinifyConfig`).
            let state =
                if complaint.starts_with("cannot locate ") { "is not there" } else { "cannot be read" };
            let file = self.0.kubeconfig.as_ref().map(|file| format!(" --kubeconfig {}", file.display()));
            let why = Diagnostic {
                code: Code::ClusterUnfit,
                what: format!("{} {state}: {complaint}", self.title()),
                evidence: Vec::new(),
                // Not the command that failed: it would show keys and tokens.
                fix: format!("those that are there: kubectl config get-contexts{}", file.unwrap_or_default()),
                place: None,
            };
            return Ok(Found { cluster: ClusterState::Down(Down::in_part(state)), unfit: Some(why) });
        }
        let kubeconfig = Kubeconfig::Part { text: output.text().into(), of: self.0.kubeconfig.clone() };
        Ok(Found::fit(ClusterState::Running(Reach { kubeconfig, node: String::new() })))
    }

    fn start(&self) -> Vec<Invocation> {
        Vec::new()
    }

    fn delete(&self) -> Result<Invocation, String> {
        Err("todoctl did not make this cluster, so it does not delete it".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_from_what_cannot_be_read() {
        let provider = ContextProvider(
            serde_json::from_value(serde_json::json!({"context": "prod", "uid": "1"})).unwrap(),
        );
        let told = |stderr: &str| {
            let output = Output { status: Some(1), stderr: stderr.to_owned(), ..Output::default() };
            provider.found(&[output]).unwrap().unfit.unwrap().what
        };
        assert_eq!(
            told("error: cannot locate context prod"),
            "context prod is not there: cannot locate context prod"
        );
        assert_eq!(
            told("error: error loading config file \"/c\": open /c: permission denied"),
            "context prod cannot be read: error loading config file \"/c\": open /c: permission denied"
        );
    }
}
