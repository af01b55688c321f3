//! Owns the state file: read whole, replaced whole, changed by one process at a time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::state::State;

/// Where the state is.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// In a file.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file that `state-path`, next to the program, names.
    pub fn beside(program: &Path) -> io::Result<Self> {
        let folder = program.parent().unwrap_or(Path::new("."));
        Ok(Self::at(fs::read_to_string(folder.join("state-path"))?.trim()))
    }

    /// A file that belongs to the state.
    pub fn sibling(&self, extension: &str) -> PathBuf {
        self.path.with_extension(extension)
    }

    /// The state's text, for noticing changes.
    pub fn text(&self) -> io::Result<String> {
        fs::read_to_string(&self.path)
    }

    /// The state now.
    pub fn load(&self) -> io::Result<State> {
        serde_json::from_str(&self.text()?).map_err(io::Error::other)
    }

    /// Writes a state, whatever was there.
    pub fn save(&self, state: &State) -> io::Result<()> {
        let text = serde_json::to_string_pretty(state)?;
        // A reader sees the old or the new state, never half of one.
        let fresh = self.path.with_extension(format!("new-{}", std::process::id()));
        fs::write(&fresh, text)?;
        fs::rename(fresh, &self.path)
    }

    /// Changes the state while no other process can.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> io::Result<T> {
        let lock = File::create(self.sibling("lock"))?;
        lock.lock()?;
        let before = self.load()?;
        let mut state = before.clone();
        let answer = change(&mut state);
        if state != before {
            self.save(&state)?;
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_many_threads_all_count() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("state.json"));
        store.save(&State::default()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..10).for_each(|_| {
                        store.change(State::tick).unwrap();
                    });
                });
            }
        });
        assert_eq!(store.load().unwrap().clock, 40);
    }
}
