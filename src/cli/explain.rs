//! `explain`: what happened to one item, room, user or server, and what would help.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Failure, bad_input, failed, result, say};
use crate::explain::{Explanation, Past, Question, Unknown};
use crate::kernel::SimTime;
use crate::report;

/// Say what happened to one item, room, user or server, and what would help
///
/// An item: made when and by whom, held by which servers, gone when and why, came back when, by which path and from
/// whom; or why not, and who could still give it. A room: its holes, why they are there, and what would fill them. A
/// user: the account, memberships and messages. A server: what to do next, in the order of what it would bring.
///
/// Names and numbers are those of the tables. The scenario of the folder is played again for it, which takes as long as the
/// run took, and is held against the folder's journal. Of a run that was stopped, the end is where it was stopped.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "fedheal explain <RESULT> --item ROOM/NUMBER [OPTIONS]\n       fedheal explain <RESULT> --room|--user|--server NAME [OPTIONS]"
)]
pub(super) struct Args {
    /// The folder of a run, for example results/hypha-2021
    #[arg(value_name = "RESULT")]
    result: PathBuf,

    #[command(flatten)]
    subject: Subject,

    /// How this server has it, and not the measured one
    #[arg(long, value_name = "SERVER", conflicts_with_all = ["user", "server"])]
    of: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// An item, by its number in the room, from 0
    #[arg(long, value_name = "ROOM/NUMBER")]
    item: Option<String>,

    /// A room
    #[arg(long, value_name = "ROOM")]
    room: Option<String>,

    /// A user, such as @anna:one.example
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// A server
    #[arg(long, value_name = "SERVER")]
    server: Option<String>,
}

impl Subject {
    fn find(&self, past: &Past) -> Result<Question, Unknown> {
        if let Some(item) = &self.item {
            past.find_item(item)
        } else if let Some(room) = &self.room {
            past.find_room(room)
        } else if let Some(user) = &self.user {
            past.find_user(user)
        } else {
            let server = self.server.as_deref().unwrap_or_default();
            past.find_server(server).map(Question::Server)
        }
    }
}

pub(super) fn explain(args: &Args) -> Result<ExitCode, Failure> {
    let stored = result::open(&args.result)?;
    let past = report::replay(&stored).map_err(result::unplayed)?;
    let question = args.subject.find(&past).map_err(unknown)?;
    let of = match &args.of {
        Some(server) => past.find_server(server).map_err(unknown)?,
        None => past.viewpoint(question),
    };
    let explanation = past.view(of).explain(question);
    let manifest = stored.manifest();
    let stopped_at = (!manifest.complete).then_some(manifest.story.end);
    let mut sentences: Vec<String> = stopped_at.map(report::stopped).into_iter().collect();
    sentences.extend(report::sentences(&explanation));
    match args.json {
        true => say(&json_of(&explanation, &sentences, stopped_at)?)?,
        false => say(&report::wrapped(&sentences))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown(error: Unknown) -> Failure {
    bad_input(miette::miette!("{error}"))
}

/// The explanation with its sentences.
fn json_of(
    explanation: &Explanation,
    sentences: &[String],
    stopped_at: Option<SimTime>,
) -> Result<String, Failure> {
    let text = serde_json::to_value(explanation).and_then(|mut value| {
        if let Value::Object(all) = &mut value {
            all.insert("sentences".to_owned(), json!(sentences));
            if let Some(at) = stopped_at {
                all.insert("stopped_at".to_owned(), json!(at));
            }
        }
        serde_json::to_string_pretty(&value)
    });
    let text = text.map_err(|error| failed(miette::miette!("{error}")))?;
    Ok(text + "\n")
}
