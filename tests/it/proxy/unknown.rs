//! What a proxy of one kind cannot do.

use super::{Fault, Proxy, echo};

#[tokio::test]
#[should_panic(expected = "no proxy of a Redis")]
async fn h7_a_fault_the_proxy_cannot_know_is_refused() {
    Proxy::start(echo().await).await.set(Fault::SwallowPushes { percent: 1 });
}
