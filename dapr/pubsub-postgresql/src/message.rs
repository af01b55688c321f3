//! Owns a message on its way: to the database, and back to a subscriber.

use std::fmt;
use std::str::FromStr;

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

/// What names a stored message: its id, and the slot of the segment that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The slot.
    pub slot: i16,
    /// The id.
    pub id: i64,
}

impl fmt::Display for Key {
    /// As a subscriber says it back.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.slot, self.id)
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (slot, id) = text.split_once(':').ok_or(())?;
        Ok(Self { slot: slot.parse().map_err(|_| ())?, id: id.parse().map_err(|_| ())? })
    }
}

/// A message that was taken for a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What names it.
    pub key: Key,
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
            id: self.key.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_as_it_was_said() {
        let key = Key { slot: 3, id: 1_234_567_890_123 };
        assert_eq!(key.to_string().parse(), Ok(key));
        for bad in ["", "7", "a:1", "1:b", "1:2:3", "99999999:1"] {
            assert_eq!(bad.parse::<Key>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn what_daprd_could_not_take_is_refused() {
        let none = Metadata::new();
        assert!(Outgoing::new(vec![0; MOST_BYTES - 100], String::new(), &none).is_ok());
        let refused = Outgoing::new(vec![0; MOST_BYTES], String::new(), &none).unwrap_err();
        assert_eq!(refused, "the message has 4128770 bytes; daprd takes 4128768 at most");
        assert!(Outgoing::new(vec![], "a\0b".to_owned(), &none).unwrap_err().contains("NUL"));
    }
}
