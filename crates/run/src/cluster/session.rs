//! Owns who a connection is known as: the client with its token or certificate, and getting another when the server does
//! not accept it any more, as client-go does after a 401. A token with an expiry is renewed by the client itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{PoisonError, RwLock};

use kube::Client;
use tokio::sync::Mutex;

use super::Refusal;
use super::connect::{self, Surroundings};
use todoctl_plan::world::Access;

/// One user on one cluster.
pub(super) struct Session {
    /// The client, and how often the user has logged in.
    current: RwLock<(Client, u32)>,
    /// With what to log in again.
    way: Option<Way>,
    renewing: Mutex<()>,
}

struct Way {
    access: Access,
    variables: BTreeMap<OsString, OsString>,
    hidden: Vec<String>,
    may_ask: bool,
}

impl Session {
    /// Of a client that was just made.
    pub(super) fn of(client: Client, access: &Access, surroundings: Surroundings<'_>) -> Self {
        let Surroundings { variables, hidden, may_ask } = surroundings;
        let way =
            Way { access: access.clone(), variables: variables.clone(), hidden: hidden.to_vec(), may_ask };
        Self { current: RwLock::new((client, 0)), way: Some(way), renewing: Mutex::default() }
    }

    /// Of a client that a test has.
    #[cfg(test)]
    pub(super) fn fixed(client: Client) -> Self {
        Self { current: RwLock::new((client, 0)), way: None, renewing: Mutex::default() }
    }

    /// The client to ask with.
    pub(super) fn client(&self) -> Client {
        self.current.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Which login the client has.
    pub(super) fn login(&self) -> u32 {
        self.current.read().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Logs in again, unless somebody else has since this login. One at a time: it may start a program that asks.
    pub(super) async fn renew(&self, login: u32) -> Result<(), Refusal> {
        let Some(Way { access, variables, hidden, may_ask }) = &self.way else { return Ok(()) };
        let _turn = self.renewing.lock().await;
        if self.login() != login {
            return Ok(());
        }
        let surroundings = Surroundings { variables, hidden, may_ask: *may_ask };
        let (client, _) = connect::client(access, surroundings).await?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (client, login + 1);
        Ok(())
    }
}
