//! Claim, expiry, close, reassign and leave meet at three hubs: one of them wins.

use crate::{
    claims::{Move, ON_ASSIGNED, ON_WAITING, Table, combinations},
    support::{Cluster, playbooks, size},
};

/// Jane, Max and the admin sit at a hub each.
pub async fn table(cluster: &Cluster) -> Table {
    let (jane, max) = (cluster.online(0, "jane").await, cluster.online(1, "max").await);
    Table { jane, max, root: cluster.admin(2, "root").await, together: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_every_two_and_three_way_race_between_three_hubs_has_one_winner() {
    let cluster = Cluster::start(3).await;
    let table = table(&cluster).await;
    let mut races = 0;
    for _ in 0..size(1, 30) {
        for (moves, taken) in [(&ON_WAITING[..], false), (&ON_ASSIGNED[..], true)] {
            for race in combinations(moves) {
                let visitor = cluster.visitor(races, playbooks::LIVE).await;
                let chat = visitor.start().await;
                if taken {
                    table.jane.claim(&chat).await;
                }
                table.race(&visitor, &chat, &race).await;
                races += 1;
            }
        }
    }
    println!("figure A2 hubs=3 races={races} contradictions=0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_close_raced_with_everything_between_three_hubs_lets_nothing_follow_it() {
    let cluster = Cluster::start(3).await;
    let table = table(&cluster).await;
    let mut races = 0;
    for _ in 0..size(2, 50) {
        for other in crate::claims::ON_CLOSING {
            for order in [[Move::OwnerCloses, other], [other, Move::OwnerCloses]] {
                let visitor = cluster.visitor(races, playbooks::LIVE).await;
                let chat = visitor.start().await;
                table.jane.claim(&chat).await;
                table.race(&visitor, &chat, &order).await;
                races += 1;
            }
        }
    }
    println!("figure A4 hubs=3 races={races} writes_after_close=0");
}
