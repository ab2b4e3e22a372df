//! S7: whatever an address says, the hub connects to nobody it must not.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::json;
use usher::{
    ids::WebhookId,
    outbox::signature,
    store::{Outbox, Topic, Topics, Webhook, sqlite::Sqlite},
};

use super::{LEAD, deliveries, lead};
use crate::support::{Hub, Settings, hub::free_port, playbooks, wait};

/// Counts whoever connects, on every address this machine has for itself.
struct Canary {
    port: u16,
    connects: Arc<AtomicUsize>,
}

impl Canary {
    fn listen() -> Self {
        let (port, connects) = (free_port(), Arc::new(AtomicUsize::new(0)));
        let mut listening = 0;
        for address in ["127.0.0.1", "127.0.0.2", "127.1.2.3", "::1"] {
            let Ok(listener) = TcpListener::bind((address, port)) else { continue };
            listening += 1;
            let connects = connects.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    drop(stream);
                    connects.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        assert!(listening >= 3, "no canary");
        Self { port, connects }
    }

    fn connects(&self) -> usize {
        self.connects.load(Ordering::SeqCst)
    }
}

/// Spellings of this machine, of private networks and of machines that tell secrets.
const HOSTS: [&str; 44] = [
    "127.0.0.1",
    "127.0.0.2",
    "127.1.2.3",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "017700000001",
    "0177.1",
    "0177.0.0.01",
    "127.0.0.1.",
    "１２７.0.0.1",
    "127。0。0。1",
    "①27.0.0.1",
    "%31%32%37.0.0.1",
    "0",
    "0.0.0.0",
    "localhost",
    "LocalHost",
    "localhost.",
    "www.localhost",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::1]",
    "[fe80::1]",
    "[fc00::1]",
    "[ff02::1]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "2852039166",
    "[fd00:ec2::254]",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
];

fn strict() -> Settings {
    let cards = json!({"done": {"kind": "qualify", "text": "Thank you!", "create": [{"kind": "lead"}]}});
    Settings::new().playbook(playbooks::of(LEAD, "done", cards)).set("USHER_OUTBOX__FIRST_RETRY_MS", "1")
}

fn urls(port: u16) -> Vec<String> {
    let mut urls = Vec::new();
    for host in HOSTS {
        urls.push(format!("https://{host}:{port}/hook"));
        urls.push(format!("http://{host}:{port}/hook"));
        urls.push(format!("https://example.com@{host}:{port}/hook"));
    }
    urls.extend([
        format!("https://127.0.0.1:{port}"),
        format!("HTTPS://127.0.0.1:{port}/#example.com"),
        format!("https:127.0.0.1:{port}/"),
        format!("https:/127.0.0.1:{port}/"),
        format!("https:///127.0.0.1:{port}/"),
        format!("https:\\\\127.0.0.1:{port}\\"),
        format!("https://127.0.0.1:{port}\\@example.com/"),
        format!("https://example.com:443@127.0.0.1:{port}/"),
        format!("\thttps://127.0.0.1:{port}/"),
        format!("ht\ntps://127.0.0.1:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("ws://127.0.0.1:{port}/"),
        format!("ftp://127.0.0.1:{port}/"),
        format!("//127.0.0.1:{port}/"),
        "file:///etc/passwd".into(),
        "unix:/run/docker.sock".into(),
    ]);
    urls
}

#[tokio::test]
async fn s7_no_webhook_is_made_to_a_forbidden_address_however_it_is_spelled() {
    let (hub, canary) = (strict().start().await, Canary::listen());
    let all = urls(canary.port);
    for url in &all {
        let refused = hub.rest("POST", "/v1/webhooks", Some(&json!({"url": url}))).await;
        let problem = refused.problem(400, "invalid");
        assert_eq!(problem["field"], "url", "{url}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|words| words.len() > 15), "{url}: {problem}");
    }
    assert!(hub.rest("GET", "/v1/webhooks", None).await.ok()["webhooks"].as_array().is_some_and(Vec::is_empty));
    lead(&hub.visitor(LEAD).await).await;
    println!("figure S7 spellings refused={} connects={}", all.len(), canary.connects());
    assert_eq!(canary.connects(), 0);
}

/// Puts webhooks into the store behind the back of whoever checks them: as an older version might have, or a settings
/// file that was stricter later, or a name that leads somewhere else by now.
async fn smuggle(hub: &mut Hub, urls: &[String]) -> Vec<(String, WebhookId)> {
    hub.kill();
    let store = Sqlite::open(hub.folder().path().join("usher.db")).expect("the store");
    let mut made = Vec::new();
    for (n, url) in urls.iter().enumerate() {
        let webhook = Webhook {
            id: WebhookId::random(),
            // A workspace has twenty at most; the hub delivers for all.
            workspace: if n < 20 { "default".into() } else { format!("w{}", n / 20).as_str().into() },
            url: url.clone(),
            secret: signature::mint(),
            topics: Topics::Some([Topic::ItemCreated].into()),
            created_at: usher::ids::Millis(1),
            disabled: None,
        };
        assert!(store.add_webhook(&webhook).await.expect("kept"));
        made.push((url.clone(), webhook.id));
    }
    drop(store);
    hub.restart().await;
    made
}

#[tokio::test]
async fn s7_a_forbidden_address_that_got_in_all_the_same_is_not_connected_to() {
    let canary = Canary::listen();
    let all = urls(canary.port);
    let mut connected = 0;
    for some in all.chunks(20) {
        let mut hub = strict().start().await;
        let made = smuggle(&mut hub, some).await;
        lead(&hub.visitor(LEAD).await).await;
        for (url, webhook) in &made {
            let dead = wait::until(&format!("the end of {url}"), async || {
                deliveries(&hub, webhook.as_str(), "&state=dead").await.pop()
            })
            .await;
            assert_eq!(dead["tries"], 1, "{url}: {dead}");
            assert!(dead["error"].as_str().is_some_and(|why| why.starts_with("its address")), "{url}: {dead}");
        }
        connected += canary.connects();
    }
    println!("figure S7 smuggled={} connects={connected}", all.len());
    assert_eq!(connected, 0);
}

#[tokio::test]
async fn s7_a_name_that_leads_to_this_machine_is_not_connected_to() {
    let (mut hub, canary) = (strict().start().await, Canary::listen());
    // The machine's own name, which mostly leads to itself or into a private network.
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name").trim().to_owned();
    let urls = [format!("https://{own}:{}/", canary.port), format!("https://{own}.:{}/", canary.port)];
    let made = smuggle(&mut hub, &urls).await;
    lead(&hub.visitor(LEAD).await).await;
    for (url, webhook) in &made {
        let failed = wait::until(&format!("a failure of {url}"), async || {
            deliveries(&hub, webhook.as_str(), "").await.into_iter().find(|one| !one["error"].is_null())
        })
        .await;
        println!("{url}: {}", failed["error"]);
        assert_eq!(failed["status"], json!(null), "{url}: {failed}");
    }
    assert_eq!(canary.connects(), 0);
}
