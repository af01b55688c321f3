//! Owns telling whether a text in a file is a secret by its form, whatever the field: a password in an address or in a
//! connection string. Refuses to repeat it.

/// Why a text must not stand in a file.
pub(super) fn holds_password(text: &str) -> bool {
    in_address(text) || in_pairs(text)
}

/// `scheme://user:password@host`.
fn in_address(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let authority = text[at + 3..].split(['/', '?', '#', ',', ' ']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| {
            user.split_once(':')
                .is_some_and(|(_, password)| !password.is_empty() && !is_placeholder(password))
        })
    })
}

/// `host=… password=…`, `AccountKey=…;`, as databases and clouds write connection strings.
fn in_pairs(text: &str) -> bool {
    const NAMES: [&str; 6] = ["password", "pwd", "accountkey", "sharedaccesskey", "secretkey", "accesskey"];
    text.split([' ', ';', '&', '?']).any(|pair| {
        pair.split_once('=').is_some_and(|(name, value)| {
            let name = name.trim().to_ascii_lowercase();
            NAMES.contains(&name.as_str()) && !value.is_empty() && !is_placeholder(value)
        })
    })
}

/// Something that is filled in elsewhere.
fn is_placeholder(value: &str) -> bool {
    value.starts_with('{') && value.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_known_by_their_form() {
        for bad in [
            "postgresql+asyncpg://u:p@h/d",
            "redis://:p@h:6379",
            "host=h user=u password=p",
            "Endpoint=sb://x/;SharedAccessKey=abc=",
            "amqp://a,amqp://u:p@b",
        ] {
            assert!(holds_password(bad), "{bad}");
        }
        for fine in ["postgres://u@h/d", "h:9093", "none", "http://h:80/a@b:c", "password", "redis://u:{p}@h"]
        {
            assert!(!holds_password(fine), "{fine}");
        }
    }
}
