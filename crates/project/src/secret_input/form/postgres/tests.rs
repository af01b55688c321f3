//! Every line of `ACCEPTED` was also read by pgx 5.9.2 with Go 1.26: `pgconn.ParseConfig` accepts the second URL and
//! gives the user, password, hosts, database and settings that the first one means.

use proptest::prelude::*;

use super::derive;

const ACCEPTED: &[(&str, &str)] = &[
    (
        "postgresql+asyncpg://todo:secret@db:5432/todo?ssl=require",
        "postgres://todo:secret@db:5432/todo?sslmode=require",
    ),
    ("postgresql+psycopg2://todo@db/todo", "postgres://todo@db/todo"),
    ("POSTGRES://u:p@h/d?sslmode=verify-full", "postgres://u:p@h/d?sslmode=verify-full"),
    ("postgres://u:p@h", "postgres://u:p@h/"),
    ("postgres://h/d", "postgres://h/d"),
    ("postgresql+asyncpg://u:p%40%2F%3A@h/d?ssl=true", "postgres://u:p%40%2F%3A@h/d?sslmode=require"),
    // todoctl-lint: no secret
    ("postgresql+asyncpg://u:p#[a]%zz+ é@h/d", "postgres://u:p%23%5Ba%5D%25zz%2B%20%C3%A9@h/d"),
    (
        "postgresql+asyncpg://u:p@h/d?ssl=verify_full&sslmode=verify-full",
        "postgres://u:p@h/d?sslmode=verify-full",
    ),
    (
        "postgresql+asyncpg://u:p@h/d?timeout=7&command_timeout=3&statement_cache_size=0&prepared_statement_cache_size=0",
        "postgres://u:p@h/d?connect_timeout=7",
    ),
    (
        "postgresql+asyncpg://u:p@h/d?ssl=require&direct_tls=true",
        "postgres://u:p@h/d?sslmode=require&sslnegotiation=direct",
    ),
    (
        "postgresql+asyncpg://u:p@ep-cool-1-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require",
        "postgres://u:p@ep-cool-1.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require",
    ),
    ("postgres://u:p@my-pooler.example.org/d", "postgres://u:p@my-pooler.example.org/d"),
    ("postgres://u:p@[2001:db8::1]:6432/d", "postgres://u:p@[2001:db8::1]:6432/d"),
    ("postgres://u:p@[::1]/d", "postgres://u:p@[::1]/d"),
    ("postgres://u:p@10.1.2.3/d?options=-c%20geqo%3Doff", "postgres://u:p@10.1.2.3/d?options=-c+geqo%3Doff"),
    ("postgres://u:p@a,b:5433/d", "postgres://u:p@/d?host=a%2Cb&port=5432%2C5433"),
    (
        "postgres://u:p@[2001:db8::1]:6432,b/d",
        "postgres://u:p@/d?host=2001%3Adb8%3A%3A1%2Cb&port=6432%2C5432",
    ),
    ("postgresql+asyncpg://u:p@/d?host=a:5433&host=b:5434", "postgres://u:p@/d?host=a%2Cb&port=5433%2C5434"),
    ("postgres:///d?host=a&port=5433&user=u", "postgres://a:5433/d?user=u"),
];

#[test]
fn urls_become_what_dapr_accepts() {
    for (given, expected) in ACCEPTED {
        assert_eq!(derive(given).as_deref(), Ok(*expected), "{given}");
        assert_eq!(derive(expected).as_deref(), Ok(*expected), "a derived URL derives to itself");
    }
}

#[test]
fn what_cannot_be_derived_says_why_and_not_what() {
    const PASSWORD: &str = "one of its ports is not a number from 1 to 65535; what has a meaning in a URL must be \
                            percent-encoded in a password";
    const HOST: &str = "one of its hosts is neither a name nor an address; what has a meaning in a URL must be \
                        percent-encoded in a password";
    const SOCKET: &str =
        "it names no host, or a Unix socket: a sidecar reaches a database by the network only";
    const UNKNOWN: &str = "parameter 1 of its query is not known, and the server would refuse it; a `?` in a password must \
                           be written as %3F";
    let cases = [
        ("CANARY", "it is not a URL"),
        (
            "sqlite:///CANARY",
            "it is not a URL of PostgreSQL: postgresql://, postgres:// or postgresql+DRIVER://",
        ),
        (
            "mysql+aiomysql://CANARY@h/d",
            "it is not a URL of PostgreSQL: postgresql://, postgres:// or postgresql+DRIVER://",
        ),
        ("postgresql://", SOCKET),
        ("postgresql:///d", SOCKET),
        ("postgresql:///d?host=/var/run/CANARY", SOCKET),
        ("postgresql://%2Fvar%2Frun%2FCANARY/d", SOCKET),
        ("postgres://u:CAN@ARY@h/d", "an `@` in its user or password must be written as %40"),
        ("postgres://u:CAN/ARY@h/d", "a `/` in its user or password must be written as %2F"),
        ("postgres://u:CAN?ARY@h/d", UNKNOWN),
        ("postgres://u:1?CANARY@h/d", UNKNOWN),
        ("postgres://u:p@h:CANARY/d", PASSWORD),
        ("postgres://u:p@h:0/d", PASSWORD),
        ("postgres://u:p@h:70000/d", PASSWORD),
        ("postgres://u:p@CAN ARY/d", HOST),
        ("postgres://u:p@[CANARY/d", HOST),
        ("postgres://u:p@[::1]CANARY/d", HOST),
        ("postgres://u:p@h/d?ssl=CANARY", "its parameter ssl has a value that is not known"),
        (
            "postgres://u:p@h/d?ssl=require&sslmode=disable",
            "its parameter sslmode is given twice, with different values",
        ),
        (
            "postgres://u:p@h/d?sslrootcert=/CANARY.pem",
            "its parameter sslrootcert cannot be used: it names a file, which the \
            sidecar does not have",
        ),
        ("postgres://u:p@h/d?CANARY=1", UNKNOWN),
        ("postgres://u:p@h/d?host=CANARY", "it names hosts twice: before its path and as a parameter"),
        ("postgres://u:p@a,b/d?port=1,2,3", "it has another number of ports than of hosts"),
    ];
    for (given, expected) in cases {
        assert_eq!(derive(given), Err(expected.to_owned()), "{given}");
    }
}

proptest! {
    /// Whatever a login holds, once it is percent-encoded it comes through, and deriving again changes nothing.
    #[test]
    fn a_login_comes_through(user in "\\PC{1,20}", password in "\\PC{0,20}", database in "\\PC{0,20}") {
        let encoded = |text: &str| percent_encoding::utf8_percent_encode(text, super::PART).to_string();
        let rest = format!("{}:{}@h:1/{}", encoded(&user), encoded(&password), encoded(&database));
        let derived = derive(&format!("postgresql+asyncpg://{rest}?ssl=require"));
        prop_assert_eq!(derived, Ok(format!("postgres://{rest}?sslmode=require")));
    }

    /// No text makes it fall over, and what it says about one that it refuses does not hold it.
    #[test]
    fn any_text_is_taken_or_refused(text in "postgres(ql)?(\\+a)?://\\PC{0,40}") {
        if let Ok(derived) = derive(&text) {
            prop_assert_eq!(derive(&derived), Ok(derived));
        }
    }
}
