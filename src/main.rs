//! temporary
use std::process::ExitCode;
#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter("debug").init();
    let config = match usher::config::Config::load(None) {
        Ok(c) => c,
        Err(f) => {
            for f in f {
                eprintln!("{f}");
            }
            return ExitCode::from(64);
        }
    };
    let house = usher::house::House::open(&config).await.expect("open");
    let listener = usher::door::listen(config.listen.address).expect("listen");
    println!("http://{}/", listener.local_addr().unwrap());
    for (sub, role) in [("admin", usher::tokens::Role::Admin), ("agent", usher::tokens::Role::Agent)] {
        let t = house.lobby().gate.mint(&usher::tokens::Minting {
            sub: sub.into(),
            name: sub.into(),
            workspace: "default".into(),
            role,
            email: None,
            life_seconds: 43200,
        });
        println!("http://{}/#token={}", listener.local_addr().unwrap(), t.unwrap());
    }
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    house
        .run(
            listener,
            async move {
                term.recv().await;
            },
            std::future::pending(),
        )
        .await
        .unwrap();
    ExitCode::SUCCESS
}
