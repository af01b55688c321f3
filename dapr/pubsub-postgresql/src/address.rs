//! Owns reading a connection string: a URL or `name=value` words, as libpq and Dapr's other PostgreSQL components take
//! it. Refuses to repeat any part of it but host and port: it holds the password.
//!
//! `tokio_postgres` reads it too, but knows neither `verify-ca`, `verify-full` and `allow` nor files of certificates. So
//! everything about TLS is taken out here first.

mod words;

use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::tls::{Mode, Roots, Tls};

/// Where the database is, and how it is spoken to.
#[derive(Clone)]
pub struct Address {
    /// Everything but TLS.
    pub config: Config,
    /// TLS.
    pub tls: Tls,
}

impl Address {
    /// Reads a connection string.
    pub fn read(text: &str) -> Result<Self, String> {
        let (rest, taken) = words::take(text, |name| name.starts_with("ssl") && name != "sslnegotiation")
            .map_err(|()| {
                "`connectionString` is not readable: neither postgres://USER:PASSWORD@HOST/DATABASE nor \
                 host=… user=… password=… dbname=…"
                    .to_owned()
            })?;
        let mut mode = None;
        let mut roots = None;
        for (name, value) in taken {
            match name.as_str() {
                "sslmode" => mode = Some(Mode::read(&value)?),
                "sslrootcert" if value == "system" => roots = Some(Roots::Bundled),
                "sslrootcert" => roots = Some(Roots::File(value.into())),
                // libpq ignores both where TLS has no compression and no such server name.
                "sslcompression" | "sslsni" => {}
                _ => return Err(format!("`connectionString`: {name} is not supported")),
            }
        }
        let tls = Tls::new(mode, roots)?;
        let mut config = Config::from_str(&rest).map_err(|error| problem(&error))?;
        config.ssl_mode(match tls.mode {
            Mode::Disable | Mode::Allow => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("`connectionString` names no host".to_owned());
        }
        // A socket has no TLS, as in libpq.
        if config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
            && config.get_hostaddrs().is_empty()
        {
            config.ssl_mode(SslMode::Disable);
        }
        Ok(Self { config: patient(config), tls })
    }

    /// Where it is, for people: `host:port`, several with commas.
    pub fn place(&self) -> String {
        let ports = self.config.get_ports();
        let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let hosts = self.config.get_hosts().iter().enumerate().map(|(index, host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(index)),
            Host::Unix(path) => path.display().to_string(),
        });
        hosts.collect::<Vec<_>>().join(", ")
    }
}

/// What a connection that lives for weeks needs: it notices a server that went away without a word.
fn patient(mut config: Config) -> Config {
    use std::time::Duration;
    if config.get_application_name().is_none() {
        config.application_name("pubsub.postgresql");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    config
        .keepalives_idle(Duration::from_secs(30))
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(3)
        .tcp_user_timeout(Duration::from_mins(1));
    config
}

/// The reason names the word that is wrong, not its value (tokio-postgres 0.7, `config.rs`).
fn problem(error: &tokio_postgres::Error) -> String {
    let reason =
        std::error::Error::source(error).map_or_else(|| "not readable".to_owned(), ToString::to_string);
    format!("`connectionString`: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match Address::read(text) {
            Ok(address) => {
                let config = &address.config;
                format!(
                    "{} {}/{} {:?} {:?} {:?}",
                    address.place(),
                    config.get_user().unwrap_or("-"),
                    config.get_dbname().unwrap_or("-"),
                    config.get_password().map(String::from_utf8_lossy),
                    address.tls.mode,
                    address.tls.roots
                )
            }
            Err(message) => {
                assert!(!message.contains("hunter2"), "{message}");
                message
            }
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_without_the_password() {
        for (text, message) in [
            ("", "`connectionString` is not readable"),
            ("postgresql+asyncpg://u:hunter2@h/d", "`connectionString` is not readable"),
            ("hunter2", "`connectionString` is not readable"),
            ("host=h password='hunter2", "`connectionString` is not readable"),
            ("host=h password=hunter2\\", "`connectionString` is not readable"),
            ("postgres://u:hunter2@h:port/d", "`connectionString`: invalid value for option `port`"),
            ("postgres://u:hunter2@h/d?pgbouncer=hunter2", "`connectionString`: unknown option `pgbouncer`"),
            ("postgres://u:hunter2@h/d?sslmode=hunter2", "`connectionString`: sslmode is disable, allow"),
            ("postgres://u:hunter2@h/d?sslcert=hunter2", "`connectionString`: sslcert is not supported"),
            ("user=u password=hunter2 dbname=d", "`connectionString` names no host"),
            (
                "postgres://u:hunter2@h/d?sslmode=require&sslrootcert=system",
                "`connectionString`: sslrootcert=system",
            ),
        ] {
            let said = shown(text);
            assert!(said.starts_with(message), "{text}: {said}");
        }
    }

    #[test]
    fn urls_and_words_say_the_same() {
        let url =
            "postgresql://todo:hunter%202@db.example:6432/app?sslmode=verify-full&sslrootcert=%2Fca.pem";
        let words = "host = db.example port=6432 user=todo dbname=app password='hunter 2' sslmode=verify-full sslrootcert=/ca.pem";
        let wanted = r#"db.example:6432 todo/app Some("hunter 2") VerifyFull File("/ca.pem")"#;
        assert_eq!(shown(url), wanted);
        assert_eq!(shown(words), wanted);
        assert_eq!(
            shown("postgres://u:p@a:1,b:2/d?application_name=x&options=endpoint%3Dy&channel_binding=require"),
            r#"a:1, b:2 u/d Some("p") Prefer Bundled"#
        );
        assert_eq!(
            shown(r"host=/run/postgresql user=u password='it\'s \\ 1' dbname=d sslmode=require"),
            r#"/run/postgresql u/d Some("it's \\ 1") Require Bundled"#
        );
        assert_eq!(shown("postgres://u@h"), "h:5432 u/- None Prefer Bundled");
    }
}
