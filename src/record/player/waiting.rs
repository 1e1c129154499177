//! When the next action begins: once everything has settled, once everybody has heard.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::books::Pulse;
use super::super::error::RecordError;
use super::super::homeserver::now_millis;
use super::{Player, Trouble};
use crate::journal::{RoomId, ServerId};

/// How long a turn or a state event is waited for (format, 2.2).
const HEARD_WITHIN: Duration = Duration::from_secs(20);
/// Nothing must have changed for this long (format, 2.3).
const QUIET: Duration = Duration::from_secs(2);
/// After this, settling is given up; sooner, if something owed is all that is left.
const SETTLE_LIMIT: Duration = Duration::from_secs(120);
const OWED_LIMIT: Duration = Duration::from_secs(45);
/// A back-off longer than this makes a server no listener, and what is owed to it does not hinder settling.
const SHORT_BACKOFF_MILLIS: i64 = 5_000;
/// Time between two looks into the databases.
const LOOK_EVERY: Duration = Duration::from_millis(25);
const SETTLE_EVERY: Duration = Duration::from_millis(100);

/// Since when nothing has changed.
#[derive(Debug, Clone)]
pub(super) struct Quiet {
    since: Instant,
    pulses: BTreeMap<ServerId, Pulse>,
}

impl Player<'_> {
    /// Waits until nothing has changed for a while and nothing is owed to a server that could take it.
    pub(super) async fn settle(&mut self) -> Result<(), RecordError> {
        let start = Instant::now();
        loop {
            let pulses = self.pulses().await?;
            let now = Instant::now();
            let busy = pulses.values().any(|pulse| pulse.incomplete_joins > 0);
            let owed = self.owes_something(&pulses);
            let since = match self.quiet.take() {
                Some(quiet) if quiet.pulses == pulses => quiet.since,
                _ => now,
            };
            self.quiet = Some(Quiet { since, pulses });
            let is_quiet = now.duration_since(since) >= QUIET && !busy;
            let waited = now.duration_since(start);
            if (is_quiet && (!owed || waited >= OWED_LIMIT)) || waited >= SETTLE_LIMIT {
                return Ok(());
            }
            sleep(SETTLE_EVERY).await;
        }
    }

    async fn pulses(&mut self) -> Result<BTreeMap<ServerId, Pulse>, RecordError> {
        let mut pulses = BTreeMap::new();
        for (index, server) in self.servers.iter_mut().enumerate() {
            if server.is_awake() {
                let pulse = server.books(self.laboratory).await?.pulse().await;
                let pulse = pulse.map_err(|cause| server.unreadable(cause))?;
                pulses.insert(ServerId(index as u32), pulse);
            }
        }
        Ok(pulses)
    }

    fn owes_something(&self, pulses: &BTreeMap<ServerId, Pulse>) -> bool {
        let soon = now_millis() + SHORT_BACKOFF_MILLIS;
        pulses.iter().any(|(from, pulse)| {
            pulse.owed.iter().any(|(to, left_alone_until)| {
                let to = self.servers.iter().position(|server| server.name == *to);
                to.map(|to| ServerId(to as u32)).is_some_and(|to| {
                    pulses.contains_key(&to) && !self.is_cut(*from, to) && *left_alone_until <= soon
                })
            })
        })
    }

    pub(super) fn is_cut(&self, one: ServerId, other: ServerId) -> bool {
        self.cuts.contains(&(one.min(other), one.max(other)))
    }

    /// Servers that are expected to hear of an event of `from` (format, 2.2).
    pub(super) async fn listeners(
        &mut self,
        from: ServerId,
        room: RoomId,
    ) -> Result<BTreeSet<ServerId>, RecordError> {
        let mut listeners = BTreeSet::new();
        let Some(room) = self.rooms.get(&room).cloned() else {
            return Ok(listeners);
        };
        let speaker = &mut self.servers[from.index()];
        let joined = speaker.books(self.laboratory).await?.joined(&room).await;
        let joined = joined.map_err(|cause| speaker.unreadable(cause))?;
        for index in 0..self.servers.len() {
            let to = ServerId(index as u32);
            let name = self.servers[index].name.clone();
            let is_host = joined.iter().any(|user| host(user) == name);
            if to == from || !is_host || !self.servers[index].is_awake() || self.is_cut(from, to) {
                continue;
            }
            if self.backs_off(from, &name).await? || !self.is_in(to, &room).await? {
                continue;
            }
            listeners.insert(to);
        }
        Ok(listeners)
    }

    async fn backs_off(&mut self, from: ServerId, name: &str) -> Result<bool, RecordError> {
        let speaker = &mut self.servers[from.index()];
        let until = speaker
            .books(self.laboratory)
            .await?
            .backoff_until(name)
            .await;
        let until = until.map_err(|cause| speaker.unreadable(cause))?;
        Ok(until > now_millis() + SHORT_BACKOFF_MILLIS)
    }

    /// Does a server hold itself for joined?
    async fn is_in(&mut self, server: ServerId, room: &str) -> Result<bool, RecordError> {
        let server = &mut self.servers[server.index()];
        let local = server.books(self.laboratory).await?.local(room).await;
        let local = local.map_err(|cause| server.unreadable(cause))?;
        Ok(local.values().any(|membership| membership == "join"))
    }

    /// Waits until all listeners have the event; names those that have not.
    pub(super) async fn wait_heard(
        &mut self,
        event: &str,
        listeners: &BTreeSet<ServerId>,
    ) -> Result<BTreeSet<ServerId>, RecordError> {
        self.wait_known(event, listeners, true).await
    }

    /// As [`Player::wait_heard`], but to know the event is enough, even without its place.
    pub(super) async fn wait_known(
        &mut self,
        event: &str,
        servers: &BTreeSet<ServerId>,
        placed: bool,
    ) -> Result<BTreeSet<ServerId>, RecordError> {
        let deadline = Instant::now() + HEARD_WITHIN;
        let mut deaf = servers.clone();
        loop {
            for id in servers {
                let server = &mut self.servers[id.index()];
                if !deaf.contains(id) || !server.runs() {
                    continue;
                }
                let has = server.books(self.laboratory).await?.placed(event).await;
                let has = has.map_err(|cause| server.unreadable(cause))?;
                if has.is_some_and(|is_placed| is_placed || !placed) {
                    deaf.remove(id);
                }
            }
            if deaf.is_empty() || Instant::now() >= deadline {
                return Ok(deaf);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until a server has the whole state of the rooms that it has joined. Before that it does not know the
    /// other servers in them, and lets its next user join through one of these (`_should_perform_remote_join`).
    pub(super) async fn wait_complete(&mut self, server: ServerId) -> Result<(), RecordError> {
        let deadline = Instant::now() + HEARD_WITHIN;
        let server = &mut self.servers[server.index()];
        loop {
            let pulse = server.books(self.laboratory).await?.pulse().await;
            let pulse = pulse.map_err(|cause| server.unreadable(cause))?;
            if pulse.incomplete_joins == 0 || Instant::now() >= deadline {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits for a pause, for instance until short back-offs are over.
    pub(super) async fn pause(&mut self, length: Duration) {
        sleep(length).await;
    }

    /// The event that says what a user is to a room, as a server sees it.
    pub(super) async fn membership_event(
        &mut self,
        server: ServerId,
        room: &str,
        user: &str,
    ) -> Result<Option<String>, Trouble> {
        let server = &mut self.servers[server.index()];
        let found = server
            .books(self.laboratory)
            .await?
            .membership_event(room, user)
            .await;
        Ok(found.map_err(|cause| server.unreadable(cause))?)
    }
}

/// The server of a Matrix id.
pub(super) fn host(id: &str) -> &str {
    id.split_once(':').map_or("", |(_, host)| host)
}
