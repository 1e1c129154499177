//! Messages in turns (format, 2.2), and redactions of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::client::{Refusal, Request};
use super::super::error::RecordError;
use super::{CLIENT, Player, Trouble, answered};
use crate::journal::{RoomId, UserId};
use crate::verify::StepResult;

impl Player<'_> {
    pub(super) async fn send(
        &mut self,
        room: RoomId,
        tag: &str,
        by: &[UserId],
        counts: &[u32],
        turn: u32,
    ) -> Result<StepResult, RecordError> {
        let mut left = counts.to_vec();
        let mut unheard = BTreeSet::new();
        let mut failed: BTreeMap<String, String> = BTreeMap::new();
        while left.iter().any(|n| *n > 0) {
            for (index, user) in by.iter().enumerate() {
                let n = left[index].min(turn);
                if n == 0 {
                    continue;
                }
                left[index] -= n;
                let listeners = self.listeners(self.home(*user), room).await?;
                let mut last = None;
                for _ in 0..n {
                    match self.send_one(room, tag, *user).await {
                        Ok(event) => last = Some(event),
                        Err(Trouble::Failed(error)) => return Err(error),
                        Err(Trouble::Refused(Refusal(code))) => {
                            failed.insert(self.script.user_name(*user), code);
                            left[index] = 0;
                            break;
                        }
                    }
                }
                if let Some(event) = last {
                    unheard.extend(self.wait_heard(&event, &listeners).await?);
                }
            }
        }
        let first = failed.values().min().cloned();
        Ok(StepResult {
            result: first.unwrap_or_else(|| "ok".to_owned()),
            unheard: self.labels_of(&unheard),
            failed: failed.into_keys().collect(),
            ..StepResult::default()
        })
    }

    async fn send_one(&mut self, room: RoomId, tag: &str, by: UserId) -> Result<String, Trouble> {
        let id = self.room_id(room)?;
        let class = self.class(tag, self.home(by));
        let sent = self.sent.get(&room).and_then(|classes| classes.get(&class));
        let number = sent.copied().unwrap_or(0) + 1;
        let body = json!({ "msgtype": "m.text", "body": format!("{class} {number}") });
        let transaction = self.transaction();
        let path = ["rooms", &id, "send", "m.room.message", &transaction];
        let answer = self.ask(by, &Request::put(CLIENT, &path, body)).await?;
        let event = answer["event_id"].as_str().unwrap_or_default().to_owned();
        self.sent
            .entry(room)
            .or_default()
            .insert(class.clone(), number);
        self.labels.insert(event.clone(), (room, class, number));
        Ok(event)
    }

    pub(super) async fn redact(
        &mut self,
        room: RoomId,
        by: UserId,
        class: &str,
        number: u32,
    ) -> Result<StepResult, RecordError> {
        let is_target =
            |(r, c, n): &(RoomId, String, u32)| *r == room && c == class && *n == number;
        let target = self.labels.iter().find(|(_, label)| is_target(label));
        let target = target.map(|(event, _)| event.clone());
        let (Some(target), Ok(id)) = (target, self.room_id(room)) else {
            return Ok(answered("none"));
        };
        let listeners = self.listeners(self.home(by), room).await?;
        let transaction = self.transaction();
        let path = ["rooms", &id, "redact", &target, &transaction];
        let answer = match self.ask(by, &Request::put(CLIENT, &path, json!({}))).await {
            Ok(answer) => answer,
            Err(Trouble::Refused(Refusal(code))) => return Ok(answered(&code)),
            Err(Trouble::Failed(error)) => return Err(error),
        };
        let event = answer["event_id"].as_str().unwrap_or_default();
        let deaf = self.wait_heard(event, &listeners).await?;
        Ok(StepResult {
            unheard: self.labels_of(&deaf),
            ..answered("ok")
        })
    }

    fn transaction(&mut self) -> String {
        self.transactions += 1;
        format!("t{}", self.transactions)
    }
}
