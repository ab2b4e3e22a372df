//! Hears what others say, for ever. A connection counts once the server has confirmed every subscription.

use std::sync::Arc;

use bytes::Bytes;
use redis::{PushInfo, PushKind, RedisError, Value, aio::MultiplexedConnection};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Redis, backoff::Backoff, complaint::Complaint};
use crate::{ids::WorkspaceId, mesh::Health};

/// Channels of one command.
const TOGETHER: usize = 500;

/// Never returns.
pub(super) async fn run(mesh: Arc<Redis>) {
    let mut backoff = Backoff::new(mesh.times.backoff);
    let mut complaint = Complaint::new("to hear");
    loop {
        let began = Instant::now();
        let session = mesh.ear.begin();
        let over = CancellationToken::new();
        match begin(&mesh, session, &over).await {
            Ok(mut connection) => {
                complaint.settled();
                mesh.ear.confirmed(session);
                mesh.connected();
                if let Err(error) = attend(&mesh, session, &over, &mut connection).await {
                    complaint.of(&error);
                }
                mesh.counters.reconnects.inc();
            }
            Err(error) => {
                complaint.of(&error);
                mesh.ear.set_health(Health::Deaf);
            }
        }
        if began.elapsed() > mesh.times.backoff {
            backoff.reset();
        }
        sleep(backoff.next()).await;
    }
}

/// A connection on which everything wanted is subscribed.
async fn begin(mesh: &Arc<Redis>, session: u64, over: &CancellationToken) -> Result<MultiplexedConnection, RedisError> {
    let (hearing, gone) = (mesh.clone(), over.clone());
    let push = move |info: PushInfo| match info.kind {
        PushKind::Message => hear(&hearing, session, info.data),
        PushKind::Disconnection => gone.cancel(),
        _ => {}
    };
    let connected = mesh.home.connect(true, push).await?;
    mesh.hears.set(connected.place, over.clone());
    let mut connection = connected.connection;
    connection.subscribe(&mesh.names.own).await?;
    follow(mesh, session, &mut connection).await?;
    Ok(connection)
}

/// Follows what is wanted until the connection is over.
async fn attend(
    mesh: &Redis,
    session: u64,
    over: &CancellationToken,
    connection: &mut MultiplexedConnection,
) -> Result<(), RedisError> {
    loop {
        follow(mesh, session, connection).await?;
        tokio::select! {
            () = over.cancelled() => return Ok(()),
            () = mesh.ear.changed() => {}
        }
    }
}

/// Subscribes to what is wanted and leaves what is not, until they are the same.
async fn follow(mesh: &Redis, session: u64, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    let channels = |workspaces: &[WorkspaceId]| -> Vec<String> {
        workspaces.iter().map(|workspace| mesh.names.workspace(workspace)).collect()
    };
    loop {
        let change = mesh.ear.change();
        if change.subscribe.is_empty() && change.unsubscribe.is_empty() {
            return Ok(());
        }
        for some in change.subscribe.chunks(TOGETHER) {
            connection.subscribe(channels(some)).await?;
            mesh.ear.subscribed(session, some);
        }
        for some in change.unsubscribe.chunks(TOGETHER) {
            connection.unsubscribe(channels(some)).await?;
        }
    }
}

/// One published message. Called by the connection's own task; never waits.
fn hear(mesh: &Redis, session: u64, data: Vec<Value>) {
    let mut data = data.into_iter();
    let (Some(Value::BulkString(channel)), Some(Value::BulkString(body))) = (data.next(), data.next()) else { return };
    let Ok(channel) = std::str::from_utf8(&channel) else { return };
    if channel == mesh.names.own {
        mesh.ear.hear(session, None, Bytes::from(body));
    } else if let Some(workspace) = channel.strip_prefix(&mesh.names.workspaces) {
        mesh.ear.hear(session, Some(workspace), Bytes::from(body));
    }
}
