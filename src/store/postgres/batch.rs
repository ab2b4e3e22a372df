//! Many jobs as one statement: one for texts, one for changes, one for beginnings. Each is a transaction of its own
//! that needs no second word from here, so nobody who falls silent leaves a lock behind.

use std::collections::HashMap;

use super::{
    columns::{Entries, Folds, Param, Tellings, Things},
    fault::Fault,
    job::{AppendJob, BeginJob},
    known::{Known, Place},
    writer::{Writer, size},
};
use crate::{ids::ConversationId, store::FolderCount};

type Answer<T> = Result<T, Fault>;

/// What every append says.
#[derive(Default)]
struct Heads<'a> {
    ids: Vec<i64>,
    afters: Vec<i64>,
    scopes: Vec<Option<&'a str>>,
    keys: Vec<Option<&'a str>>,
}

// === impl Heads ===

impl<'a> Heads<'a> {
    fn push(&mut self, job: &'a AppendJob, id: i64) {
        let (scope, key) = job.key();
        self.ids.push(id);
        self.afters.push(job.after());
        self.scopes.push(scope);
        self.keys.push(key);
    }
}

/// Writes texts of different conversations. Answers which.
///
/// To look before each row whether its place and its key are free is a seventh of what it costs the server. So while
/// none was taken lately the rows are just put in: one that is taken after all fails the whole statement, which is then
/// run again with looking.
pub(super) async fn texts(
    writer: &Writer,
    known: &mut Known,
    jobs: &[(&AppendJob, Place)],
) -> Answer<HashMap<i64, Vec<FolderCount>>> {
    let (mut heads, mut at, mut hidden) = (Heads::default(), Vec::new(), Vec::new());
    let (mut bodies, mut sure) = (Vec::new(), Vec::new());
    for (job, place) in jobs {
        heads.push(job, place.id);
        sure.push(place.sure);
        for entry in &job.append.entries {
            at.push(entry.event().at.0);
            hidden.push(!entry.event().what.for_visitor());
            bodies.push(entry.json());
        }
    }
    let Heads { ids, afters, scopes, keys } = &heads;
    let params: [Param<'_>; 8] = [ids, afters, scopes, keys, &at, &hidden, &bodies, &sure];
    let rows = match known.is_undisturbed() {
        true => match writer.run(&writer.texts_alone, &params).await {
            Err(Fault::Refused(refusal)) if refusal.is_taken() => {
                known.disturbed();
                writer.run(&writer.texts, &params).await?
            }
            answer => answer?,
        },
        false => writer.run(&writer.texts, &params).await?,
    };
    let won: Option<Vec<i64>> = rows.first().map(|row| row.try_get(0)).transpose()?;
    Ok(won.unwrap_or_default().into_iter().map(|id| (id, Vec::new())).collect())
}

/// Writes appends of different conversations, with all that hangs on them. Answers which, and the folders each moved.
pub(super) async fn changes(writer: &Writer, jobs: &[(&AppendJob, Place)]) -> Answer<HashMap<i64, Vec<FolderCount>>> {
    let (mut heads, mut rows, mut folds) = (Heads::default(), Vec::new(), Folds::default());
    let (mut entries, mut things, mut tellings) = (Entries::default(), Things::default(), Tellings::default());
    for (job, Place { id, .. }) in jobs {
        heads.push(job, *id);
        if let Some(row) = &job.append.row {
            rows.push(*id);
            folds.push(row)?;
        }
        entries.push(*id, &job.append.entries);
        things.push(*id, &job.append.entries)?;
        tellings.push(*id, &job.append.entries);
    }
    let Heads { ids, afters, scopes, keys } = &heads;
    let mut params: Vec<Param<'_>> = vec![ids, afters, scopes, keys];
    params.extend(entries.params());
    params.push(&rows);
    params.extend(folds.params());
    params.extend(things.params());
    params.extend(tellings.params());
    let mut won: HashMap<i64, Vec<FolderCount>> = HashMap::new();
    for row in writer.run(&writer.changes, &params).await? {
        won.entry(row.try_get(0)?).or_default().extend(size(&row, 1)?);
    }
    Ok(won)
}

/// Opens conversations. Answers which, and the folders each came into.
pub(super) async fn begins(writer: &Writer, jobs: &[&BeginJob]) -> Answer<HashMap<ConversationId, Vec<FolderCount>>> {
    let (mut names, mut workspaces, mut visitors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut visitor_names, mut verified, mut created_at) = (Vec::new(), Vec::new(), Vec::new());
    let (mut folds, mut entries) = (Folds::default(), Entries::default());
    let (mut things, mut tellings) = (Things::default(), Tellings::default());
    for job in jobs {
        let name = job.row.id.as_str();
        names.push(name);
        workspaces.push(job.row.workspace.as_str());
        visitors.push(job.row.visitor.id.as_str());
        visitor_names.push(job.row.visitor.name.as_deref());
        verified.push(job.row.visitor.verified);
        created_at.push(job.row.created_at.0);
        folds.push(&job.row)?;
        entries.push(name, &job.entries);
        things.push(name, &job.entries)?;
        tellings.push(name, &job.entries);
    }
    let mut params: Vec<Param<'_>> = vec![&names, &workspaces, &visitors, &visitor_names, &verified, &created_at];
    params.extend(folds.params());
    params.extend(entries.params());
    params.extend(things.params());
    params.extend(tellings.params());
    let mut won: HashMap<ConversationId, Vec<FolderCount>> = HashMap::new();
    for row in writer.run(&writer.begins, &params).await? {
        won.entry(row.try_get::<_, &str>(0)?.into()).or_default().extend(size(&row, 1)?);
    }
    Ok(won)
}
