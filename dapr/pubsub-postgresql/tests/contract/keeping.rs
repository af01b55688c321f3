//! What is kept, for how long, and by which version of the schema.

use pubsub_postgresql::address::Address;
use pubsub_postgresql::database::{Database, Kind};
use pubsub_postgresql::schema::{self, MIGRATIONS, Migration};
use pubsub_postgresql::settings::Settings;
use test_postgres::Server;

use super::component::{Component, Subscriber, eventually, publish, shared};

/// What a housekeeper does, with a segment that is full after any byte.
fn tidy(server: &Server, database: &str, seconds: &str, acknowledged: bool) -> String {
    server.sql(database, "SELECT dapr_pubsub.turn(0, 0)");
    server.sql(database, &format!("SELECT * FROM dapr_pubsub.tidy({seconds}, {acknowledged})"))
}

fn messages(server: &Server, database: &str) -> String {
    server.sql(database, "SELECT count(*) FROM dapr_pubsub.messages")
}

#[tokio::test]
async fn messages_go_by_age_and_who_missed_them_is_named() {
    let Some(server) = shared() else { return };
    server.create("age");
    let component = Component::start("a");
    let url = server.url("age", "");
    let mut client = component.ready(&url, "slow", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    publish(&mut client, "t", "read").await.unwrap();
    assert_eq!(subscriber.texts(1).await, ["read"]);
    publish(&mut client, "t", "unread").await.unwrap();
    let unread = subscriber.next().await;
    assert_eq!(tidy(&server, "age", "3600", false), "0|{}");
    assert_eq!(messages(&server, "age"), "2");
    // Acknowledged or not, what is old goes; what is new stays.
    server.sql("age", "UPDATE dapr_pubsub.segments SET opened_at = opened_at - interval '2 hours'");
    publish(&mut client, "t", "new").await.unwrap();
    assert_eq!(tidy(&server, "age", "3600", false), "1|{t/slow}");
    assert_eq!(messages(&server, "age"), "1");
    assert_eq!(server.sql("age", "SELECT count(*) FROM dapr_pubsub.deliveries"), "0");
    subscriber.ack(&unread.id).await;
    assert_eq!(subscriber.texts(1).await, ["new"]);
    // A group that comes later finds what is left.
    let late = Component::start("b");
    let mut late = late.ready(&url, "late", &[]).await;
    assert_eq!(Subscriber::new(&mut late, "t").await.texts(1).await, ["new"]);
}

#[tokio::test]
async fn messages_go_when_all_groups_have_acknowledged_them() {
    let Some(server) = shared() else { return };
    server.create("acked");
    let component = Component::start("a");
    let url = server.url("acked", "");
    let mut publisher = component.ready(&url, "one", &[]).await;
    publish(&mut publisher, "t", "x").await.unwrap();
    // Nobody has subscribed, so nobody has had it.
    assert_eq!(tidy(&server, "acked", "3600", true), "0|{}");
    let mut one = Subscriber::new(&mut publisher, "t").await;
    let other = Component::start("b");
    let mut other_client = other.ready(&url, "two", &[]).await;
    let mut two = Subscriber::new(&mut other_client, "t").await;
    assert_eq!(one.texts(1).await, ["x"]);
    let unanswered = two.next().await;
    eventually("one has acknowledged", || {
        server.sql("acked", "SELECT count(*) FROM dapr_pubsub.deliveries") == "1"
    })
    .await;
    assert_eq!(tidy(&server, "acked", "3600", true), "0|{}");
    two.ack(&unanswered.id).await;
    eventually("both have acknowledged", || {
        server.sql("acked", "SELECT count(*) FROM dapr_pubsub.deliveries") == "0"
    })
    .await;
    assert_eq!(tidy(&server, "acked", "3600", true), "1|{}");
    assert_eq!(messages(&server, "acked"), "0");
    // A group that never comes back keeps everything, until it is forgotten.
    drop(two);
    publish(&mut publisher, "t", "y").await.unwrap();
    assert_eq!(one.texts(1).await, ["y"]);
    assert_eq!(tidy(&server, "acked", "3600", true), "0|{}");
    assert_eq!(server.sql("acked", "SELECT dapr_pubsub.forget('two')"), "1");
    eventually("nothing is kept for it", || tidy(&server, "acked", "3600", true) == "1|{}").await;
}

#[tokio::test]
async fn all_slots_are_used_in_turn_and_a_full_ring_loses_nothing() {
    let Some(server) = shared() else { return };
    server.create("ring");
    let component = Component::start("a");
    let mut client = component.ready(&server.url("ring", ""), "g", &[]).await;
    for number in 0..12 {
        publish(&mut client, "t", &number.to_string()).await.unwrap();
        let turned = server.sql("ring", "SELECT dapr_pubsub.turn(0, 0)");
        assert_eq!(turned, if number < 7 { "t" } else { "f" }, "{number}");
    }
    assert_eq!(server.sql("ring", "SELECT count(DISTINCT slot) FROM dapr_pubsub.messages"), "8");
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    let wanted: Vec<String> = (0..12).map(|number| number.to_string()).collect();
    assert_eq!(subscriber.texts(12).await, wanted);
    eventually("all but the newest segment are free", || {
        server.sql("ring", "SELECT dapr_pubsub.tidy(3600, true)");
        server.sql("ring", "SELECT count(*) FROM dapr_pubsub.segments") == "1"
    })
    .await;
    publish(&mut client, "t", "after").await.unwrap();
    assert_eq!(server.sql("ring", "SELECT dapr_pubsub.turn(0, 0)"), "t");
    publish(&mut client, "t", "more").await.unwrap();
    assert_eq!(subscriber.texts(2).await, ["after", "more"]);
}

/// The version of this program.
fn own() -> i32 {
    MIGRATIONS.last().map_or(0, |last| last.version)
}

/// A version that does not exist yet.
fn next(oldest: i32) -> Migration {
    let version = own() + 1;
    Migration { version, oldest, script: "ALTER TABLE dapr_pubsub.topics ADD COLUMN note text" }
}

async fn prepare(server: &Server, database: &str, migrations: &[Migration]) -> Result<(), (Kind, String)> {
    let url = server.url(database, "");
    let properties = [("connectionString", url.as_str()), ("consumerID", "g")];
    let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let settings = Settings::read(&properties).expect("the settings are right");
    let address = Address::read(&settings.connection_string).expect("the address is right");
    let database = Database::new(&address, &settings).expect("TLS needs no file");
    schema::prepare(&database, migrations).await.map_err(|failure| (failure.kind, failure.to_string()))
}

#[tokio::test]
async fn an_older_component_goes_on_beside_a_newer_schema() {
    let Some(server) = shared() else { return };
    server.create("versions");
    let old = Component::start("a");
    let url = server.url("versions", "");
    let mut client = old.ready(&url, "g", &[]).await;
    let mut subscriber = Subscriber::new(&mut client, "t").await;
    publish(&mut client, "t", "before").await.unwrap();
    // A newer version comes, as in the middle of a rollout.
    let own = own();
    prepare(&server, "versions", &[MIGRATIONS, &[next(own)]].concat()).await.unwrap();
    assert_eq!(server.sql("versions", "SELECT * FROM dapr_pubsub.schema"), format!("{}|{own}", own + 1));
    publish(&mut client, "t", "after").await.unwrap();
    assert_eq!(subscriber.texts(2).await, ["before", "after"]);
    // One of the old version that starts now, as after a rollback.
    let again = Component::start("b");
    let mut client = again.ready(&url, "h", &[]).await;
    assert_eq!(Subscriber::new(&mut client, "t").await.texts(2).await, ["before", "after"]);
}

#[tokio::test]
async fn a_schema_that_is_too_new_is_refused_and_left_alone() {
    let Some(server) = shared() else { return };
    server.create("too_new");
    let own = own();
    prepare(&server, "too_new", &[MIGRATIONS, &[next(own + 1)]].concat()).await.unwrap();
    let (kind, message) = prepare(&server, "too_new", MIGRATIONS).await.unwrap_err();
    assert_eq!(kind, Kind::Schema);
    assert_eq!(
        message,
        format!(
            "the schema dapr_pubsub has version {0}, which works with components that know version {0} or a newer one; \
             this one knows {own}: use a newer image of the component",
            own + 1
        )
    );
    assert_eq!(server.sql("too_new", "SELECT * FROM dapr_pubsub.schema"), format!("{0}|{0}", own + 1));
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_schema_as_it_was() {
    let Some(server) = shared() else { return };
    server.create("broken");
    prepare(&server, "broken", MIGRATIONS).await.unwrap();
    let broken = Migration { script: "CREATE TABLE dapr_pubsub.half (a int); SELECT nonsense", ..next(1) };
    assert!(prepare(&server, "broken", &[MIGRATIONS, &[broken]].concat()).await.is_err());
    assert_eq!(server.sql("broken", "SELECT version FROM dapr_pubsub.schema"), MIGRATIONS.len().to_string());
    assert_eq!(server.sql("broken", "SELECT to_regclass('dapr_pubsub.half') IS NULL"), "t");
}
