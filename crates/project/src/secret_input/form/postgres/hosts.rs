//! Owns the hosts of a PostgreSQL URL: names, IPv4, IPv6, several of them, ports. Refuses what a pod cannot reach.

use url::Host as Parsed;

/// What a host's name ends in at Neon, and what the first part of its pooler's name ends in, after a dash.
const NEON: (&str, &str) = (".neon.tech", "pooler");

/// One server.
pub(super) struct Host {
    /// Its name or address; an IPv6 address without brackets.
    pub(super) name: String,
    /// Its port, when one is given.
    pub(super) port: Option<u16>,
}

impl Host {
    /// The form before the path of a URL.
    pub(super) fn authority(&self) -> String {
        let name = if self.name.contains(':') { format!("[{}]", self.name) } else { self.name.clone() };
        self.port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"))
    }
}

/// The hosts of a URL: `written` before its path, else `named` in its query, with the ports of its query.
pub(super) fn of(written: &str, named: &[String], ports: Option<&str>) -> Result<Vec<Host>, String> {
    let texts: Vec<&str> = match (written, named) {
        ("", []) => return Err(SOCKET.to_owned()),
        (_, []) => written.split(',').collect(),
        ("", named) => named.iter().flat_map(|name| name.split(',')).collect(),
        (_, _) => return Err("it names hosts twice: before its path and as a parameter".to_owned()),
    };
    let mut hosts = texts.into_iter().map(host).collect::<Result<Vec<Host>, String>>()?;
    if let Some(ports) = ports {
        let ports = ports.split(',').map(port).collect::<Result<Vec<u16>, String>>()?;
        if ports.len() != 1 && ports.len() != hosts.len() {
            return Err("it has another number of ports than of hosts".to_owned());
        }
        for (at, host) in hosts.iter_mut().enumerate() {
            host.port = ports.get(at).or(ports.first()).copied();
        }
    }
    Ok(hosts)
}

/// Without a host libpq means the Unix socket of its own machine.
const SOCKET: &str = "it names no host, or a Unix socket: a sidecar reaches a database by the network only";

fn host(text: &str) -> Result<Host, String> {
    if text.starts_with('/') || text.to_ascii_lowercase().starts_with("%2f") || text.starts_with('@') {
        return Err(SOCKET.to_owned());
    }
    let (name, number) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((address, ""))) => (address, None),
        Some(Some((address, rest))) => (address, Some(rest.strip_prefix(':').ok_or_else(bad)?)),
        Some(None) => return Err(bad()),
        None if text.parse::<std::net::Ipv6Addr>().is_ok() => (text, None),
        None => text.split_once(':').map_or((text, None), |(name, number)| (name, Some(number))),
    };
    let known = if name.contains(':') { Parsed::parse(&format!("[{name}]")) } else { Parsed::parse(name) };
    known.map_err(|_| bad())?;
    let port = number.filter(|number| !number.is_empty()).map(port).transpose()?;
    Ok(Host { name: direct(name), port })
}

fn bad() -> String {
    "one of its hosts is neither a name nor an address; what has a meaning in a URL must be percent-encoded in a \
     password"
        .to_owned()
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        "one of its ports is not a number from 1 to 65535; what has a meaning in a URL must be percent-encoded in a \
         password"
            .to_owned()
    })
}

/// Neon's pooler is `PgBouncer` in transaction mode, where the prepared statements of Dapr's driver get lost between
/// connections. The same endpoint without `-pooler` is the database itself (Neon's documentation, "connection pooling").
fn direct(name: &str) -> String {
    let (suffix, pooler) = NEON;
    match name.split_once('.') {
        Some((first, rest)) if name.ends_with(suffix) => {
            let endpoint = first.strip_suffix(pooler).and_then(|first| first.strip_suffix('-'));
            format!("{}.{rest}", endpoint.unwrap_or(first))
        }
        _ => name.to_owned(),
    }
}
