//! Owns what is asked of the log of one container.

use super::{Look, encoded, resource};

/// A question for what a container says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLook {
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// How many lines, from the end; all when absent.
    pub tail: Option<u32>,
    /// Whether those of before its last restart are wanted instead.
    pub previous: bool,
}

impl LogLook {
    /// The address of the lines that there are.
    pub fn path(&self) -> String {
        let pod = Look::all(resource::PODS).within(&self.namespace).path_of(&self.pod);
        let tail = self.tail.map(|lines| format!("&tailLines={lines}")).unwrap_or_default();
        let previous = if self.previous { "&previous=true" } else { "" };
        format!("{pod}/log?container={}{tail}{previous}", encoded(&self.container))
    }

    /// The address of those lines and of all that follow, each with its time before it; from a time on, when one is given
    /// as it was told with a line.
    pub fn path_to_follow(&self, since: Option<&str>) -> String {
        let from = match since {
            Some(time) => {
                format!("{}&sinceTime={}", Self { tail: None, ..self.clone() }.path(), encoded(time))
            }
            None => self.path(),
        };
        format!("{from}&follow=true&timestamps=true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_logs() {
        let look = LogLook {
            namespace: "todo".to_owned(),
            pod: "a-1".to_owned(),
            container: "app".to_owned(),
            tail: Some(20),
            previous: true,
        };
        let following = LogLook { previous: false, ..look.clone() };
        let all = LogLook { tail: None, ..following.clone() };
        let since = Some("2026-01-01T00:00:00Z");
        let told = [look.path(), all.path(), following.path_to_follow(None), following.path_to_follow(since)];
        insta::assert_snapshot!(told.join("\n"), @"
        /api/v1/namespaces/todo/pods/a-1/log?container=app&tailLines=20&previous=true
        /api/v1/namespaces/todo/pods/a-1/log?container=app
        /api/v1/namespaces/todo/pods/a-1/log?container=app&tailLines=20&follow=true&timestamps=true
        /api/v1/namespaces/todo/pods/a-1/log?container=app&sinceTime=2026-01-01T00%3A00%3A00Z&follow=true&timestamps=true
        ");
    }
}
