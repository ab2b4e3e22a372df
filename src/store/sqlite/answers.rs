//! Answers on their way back to those who asked. To wake a task from a thread that is not its runtime's is a system
//! call, and often a change of threads; a commit that answers many would pay that for each. So the answers of one
//! commit are put down together, one task of the runtime is woken for all of them, and it tells them there.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{runtime::Handle, sync::Notify};

use super::work::Work;
use crate::store::StoreError;

/// The answers that wait to be told.
#[derive(Default)]
pub(super) struct Answers {
    inner: Mutex<Inner>,
    bell: Notify,
}

#[derive(Default)]
struct Inner {
    /// By commit.
    settled: VecDeque<Settled>,
    /// Whether a task tells them.
    told: bool,
    over: bool,
}

/// What one commit did.
struct Settled {
    work: Vec<Box<dyn Work>>,
    fault: Option<StoreError>,
}

/// The telling task's place: whatever ends it, nobody is left waiting.
struct Teller(Arc<Answers>);

// === impl Answers ===

impl Answers {
    /// Answers everybody whose work was in one commit, whose fault this is if it failed.
    pub(super) fn settle(&self, work: Vec<Box<dyn Work>>, fault: Option<StoreError>) {
        let settled = Settled { work, fault };
        {
            let mut inner = self.lock();
            // One answer costs the same either way, and comes sooner this way.
            if inner.told && (settled.work.len() > 1 || !inner.settled.is_empty()) {
                inner.settled.push_back(settled);
                drop(inner);
                return self.bell.notify_one();
            }
        }
        settled.tell();
    }

    /// Makes sure that a task of the caller's runtime tells the answers. Without a runtime each is told from where it
    /// was made.
    pub(super) fn attend(self: &Arc<Self>) {
        if self.lock().told {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        {
            let mut inner = self.lock();
            if inner.told || inner.over {
                return;
            }
            inner.told = true;
        }
        // A runtime that is ending drops the task at once: with the lock held that would be a deadlock.
        runtime.spawn(Teller(self.clone()).run());
    }

    /// There will be no more.
    pub(super) fn end(&self) {
        self.lock().over = true;
        self.bell.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Settled ===

impl Settled {
    fn tell(self) {
        for work in self.work {
            work.settle(self.fault.as_ref());
        }
    }
}

// === impl Teller ===

impl Teller {
    async fn run(self) {
        loop {
            while let Some(settled) = self.next() {
                settled.tell();
            }
            if self.0.lock().over {
                return;
            }
            self.0.bell.notified().await;
        }
    }

    fn next(&self) -> Option<Settled> {
        self.0.lock().settled.pop_front()
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        // Whoever asks next brings a runtime along.
        let left = {
            let mut inner = self.0.lock();
            inner.told = false;
            std::mem::take(&mut inner.settled)
        };
        left.into_iter().for_each(Settled::tell);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::Receiver;

    use super::*;
    use crate::store::{
        Result,
        sqlite::{desk::Desk, work::Task},
    };

    type Answer = Receiver<Result<()>>;

    /// As many pieces of work, and where their answers come.
    fn works(count: usize) -> (Vec<Box<dyn Work>>, Vec<Answer>) {
        let new = |_| {
            let (task, answer) = Task::new(false, |_: &mut Desk| Ok(()));
            (Box::new(task) as Box<dyn Work>, answer)
        };
        (0..count).map(new).unzip()
    }

    #[test]
    fn d1_what_one_commit_did_is_told_by_the_runtime_of_those_who_asked() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let answers = Arc::new(Answers::default());
        let (work, mut waiting) = works(50);
        runtime.block_on(async { answers.attend() });
        answers.settle(work, None);
        assert!(waiting.iter_mut().all(|answer| answer.try_recv().is_err()), "the runtime stands still");
        let (one, last) = works(1);
        answers.settle(one, None);
        runtime.block_on(async {
            for answer in waiting.into_iter().chain(last) {
                assert!(answer.await.is_ok());
            }
        });
    }

    #[test]
    fn d1_nobody_is_left_waiting_when_the_runtime_that_told_is_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let answers = Arc::new(Answers::default());
        runtime.block_on(async { answers.attend() });
        let (work, mut waiting) = works(3);
        answers.settle(work, None);
        drop(runtime);
        assert!(waiting.iter_mut().all(|answer| answer.try_recv().is_ok()));
        // And without any.
        let (work, mut waiting) = works(3);
        answers.settle(work, None);
        assert!(waiting.iter_mut().all(|answer| answer.try_recv().is_ok()));
        // The next one tells again.
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async { answers.attend() });
        let (work, mut waiting) = works(3);
        answers.settle(work, None);
        assert!(waiting.iter_mut().all(|answer| answer.try_recv().is_err()));
        answers.end();
        runtime.block_on(async {
            for answer in waiting {
                assert!(answer.await.is_ok());
            }
            tokio::task::yield_now().await;
        });
        assert!(!answers.lock().told);
    }
}
