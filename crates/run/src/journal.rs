//! Owns the record of a run on disk: its events as JSON lines, readable by the owner alone.
//! Refuses to stop a run: losing the disk loses the log, never the outcome.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use todoctl_core::text;
use todoctl_plan::event::{self, Sink, Stamped};

/// Name of the file of events in a run's folder.
pub const EVENTS: &str = "events.jsonl";

/// Writes the events of one run.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    trouble: Option<String>,
}

impl Journal {
    /// Makes the folder and the file in it; what the file holds is kept, since a run may have parts, such as the
    /// start of the cluster.
    pub fn create(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join(EVENTS);
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path, file, trouble: None })
    }

    /// Where the events are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first failure to write, if there was one.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

impl Sink for Journal {
    fn event(&mut self, event: &Stamped) {
        // After a failure the file may end in half a line; nothing is added to it.
        if self.trouble.is_some() {
            return;
        }
        let written = text::json_line(event)
            .map_err(io::Error::from)
            .and_then(|line| self.file.write_all(line.as_bytes()));
        if let Err(error) = written {
            self.trouble = Some(format!("cannot write {}: {error}", self.path.display()));
        }
    }
}

/// Reads the events of a run. Lines that say nothing to this version are left out: the last one may be cut off, and
/// a newer todoctl may know more kinds.
pub fn read(path: &Path) -> io::Result<Vec<Stamped>> {
    std::fs::read(path).map(|text| event::read(&text))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use todoctl_plan::event::Event;

    fn warning(message: &str) -> Stamped {
        let event = Event::Warning { message: message.to_owned() };
        Stamped { at: "2026-11-21T14:00:00Z".parse().unwrap(), event }
    }

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("runs/1");
        let mut journal = Journal::create(&folder).unwrap();
        journal.event(&warning("one\ntwo"));
        journal.event(&warning("three"));
        assert_eq!(journal.trouble(), None);
        assert_eq!(read(journal.path()).unwrap(), [warning("one\ntwo"), warning("three")]);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(journal.path())), (0o700, 0o600));
        assert!(Journal::create(&folder).is_err(), "a second run in the same folder");
    }

    #[test]
    fn a_cut_off_line_and_an_unknown_event_are_left_out() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let known = text::json_line(&warning("known")).unwrap();
        let newer = r#"{"at":"2026-11-21T14:00:01Z","event":"from-the-future","x":1}"#;
        std::fs::write(file.path(), format!("{newer}\n{known}{}", &known[..30])).unwrap();
        assert_eq!(read(file.path()).unwrap(), [warning("known")]);
    }

    #[test]
    fn a_full_disk_is_remembered_once_and_stops_nothing() {
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let mut journal = Journal { path: PathBuf::from("/dev/full"), file, trouble: None };
        journal.event(&warning("one"));
        journal.event(&warning("two"));
        let trouble = journal.trouble().unwrap();
        assert!(trouble.starts_with("cannot write /dev/full: No space left"), "{trouble}");
    }
}
