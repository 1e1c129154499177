//! Rooms, memberships and state.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::client::{Refusal, Request};
use super::super::error::RecordError;
use super::{CLIENT, Player, Trouble, answered};
use crate::journal::{RoomId, ServerId, UserId};
use crate::verify::StepResult;
use crate::workload::{Action, Power, RoomKind, StateField, Visibility};

/// The event that an action made, in which room, and by whose server.
struct Made {
    room: RoomId,
    home: ServerId,
    event: Option<String>,
}

impl Player<'_> {
    pub(super) async fn create_room(&mut self, room: RoomId, by: UserId) -> Result<(), Trouble> {
        let spec = &self.script.rooms[room.index()];
        let preset = match spec.kind {
            RoomKind::Public => "public_chat",
            RoomKind::Private => "private_chat",
            RoomKind::Direct => "trusted_private_chat",
        };
        let mut body = json!({
            "preset": preset,
            "is_direct": spec.kind == RoomKind::Direct,
            "room_version": spec.version.to_string(),
            "name": spec.name,
        });
        if !spec.federate {
            body["creation_content"] = json!({ "m.federate": false });
        }
        if spec.visibility != Visibility::Shared {
            body["initial_state"] = json!([{
                "type": "m.room.history_visibility",
                "state_key": "",
                "content": { "history_visibility": visibility_name(spec.visibility) },
            }]);
        }
        let answer = self
            .ask(by, &Request::post(CLIENT, &["createRoom"], body))
            .await?;
        let id = answer["room_id"].as_str().unwrap_or_default();
        self.rooms.insert(room, id.to_owned());
        Ok(())
    }

    /// An action that makes an event in a room, which others are to hear.
    pub(super) async fn room_event(&mut self, action: &Action) -> Result<StepResult, RecordError> {
        let (room, by) = match action {
            Action::Invite { room, by, .. }
            | Action::Kick { room, by, .. }
            | Action::Ban { room, by, .. }
            | Action::Unban { room, by, .. }
            | Action::SetState { room, by, .. }
            | Action::SetPower { room, by, .. } => (*room, *by),
            Action::Join { room, who, .. } | Action::Leave { room, who } => (*room, *who),
            other => unreachable!("no event of a room: {other:?}"),
        };
        let home = self.home(by);
        let mut listeners = self.listeners(home, room).await?;
        let made = match self.make(action, room, by).await {
            Ok(event) => Made { room, home, event },
            Err(Trouble::Refused(Refusal(code))) => return Ok(answered(&code)),
            Err(Trouble::Failed(error)) => return Err(error),
        };
        if let Action::Join { via, .. } = action {
            self.wait_complete(home).await?;
            listeners.extend(self.listeners(home, room).await?);
            let runs = |via: &ServerId| *via != home && self.servers[via.index()].is_awake();
            listeners.extend(via.filter(runs));
        }
        let deaf = self.heard(action, &made, &listeners).await?;
        Ok(StepResult {
            unheard: self.labels_of(&deaf),
            ..answered("ok")
        })
    }

    async fn heard(
        &mut self,
        action: &Action,
        made: &Made,
        listeners: &BTreeSet<ServerId>,
    ) -> Result<BTreeSet<ServerId>, RecordError> {
        let mut deaf = BTreeSet::new();
        if let Some(event) = &made.event {
            deaf = self.wait_heard(event, listeners).await?;
            if let Action::Invite { who, .. } = action {
                let invited = self.home(*who);
                let awake = self.servers[invited.index()].is_awake();
                if awake && !self.is_cut(made.home, invited) {
                    self.wait_known(event, &BTreeSet::from([invited]), false)
                        .await?;
                }
            }
        }
        if listeners.is_empty() && matches!(action, Action::Leave { .. }) {
            self.settle().await?;
        }
        debug_assert!(self.rooms.contains_key(&made.room), "its id was needed");
        Ok(deaf)
    }

    /// Makes the event; its id, or that of the equal one that stands already.
    async fn make(
        &mut self,
        action: &Action,
        room: RoomId,
        by: UserId,
    ) -> Result<Option<String>, Trouble> {
        let id = self.room_id(room)?;
        match action {
            Action::Join { who, via, .. } => {
                let mut request = Request::post(CLIENT, &["join", &id], json!({}));
                if let Some(via) = via {
                    request = request.with("via", self.servers[via.index()].name.clone());
                }
                self.ask(by, &request).await?;
                self.member_of(by, &id, *who).await
            }
            Action::Leave { who, .. } => {
                let request = Request::post(CLIENT, &["rooms", &id, "leave"], json!({}));
                self.ask(by, &request).await?;
                self.member_of(by, &id, *who).await
            }
            Action::Invite { who, .. } => self.change_member(by, &id, "invite", *who).await,
            Action::Kick { who, .. } => self.change_member(by, &id, "kick", *who).await,
            Action::Ban { who, .. } => self.change_member(by, &id, "ban", *who).await,
            Action::Unban { who, .. } => self.change_member(by, &id, "unban", *who).await,
            Action::SetState { field, value, .. } => {
                let (kind, content) = match field {
                    StateField::Name => ("m.room.name", json!({ "name": value })),
                    StateField::Topic => ("m.room.topic", json!({ "topic": value })),
                    StateField::Avatar => ("m.room.avatar", json!({ "url": value })),
                    StateField::HistoryVisibility => (
                        "m.room.history_visibility",
                        json!({ "history_visibility": value }),
                    ),
                };
                self.put_state(by, &id, kind, content).await
            }
            Action::SetPower { power, .. } => self.set_power(by, &id, power).await,
            other => unreachable!("no event of a room: {other:?}"),
        }
    }

    async fn change_member(
        &mut self,
        by: UserId,
        room: &str,
        how: &str,
        who: UserId,
    ) -> Result<Option<String>, Trouble> {
        let body = json!({ "user_id": self.user_id(who) });
        let request = Request::post(CLIENT, &["rooms", room, how], body);
        self.ask(by, &request).await?;
        self.member_of(by, room, who).await
    }

    async fn member_of(
        &mut self,
        by: UserId,
        room: &str,
        who: UserId,
    ) -> Result<Option<String>, Trouble> {
        let (home, who) = (self.home(by), self.user_id(who));
        self.membership_event(home, room, &who).await
    }

    async fn put_state(
        &mut self,
        by: UserId,
        room: &str,
        kind: &str,
        content: Value,
    ) -> Result<Option<String>, Trouble> {
        let request = Request::put(CLIENT, &["rooms", room, "state", kind], content);
        let answer = self.ask(by, &request).await?;
        Ok(answer["event_id"].as_str().map(str::to_owned))
    }

    /// The levels that the user's server has now, with some of them changed.
    async fn set_power(
        &mut self,
        by: UserId,
        room: &str,
        power: &Power,
    ) -> Result<Option<String>, Trouble> {
        let present = Request::get(CLIENT, &["rooms", room, "state", "m.room.power_levels"]);
        let mut content = self.ask(by, &present).await?;
        if !content["users"].is_object() {
            content["users"] = json!({});
        }
        for (user, level) in &power.users {
            content["users"][self.user_id(*user)] = json!(level);
        }
        if let Some(level) = power.events_default {
            content["events_default"] = json!(level);
        }
        self.put_state(by, room, "m.room.power_levels", content)
            .await
    }
}

fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::WorldReadable => "world_readable",
        Visibility::Shared => "shared",
        Visibility::Invited => "invited",
        Visibility::Joined => "joined",
    }
}
