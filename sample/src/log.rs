//! Log lines: one JSON object per event on standard output.
//!
//! Owns the form of a line. Refuses to fail: a closed output loses lines, not requests.

use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::SystemTime;

use serde_json::{Map, Value};

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    /// Reads `LOG_LEVEL`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "debug" => Ok(Self::Debug),
            "info" => Ok(Self::Info),
            "warn" => Ok(Self::Warn),
            "error" => Ok(Self::Error),
            _ => Err("LOG_LEVEL must be debug, info, warn or error".to_owned()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

static LEVEL: AtomicU8 = AtomicU8::new(Level::Info as u8);

/// Sets the lowest level that is written.
pub(crate) fn set_level(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Fields of an event beside level, time and message.
pub(crate) type Fields<'a> = &'a [(&'a str, Value)];

pub(crate) fn debug(message: &str, fields: Fields<'_>) {
    write(Level::Debug, message, fields);
}

pub(crate) fn info(message: &str, fields: Fields<'_>) {
    write(Level::Info, message, fields);
}

pub(crate) fn warn(message: &str, fields: Fields<'_>) {
    write(Level::Warn, message, fields);
}

pub(crate) fn error(message: &str, fields: Fields<'_>) {
    write(Level::Error, message, fields);
}

fn write(level: Level, message: &str, fields: Fields<'_>) {
    if (level as u8) < LEVEL.load(Ordering::Relaxed) {
        return;
    }
    let mut text = line(level, SystemTime::now(), message, fields);
    text.push('\n');
    // One write per line, so that lines of two threads cannot mix. A closed output is nothing to stop for.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn line(level: Level, time: SystemTime, message: &str, fields: Fields<'_>) -> String {
    let mut object = Map::new();
    object.insert("level".to_owned(), level.name().into());
    object.insert("time".to_owned(), humantime::format_rfc3339_millis(time).to_string().into());
    object.insert("msg".to_owned(), message.into());
    for (name, value) in fields {
        object.insert((*name).to_owned(), value.clone());
    }
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_json_object() {
        let text = line(Level::Warn, SystemTime::UNIX_EPOCH, "two\nlines", &[("request_id", "r1".into())]);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(!text.contains('\n'));
        assert_eq!(value["level"], "warn");
        assert_eq!(value["time"], "1970-01-01T00:00:00.000Z");
        assert_eq!(value["msg"], "two\nlines");
        assert_eq!(value["request_id"], "r1");
    }

    #[test]
    fn levels_are_ordered() {
        assert!(Level::parse("debug").unwrap() < Level::parse("error").unwrap());
        assert!(Level::parse("loud").is_err());
    }
}
