//! Owns who a connection is known as: the client with its token or certificate, and getting another when that ends or when
//! the server does not accept it any more, as client-go does after a 401.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use kube::Client;
use tokio::sync::Mutex;

use super::Refusal;
use super::connect::{self, Login, Surroundings};
use todoctl_plan::world::Access;

/// One user on one cluster. A copy is the same.
#[derive(Clone)]
pub(super) struct Session(Arc<Inner>);

struct Inner {
    current: RwLock<Current>,
    /// With what to log in again.
    way: Option<Way>,
    renewing: Mutex<()>,
}

#[derive(Clone)]
struct Current {
    client: Client,
    until: Option<Timestamp>,
    /// How often the user has logged in.
    number: u32,
}

struct Way {
    access: Access,
    variables: BTreeMap<OsString, OsString>,
    hidden: Vec<String>,
    may_ask: bool,
}

impl Session {
    /// Of a login that was just made.
    pub(super) fn of(login: Login, access: &Access, surroundings: Surroundings<'_>) -> Self {
        let Surroundings { variables, hidden, may_ask } = surroundings;
        let way =
            Way { access: access.clone(), variables: variables.clone(), hidden: hidden.to_vec(), may_ask };
        Self::new(login, Some(way))
    }

    /// Of a client that a test has.
    #[cfg(test)]
    pub(super) fn fixed(client: Client) -> Self {
        Self::new(Login { client, until: None }, None)
    }

    fn new(Login { client, until }: Login, way: Option<Way>) -> Self {
        let current = RwLock::new(Current { client, until, number: 0 });
        Self(Arc::new(Inner { current, way, renewing: Mutex::default() }))
    }

    /// The client to ask with.
    pub(super) fn client(&self) -> Client {
        self.current().client
    }

    /// Which login the client has.
    pub(super) fn login(&self) -> u32 {
        self.current().number
    }

    /// The same, after another login where the time of this one is over (client-go `exec.go`, `refreshCredsLocked`).
    pub(super) async fn fresh(&self) -> Result<u32, Refusal> {
        let Current { until, number, .. } = self.current();
        if until.is_some_and(|until| Timestamp::now() >= until) {
            self.renew(number).await?;
        }
        Ok(self.login())
    }

    /// Logs in again, unless somebody else has since this login. One at a time, and to its end also when nobody waits for it
    /// any more: it may start a program that asks.
    pub(super) async fn renew(&self, login: u32) -> Result<(), Refusal> {
        let session = self.clone();
        let renewed = tokio::spawn(async move { session.0.renew(login).await });
        renewed.await.unwrap_or_else(|error| Err(Refusal::unusable("that is used", &error)))
    }

    fn current(&self) -> Current {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Inner {
    async fn renew(&self, login: u32) -> Result<(), Refusal> {
        let Some(Way { access, variables, hidden, may_ask }) = &self.way else { return Ok(()) };
        let _turn = self.renewing.lock().await;
        if self.current.read().unwrap_or_else(PoisonError::into_inner).number != login {
            return Ok(());
        }
        let surroundings = Surroundings { variables, hidden, may_ask: *may_ask };
        let (Login { client, until }, _) = connect::client(access, surroundings).await?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Current { client, until, number: login + 1 };
        Ok(())
    }
}
