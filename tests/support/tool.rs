//! Owns building the fake tool, once per test run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The fake tool's program. Cargo builds the programs of other packages of a workspace only when it is asked.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let target = Path::new(env!("CARGO_BIN_EXE_todoctl"))
            .parent()
            .and_then(Path::parent)
            .expect("a target folder");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = command(cargo)
            .args(["build", "--quiet", "--package", "fake-tool", "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.expect("cargo runs").success(), "the fake tool does not build");
        target.join("debug/fake-tool")
    })
}

/// A process of the tests themselves.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    #[expect(clippy::disallowed_methods, reason = "a test starts the programs that it tests")]
    Command::new(program)
}
