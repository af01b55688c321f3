//! Owns a message on its way: to the database, and back to a subscriber.

use crate::proto::{Metadata, PullMessagesResponse};

/// What daprd receives at most in one message: gRPC's own limit for its clients, which it leaves as it is
/// (dapr/dapr v1.18.1, `pkg/components/pluggable/grpc.go`), less room for everything but the content. A larger message
/// could be stored and never be delivered: it would end the subscription.
pub const MOST_BYTES: usize = (4 << 20) - (64 << 10);

/// A message to publish.
#[derive(Debug)]
pub struct Outgoing {
    /// Its content.
    pub data: Vec<u8>,
    /// Its content type; empty when not known.
    pub content_type: String,
    /// Its metadata, as a JSON object.
    pub metadata: String,
}

impl Outgoing {
    /// An error says why it cannot be published.
    pub fn new(data: Vec<u8>, content_type: String, metadata: &Metadata) -> Result<Self, String> {
        let metadata = serde_json::to_string(metadata).map_err(|error| error.to_string())?;
        let bytes = data.len() + content_type.len() + metadata.len();
        if bytes > MOST_BYTES {
            return Err(format!("the message has {bytes} bytes; daprd takes {MOST_BYTES} at most"));
        }
        if content_type.contains('\0') {
            return Err("the content type holds a NUL, which PostgreSQL does not store".to_owned());
        }
        Ok(Self { data, content_type, metadata })
    }

    /// What it takes of memory, about.
    pub fn weight(&self) -> usize {
        self.data.len() + self.content_type.len() + self.metadata.len() + 256
    }
}

/// A message that was taken for a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id.
    pub id: i64,
    /// How many times it has been given to somebody, this time included.
    pub delivery: u32,
    /// Its content type.
    pub content_type: String,
    /// Its metadata.
    pub metadata: Metadata,
    /// Its content.
    pub data: Vec<u8>,
}

impl Taken {
    /// As it is sent.
    pub fn response(self, topic: &str) -> PullMessagesResponse {
        PullMessagesResponse {
            data: self.data,
            topic_name: topic.to_owned(),
            metadata: self.metadata,
            content_type: self.content_type,
            id: self.id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_daprd_could_not_take_is_refused() {
        let none = Metadata::new();
        assert!(Outgoing::new(vec![0; MOST_BYTES - 100], String::new(), &none).is_ok());
        let refused = Outgoing::new(vec![0; MOST_BYTES], String::new(), &none).unwrap_err();
        assert_eq!(refused, "the message has 4128770 bytes; daprd takes 4128768 at most");
        assert!(Outgoing::new(vec![], "a\0b".to_owned(), &none).unwrap_err().contains("NUL"));
    }
}
