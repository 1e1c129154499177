//! Accounts, sessions and files.

use serde_json::json;

use super::super::client::{Refusal, Request};
use super::super::error::RecordError;
use super::{CLIENT, Player, Trouble};
use crate::journal::{ServerId, UserId};
use crate::script::PlayStep;
use crate::workload::Action;

/// Password of accounts that exist from the start.
const PASSWORD: &str = "pw";
/// Session of a new account.
const FIRST_SESSION: &str = "register";
/// Account that purges; the script cannot name it.
const ADMINISTRATOR: &str = "administrator";
/// Files are asked of other servers for this long (format, section 2).
const DOWNLOAD_MILLIS: &str = "5000";

/// The smallest PNG: one grey dot.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b,
    0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x68, 0x00, 0x00, 0x00,
    0x82, 0x00, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae,
    0x42, 0x60, 0x82,
];

/// A session that an account was given.
#[derive(Debug, Clone)]
pub(super) struct Session {
    label: String,
    pub(super) token: String,
}

impl Player<'_> {
    /// The accounts that exist before the first step, and one that purges where a script purges.
    pub(super) async fn make_accounts(&mut self) -> Result<(), RecordError> {
        for index in 0..self.script.users.len() {
            if self.script.users[index].exists {
                let user = UserId(index as u32);
                let made = self.register(user, PASSWORD).await;
                made.map_err(|trouble| self.unexpected(self.home(user), "register", trouble))?;
            }
        }
        for step in &self.script.steps {
            if let PlayStep::Act(Action::PurgeHistory { server, .. }) = step
                && !self.administrators.contains_key(server)
            {
                self.make_administrator(*server).await?;
            }
        }
        Ok(())
    }

    async fn make_administrator(&mut self, server: ServerId) -> Result<(), RecordError> {
        let address = self.servers[server.index()].address();
        let request = registration(ADMINISTRATOR, PASSWORD);
        let made = self.client.ask(&address, None, &request).await;
        let made =
            made.map_err(|refusal| self.unexpected(server, "register", Trouble::Refused(refusal)))?;
        let token = made["access_token"].as_str().unwrap_or_default().to_owned();
        let user = format!("@{ADMINISTRATOR}:{}", self.servers[server.index()].name);
        let homeserver = &mut self.servers[server.index()];
        let books = homeserver.books(self.laboratory).await?;
        let done = books.make_admin(&user).await;
        done.map_err(|cause| self.servers[server.index()].unreadable(cause))?;
        self.administrators.insert(server, token);
        Ok(())
    }

    fn unexpected(&self, server: ServerId, request: &str, trouble: Trouble) -> RecordError {
        match trouble {
            Trouble::Failed(error) => error,
            Trouble::Refused(Refusal(code)) => RecordError::Answer {
                server: self.script.servers[server.index()].clone(),
                request: request.to_owned(),
                what: code,
            },
        }
    }

    /// Actions of one account alone.
    pub(super) async fn account(&mut self, action: &Action) -> Result<(), Trouble> {
        match action {
            Action::Register { who, password } => self.register(*who, password).await,
            Action::Login {
                who,
                password,
                session,
            } => self.login(*who, password, session).await,
            Action::CheckSession { who, session } => {
                let sessions = self
                    .sessions
                    .get(who)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                let newest = sessions.iter().rev().find(|one| one.label == *session);
                let token = newest.ok_or_else(Refusal::none)?.token.clone();
                let request = Request::get(CLIENT, &["account", "whoami"]);
                let address = self.servers[self.home(*who).index()].address();
                self.client.ask(&address, Some(&token), &request).await?;
                Ok(())
            }
            Action::SetPassword { who, old, password } => {
                let body = json!({
                    "auth": self.proof(*who, old),
                    "new_password": password,
                    "logout_devices": false,
                });
                let request = Request::post(CLIENT, &["account", "password"], body);
                self.ask(*who, &request).await.map(drop)
            }
            Action::Deactivate {
                who,
                password,
                erase,
            } => {
                let body = json!({ "auth": self.proof(*who, password), "erase": erase });
                let request = Request::post(CLIENT, &["account", "deactivate"], body);
                let done = self.ask(*who, &request).await;
                self.settle().await?;
                done.map(drop)
            }
            Action::Upload { media, by } => {
                let request = Request::upload("/_matrix/media/v3", &["upload"], PNG);
                let answer = self.ask(*by, &request).await?;
                let uri = answer["content_uri"].as_str().unwrap_or_default();
                self.media.insert(*media, uri.to_owned());
                Ok(())
            }
            Action::Download { media, by } => {
                let uri = self.media.get(media).cloned().ok_or_else(Refusal::none)?;
                let place: Vec<&str> = uri.trim_start_matches("mxc://").split('/').collect();
                let request = Request::get(
                    "/_matrix/client/v1/media/download",
                    &[place[0], place.get(1).copied().unwrap_or_default()],
                )
                .with("timeout_ms", DOWNLOAD_MILLIS);
                self.ask(*by, &request).await.map(drop)
            }
            other => unreachable!("no action of a recording: {other:?}"),
        }
    }

    async fn register(&mut self, who: UserId, password: &str) -> Result<(), Trouble> {
        let address = self.servers[self.home(who).index()].address();
        let request = registration(self.local_part(who), password);
        let made = self.client.ask(&address, None, &request).await?;
        self.keep_session(who, FIRST_SESSION, &made);
        Ok(())
    }

    async fn login(&mut self, who: UserId, password: &str, session: &str) -> Result<(), Trouble> {
        let address = self.servers[self.home(who).index()].address();
        let request = Request::post(CLIENT, &["login"], self.proof(who, password));
        let made = self.client.ask(&address, None, &request).await?;
        self.keep_session(who, session, &made);
        Ok(())
    }

    fn keep_session(&mut self, who: UserId, label: &str, made: &serde_json::Value) {
        self.sessions.entry(who).or_default().push(Session {
            label: label.to_owned(),
            token: made["access_token"].as_str().unwrap_or_default().to_owned(),
        });
    }

    fn local_part(&self, who: UserId) -> &str {
        &self.script.users[who.index()].name
    }

    /// What a login and an interactive confirmation ask for.
    fn proof(&self, who: UserId, password: &str) -> serde_json::Value {
        json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": self.local_part(who) },
            "password": password,
        })
    }
}

fn registration(name: &str, password: &str) -> Request {
    let body = json!({
        "username": name,
        "password": password,
        "auth": { "type": "m.login.dummy" },
    });
    Request::post(CLIENT, &["register"], body)
}
