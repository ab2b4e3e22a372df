//! A message to oneself, over the very way that words take: a subscriber may be healthy to TCP and hear nothing.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::Redis;
use crate::mesh::Health;

/// Never returns.
pub(super) async fn run(mesh: Arc<Redis>) {
    let (mut echo, mut connected) = (mesh.ear.echo(), mesh.connections.subscribe());
    let mut number = 0;
    // Since when an answer is waited for.
    let mut since = Instant::now();
    loop {
        number += 1;
        connected.mark_unchanged();
        let began = Instant::now();
        mesh.mouth.probe(number);
        let back = tokio::select! {
            back = echo.wait_for(|heard| *heard >= number) => back.is_ok(),
            () = sleep_until(since + mesh.times.patience) => false,
            // With a new connection it is worth asking again, but not waiting any longer.
            Ok(()) = connected.changed() => continue,
        };
        mesh.ear.sweep();
        if back {
            mesh.ear.set_health(Health::Well);
            tokio::select! {
                () = sleep_until(began + mesh.times.every) => {}
                Ok(()) = connected.changed() => {}
            }
        } else {
            mesh.ear.set_health(Health::Deaf);
            tracing::debug!(number, "a message to this node itself did not come back: it listens anew");
            mesh.hears.cut();
        }
        since = Instant::now();
    }
}
