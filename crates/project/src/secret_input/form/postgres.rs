//! Owns the PostgreSQL URL that Dapr accepts, made from the one that the application uses.
//!
//! Dapr takes `postgres://` and `postgresql://` only (components-contrib 1.18, `common/authentication/postgresql`) and
//! reads it with pgx 5.9 (`pgconn/config.go`), which is stricter than SQLAlchemy and libpq. Percent-encoding is kept:
//! what a part means stays the same.

mod hosts;
mod parameters;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use url::form_urlencoded;

use self::hosts::Host;
use self::parameters::Parameters;

/// What stays as it is in a name, a password or the name of a database; Go's `net/url` refuses most of the rest.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The pieces of a URL, as they were written.
struct Pieces<'a> {
    user: Option<&'a str>,
    password: Option<&'a str>,
    hosts: &'a str,
    database: &'a str,
    query: &'a str,
}

/// The URL for Dapr. The error never quotes any of it.
pub(super) fn derive(text: &str) -> Result<String, String> {
    let pieces = split(text)?;
    let query: Vec<(String, String)> = form_urlencoded::parse(pieces.query.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let Parameters { hosts: named, ports, kept } = parameters::translate(&query)?;
    let hosts = hosts::of(pieces.hosts, &named, ports.as_deref())?;
    Ok(join(&pieces, &hosts, kept))
}

fn split(text: &str) -> Result<Pieces<'_>, String> {
    let (scheme, rest) = text.split_once("://").ok_or("it is not a URL")?;
    let dialect = scheme.split('+').next().unwrap_or_default();
    if !["postgres", "postgresql"].iter().any(|known| dialect.eq_ignore_ascii_case(known)) {
        return Err(
            "it is not a URL of PostgreSQL: postgresql://, postgres:// or postgresql+DRIVER://".into()
        );
    }
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = before.split_once('/').unwrap_or((before, ""));
    if database.contains('@') {
        return Err("a `/` in its user or password must be written as %2F".into());
    }
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (Some(login), hosts),
        None => (None, authority),
    };
    if login.is_some_and(|login| login.contains('@')) {
        return Err("an `@` in its user or password must be written as %40".into());
    }
    let (user, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
        Some(Ok((user, password))) => (Some(user), Some(password)),
        Some(Err(user)) => (Some(user), None),
        None => (None, None),
    };
    Ok(Pieces { user, password, hosts, database, query })
}

fn join(pieces: &Pieces<'_>, hosts: &[Host], kept: Vec<(&str, String)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let authority = match hosts {
        [only] => only.authority(),
        // Go 1.26 and earlier differ in what they make of several hosts before the path; in the query all agree.
        several => {
            query.append_pair("host", &list(several, |host| host.name.clone()));
            query.append_pair("port", &list(several, |host| host.port.unwrap_or(5432).to_string()));
            String::new()
        }
    };
    let login = match (pieces.user, pieces.password) {
        (None, _) => String::new(),
        (Some(user), None) => format!("{}@", recoded(user)),
        (Some(user), Some(password)) => format!("{}:{}@", recoded(user), recoded(password)),
    };
    for (name, value) in kept {
        query.append_pair(name, &value);
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("postgres://{login}{authority}/{}{mark}{query}", recoded(pieces.database))
}

fn list(hosts: &[Host], part: impl Fn(&Host) -> String) -> String {
    hosts.iter().map(part).collect::<Vec<_>>().join(",")
}

/// The same text with every character encoded that has a meaning in a URL.
fn recoded(part: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(part).collect();
    percent_encode(&bytes, PART).to_string()
}

#[cfg(test)]
mod tests;
