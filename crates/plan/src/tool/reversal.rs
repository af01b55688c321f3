//! Owns the commands that carry out a reversal. Plan, engine and the list of what remains all take them from here.

use serde_json::json;

use crate::step::{Reversal, Undo};
use crate::tool::helm::Helm;
use crate::tool::kubectl::Kubectl;
use crate::world::Access;
use todoctl_core::invocation::Invocation;

/// Makes commands of reversals, for one helm and one cluster.
#[derive(Debug, Clone)]
pub struct Reverser {
    helm: Helm,
    kubectl: Kubectl,
}

impl Reverser {
    /// For the helm of this machine, which need not be the one that is undone.
    pub fn new(helm_major: u32, access: &Access) -> Self {
        Self { helm: Helm::new(helm_major, access), kubectl: Kubectl::new(access) }
    }

    /// The commands of a whole undo, in order; none when nothing is undone.
    pub fn undo(&self, undo: &Undo) -> Vec<Invocation> {
        match undo {
            Undo::Commands { reversals, .. } => reversals.iter().map(|one| self.command(one)).collect(),
            Undo::Nothing { .. } => Vec::new(),
        }
    }

    fn command(&self, reversal: &Reversal) -> Invocation {
        match reversal {
            Reversal::Release { release, namespace, to: Some(revision), .. } => {
                self.helm.rollback(release, namespace, *revision)
            }
            Reversal::Release { release, namespace, to: None, keep_history } => {
                self.helm.uninstall(release, namespace, *keep_history)
            }
            Reversal::Delete { kind, namespace, names } => self.kubectl.delete(namespace, kind, names),
            Reversal::Restore { objects } => {
                // Somebody else's object may hold a password.
                let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
                self.kubectl.apply_secret(list.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_helm_4_is_undone_by_helm_3() {
        let access = Access { kubeconfig: "/k".into(), context: "c".into(), node: String::new() };
        let release = |to| Reversal::Release {
            release: "backend".into(),
            namespace: "todo".into(),
            to,
            keep_history: true,
        };
        let delete =
            Reversal::Delete { kind: "secret".into(), namespace: "todo".into(), names: vec!["s-1".into()] };
        let restore = Reversal::Restore { objects: vec![json!({"kind": "Component"})] };
        let commands = |major| {
            let all = [release(Some(3)), release(None), delete.clone(), restore.clone()];
            let lines = all.iter().map(|one| Reverser::new(major, &access).command(one).shell());
            lines.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(commands(3), commands(4).replace(" --server-side=true --force-conflicts", ""));
        insta::assert_snapshot!(commands(3), @r#"
        helm rollback backend 3 --namespace todo --kube-context c --history-max 50 --timeout 120s
        helm uninstall backend --ignore-not-found --namespace todo --kube-context c --timeout 120s --keep-history
        kubectl delete secret -n todo --ignore-not-found --wait=false --request-timeout=20s s-1 --context c
        kubectl apply --server-side --field-manager=todoctl --force-conflicts -f - --request-timeout=20s --context c <SECRET
        "#);
    }
}
