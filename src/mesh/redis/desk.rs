//! Asks Redis for something and gets an answer, or a fault, within the limit. The connection is its own: words in great
//! number do not make a lease late, and it goes to the home alone.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use redis::{Cmd, RedisError, ServerErrorKind, Value};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{Redis, home::Connected, speak::is_refusal};
use crate::mesh::MeshError;

/// So many questions wait at the most: there are only leases to ask about.
pub(super) const MOST: usize = 16;

/// Where questions are put.
#[derive(Debug)]
pub(super) struct Desk {
    questions: mpsc::Sender<Question>,
    limit: Duration,
}

/// A command and who waits for its answer.
#[derive(Debug)]
pub(super) struct Question {
    command: Cmd,
    until: Instant,
    answer: oneshot::Sender<Result<Value, MeshError>>,
}

// === impl Desk ===

impl Desk {
    /// A desk that answers within `limit`, and what it has to answer.
    pub(super) fn new(limit: Duration) -> (Self, mpsc::Receiver<Question>) {
        let (questions, asked) = mpsc::channel(MOST);
        (Self { questions, limit }, asked)
    }

    /// Runs a command. It may run twice: the first time may have come to nothing, or not.
    pub(super) async fn ask(&self, command: Cmd) -> Result<Value, MeshError> {
        let until = Instant::now() + self.limit;
        let (answer, answered) = oneshot::channel();
        let put = self.questions.try_send(Question { command, until, answer });
        put.map_err(|_| MeshError("too many questions wait".into()))?;
        match timeout_at(until, answered).await {
            Ok(Ok(answer)) => answer,
            _ => Err(MeshError("no answer in time".into())),
        }
    }
}

/// The connection that questions are asked on.
enum Line {
    Up(Connected),
    /// It takes as long as it takes: longer than a question may, when some of those who know the way do not answer.
    Dialling(BoxFuture<'static, Result<Connected, RedisError>>),
}

/// Answers, one after the other, until nobody can ask any more.
pub(super) async fn run(mesh: Arc<Redis>, mut asked: mpsc::Receiver<Question>) {
    let mut line = dial(&mesh);
    while let Some(Question { command, until, answer }) = asked.recv().await {
        let result = timeout_at(until, attempt(&mesh, &mut line, &command)).await;
        if !matches!(result, Ok(Ok(_))) && matches!(line, Line::Up(_)) {
            // Whatever it was, the next question begins on a new line.
            line = dial(&mesh);
        }
        let result = match result {
            Ok(result) => result.map_err(|error| MeshError(error.to_string())),
            Err(_) => Err(MeshError("no answer in time".into())),
        };
        // Whoever has stopped waiting needs no answer.
        let _ = answer.send(result);
    }
}

fn dial(mesh: &Arc<Redis>) -> Line {
    let mesh = mesh.clone();
    Line::Dialling(Box::pin(async move { mesh.home.connect(false, |_| {}).await }))
}

/// Runs a command; once more, over a line dialled for it, when the one that was there was over, or led to a server that is
/// not the home any more. That line may also have been dialled for an earlier question, while nobody answered: that it
/// comes to nothing says little of now.
async fn attempt(mesh: &Arc<Redis>, line: &mut Line, command: &Cmd) -> Result<Value, RedisError> {
    let mut again = true;
    loop {
        let result = match line {
            Line::Up(connected) => command.query_async(&mut connected.connection).await,
            Line::Dialling(dialling) => match dialling.await {
                Ok(connected) => {
                    *line = Line::Up(connected);
                    continue;
                }
                Err(error) => Err(error),
            },
        };
        let Err(error) = result else { return result };
        let dialled = matches!(line, Line::Dialling(_));
        let again = std::mem::take(&mut again) && (dialled || !is_refusal(&error) || is_elsewhere(&error));
        if again || dialled {
            *line = dial(mesh);
        }
        if !again {
            return Err(error);
        }
    }
}

/// Whether another server should have been asked.
fn is_elsewhere(error: &RedisError) -> bool {
    use ServerErrorKind::{ClusterDown, MasterDown, Moved, ReadOnly};
    [ReadOnly, Moved, MasterDown, ClusterDown].into_iter().any(|kind| error.kind() == kind.into())
}
