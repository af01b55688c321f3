//! Owns what went wrong with the database: for whom waiting helps, and what to tell whom it does not.
//! Refuses to repeat what was sent: PostgreSQL's messages name roles, tables and hosts, never values or passwords.

use std::error::Error as _;
use std::fmt;

use tokio_postgres::error::SqlState;
use tonic::{Code, Status};

/// What sort of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It cannot be reached, or is not ready yet: waiting may help.
    Away,
    /// It does not let this user in.
    Denied,
    /// The user may not do something.
    Forbidden,
    /// The schema is missing or another one.
    Schema,
    /// The settings of the Component.
    Settings,
    /// Something else.
    Wrong,
}

/// A failure: what failed, why, and where it helps, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its sort.
    pub kind: Kind,
    message: String,
}

impl Failure {
    /// From an error of a connection to `place`.
    pub fn of(error: &tokio_postgres::Error, place: &str) -> Self {
        let Some(database) = error.as_db_error() else {
            let why = chain(error);
            let tls = error.to_string().starts_with("error performing TLS handshake");
            let (kind, what) = if tls { (Kind::Denied, "no TLS with") } else { (Kind::Away, "cannot reach") };
            return Self { kind, message: format!("{what} PostgreSQL at {place}: {why}") };
        };
        let (code, said) = (database.code(), database.message());
        let kind = kind_of(code);
        let hint = match kind {
            Kind::Forbidden => "; the README of this component, \"Rights\", has the grants",
            Kind::Schema => "; the schema dapr_pubsub is not as this component made it",
            Kind::Denied => "; check `connectionString`",
            Kind::Away | Kind::Settings | Kind::Wrong => "",
        };
        Self { kind, message: format!("PostgreSQL at {place}: {said} (SQLSTATE {}){hint}", code.code()) }
    }

    /// The database does not answer.
    pub fn away(place: &str, why: &str) -> Self {
        Self { kind: Kind::Away, message: format!("cannot reach PostgreSQL at {place}: {why}") }
    }

    /// The schema is not usable.
    pub fn schema(message: String) -> Self {
        Self { kind: Kind::Schema, message }
    }

    /// The Component says something that cannot be used.
    pub fn settings(message: String) -> Self {
        Self { kind: Kind::Settings, message }
    }

    /// Something that should not happen.
    pub fn wrong(message: &str) -> Self {
        Self { kind: Kind::Wrong, message: message.to_owned() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let code = match failure.kind {
            Kind::Away => Code::Unavailable,
            Kind::Denied => Code::Unauthenticated,
            Kind::Forbidden => Code::PermissionDenied,
            Kind::Schema => Code::FailedPrecondition,
            Kind::Settings => Code::InvalidArgument,
            Kind::Wrong => Code::Internal,
        };
        Self::new(code, failure.message)
    }
}

/// By the class of the code (PostgreSQL, "PostgreSQL Error Codes").
fn kind_of(code: &SqlState) -> Kind {
    match code.code() {
        "42501" => Kind::Forbidden,
        "42P01" | "42883" | "42703" | "3F000" => Kind::Schema,
        // A standby that was the primary; too many connections; a deadlock.
        "25006" | "53300" | "40001" | "40P01" => Kind::Away,
        "3D000" => Kind::Denied,
        other if other.starts_with("28") => Kind::Denied,
        // Connection exceptions; the server stops, starts, or ended this connection.
        other if other.starts_with("08") || other.starts_with("57P") => Kind::Away,
        _ => Kind::Wrong,
    }
}

/// The error and what caused it, without what says nothing.
fn chain(error: &tokio_postgres::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(one) = cause {
        texts.push(one.to_string());
        cause = one.source();
    }
    texts.dedup();
    // tokio-postgres writes its cause after a colon already.
    let first = texts[0].clone();
    texts.retain(|text| *text == first || !first.ends_with(text.as_str()));
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_helps_when_the_server_is_away() {
        let kinds =
            |codes: &[&str]| codes.iter().map(|code| kind_of(&SqlState::from_code(code))).collect::<Vec<_>>();
        assert_eq!(kinds(&["57P01", "57P03", "08006", "53300", "25006", "40P01"]), [Kind::Away; 6]);
        assert_eq!(kinds(&["28P01", "28000", "3D000"]), [Kind::Denied; 3]);
        assert_eq!(kinds(&["42501"]), [Kind::Forbidden]);
        assert_eq!(kinds(&["42P01", "42883", "3F000"]), [Kind::Schema; 3]);
        assert_eq!(kinds(&["22021", "53100"]), [Kind::Wrong; 2]);
    }
}
