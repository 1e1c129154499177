//! Scrolling back, and purging.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::client::{Refusal, Request};
use super::super::error::RecordError;
use super::{CLIENT, Player, Trouble, answered};
use crate::journal::{RoomId, ServerId, UserId};
use crate::verify::StepResult;

const PURGE_EVERY: Duration = Duration::from_millis(50);
const ADMIN: &str = "/_synapse/admin/v1";

impl Player<'_> {
    pub(super) async fn scroll(
        &mut self,
        room: RoomId,
        who: UserId,
        page: u32,
        passes: u32,
        pause: bool,
    ) -> Result<StepResult, RecordError> {
        let mut result = answered("ok");
        for _ in 0..passes {
            self.settle().await?;
            self.quiet = None;
            match self.pass(room, who, page, pause).await {
                Ok((seen, pages)) => {
                    result.seen.push(seen);
                    result.pages.push(pages);
                }
                Err(Trouble::Refused(Refusal(code))) => {
                    result.result = code;
                    break;
                }
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        self.settle().await?;
        Ok(result)
    }

    /// Once from the newest event to the end: per class of messages how many were shown, and the pages.
    async fn pass(
        &mut self,
        room: RoomId,
        who: UserId,
        page: u32,
        pause: bool,
    ) -> Result<(BTreeMap<String, u64>, u64), Trouble> {
        let id = self.room_id(room)?;
        let mut shown: BTreeSet<String> = BTreeSet::new();
        let mut pages = 0;
        let mut from: Option<String> = None;
        loop {
            let mut request = Request::get(CLIENT, &["rooms", &id, "messages"])
                .with("dir", "b")
                .with("limit", page.to_string());
            if let Some(from) = from {
                request = request.with("from", from);
            }
            let answer = self.ask(who, &request).await?;
            pages += 1;
            let chunk = answer["chunk"].as_array().cloned().unwrap_or_default();
            let ids = chunk.iter().filter_map(|event| event["event_id"].as_str());
            shown.extend(ids.map(str::to_owned));
            let Some(end) = answer["end"].as_str() else {
                break;
            };
            from = Some(end.to_owned());
            if pause {
                self.settle().await?;
                self.quiet = None;
            }
        }
        let classes = self.sent.get(&room).into_iter().flatten();
        let mut seen: BTreeMap<String, u64> =
            classes.map(|(class, _)| (class.clone(), 0)).collect();
        for event in shown {
            if let Some((_, class, _)) = self.labels.get(&event) {
                *seen.entry(class.clone()).or_default() += 1;
            }
        }
        Ok((seen, pages))
    }

    /// Purges history up to the `keep_last`-th newest message, and waits for the end of it.
    pub(super) async fn purge(
        &mut self,
        server: ServerId,
        room: RoomId,
        keep_last: u32,
        delete_local: bool,
    ) -> Result<(), Trouble> {
        let id = self.room_id(room)?;
        let homeserver = &mut self.servers[server.index()];
        let newest = homeserver
            .books(self.laboratory)
            .await?
            .newest_messages(&id)
            .await;
        let newest = newest.map_err(|cause| homeserver.unreadable(cause))?;
        let Some(up_to) = newest.get((keep_last as usize).saturating_sub(1)) else {
            return Err(Refusal("too few".to_owned()).into());
        };
        let body = json!({ "purge_up_to_event_id": up_to, "delete_local_events": delete_local });
        let request = Request::post(ADMIN, &["purge_history", &id], body);
        let begun = self.ask_as_administrator(server, &request).await?;
        let purge = begun["purge_id"].as_str().unwrap_or_default().to_owned();
        let request = Request::get(ADMIN, &["purge_history_status", &purge]);
        loop {
            let state = self.ask_as_administrator(server, &request).await?;
            match state["status"].as_str() {
                Some("complete") => return Ok(()),
                Some("failed") => return Err(Refusal("failed".to_owned()).into()),
                _ => tokio::time::sleep(PURGE_EVERY).await,
            }
        }
    }

    async fn ask_as_administrator(
        &self,
        server: ServerId,
        request: &Request,
    ) -> Result<Value, Refusal> {
        let address = self.servers[server.index()].address();
        let token = self.administrators.get(&server).map(String::as_str);
        self.client.ask(&address, token, request).await
    }
}
