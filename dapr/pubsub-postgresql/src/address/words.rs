//! Owns taking words out of a connection string, in both of its forms. Refuses to know what a word means.

/// A connection string without the words that are taken, and those.
type Taken = (String, Vec<(String, String)>);

/// Takes the words out whose names `wanted` says; an error when the text has neither form.
pub(super) fn take(text: &str, wanted: impl Fn(&str) -> bool) -> Result<Taken, ()> {
    let url = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    if url { Ok(of_url(text, wanted)) } else { of_pairs(text, wanted) }
}

/// `…?name=value&name=value`.
fn of_url(text: &str, wanted: impl Fn(&str) -> bool) -> Taken {
    let Some((base, query)) = text.split_once('?') else { return (text.to_owned(), Vec::new()) };
    let (mut kept, mut taken) = (Vec::new(), Vec::new());
    for word in query.split('&') {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if wanted(name) {
            taken.push((name.to_owned(), decoded(value)));
        } else {
            kept.push(word);
        }
    }
    let rest = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    (rest, taken)
}

fn decoded(value: &str) -> String {
    percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()
}

/// `name=value name='a value'`, with `\` before a quote or itself (PostgreSQL, "Keyword/Value Connection Strings").
fn of_pairs(text: &str, wanted: impl Fn(&str) -> bool) -> Result<Taken, ()> {
    let (mut kept, mut taken) = (Vec::new(), Vec::new());
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(())?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(());
        }
        let (value, after) = value(after.trim_start())?;
        if wanted(name) {
            taken.push((name.to_owned(), value));
        } else {
            kept.push(format!("{name}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'")));
        }
        rest = after.trim_start();
    }
    if kept.is_empty() { Err(()) } else { Ok((kept.join(" "), taken)) }
}

/// A value and what comes after it.
fn value(text: &str) -> Result<(String, &str), ()> {
    let quoted = text.starts_with('\'');
    let mut chars = text.char_indices().skip(usize::from(quoted));
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.push(chars.next().ok_or(())?.1),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            c if !quoted && c.is_whitespace() => return Ok((value, &text[at..])),
            c => value.push(c),
        }
    }
    if quoted { Err(()) } else { Ok((value, "")) }
}
