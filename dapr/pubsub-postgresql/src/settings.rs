//! Owns what a Component may say in `spec.metadata`: names, defaults, bounds. An error names every wrong entry.
//! Refuses to repeat a value: one of them is the connection string.

mod retention;

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

pub use retention::Retention;

/// Names that daprd reads and hands on (dapr/dapr v1.18.1, `pkg/scopes/scopes.go`).
const OF_DAPR: [&str; 4] = ["allowedTopics", "protectedTopics", "publishingScopes", "subscriptionScopes"];

/// Where a group begins that subscribes for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialOffset {
    /// With the oldest message that is kept.
    Oldest,
    /// With the first message published after it subscribed.
    Newest,
}

/// The settings of one Component.
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// How to reach the database; secret.
    pub connection_string: String,
    /// The consumer group. daprd says the app id when the Component says nothing.
    pub consumer_id: String,
    /// Where a new group begins.
    pub initial_offset: InitialOffset,
    /// After how long a message that is neither acknowledged nor refused is given again.
    pub visibility_timeout: Duration,
    /// After how many deliveries a message is given up; never when zero.
    pub max_deliveries: u32,
    /// How long messages are kept.
    pub retention: Retention,
    /// How often is looked for messages where announcements do not arrive.
    pub poll_interval: Duration,
    /// Connections at once, beside the one that listens.
    pub max_conns: usize,
}

impl Settings {
    /// Every name that a Component may use, for messages and for the description of the type.
    pub const NAMES: [&str; 8] = [
        "connectionString",
        "consumerID",
        "initialOffset",
        "visibilityTimeout",
        "maxDeliveries",
        "retention",
        "pollInterval",
        "maxConns",
    ];

    /// Reads the properties of a Component. Dapr's own components do not look at the case of names, nor does this one.
    pub fn read(properties: &HashMap<String, String>) -> Result<Self, String> {
        let mut reader = Reader { properties, problems: Vec::new() };
        reader.refuse_strangers();
        let (seconds, hours) = (Duration::from_secs, Duration::from_hours);
        let settings = Self {
            connection_string: reader.required("connectionString"),
            consumer_id: reader.required("consumerID"),
            initial_offset: reader.initial_offset(),
            visibility_timeout: reader.duration("visibilityTimeout", seconds(60), seconds(1)..=hours(24)),
            max_deliveries: reader.number("maxDeliveries", 0, 0..=1_000_000),
            retention: reader.retention(),
            poll_interval: reader.duration("pollInterval", seconds(1), Duration::from_millis(50)..=hours(1)),
            max_conns: reader.number("maxConns", 4, 1..=100),
        };
        match reader.problems.as_slice() {
            [] => Ok(settings),
            some => Err(format!("the Component's metadata is not usable: {}", some.join("; "))),
        }
    }
}

/// Reads properties and gathers what is wrong with them.
struct Reader<'a> {
    properties: &'a HashMap<String, String>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn refuse_strangers(&mut self) {
        let known =
            |name: &str| Settings::NAMES.iter().chain(&OF_DAPR).any(|known| known.eq_ignore_ascii_case(name));
        let mut strangers: Vec<&str> =
            self.properties.keys().map(String::as_str).filter(|name| !known(name)).collect();
        strangers.sort_unstable();
        for name in strangers {
            let all = Settings::NAMES.join(", ");
            self.problems.push(format!("`{name}` is not known; there are {all}"));
        }
    }

    /// The value of a property that says something.
    fn text(&self, name: &str) -> Option<&str> {
        let found = self.properties.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str) -> String {
        let Some(text) = self.text(name) else {
            self.problems.push(format!("`{name}` is missing"));
            return String::new();
        };
        text.to_owned()
    }

    fn initial_offset(&mut self) -> InitialOffset {
        match self.text("initialOffset").map(str::to_ascii_lowercase).as_deref() {
            Some("oldest") => InitialOffset::Oldest,
            // As in Dapr's Kafka component.
            Some("newest") | None => InitialOffset::Newest,
            Some(_) => {
                self.problems.push("`initialOffset` is oldest or newest".to_owned());
                InitialOffset::Newest
            }
        }
    }

    fn retention(&mut self) -> Retention {
        let Some(text) = self.text("retention") else { return Retention::default() };
        Retention::read(text).unwrap_or_else(|message| {
            self.problems.push(format!("`retention` {message}"));
            Retention::default()
        })
    }

    fn duration(&mut self, name: &str, default: Duration, within: RangeInclusive<Duration>) -> Duration {
        let Some(text) = self.text(name) else { return default };
        match humantime::parse_duration(text) {
            Ok(value) if within.contains(&value) => return value,
            Ok(_) => {
                let bound = |one: &Duration| humantime::format_duration(*one).to_string();
                let (least, most) = (bound(within.start()), bound(within.end()));
                self.problems.push(format!("`{name}` is between {least} and {most}"));
            }
            Err(_) => self.problems.push(format!("`{name}` is a duration such as 500ms, 30s or 2h")),
        }
        default
    }

    fn number<T: FromStr + PartialOrd + Display>(
        &mut self,
        name: &str,
        default: T,
        within: RangeInclusive<T>,
    ) -> T {
        let Some(text) = self.text(name) else { return default };
        match text.parse() {
            Ok(value) if within.contains(&value) => value,
            Ok(_) | Err(_) => {
                let (least, most) = (within.start(), within.end());
                self.problems.push(format!("`{name}` is a number between {least} and {most}"));
                default
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn read(properties: &[(&str, &str)]) -> Result<Settings, String> {
        let given = [("connectionString", "postgres://u:hunter2@h/d"), ("consumerID", "audit")];
        let all = given.iter().chain(properties);
        Settings::read(&all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn problem(properties: &[(&str, &str)]) -> String {
        let message = read(properties).err().expect("it is refused");
        assert!(!message.contains("hunter2"), "{message}");
        message
    }

    #[test]
    fn wrong_entries_are_all_named_and_no_value_is_repeated() {
        assert_eq!(
            problem(&[
                ("initialOffset", "first"),
                ("visibilityTimeout", "10ms"),
                ("maxDeliveries", "-1"),
                ("retention", "forever"),
                ("pollInterval", "soon"),
                ("maxConns", "0"),
            ]),
            "the Component's metadata is not usable: `initialOffset` is oldest or newest; \
             `visibilityTimeout` is between 1s and 1day; `maxDeliveries` is a number between 0 and 1000000; \
             `retention` is a duration such as 24h, the word `acknowledged`, or both with a comma; \
             `pollInterval` is a duration such as 500ms, 30s or 2h; `maxConns` is a number between 1 and 100"
        );
    }

    #[test]
    fn unknown_and_missing_entries() {
        assert_eq!(
            problem(&[("visibility", "hunter2"), ("brokers", "")]),
            "the Component's metadata is not usable: `brokers` is not known; there are connectionString, consumerID, \
             initialOffset, visibilityTimeout, maxDeliveries, retention, pollInterval, maxConns; `visibility` is not \
             known; there are connectionString, consumerID, initialOffset, visibilityTimeout, maxDeliveries, \
             retention, pollInterval, maxConns"
        );
        let empty = Settings::read(&HashMap::new()).err().unwrap();
        assert!(empty.ends_with("`connectionString` is missing; `consumerID` is missing"), "{empty}");
        // A key that its Secret does not have arrives as an empty text.
        let blank =
            [("connectionString", " "), ("consumerID", "audit")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let blank = Settings::read(&blank.into()).err().unwrap();
        assert!(blank.ends_with(": `connectionString` is missing"), "{blank}");
    }

    #[test]
    fn the_description_says_what_the_program_does() {
        let description: Value = serde_yaml::from_str(include_str!("../metadata.yaml")).unwrap();
        let fields = description["metadata"].as_array().unwrap();
        let text = |field: &Value, name: &str| field[name].as_str().map(str::to_owned);
        let names: Vec<String> = fields.iter().filter_map(|field| text(field, "name")).collect();
        assert_eq!(names, Settings::NAMES);
        let unsaid = read(&[]).unwrap();
        for field in fields {
            let name = text(field, "name").unwrap();
            // daprd says the app id when nobody says a group.
            if let Some(default) = text(field, "default").filter(|_| name != "consumerID") {
                assert!(read(&[(&name, &default)]).unwrap() == unsaid, "{name}");
            }
            let values = field["allowedValues"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for value in values.chain(field["example"].as_str().filter(|_| name != "connectionString")) {
                assert!(read(&[(&name, value)]).is_ok(), "{name}: {value}");
            }
        }
        assert!(read(&[("initialOffset", "latest")]).is_err());
    }

    #[test]
    fn names_have_no_case_and_dapr_may_add_its_own() {
        let settings = read(&[
            ("INITIALOFFSET", "Oldest"),
            ("visibilitytimeout", "1m 30s"),
            ("maxDeliveries", "7"),
            ("publishingScopes", "backend=task-events"),
            ("protectedTopics", ""),
        ])
        .unwrap();
        assert_eq!(settings.initial_offset, InitialOffset::Oldest);
        assert_eq!(settings.visibility_timeout, Duration::from_secs(90));
        assert_eq!(settings.max_deliveries, 7);
    }
}
