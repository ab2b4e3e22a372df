//! Sealed connections, and whom they trust.

use std::{fs, path::Path};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use usher::store::{
    Store,
    postgres::{Mode, OpenError, Options, Postgres},
};

use crate::support::postgres::Postgres as Server;

/// A server with a certificate made out to this name, and who signed it.
async fn sealed(name: &str) -> (Server, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    let certificate = server.signed_by(&key, &authority).expect("a certificate");
    fs::write(folder.path().join("ca.pem"), authority.pem()).expect("a file");
    fs::write(folder.path().join("server.pem"), certificate.pem()).expect("a file");
    fs::write(folder.path().join("server.key"), key.serialize_pem()).expect("a file");
    Server::give_away(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let settings = [
        "fsync=off".to_owned(),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", file("server.pem")),
        format!("ssl_key_file={}", file("server.key")),
    ];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    (Server::with(&settings).await, folder)
}

async fn open(server: &Server, query: &str) -> Result<Postgres, OpenError> {
    Postgres::open(&format!("{}?{query}", server.url()), Mode::Shared, Options::default()).await
}

async fn is_sealed(server: &Server, store: &Postgres) -> bool {
    store.ready().await.expect("it takes writes");
    let sql = "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'usher'";
    server.client().await.query_one(sql, &[]).await.expect("a look").get(0)
}

fn from(file: &Path) -> String {
    format!("sslrootcert={}", file.display())
}

#[tokio::test]
async fn o_sslmode_says_how_far_a_server_is_trusted() {
    let (server, folder) = sealed("127.0.0.1").await;
    let ours = from(&folder.path().join("ca.pem"));
    for (query, is_to_be) in [
        ("sslmode=disable".to_owned(), false),
        ("sslmode=prefer".to_owned(), true),
        ("sslmode=require".to_owned(), true),
        (format!("sslmode=require&{ours}"), true),
        (format!("sslmode=verify-ca&{ours}"), true),
        (format!("sslmode=verify-full&{ours}"), true),
    ] {
        let store = open(&server, &query).await.unwrap_or_else(|fault| panic!("{query}: {fault}"));
        assert_eq!(is_sealed(&server, &store).await, is_to_be, "{query}");
    }
    // Nobody the system trusts has signed it, and nobody in another file.
    let (other, elsewhere) = sealed("db.example").await;
    let theirs = from(&elsewhere.path().join("ca.pem"));
    for query in [
        "sslmode=verify-full",
        "sslmode=verify-ca",
        &format!("sslmode=verify-ca&{theirs}"),
        &format!("sslmode=require&{theirs}"),
    ] {
        assert!(open(&server, query).await.is_err(), "{query}");
    }
    // The right authority, another host's name.
    assert!(open(&other, &format!("sslmode=verify-full&{theirs}")).await.is_err());
    open(&other, &format!("sslmode=verify-ca&{theirs}")).await.expect("only the authority counts");
    let refused = open(&server, "sslmode=verify-full&sslrootcert=/nowhere/ca.pem").await.expect_err("no such file");
    assert!(matches!(refused, OpenError::Tls(_)) && refused.to_string().contains("/nowhere/ca.pem"), "{refused}");
}

#[tokio::test]
async fn o_a_server_that_seals_nothing_is_taken_unless_it_must() {
    let server = Server::shared().await;
    open(&server, "sslmode=prefer").await.expect("in the clear");
    assert!(open(&server, "sslmode=require").await.is_err());
}
