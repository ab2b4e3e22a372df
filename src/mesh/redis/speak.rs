//! Sends what waits to be said, for ever. What has queued up goes as one pipeline: 2 µs of CPU a word instead of 44.

use std::{sync::Arc, time::Duration};

use redis::{PushKind, RedisError, aio::MultiplexedConnection};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Redis, backoff::Backoff, complaint::Complaint, mouth::Unsaid, parcel::Parcel};

/// The least time from one pipeline to the next, in which words queue up. The first after a pause goes at once.
const PACE: Duration = Duration::from_millis(1);

/// Never returns.
pub(super) async fn run(mesh: Arc<Redis>) {
    let mut backoff = Backoff::new(mesh.times.backoff);
    let mut complaint = Complaint::new("to speak");
    loop {
        let over = CancellationToken::new();
        let gone = over.clone();
        let push = move |info: redis::PushInfo| {
            if info.kind == PushKind::Disconnection {
                gone.cancel();
            }
        };
        let began = Instant::now();
        match mesh.home.connect(true, push).await {
            Ok(connected) => {
                complaint.settled();
                mesh.speaks.set(connected.place, over.clone());
                mesh.mouth.open();
                mesh.connected();
                talk(&mesh, connected.connection, &over, &mut complaint).await;
                mesh.mouth.close();
                mesh.counters.reconnects.inc();
            }
            Err(error) => complaint.of(&error),
        }
        if began.elapsed() > mesh.times.backoff {
            backoff.reset();
        }
        sleep(backoff.next()).await;
    }
}

/// Says everything on this connection until it is over.
async fn talk(
    mesh: &Redis,
    mut connection: MultiplexedConnection,
    over: &CancellationToken,
    complaint: &mut Complaint,
) {
    loop {
        let batch = tokio::select! {
            () = over.cancelled() => return,
            batch = mesh.mouth.next() => batch,
        };
        let began = Instant::now();
        match publish(mesh, &mut connection, &batch).await {
            Ok(()) => mesh.mouth.said(&batch),
            // The server is there and will not have it: trying it again would change nothing.
            Err(error) if is_refusal(&error) => {
                complaint.of(&error);
                mesh.mouth.refused(&batch);
            }
            Err(error) => {
                complaint.of(&error);
                return mesh.mouth.lost(batch);
            }
        }
        sleep_until(began + PACE).await;
    }
}

async fn publish(mesh: &Redis, connection: &mut MultiplexedConnection, batch: &[Unsaid]) -> Result<(), RedisError> {
    let mut pipeline = redis::pipe();
    for parcel in Parcel::pack(batch, |workspace| mesh.ear.all_read_runs(workspace)) {
        let channel = match parcel.workspace() {
            Some(workspace) => mesh.names.workspace(workspace),
            None => mesh.names.own.clone(),
        };
        pipeline.cmd("PUBLISH").arg(channel).arg(parcel.encode(mesh.node.as_str())).ignore();
    }
    pipeline.exec_async(connection).await
}

/// Whether the server answered, with a no.
pub(super) fn is_refusal(error: &RedisError) -> bool {
    !error.is_unrecoverable_error() && !error.is_io_error() && !error.is_timeout()
}
