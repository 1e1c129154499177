//! Runs that have been played again, so that they can be asked. Their books belong to one thread, which answers all
//! questions in turn.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use super::runs::Progress;
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

/// What the thread is to do with a run.
#[derive(Debug)]
enum Wanted {
    /// To play it again, by its name, and to tell how far that is.
    Play(String, watch::Sender<Progress>),
    /// To answer.
    Answer(Ask, oneshot::Sender<Answer>),
}

/// Hears the simulated time, with the thousandths of the run that are over then, and says whether to go on.
type Tick<'a> = &'a mut dyn FnMut(u32, SimTime) -> ControlFlow<()>;

/// Where to ask.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    wanted: mpsc::Sender<(PathBuf, Wanted)>,
}

impl Archive {
    /// An archive with its thread, which ends with the last of those who can ask.
    pub(super) fn open() -> Archive {
        let (wanted, all) = mpsc::channel::<(PathBuf, Wanted)>();
        thread::spawn(move || {
            let mut kept: Vec<(PathBuf, Past)> = Vec::new();
            for (folder, wanted) in all {
                match wanted {
                    Wanted::Play(name, tell) => play(&mut kept, &folder, name, &tell),
                    Wanted::Answer(ask, reply) => {
                        let answer = guarded(|| answer(&mut kept, &folder, &ask, &reply));
                        // Who asked may have left.
                        let _ = reply.send(answer);
                    }
                }
            }
        });
        Archive { wanted }
    }

    /// Has a run played again, if it is not here yet, and says how far that is. It is broken off when nobody listens any
    /// more.
    pub(super) fn play(&self, folder: &Path, name: &str) -> watch::Receiver<Progress> {
        let (tell, heard) = watch::channel(Progress::Runs {
            per_mille: 0,
            now: String::new(),
        });
        // Without the thread nobody tells anything, and the listener hears that.
        let _ = (self.wanted).send((folder.to_owned(), Wanted::Play(name.to_owned(), tell)));
        heard
    }

    /// Asks; the first question about a run takes as long as the run took.
    pub(super) async fn ask(&self, folder: &Path, ask: Ask) -> Answer {
        let (reply, answer) = oneshot::channel();
        let sent = (self.wanted).send((folder.to_owned(), Wanted::Answer(ask, reply)));
        let gone = || "the run could not be played again: see the messages of fedheal".to_owned();
        sent.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn play(
    kept: &mut Vec<(PathBuf, Past)>,
    folder: &Path,
    name: String,
    tell: &watch::Sender<Progress>,
) {
    let mut tick = |per_mille, now: SimTime| {
        let now = now.to_string();
        tell.send_replace(Progress::Runs { per_mille, now });
        go_on_unless(tell.is_closed())
    };
    let ended = guarded(|| played(kept, folder, &mut tick).map(|past| past.is_some()));
    tell.send_replace(match ended {
        Ok(true) => Progress::Done { result: name },
        Ok(false) => Progress::Stopped,
        Err(message) => Progress::Failed { message },
    });
}

fn answer(
    kept: &mut Vec<(PathBuf, Past)>,
    folder: &Path,
    ask: &Ask,
    reply: &oneshot::Sender<Answer>,
) -> Answer {
    let mut tick = |_, _| go_on_unless(reply.is_closed());
    let Some(past) = played(kept, folder, &mut tick)? else {
        return Err("nobody waits for the answer any more".to_owned());
    };
    match ask {
        Ask::Scene => {
            let scene = past.view(past.scenario().measured).scene();
            serde_json::to_string(&scene).map_err(|error| error.to_string())
        }
        Ask::Facts(until) => Ok(facts(past, SimTime(*until)).to_string()),
        Ask::Explain(subject) => explain(past, subject),
    }
}

fn go_on_unless(is_left: bool) -> ControlFlow<()> {
    match is_left {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// The run of a folder, played again if it is not here; nothing if that was broken off.
fn played<'k>(
    kept: &'k mut Vec<(PathBuf, Past)>,
    folder: &Path,
    tick: Tick<'_>,
) -> Result<Option<&'k Past>, String> {
    match kept.iter().position(|(of, _)| of == folder) {
        Some(place) => kept[..=place].rotate_right(1),
        None => {
            let stored =
                Stored::open(folder).map_err(|error| format!("{error}; {}", error.remedy()))?;
            let story = &stored.manifest().story;
            let mut last = None;
            let mut each = |now: SimTime| {
                let step = now.per_mille(story.start, story.end);
                if last.replace(step) == Some(step) {
                    return ControlFlow::Continue(());
                }
                tick(u32::try_from(step).unwrap_or(u32::MAX), now)
            };
            let past = report::replay_while(&stored, &mut each);
            let Some(past) = past.map_err(|error| error.to_string())? else {
                return Ok(None);
            };
            kept.truncate(KEPT - 1);
            kept.insert(0, (folder.to_owned(), past));
        }
    }
    Ok(Some(&kept[0].1))
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
