//! Owns the parameters of a PostgreSQL URL: which ones Dapr's driver takes, which ones have another name there, which
//! ones are left out, and which ones make a URL useless for a sidecar. One line for each, with its reason.
//!
//! pgx sends every parameter that it does not know to the server as a setting, and the server refuses a connection
//! with a setting that it does not know. So an unknown parameter is refused here, before anything is changed.

/// The parameters of a URL, sorted by what becomes of them.
pub(super) struct Parameters<'a> {
    /// Hosts that were given as parameters.
    pub(super) hosts: Vec<String>,
    /// Ports that were given as a parameter.
    pub(super) ports: Option<String>,
    /// What Dapr's driver gets: name and value.
    pub(super) kept: Vec<(&'a str, String)>,
}

/// What becomes of a parameter.
#[derive(Clone, Copy)]
enum Fate {
    /// It means the same to Dapr's driver.
    Kept,
    /// It means the same under another name; the value is translated.
    Renamed(&'static str, fn(&str) -> Option<&'static str>),
    /// Under another name, with the same value.
    Moved(&'static str),
    /// It is an affair of the application's driver alone.
    LeftOut,
    /// A sidecar cannot fulfil it.
    Refused(&'static str),
}

use Fate::{Kept, LeftOut, Moved, Refused, Renamed};

const FILE: &str = "it names a file, which the sidecar does not have";

/// Every parameter that is known, by whose it is.
const FATES: &[(&str, Fate)] = &[
    // libpq's, and pgx reads them (pgconn/config.go).
    ("application_name", Kept),
    ("channel_binding", Kept),
    ("connect_timeout", Kept),
    ("dbname", Kept),
    ("max_protocol_version", Kept),
    ("min_protocol_version", Kept),
    ("options", Kept),
    ("password", Kept),
    ("sslmode", Renamed("sslmode", ssl_mode)),
    ("sslnegotiation", Kept),
    ("sslsni", Kept),
    ("target_session_attrs", Kept),
    ("user", Kept),
    // Settings of the server, which pgx sends on.
    ("idle_in_transaction_session_timeout", Kept),
    ("lock_timeout", Kept),
    ("search_path", Kept),
    ("statement_timeout", Kept),
    // asyncpg's names of the same (asyncpg/connection.py `connect`).
    ("direct_tls", Renamed("sslnegotiation", negotiation)),
    ("ssl", Renamed("sslmode", ssl_mode)),
    ("timeout", Moved("connect_timeout")),
    // asyncpg's own caches and its limit for one call; Dapr has metadata of its own for that.
    ("command_timeout", LeftOut),
    ("max_cacheable_statement_size", LeftOut),
    ("max_cached_statement_lifetime", LeftOut),
    ("statement_cache_size", LeftOut),
    // SQLAlchemy's, of its asyncpg and psycopg dialects.
    ("async_fallback", LeftOut),
    ("executemany_batch_page_size", LeftOut),
    ("executemany_mode", LeftOut),
    ("plugin", LeftOut),
    ("prepare_threshold", LeftOut),
    ("prepared_statement_cache_size", LeftOut),
    ("prepared_statement_name_func", LeftOut),
    ("use_native_hstore", LeftOut),
    // libpq's socket options, names for logs, and Kerberos encryption: Go has its own.
    ("fallback_application_name", LeftOut),
    ("gssencmode", LeftOut),
    ("keepalives", LeftOut),
    ("keepalives_count", LeftOut),
    ("keepalives_idle", LeftOut),
    ("keepalives_interval", LeftOut),
    ("load_balance_hosts", LeftOut),
    ("tcp_user_timeout", LeftOut),
    // pgx speaks UTF-8, and so does the server then.
    ("client_encoding", LeftOut),
    // Files and services of the application's machine.
    ("passfile", Refused(FILE)),
    ("service", Refused(FILE)),
    ("servicefile", Refused(FILE)),
    ("sslcert", Refused(FILE)),
    ("sslcrl", Refused(FILE)),
    ("sslkey", Refused(FILE)),
    ("sslrootcert", Refused(FILE)),
    // Protections that must not get lost without a word.
    ("gsslib", Refused("the sidecar cannot use Kerberos")),
    ("krbsrvname", Refused("the sidecar cannot use Kerberos")),
    ("require_auth", Refused("Dapr's driver cannot demand a way of logging in")),
];

/// What Dapr's driver calls a mode of encryption. `true` is what other drivers write for "encrypt"; whoever wants the
/// certificate checked says `verify-full`.
fn ssl_mode(value: &str) -> Option<&'static str> {
    Some(match value.to_ascii_lowercase().replace('_', "-").as_str() {
        "require" | "true" | "1" | "on" | "yes" => "require",
        "disable" | "false" | "0" | "off" | "no" => "disable",
        "allow" => "allow",
        "prefer" => "prefer",
        "verify-ca" => "verify-ca",
        "verify-full" => "verify-full",
        _ => return None,
    })
}

fn negotiation(value: &str) -> Option<&'static str> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Some("direct"),
        "false" | "0" => Some("postgres"),
        _ => None,
    }
}

/// Sorts the parameters of a URL. An error names known parameters only: an unknown one may be part of a password.
pub(super) fn translate(query: &[(String, String)]) -> Result<Parameters<'static>, String> {
    let mut sorted = Parameters { hosts: Vec::new(), ports: None, kept: Vec::new() };
    for (at, (name, value)) in query.iter().enumerate() {
        match name.as_str() {
            "host" => sorted.hosts.push(value.clone()),
            "port" => sorted.ports = Some(value.clone()),
            _ => {
                let known = FATES.iter().find(|(known, _)| known == name);
                let &(name, fate) = known.ok_or_else(|| unknown(at))?;
                if let Some((name, value)) = carry(name, fate, value)? {
                    sorted.add(name, value)?;
                }
            }
        }
    }
    Ok(sorted)
}

fn unknown(at: usize) -> String {
    format!(
        "parameter {} of its query is not known, and the server would refuse it; a `?` in a password must be written \
         as %3F",
        at + 1
    )
}

fn carry(name: &'static str, fate: Fate, value: &str) -> Result<Option<(&'static str, String)>, String> {
    match fate {
        Kept => Ok(Some((name, value.to_owned()))),
        Moved(other) => Ok(Some((other, value.to_owned()))),
        Renamed(other, translate) => {
            let value = translate(value)
                .ok_or_else(|| format!("its parameter {name} has a value that is not known"))?;
            Ok(Some((other, value.to_owned())))
        }
        LeftOut => Ok(None),
        Refused(why) => Err(format!("its parameter {name} cannot be used: {why}")),
    }
}

impl Parameters<'static> {
    /// A parameter that is there twice must say the same twice.
    fn add(&mut self, name: &'static str, value: String) -> Result<(), String> {
        match self.kept.iter().find(|(other, _)| *other == name) {
            None => self.kept.push((name, value)),
            Some((_, other)) if *other == value => {}
            Some(_) => return Err(format!("its parameter {name} is given twice, with different values")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_one_fate() {
        let mut names: Vec<&str> = FATES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
