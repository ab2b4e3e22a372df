//! The generators of a run, as threads or as processes of their own: orders go in by lines, reports come out by lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use crate::generator;
use crate::generator::order::{Order, Report};

/// Reports that may wait to be read before the generators do.
const QUEUE: usize = 1024;

/// What generators are made of.
#[derive(Debug, Clone)]
pub enum Stuff {
    /// Threads of this process.
    Threads,
    /// Processes of this program, which knows the argument `generator`.
    Processes(PathBuf),
}

/// All generators of a run. Ended when dropped.
pub struct Crew {
    members: Vec<Member>,
    heard: mpsc::Receiver<(usize, Report)>,
}

struct Member {
    orders: Box<dyn Write + Send>,
    child: Option<Child>,
}

// === impl Crew ===

impl Crew {
    /// Starts one generator for each order.
    ///
    /// # Errors
    /// One could not be started.
    pub fn hire(stuff: &Stuff, orders: &[Order]) -> Result<Crew> {
        let (tell, heard) = mpsc::channel(QUEUE);
        let mut members = Vec::new();
        for (number, order) in orders.iter().enumerate() {
            let (mut member, reports) = Member::start(stuff)?;
            writeln!(member.orders, "{}", serde_json::to_string(order)?)?;
            members.push(member);
            let tell = tell.clone();
            std::thread::spawn(move || listen(number, reports, &tell));
        }
        Ok(Crew { members, heard })
    }

    /// Tells all of them `go` or `stop`. One that has gone has said why.
    pub fn tell(&mut self, word: &str) {
        for member in &mut self.members {
            writeln!(member.orders, "{word}").and_then(|()| member.orders.flush()).ok();
        }
    }

    /// The next report, and whose it is.
    pub async fn hear(&mut self) -> Option<(usize, Report)> {
        self.heard.recv().await
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The processes they run in; this one for threads.
    pub fn pids(&self) -> Vec<u32> {
        let mut pids: Vec<u32> =
            self.members.iter().map(|member| member.child.as_ref().map_or(std::process::id(), Child::id)).collect();
        pids.dedup();
        pids
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for member in &mut self.members {
            // Closed orders are an order to stop; one that is done has ended already.
            member.orders = Box::new(std::io::sink());
            if let Some(child) = &mut member.child {
                child.kill().ok();
                child.wait().ok();
            }
        }
    }
}

/// Passes reports on, and says so when they break off.
fn listen(number: usize, reports: impl Read, tell: &mpsc::Sender<(usize, Report)>) {
    for line in BufReader::new(reports).lines().map_while(Result::ok) {
        let report = serde_json::from_str(&line)
            .unwrap_or_else(|error| Report::Failed(format!("a report that is none: {error}")));
        let last = matches!(report, Report::Done(_) | Report::Failed(_));
        if tell.blocking_send((number, report)).is_err() || last {
            return;
        }
    }
    tell.blocking_send((number, Report::Failed("a generator ended without a word".into()))).ok();
}

// === impl Member ===

impl Member {
    fn start(stuff: &Stuff) -> Result<(Member, Box<dyn Read + Send>)> {
        match stuff {
            Stuff::Threads => {
                let (orders_in, orders_out) = std::io::pipe().context("making a pipe")?;
                let (reports_in, mut reports_out) = std::io::pipe().context("making a pipe")?;
                std::thread::Builder::new().name("generator".into()).spawn(move || {
                    // A reader that has gone needs no words; everything else is told in a report.
                    generator::generate(BufReader::new(orders_in), &mut reports_out).ok();
                })?;
                Ok((Member { orders: Box::new(orders_out), child: None }, Box::new(reports_in)))
            }
            Stuff::Processes(program) => {
                let mut child = Command::new(program)
                    .arg("generator")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    // What the keyboard sends is for us; they are told.
                    .process_group(0)
                    .spawn()
                    .context("starting a generator")?;
                let orders = child.stdin.take().context("no way to give orders")?;
                let reports = child.stdout.take().context("no way to hear reports")?;
                Ok((Member { orders: Box::new(orders), child: Some(child) }, Box::new(reports)))
            }
        }
    }
}
