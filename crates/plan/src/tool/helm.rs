//! Owns helm's flags, for major versions 3 (from 3.14, for `--labels`) and 4.
//!
//! helm is called without `--wait` and without `--atomic`/`--rollback-on-failure`: it picks a rollback target by
//! status, and calls revisions that never worked `deployed` (pkg/action/upgrade.go). Verifying and rolling back
//! have one owner, the engine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::world::Access;
use todoctl_core::invocation::{Invocation, Tool};
use todoctl_project::profile::RepositoryChart;

/// How long helm may take for one Kubernetes operation; hooks wait inside it.
const OPERATION: &str = "120s";
/// How long the process may take: helm's own limit counts per operation.
const PROCESS: Duration = Duration::from_mins(5);
/// Revisions helm keeps of a release.
const HISTORY_MAX: usize = 50;

/// What `helm upgrade --install` needs to know.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// Release name.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// Chart folder, relative to the project.
    pub chart: PathBuf,
    /// Values files, relative to the project.
    pub values: Vec<PathBuf>,
    /// Values that win over the files; they travel on standard input.
    pub overlay: serde_json::Value,
    /// `--set` arguments in helm's syntax; they win over everything.
    pub set: Vec<String>,
    /// Whether helm leaves the chart's `crds/` alone: todoctl has applied them, with the right namespace in them, and
    /// helm 4 would refuse to install over that (conflict with another manager).
    pub skip_crds: bool,
    /// Whether the release was uninstalled and its history kept. `helm upgrade --install` would see that by itself, but
    /// only below ten revisions: it takes the last by name, v9, for the newest (cmd/upgrade.go, isReleaseUninstalled).
    pub uninstalled: bool,
}

/// A helm of a known major version, talking to a known cluster.
#[derive(Debug, Clone)]
pub struct Helm {
    major: u32,
    context: String,
}

/// The value with which an upgrade takes a label away (helm `pkg/action/upgrade.go`, `mergeCustomLabels`).
pub const NO_LABEL: &str = "null";

impl Helm {
    /// For a cluster.
    pub fn new(major: u32, access: &Access) -> Self {
        Self { major, context: access.context.clone() }
    }

    /// For rendering charts without a cluster.
    pub fn offline(major: u32) -> Self {
        Self { major, context: String::new() }
    }

    /// `helm upgrade --install`, or what it does with a release that was uninstalled. Old values are never reused: with none given, helm would keep the old ones.
    /// `kept` revisions stay, at least those that always do.
    pub fn upgrade(
        &self,
        what: &Upgrade,
        labels: &[(&str, String)],
        (run, kept): (&str, usize),
        force: bool,
    ) -> Invocation {
        let kept = kept.max(HISTORY_MAX).to_string();
        let (verb, way, more): (_, _, &[&str]) = if what.uninstalled {
            // Nothing is pruned and no old values are taken over.
            ("install", "--replace", &[])
        } else {
            ("upgrade", "--install", &["--reset-values", "--history-max", &kept])
        };
        let mut args = vec![verb.to_owned(), way.to_owned()];
        args.extend(self.chart_args(what));
        args.extend(more.iter().chain(&["--timeout", OPERATION]).map(|&arg| arg.to_owned()));
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        args.extend(["--labels".to_owned(), labels.join(",")]);
        args.extend(["--description".to_owned(), format!("todoctl run {run}")]);
        if what.skip_crds {
            args.push("--skip-crds".to_owned());
        }
        self.force_conflicts(&mut args, force);
        Invocation::new(Tool::Helm, args).input(what.overlay.to_string()).timeout(PROCESS)
    }

    /// `helm template`: the manifest that an upgrade would apply.
    pub fn template(&self, what: &Upgrade) -> Invocation {
        let mut args = vec!["template".to_owned()];
        args.extend(self.chart_args(what));
        Invocation::new(Tool::Helm, args).input(what.overlay.to_string())
    }

    /// `helm lint` of a chart with the values that an upgrade would give it.
    pub fn lint(what: &Upgrade) -> Invocation {
        let mut args = vec!["lint".to_owned(), what.chart.display().to_string()];
        args.extend(["--namespace".to_owned(), what.namespace.clone()]);
        for file in &what.values {
            args.extend(["--values".to_owned(), file.display().to_string()]);
        }
        args.extend(["--values", "-"].map(str::to_owned));
        Invocation::new(Tool::Helm, args).input(what.overlay.to_string())
    }

    /// `helm get manifest` of one revision.
    pub fn manifest(&self, release: &str, namespace: &str, revision: u32) -> Invocation {
        let mut args = vec!["get".to_owned(), "manifest".to_owned(), release.to_owned()];
        args.extend(self.place(namespace));
        args.extend(["--revision".to_owned(), revision.to_string()]);
        Invocation::new(Tool::Helm, args)
    }

    /// `helm history` of every kept revision, as JSON.
    pub fn history(&self, release: &str, namespace: &str) -> Invocation {
        let mut args = vec!["history".to_owned(), release.to_owned()];
        args.extend(self.place(namespace));
        args.extend(["-o", "json", "--max", "256"].map(str::to_owned));
        Invocation::new(Tool::Helm, args)
    }

    /// `helm rollback` to a named revision, never to "the previous one".
    /// Another manager's fields are always taken back: helm 4 fails on them otherwise, and a rollback must not.
    pub fn rollback(&self, release: &str, namespace: &str, revision: u32) -> Invocation {
        let mut args = vec!["rollback".to_owned(), release.to_owned(), revision.to_string()];
        args.extend(self.place(namespace));
        let kept = HISTORY_MAX.to_string();
        args.extend(["--history-max", &kept, "--timeout", OPERATION].map(str::to_owned));
        self.force_conflicts(&mut args, true);
        Invocation::new(Tool::Helm, args).timeout(PROCESS)
    }

    /// `helm uninstall`; harmless when the release does not exist.
    pub fn uninstall(&self, release: &str, namespace: &str, keep_history: bool) -> Invocation {
        let mut args = vec!["uninstall".to_owned(), release.to_owned(), "--ignore-not-found".to_owned()];
        args.extend(self.place(namespace));
        args.extend(["--timeout", OPERATION].map(str::to_owned));
        if keep_history {
            args.push("--keep-history".to_owned());
        }
        Invocation::new(Tool::Helm, args).timeout(PROCESS)
    }

    fn chart_args(&self, what: &Upgrade) -> Vec<String> {
        let mut args = vec![what.release.clone(), what.chart.display().to_string()];
        args.extend(self.place(&what.namespace));
        for file in &what.values {
            args.extend(["--values".to_owned(), file.display().to_string()]);
        }
        args.extend(["--values", "-"].map(str::to_owned));
        for set in &what.set {
            args.extend(["--set".to_owned(), set.clone()]);
        }
        args
    }

    fn place(&self, namespace: &str) -> [String; 4] {
        ["--namespace".to_owned(), namespace.to_owned(), "--kube-context".to_owned(), self.context.clone()]
    }

    fn force_conflicts(&self, args: &mut Vec<String>, force: bool) {
        if force && self.major >= 4 {
            // Conflicts can be forced with server-side apply only, and by default helm 4 goes on as helm 3 began.
            args.extend(["--server-side=true", "--force-conflicts"].map(str::to_owned));
        }
    }
}

/// One line of `helm history -o json`.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Told {
    /// The revision.
    pub revision: u32,
    /// When it was made, as helm writes it.
    #[serde(default)]
    pub updated: String,
    /// helm's description; `todoctl run <id>` for what `up` made.
    #[serde(default)]
    pub description: String,
}

/// Reads `helm history -o json`.
pub fn parse_history(json: &[u8]) -> Result<Vec<Told>, String> {
    serde_json::from_slice(json).map_err(|error| format!("helm's history is not readable: {error}"))
}

/// `helm pull`: a chart of a public repository, as an archive in a folder.
pub fn pull(chart: &RepositoryChart, into: &Path) -> Invocation {
    let mut args = vec!["pull".to_owned()];
    if chart.repository.starts_with("oci://") {
        args.push(format!("{}/{}", chart.repository.trim_end_matches('/'), chart.name));
    } else {
        args.extend([chart.name.clone(), "--repo".to_owned(), chart.repository.clone()]);
    }
    args.extend(["--version".to_owned(), chart.version.clone()]);
    args.extend(["--destination".to_owned(), into.display().to_string()]);
    Invocation::new(Tool::Helm, args).timeout(PROCESS)
}

/// `helm version`, the same in both majors.
pub fn version() -> Invocation {
    Invocation::new(Tool::Helm, ["version", "--template", "{{.Version}}"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn helm(major: u32) -> Helm {
        let access = Access { kubeconfig: "/k".into(), context: "sandbox".into(), node: "10.0.0.1".into() };
        Helm::new(major, &access)
    }

    fn upgrade() -> Upgrade {
        Upgrade {
            release: "backend".into(),
            namespace: "todo".into(),
            chart: "charts/backend".into(),
            values: vec!["charts/backend/values-local.yaml".into()],
            overlay: serde_json::json!({"image": {"tag": "1"}}),
            set: vec!["replicaCount=3".into()],
            skip_crds: false,
            uninstalled: false,
        }
    }

    #[test]
    fn upgrade_names_everything_and_waits_for_nothing() {
        let line =
            helm(4).upgrade(&upgrade(), &[("a", "1".into()), ("b", "2".into())], ("r1", 0), true).shell();
        insta::assert_snapshot!(line, @r#"helm upgrade --install backend charts/backend --namespace todo --kube-context sandbox --values charts/backend/values-local.yaml --values - --set replicaCount=3 --reset-values --history-max 50 --timeout 120s --labels a=1,b=2 --description 'todoctl run r1' --server-side=true --force-conflicts <<<'{"image":{"tag":"1"}}'"#);
    }

    #[test]
    fn a_release_that_was_uninstalled_is_installed_in_the_place_of_its_history() {
        let back = Upgrade { uninstalled: true, ..upgrade() };
        insta::assert_snapshot!(helm(4).upgrade(&back, &[("a", "1".into())], ("r1", 12), false).line(), @"helm install --replace backend charts/backend --namespace todo --kube-context sandbox --values charts/backend/values-local.yaml --values - --set replicaCount=3 --timeout 120s --labels a=1 --description 'todoctl run r1'");
    }

    #[test]
    fn a_chart_is_fetched_from_a_repository_or_a_registry() {
        let chart = |repository: &str| RepositoryChart {
            repository: repository.into(),
            name: "dapr".into(),
            version: "1.18.1".into(),
            digest: None,
        };
        let line = |repository: &str| pull(&chart(repository), "/part".as_ref()).line();
        insta::assert_snapshot!(line("https://dapr.github.io/helm-charts/"), @"helm pull dapr --repo https://dapr.github.io/helm-charts/ --version 1.18.1 --destination /part");
        insta::assert_snapshot!(line("oci://registry.example.com/charts/"), @"helm pull oci://registry.example.com/charts/dapr --version 1.18.1 --destination /part");
    }

    #[test]
    fn only_helm_4_knows_conflicts() {
        assert!(!helm(3).rollback("backend", "todo", 3).line().contains("conflicts"));
        insta::assert_snapshot!(helm(4).rollback("backend", "todo", 3).line(), @"helm rollback backend 3 --namespace todo --kube-context sandbox --history-max 50 --timeout 120s --server-side=true --force-conflicts");
    }
}
