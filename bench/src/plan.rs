//! What a run is asked to do.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// Measures the message path of one hub beside a bare relay.
#[derive(Debug, Parser)]
#[command(name = "bench", version, about, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) job: Option<Job>,
    #[command(flatten)]
    pub(crate) plan: Plan,
}

/// What this program does for itself in processes of its own.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// The bare relay, on 127.0.0.1; ends when its standard input does.
    #[command(hide = true)]
    Relay {
        #[arg(long)]
        port: u16,
    },
    /// What a text costs with ten times the conversations in the store, and with ten times the visitors connected.
    Growth(Growth),
    /// How long an agent waits for an inbox of many rows, and everybody for the news of a claim.
    Inbox(Inbox),
    /// Keeps a core awake at idle priority; ends when its standard input does.
    #[command(hide = true)]
    Spin,
}

/// The sizes at which a text is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct Growth {
    /// Conversations in the store, the smallest first.
    #[arg(long, value_delimiter = ',', default_value = "100000,1000000")]
    pub(crate) conversations: Vec<usize>,
    /// Idle visitors beside those who talk, the smallest first; measured after the store has grown.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
    pub(crate) connections: Vec<usize>,
    #[command(flatten)]
    pub(crate) plan: Plan,
}

/// How large the inbox is, and who looks at it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Inbox {
    /// Conversations that wait in Unassigned.
    #[arg(long, default_value_t = 500)]
    pub(crate) rows: usize,
    /// Agents who have the inbox before them.
    #[arg(long, default_value_t = 100)]
    pub(crate) watchers: usize,
    /// How many agents sign in, one after the other, and how many conversations are claimed.
    #[arg(long, default_value_t = 200)]
    pub(crate) times: usize,
    #[command(flatten)]
    pub(crate) plan: Plan,
}

/// How much of it, and against what.
#[derive(Debug, Clone, Args)]
pub(crate) struct Plan {
    /// Visitors, one conversation each.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) visitors: usize,
    /// Agents; the visitors are dealt out to them evenly.
    #[arg(long, default_value_t = 100)]
    pub(crate) agents: usize,
    /// Bytes of a text, at least 32.
    #[arg(long, default_value_t = 100)]
    pub(crate) text_bytes: usize,
    /// Rounds; each measures the hub and then the relay.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Seconds of a measured window.
    #[arg(long, default_value_t = 4.0)]
    pub(crate) window: f64,
    /// Texts a second of the open loop; half of the hub's closed loop of the first round when not given.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Joined visitors of the idle measurement; 0 leaves it out. Cut to what the descriptor limit allows.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) idle: usize,
    /// Seconds over which idle CPU is taken.
    #[arg(long, default_value_t = 25.0)]
    pub(crate) idle_window: f64,
    /// One short round: a look, not a measurement.
    #[arg(long)]
    pub(crate) quick: bool,
    /// The hub's binary; built with `cargo build --release` when not given.
    #[arg(long)]
    pub(crate) hub: Option<PathBuf>,
    /// Folder of playbooks that holds pb_demo.
    #[arg(long, default_value = "config/playbooks")]
    pub(crate) playbooks: PathBuf,
    /// Leave the hub out, to try the generator and the relay alone.
    #[arg(long)]
    pub(crate) relay_only: bool,
    /// Spin on both cores at idle priority (needs `chrt`): a halted virtual core wakes late, which shows in latencies.
    #[arg(long)]
    pub(crate) keep_awake: bool,
    /// Also write the report, as Markdown, to this file.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

// === impl Plan ===

impl Plan {
    /// The plan with `--quick` worked in.
    pub(crate) fn settled(&self) -> Plan {
        let mut plan = self.clone();
        if plan.quick {
            plan.rounds = 1;
            plan.window = plan.window.min(2.0);
            plan.idle = plan.idle.min(2_000);
            plan.idle_window = plan.idle_window.min(3.0);
        }
        plan.agents = plan.agents.clamp(1, plan.visitors.max(1));
        plan
    }

    /// Time before a closed-loop window opens, in which caches fill and the pipeline settles.
    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.window / 4.0)
    }

    /// A measured window.
    pub(crate) fn window(&self) -> Duration {
        Duration::from_secs_f64(self.window)
    }
}
