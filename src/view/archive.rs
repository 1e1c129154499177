//! Runs that have been played again, so that they can be asked. Their books belong to one thread, which answers all
//! questions in turn.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::experiment::guarded;
use crate::explain::{Past, Question, Unknown};
use crate::journal::ServerId;
use crate::kernel::SimTime;
use crate::report::{self, Stored};

/// How many runs are kept: the one that is looked at, and the one before.
const KEPT: usize = 2;
/// Rows of the journal in one answer.
const ROWS: usize = 60;

/// What is asked of a run.
#[derive(Debug)]
pub(super) enum Ask {
    /// The scene, to be played back and forth.
    Scene,
    /// The facts up to a moment, in milliseconds since 1970, the last one first.
    Facts(u64),
    /// Whatever has this name.
    Explain(Subject),
}

/// What is to be explained, by its name.
#[derive(Debug)]
pub(super) enum Subject {
    Item(String),
    Room(String),
    User(String),
    Server(String),
}

/// An answer as JSON, or why there is none.
pub(super) type Answer = Result<String, String>;

type Asked = (PathBuf, Ask, oneshot::Sender<Answer>);

/// Where to ask.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    questions: mpsc::Sender<Asked>,
}

impl Archive {
    /// An archive with its thread, which ends with the last of those who can ask.
    pub(super) fn open() -> Archive {
        let (questions, asked) = mpsc::channel::<Asked>();
        thread::spawn(move || {
            let mut kept: Vec<(PathBuf, Past)> = Vec::new();
            for (folder, ask, reply) in asked {
                // Who asked may have left.
                let _ = reply.send(guarded(|| answer(&mut kept, &folder, &ask)));
            }
        });
        Archive { questions }
    }

    /// Asks; the first question about a run takes as long as the run took.
    pub(super) async fn ask(&self, folder: &Path, ask: Ask) -> Answer {
        let (reply, answer) = oneshot::channel();
        let sent = self.questions.send((folder.to_owned(), ask, reply));
        let gone = || "the run could not be played again: see the messages of fedheal".to_owned();
        sent.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn answer(kept: &mut Vec<(PathBuf, Past)>, folder: &Path, ask: &Ask) -> Answer {
    let past = played(kept, folder)?;
    match ask {
        Ask::Scene => {
            let scene = past.view(past.scenario().measured).scene();
            serde_json::to_string(&scene).map_err(|error| error.to_string())
        }
        Ask::Facts(until) => Ok(facts(past, SimTime(*until)).to_string()),
        Ask::Explain(subject) => explain(past, subject),
    }
}

fn played<'k>(kept: &'k mut Vec<(PathBuf, Past)>, folder: &Path) -> Result<&'k Past, String> {
    match kept.iter().position(|(of, _)| of == folder) {
        Some(place) => kept[..=place].rotate_right(1),
        None => {
            let stored =
                Stored::open(folder).map_err(|error| format!("{error}; {}", error.remedy()))?;
            let past = report::replay(&stored).map_err(|error| error.to_string())?;
            kept.truncate(KEPT - 1);
            kept.insert(0, (folder.to_owned(), past));
        }
    }
    Ok(&kept[0].1)
}

fn facts(past: &Past, until: SimTime) -> Value {
    let facts = past.journal().facts();
    let end = facts.partition_point(|fact| fact.at() <= until);
    let names = report::Names::new(&past.scenario().world);
    let rows = facts[..end].iter().rev().take(ROWS);
    let rows: Vec<Value> = rows
        .map(|fact| json!(report::fact_row(names, fact)))
        .collect();
    json!({ "rows": rows, "before": end.saturating_sub(ROWS) })
}

fn explain(past: &Past, subject: &Subject) -> Answer {
    let question = match subject {
        Subject::Item(item) => past.find_item(item),
        Subject::Room(room) => past.find_room(room),
        Subject::User(user) => past.find_user(user),
        Subject::Server(server) => past.find_server(server).map(Question::Server),
    };
    let question = question.map_err(|error: Unknown| error.to_string())?;
    let of: ServerId = past.viewpoint(question);
    let explanation = past.view(of).explain(question);
    Ok(json!({ "sentences": report::sentences(&explanation) }).to_string())
}
