//! Visitors who are there and do nothing.

use std::ops::Range;
use std::rc::Rc;

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::ear::Hearer;
use super::scene::Scene;
use super::visitor::Visitor;

/// Numbers of idle visitors begin here.
const FIRST: usize = 2 << 20;

/// All of them, connected as long as this lives.
pub(super) struct Crowd(Vec<Rc<Visitor>>);

// === impl Crowd ===

impl Crowd {
    /// Joins the visitors of these numbers.
    pub(super) async fn join(scene: &Rc<Scene>, visitors: Range<usize>) -> Result<Crowd> {
        let joining = visitors.map(async |number| {
            let visitor = Visitor::new(scene, FIRST + number, Hearer::Plain);
            visitor.hello(scene, 0).await?;
            visitor.stay(scene);
            anyhow::Ok(visitor)
        });
        let crowd = stream::iter(joining).buffer_unordered(scene.order.profile.at_once).try_collect().await?;
        Ok(Crowd(crowd))
    }

    /// Both.
    pub(super) fn with(mut self, other: Crowd) -> Crowd {
        self.0.extend(other.0);
        self
    }
}
