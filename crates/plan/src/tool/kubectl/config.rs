//! Owns what kubectl does with the user's kubeconfig: it is read, never written.

use std::path::Path;

use todoctl_core::invocation::{Invocation, Tool};

/// One context of the user's kubeconfig with everything it needs inside, credentials too: sensitive output. Files that
/// it refers to are taken in (`--flatten`), so that it can be written elsewhere (kubectl `pkg/cmd/config/view.go`).
pub fn minified(context: &str, file: Option<&Path>) -> Invocation {
    let args = ["config", "view", "--raw", "--minify", "--flatten", "--context", context];
    let mut invocation = Invocation::new(Tool::Kubectl, args).with_users_kubeconfig();
    if let Some(file) = file {
        invocation.args.extend(["--kubeconfig".to_owned(), file.display().to_string()]);
    }
    invocation
}
