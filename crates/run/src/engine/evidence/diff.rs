//! Owns the difference between two manifests as evidence: what the failing revision asks for that the last good one
//! did not. Secrets are left out, whole: a manifest holds their values.

use similar::TextDiff;

/// A unified diff of two manifests without their Secrets; empty when they ask for the same.
pub(super) fn of_manifests(old: &str, new: &str) -> String {
    let (old, new) = (without_secrets(old), without_secrets(new));
    TextDiff::from_lines(&old, &new)
        .unified_diff()
        .header("last good revision", "failing revision")
        .to_string()
}

/// The documents of a manifest that are not Secrets. helm separates them by lines of `---`.
fn without_secrets(manifest: &str) -> String {
    let mut kept = String::new();
    for document in manifest.split_inclusive("\n---\n") {
        if !document.lines().any(|line| line.trim_start().starts_with("kind:") && line.contains("Secret")) {
            kept.push_str(document);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown_and_secrets_never() {
        let manifest = |replicas: u32, secret: &str| {
            format!(
                "---\nkind: Secret\nstringData: {{a: {secret}}}\n---\nkind: Deployment\nspec:\n  replicas: {replicas}\n"
            )
        };
        let diff = of_manifests(&manifest(2, "CANARY-old"), &manifest(3, "CANARY-new"));
        insta::assert_snapshot!(diff, @r"
        --- last good revision
        +++ failing revision
        @@ -1,3 +1,3 @@
         kind: Deployment
         spec:
        -  replicas: 2
        +  replicas: 3
        ");
        assert_eq!(of_manifests(&manifest(2, "CANARY-old"), &manifest(2, "CANARY-new")), "");
    }
}
