//! Owns the syntax of names: DNS labels, Secret keys, variables, image repositories; and near misses of a name.
//! Refuses to know where in a profile a name stands.

/// Longest name that Helm accepts for a release.
pub(crate) const RELEASE_LENGTH: usize = 53;
/// Longest DNS label.
pub const LABEL_LENGTH: usize = 63;

/// Why `name` is no DNS-1123 label of at most `longest` characters.
pub(crate) fn label(name: &str, longest: usize) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.starts_with('-') || name.ends_with('-') || !name.chars().all(inner) {
        return Err(format!(
            "`{name}` is not a valid name: lower-case letters, digits and dashes, a letter or digit at both ends"
        ));
    }
    if name.len() > longest {
        return Err(format!("`{name}` has {} characters, at most {longest} are possible", name.len()));
    }
    Ok(())
}

/// Whether `key` can be a key of a Kubernetes Secret.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !key.is_empty() && key.len() <= 253 && !key.starts_with("..") && key != "." && key.chars().all(inner)
}

/// Whether `name` can be the name of an environment variable.
pub(crate) fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Why `name` is no image repository: `[host[:port]/]path`, lower-case, without tag and digest.
pub(crate) fn repository(name: &str) -> Result<(), String> {
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
        _ => (None, name),
    };
    if path.contains('@') || path.contains(':') {
        return Err(format!(
            "`{name}` carries a tag or digest; the tag is the hash of the sources, write the name alone"
        ));
    }
    let component = |part: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        edge(part.chars().next()) && edge(part.chars().next_back()) && part.chars().all(inner)
    };
    let host_ok = host.is_none_or(|host| {
        let (name, port) = host.split_once(':').unwrap_or((host, "80"));
        let inner = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        !name.is_empty() && name.chars().all(inner) && port.parse::<u16>().is_ok()
    });
    if host_ok && path.split('/').all(component) {
        return Ok(());
    }
    Err(format!("`{name}` is not an image name such as `registry.example.com/todo/backend` in lower case"))
}

/// Why `tag` is no tag of an image.
pub fn tag(tag: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !tag.is_empty() && tag.len() <= 128 && !tag.starts_with(['.', '-']) && tag.chars().all(inner) {
        return Ok(());
    }
    Err(format!("`{tag}` is not a tag: letters, digits, `_`, `.` and `-`, at most 128"))
}

/// Why `name` is no platform: `os/architecture[/variant]`.
pub(crate) fn platform(name: &str) -> Result<(), String> {
    let parts: Vec<&str> = name.split('/').collect();
    let word = |part: &&str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if (2..=3).contains(&parts.len()) && parts.iter().all(word) {
        return Ok(());
    }
    Err(format!("`{name}` is not a platform such as `linux/amd64` or `linux/arm64`"))
}

/// The candidate that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    similar::get_close_matches(name, &candidates, 1, 0.6).first().copied()
}

/// `no image named `x`, did you mean `y`?`, else the list of those that exist.
pub(crate) fn unknown<'a>(kind: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(name, known.iter().copied()) {
        return format!("no {kind} is named `{name}`; did you mean `{near}`?");
    }
    if known.is_empty() {
        return format!("no {kind} is named `{name}`: there is none");
    }
    format!("no {kind} is named `{name}`; there are: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "ä"] {
            assert!(label(bad, LABEL_LENGTH).is_err(), "{bad}");
        }
        assert!(label(&"a".repeat(54), RELEASE_LENGTH).is_err());
        for good in ["a", "0", "backend", "a-1", &"a".repeat(53)] {
            assert_eq!(label(good, RELEASE_LENGTH), Ok(()), "{good}");
        }
    }

    #[test]
    fn repositories() {
        for bad in
            ["", "a:1", "host.io/a:1", "a@sha256:00", "Todo/backend", "host.io/", "host:x/a", "a//b", "-a"]
        {
            assert!(repository(bad).is_err(), "{bad}");
        }
        for good in ["backend", "todo/backend", "sandbox.local/todo/backend", "localhost:5000/a_b/c-d.e"] {
            assert_eq!(repository(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn tags() {
        for bad in ["", "-a", ".a", "a b", "a/b", "a:b", &"a".repeat(129)] {
            assert!(tag(bad).is_err(), "{bad}");
        }
        for good in ["latest", "v1.2_x-y", "4f9c", &"a".repeat(128)] {
            assert_eq!(tag(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn platforms() {
        for bad in ["", "amd64", "linux/", "linux/amd64/v2/x", "linux/AMD64", "linux amd64"] {
            assert!(platform(bad).is_err(), "{bad}");
        }
        for good in ["linux/amd64", "linux/arm64/v8", "linux/386"] {
            assert_eq!(platform(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn near_misses_are_suggested_and_others_listed() {
        let known = ["backend", "frontend"];
        assert_eq!(
            unknown("release", "bakend", known),
            "no release is named `bakend`; did you mean `backend`?"
        );
        assert_eq!(unknown("release", "x", known), "no release is named `x`; there are: backend, frontend");
        assert_eq!(unknown("release", "x", []), "no release is named `x`: there is none");
    }
}
