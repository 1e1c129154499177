//! The loss, and what people do afterwards.

use super::Draft;
use crate::faults::{Fault, KeyFate, MediaFate};
use crate::journal::{RoomId, ServerId, UserId};
use crate::workload::Action;

const MEDIA: [(MediaFate, u32); 3] = [
    (MediaFate::Restored, 5),
    (MediaFate::Kept, 3),
    (MediaFate::Gone, 2),
];
const KEYS: [(KeyFate, u32); 3] = [
    (KeyFate::Kept, 8),
    (KeyFate::New, 1),
    (KeyFate::NewListed, 1),
];

/// What people do about a loss.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Speak,
    Scroll,
    RegisterAgain,
    LoginAgain,
    JoinAgain,
    Invite,
    Download,
    Anything,
    Purge,
    Measure,
}

const ANSWERS: [(Answer, u32); 10] = [
    (Answer::Speak, 30),
    (Answer::Scroll, 22),
    (Answer::RegisterAgain, 6),
    (Answer::LoginAgain, 3),
    (Answer::JoinAgain, 10),
    (Answer::Invite, 5),
    (Answer::Download, 6),
    (Answer::Anything, 14),
    (Answer::Purge, 3),
    (Answer::Measure, 8),
];

impl Draft {
    pub(super) fn after(&mut self) {
        let losing = self.losing.clone();
        self.restore(losing[0]);
        for _ in 0..3 + self.stream.below(7) {
            self.answer();
        }
        if let Some(second) = losing.get(1) {
            self.end_troubles();
            self.restore(*second);
            for _ in 0..2 + self.stream.below(4) {
                self.answer();
            }
        }
        self.end_troubles();
        for room in self.companies.keys().copied().collect::<Vec<_>>() {
            if self.stream.chance(600) {
                self.send(room, "post", 2);
            }
            if self.stream.chance(500) {
                self.scroll(room);
            }
        }
        self.measure_all();
    }

    fn restore(&mut self, server: ServerId) {
        let (media, key) = (self.weighted(&MEDIA), self.weighted(&KEYS));
        self.strike(Fault::Restore {
            server,
            to: None,
            media_to: None,
            media,
            key,
        });
        self.down.remove(&server);
        self.measure(server);
    }

    fn answer(&mut self) {
        let Some(room) = self.any_room() else {
            return;
        };
        match self.weighted(&ANSWERS) {
            Answer::Speak => self.send(room, "post", 4),
            Answer::Scroll => self.scroll(room),
            Answer::RegisterAgain => {
                // Those that may have been lost, and sometimes one that was not.
                let first = |user: &UserId| self.script.users[user.index()].exists;
                let again: Vec<UserId> = self.awake();
                let late: Vec<UserId> = again.iter().copied().filter(|who| !first(who)).collect();
                let from = if late.is_empty() { again } else { late };
                if let Some(who) = self.pick(&from) {
                    let password = "pw".to_owned();
                    self.act(Action::Register { who, password });
                }
            }
            Answer::LoginAgain => {
                let awake = self.awake();
                if let Some(who) = self.pick(&awake) {
                    let session = format!("again{}", self.script.steps.len());
                    let password = if self.stream.chance(700) {
                        "pw"
                    } else {
                        "changed"
                    };
                    self.act(Action::Login {
                        who,
                        password: password.to_owned(),
                        session,
                    });
                }
            }
            Answer::JoinAgain => self.join_again(room),
            Answer::Invite => {
                let members = self.members(room);
                let awake = self.awake();
                if let (Some(by), Some(who)) = (self.pick(&members), self.pick(&awake)) {
                    self.act(Action::Invite { room, by, who });
                }
            }
            Answer::Download => self.download(),
            Answer::Anything => self.happening("post"),
            Answer::Purge => self.purge(),
            Answer::Measure => {
                let servers = self.servers();
                if let Some(server) = self.pick(&servers) {
                    self.measure(server);
                }
            }
        }
    }

    /// By room id, mostly through the server of another member, sometimes through none.
    fn join_again(&mut self, room: RoomId) {
        let awake = self.awake();
        let Some(who) = self.pick(&awake) else {
            return;
        };
        let home = self.home(who);
        let members = self.members(room);
        let others: Vec<ServerId> = members.iter().map(|user| self.home(*user)).collect();
        let others: Vec<ServerId> = others.into_iter().filter(|other| *other != home).collect();
        let via = match self.stream.chance(850) {
            true => self.pick(&others),
            false => None,
        };
        self.act(Action::Join { room, who, via });
        self.company(room).members.insert(who);
    }
}
