//! The page, made from the files of the image's build context.
//!
//! Owns the template's places and the escaping. Refuses a template without its places, at start.

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

/// The places of the template.
const TITLE: &str = "{{title}}";
const TASKS: &str = "{{tasks}}";
const MESSAGE: &str = "{{message}}";

/// A task as the backend lists it.
#[derive(Deserialize)]
pub(super) struct Task {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) done: bool,
}

/// The template with its title filled in.
pub(super) struct Page {
    template: String,
}

impl Page {
    /// Reads `index.html` and `title.txt`.
    pub(super) fn read(directory: &Path) -> Result<Self, String> {
        let read = |name: &str| {
            let file = directory.join(name);
            std::fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))
        };
        Self::new(&read("index.html")?, &read("title.txt")?)
    }

    fn new(template: &str, title: &str) -> Result<Self, String> {
        if let Some(place) = [TITLE, TASKS, MESSAGE].into_iter().find(|place| !template.contains(place)) {
            return Err(format!("index.html has no {place}"));
        }
        Ok(Self { template: template.replace(TITLE, &escape(title.trim())) })
    }

    /// Returns the page with these tasks. The tasks come last: text of users is never looked at for places.
    pub(super) fn render(&self, tasks: &[Task], message: &str) -> String {
        let message = if message.is_empty() {
            String::new()
        } else {
            format!("<p class=\"message\" role=\"alert\">{}</p>", escape(message))
        };
        let mut items = String::new();
        for task in tasks {
            write_task(&mut items, task).expect("a String takes all that is written");
        }
        let (before, after) = self.template.split_once(TASKS).expect("the place was found at start");
        [before.replace(MESSAGE, &message).as_str(), &items, after.replace(MESSAGE, "").as_str()].concat()
    }
}

fn write_task(items: &mut String, task: &Task) -> std::fmt::Result {
    let (class, action, mark, label) = if task.done {
        (" class=\"done\"", "open", "&#10003;", "Reopen")
    } else {
        ("", "done", "", "Mark as done")
    };
    let (id, title) = (task.id, escape(&task.title));
    write!(
        items,
        "<li{class} data-id=\"{id}\"><form method=\"post\" action=\"tasks/{id}\">\
         <button class=\"mark\" name=\"action\" value=\"{action}\" aria-label=\"{label}\">{mark}</button>\
         <span>{title}</span>\
         <button class=\"delete\" name=\"action\" value=\"delete\" aria-label=\"Delete\">&times;</button></form></li>"
    )
}

/// Text as HTML shows it, also inside a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page::new("<title>{{title}}</title>{{message}}<ul>{{tasks}}</ul>", "Tom & Co\n").unwrap()
    }

    #[test]
    fn text_of_users_is_shown_as_text() {
        let tasks = [Task { id: 7, title: "<b>\"{{message}}\"</b>".to_owned(), done: false }];
        let html = page().render(&tasks, "a < b");
        assert!(html.starts_with("<title>Tom &amp; Co</title><p class=\"message\" role=\"alert\">a &lt; b</p><ul><li data-id=\"7\">"));
        assert!(html.contains("&lt;b&gt;&quot;{{message}}&quot;&lt;/b&gt;"));
    }

    #[test]
    fn an_empty_list_is_an_empty_list() {
        assert_eq!(page().render(&[], ""), "<title>Tom &amp; Co</title><ul></ul>");
    }

    #[test]
    fn a_template_without_its_places_is_refused() {
        assert_eq!(Page::new("{{title}}{{tasks}}", "x").err().unwrap(), "index.html has no {{message}}");
    }

    #[test]
    fn the_page_of_the_image_has_its_places() {
        assert!(Page::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/frontend"))).is_ok());
    }
}
