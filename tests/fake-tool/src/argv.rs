//! Owns splitting a command line into words and flags. Unknown flags are refused, as the real tools do.

use std::collections::BTreeMap;

/// A split command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Argv {
    /// Words that are not flags, in order.
    pub words: Vec<String>,
    flags: BTreeMap<String, Vec<String>>,
}

impl Argv {
    /// `valued` flags take a value, by `=` or as the next word; `bare` ones take none, or one by `=`.
    pub fn parse(args: &[String], valued: &[&str], bare: &[&str]) -> Result<Self, String> {
        let mut split = Self::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if !arg.starts_with('-') || arg == "-" {
                split.words.push(arg.clone());
                continue;
            }
            let (name, inline) = match arg.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (arg.as_str(), None),
            };
            let value = if valued.contains(&name) {
                inline
                    .or_else(|| rest.next().cloned())
                    .ok_or_else(|| format!("flag needs an argument: {name}"))?
            } else if bare.contains(&name) {
                inline.unwrap_or_default()
            } else {
                return Err(format!("unknown flag: {name}"));
            };
            split.flags.entry(name.to_owned()).or_default().push(value);
        }
        Ok(split)
    }

    /// Whether one of some spellings of a flag was given.
    pub fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.flags.contains_key(*name))
    }

    /// The last value of one of some spellings of a flag.
    pub fn value(&self, names: &[&str]) -> Option<&str> {
        names.iter().filter_map(|name| self.flags.get(*name)?.last()).map(String::as_str).next_back()
    }

    /// Every value of a flag.
    pub fn values(&self, name: &str) -> &[String] {
        self.flags.get(name).map_or(&[], Vec::as_slice)
    }

    /// The n-th word, empty when there is none.
    pub fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<Argv, String> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Argv::parse(&args, &["-n", "--namespace", "--values"], &["--install", "--wait"])
    }

    #[test]
    fn both_forms_of_a_value_are_read() {
        let argv = split("upgrade --install x --values a --values - -n todo --wait=false").unwrap();
        assert_eq!(argv.words, ["upgrade", "x"]);
        assert_eq!((argv.value(&["-n", "--namespace"]), argv.values("--values").len()), (Some("todo"), 2));
        assert!(argv.has(&["--wait"]) && !argv.has(&["--atomic"]));
    }

    #[test]
    fn what_the_tool_does_not_know_is_refused() {
        assert_eq!(split("upgrade --force-conflicts").unwrap_err(), "unknown flag: --force-conflicts");
        assert_eq!(split("upgrade -n").unwrap_err(), "flag needs an argument: -n");
    }
}
