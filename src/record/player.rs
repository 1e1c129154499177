//! Plays a script on real servers: actions strictly one after another, the next when the former is over and
//! what it waits for has happened (format, section 2).

mod accounts;
mod measure;
mod messages;
mod operations;
mod rooms;
mod scroll;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::client::{Client, Refusal, Request};
use super::error::RecordError;
use super::homeserver::Homeserver;
use super::laboratory::Laboratory;
use crate::journal::{MediaId, RoomId, ServerId, UserId};
use crate::script::{PlayStep, Script};
use crate::verify::{Played, StepResult};
use crate::workload::Action;

use accounts::Session;
use waiting::Quiet;

/// Prefix of most requests.
const CLIENT: &str = "/_matrix/client/v3";

/// What a request, or a chain of them, came to: refused, or the experiment itself failed.
#[derive(Debug)]
pub(super) enum Trouble {
    Refused(Refusal),
    Failed(RecordError),
}

impl From<RecordError> for Trouble {
    fn from(error: RecordError) -> Trouble {
        Trouble::Failed(error)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        Trouble::Refused(refusal)
    }
}

/// A script in motion.
pub(super) struct Player<'a> {
    laboratory: &'a mut Laboratory,
    script: &'a Script,
    servers: Vec<Homeserver>,
    client: Client,
    /// By user, the oldest first.
    sessions: BTreeMap<UserId, Vec<Session>>,
    /// Ids that the servers gave.
    rooms: BTreeMap<RoomId, String>,
    media: BTreeMap<MediaId, String>,
    /// Class and number of each scripted message.
    labels: BTreeMap<String, (RoomId, String, u32)>,
    /// Messages sent so far, per room and class.
    sent: BTreeMap<RoomId, BTreeMap<String, u32>>,
    /// Pairs that are cut, the smaller first.
    cuts: BTreeSet<(ServerId, ServerId)>,
    administrators: BTreeMap<ServerId, String>,
    transactions: u64,
    quiet: Option<Quiet>,
    played: Played,
}

impl<'a> Player<'a> {
    pub(super) fn new(
        laboratory: &'a mut Laboratory,
        script: &'a Script,
        servers: Vec<Homeserver>,
    ) -> Player<'a> {
        Player {
            laboratory,
            script,
            servers,
            client: Client::new(),
            sessions: BTreeMap::new(),
            rooms: BTreeMap::new(),
            media: BTreeMap::new(),
            labels: BTreeMap::new(),
            sent: BTreeMap::new(),
            cuts: BTreeSet::new(),
            administrators: BTreeMap::new(),
            transactions: 0,
            quiet: None,
            played: Played::default(),
        }
    }

    /// Starts the servers, makes the accounts, and plays all steps.
    pub(super) async fn play(&mut self) -> Result<Played, RecordError> {
        for server in &mut self.servers {
            server.launch(self.laboratory).await?;
        }
        for server in &mut self.servers {
            server.answers(self.laboratory, &self.client).await?;
        }
        self.make_accounts().await?;
        for (index, step) in self.script.steps.iter().enumerate() {
            if let Some(result) = self.step(step).await? {
                self.played.results.insert(index, result);
            }
            for server in &mut self.servers {
                server.still_runs(self.laboratory).await?;
            }
        }
        Ok(std::mem::take(&mut self.played))
    }

    /// Ends the servers at once; nothing of them is wanted any more.
    pub(super) async fn end(&mut self) {
        for server in &mut self.servers {
            // The launcher may be what failed; it ends them all in any case.
            server
                .end(self.laboratory, super::launcher::Signal::Kill)
                .await
                .ok();
        }
        self.laboratory.clear();
    }

    async fn step(&mut self, step: &PlayStep) -> Result<Option<StepResult>, RecordError> {
        if !matches!(step, PlayStep::Settle | PlayStep::Measure { .. }) {
            // What follows may begin without a trace in any table.
            self.quiet = None;
        }
        match step {
            PlayStep::Settle => self.settle().await.map(|()| None),
            PlayStep::Measure { stage, server } => {
                self.settle().await?;
                let measured = self.measure(*server).await?;
                self.played.stages.insert(stage.clone(), measured);
                Ok(None)
            }
            PlayStep::Strike(fault) => self.strike(fault).await.map(|()| None),
            PlayStep::Send {
                room,
                tag,
                by,
                counts,
                turn,
            } => self.send(*room, tag, by, counts, *turn).await.map(Some),
            PlayStep::Redact {
                room,
                by,
                tag,
                server,
                number,
            } => {
                let class = self.class(tag, *server);
                self.redact(*room, *by, &class, *number).await.map(Some)
            }
            PlayStep::Act(action) => self.act(action).await.map(Some),
        }
    }

    async fn act(&mut self, action: &Action) -> Result<StepResult, RecordError> {
        let outcome = match action {
            Action::Scroll {
                room,
                who,
                page,
                passes,
                pause,
                ..
            } => return self.scroll(*room, *who, *page, *passes, *pause).await,
            Action::CreateRoom { room, by } => self.create_room(*room, *by).await,
            Action::Invite { .. }
            | Action::Join { .. }
            | Action::Leave { .. }
            | Action::Kick { .. }
            | Action::Ban { .. }
            | Action::Unban { .. }
            | Action::SetState { .. }
            | Action::SetPower { .. } => return self.room_event(action).await,
            Action::PurgeHistory {
                server,
                room,
                keep_last,
                delete_local,
            } => {
                self.settle().await?;
                self.purge(*server, *room, *keep_last, *delete_local).await
            }
            other => self.account(other).await,
        };
        match outcome {
            Ok(()) => Ok(answered("ok")),
            Err(Trouble::Refused(Refusal(code))) => Ok(answered(&code)),
            Err(Trouble::Failed(error)) => Err(error),
        }
    }

    fn home(&self, user: UserId) -> ServerId {
        self.script.users[user.index()].server
    }

    /// The Matrix id of a user.
    fn user_id(&self, user: UserId) -> String {
        let spec = &self.script.users[user.index()];
        format!("@{}:{}", spec.name, self.servers[spec.server.index()].name)
    }

    /// The script's name of a Matrix id; the id itself if the script knows no such user.
    fn user_name(&self, id: &str) -> String {
        let known = |(local, host): (&str, &str)| {
            let server = self.servers.iter().find(|server| server.name == host)?;
            Some(format!("{local}@{}", server.label))
        };
        id.strip_prefix('@')
            .and_then(|id| id.split_once(':'))
            .and_then(known)
            .unwrap_or_else(|| id.to_owned())
    }

    fn room_id(&self, room: RoomId) -> Result<String, Refusal> {
        self.rooms.get(&room).cloned().ok_or_else(Refusal::none)
    }

    fn class(&self, tag: &str, server: ServerId) -> String {
        format!("{tag}@{}", self.script.servers[server.index()])
    }

    fn labels_of(&self, servers: &BTreeSet<ServerId>) -> Vec<String> {
        let label = |server: &ServerId| self.script.servers[server.index()].clone();
        servers.iter().map(label).collect()
    }

    /// Asks as a user: with the newest session that is still valid.
    async fn ask(&mut self, user: UserId, request: &Request) -> Result<Value, Trouble> {
        let address = self.servers[self.home(user).index()].address();
        let sessions = self.sessions.get(&user).cloned().unwrap_or_default();
        for session in sessions.iter().rev() {
            let token = Some(session.token.as_str());
            match self.client.ask(&address, token, request).await {
                Err(refusal) if refusal == Refusal::unknown_token() => {}
                other => return Ok(other?),
            }
        }
        Err(Refusal::unknown_token().into())
    }
}

/// A result with nothing but an answer.
fn answered(result: &str) -> StepResult {
    StepResult {
        result: result.to_owned(),
        ..StepResult::default()
    }
}
