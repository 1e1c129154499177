//! What happens between backup and loss, and what can happen at any time.

use super::before::MOST_ROOMS;
use super::{Draft, PlayStep};
use crate::faults::Fault;
use crate::journal::{RoomId, ServerId, UserId};
use crate::workload::{Action, Power, StateField};

/// What can happen.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Send,
    Join,
    Leave,
    Kick,
    Ban,
    Unban,
    Invite,
    State,
    Power,
    Redact,
    Room,
    Register,
    Password,
    Login,
    Deactivate,
    Upload,
    Download,
    Scroll,
    Outage,
    Cut,
}

/// How often each is drawn.
const HAPPENINGS: [(Happening, u32); 20] = [
    (Happening::Send, 30),
    (Happening::Join, 8),
    (Happening::Leave, 4),
    (Happening::Kick, 3),
    (Happening::Ban, 2),
    (Happening::Unban, 1),
    (Happening::Invite, 4),
    (Happening::State, 6),
    (Happening::Power, 3),
    (Happening::Redact, 5),
    (Happening::Room, 4),
    (Happening::Register, 3),
    (Happening::Password, 1),
    (Happening::Login, 1),
    (Happening::Deactivate, 1),
    (Happening::Upload, 3),
    (Happening::Download, 3),
    (Happening::Scroll, 3),
    (Happening::Outage, 4),
    (Happening::Cut, 5),
];

/// The password after a change.
const CHANGED: &str = "changed";

impl Draft {
    pub(super) fn window(&mut self) {
        for _ in 0..4 + self.stream.below(9) {
            self.happening("win");
        }
        self.end_troubles();
        for _ in 0..self.stream.below(3) {
            self.purge();
        }
        if self.stream.chance(400) {
            self.measure_all();
        }
    }

    /// Servers that were stopped start, and the link that was cut works again.
    pub(super) fn end_troubles(&mut self) {
        for server in std::mem::take(&mut self.down) {
            self.strike(Fault::Start { server });
        }
        if let Some(between) = self.cut.take() {
            self.strike(Fault::Heal { between });
        }
    }

    /// Something happens; where it cannot, nothing.
    pub(super) fn happening(&mut self, tag: &str) {
        let Some(room) = self.any_room() else {
            return;
        };
        match self.weighted(&HAPPENINGS) {
            Happening::Send => self.send(room, tag, 30),
            Happening::Scroll => self.scroll(room),
            Happening::Upload => self.upload(),
            Happening::Download => self.download(),
            Happening::Room if self.script.rooms.len() < MOST_ROOMS => {
                self.create_room();
                let made = RoomId(self.script.rooms.len() as u32 - 1);
                self.send(made, tag, 10);
            }
            Happening::Room => {}
            Happening::Outage => self.outage(),
            Happening::Cut => self.toggle_cut(),
            Happening::Redact => self.redact(room),
            Happening::State => self.set_state(room),
            Happening::Power => self.set_power(room),
            Happening::Register => self.register(),
            Happening::Password | Happening::Login | Happening::Deactivate => self.account(tag),
            other => self.membership(room, other),
        }
    }

    fn membership(&mut self, room: RoomId, what: Happening) {
        let members = self.members(room);
        let awake = self.awake();
        let (Some(by), Some(who)) = (self.pick(&members), self.pick(&awake)) else {
            return;
        };
        // Most of the time by somebody who may.
        let by = self.who_may(room).unwrap_or(by);
        match what {
            Happening::Join => self.join(room, by, who),
            Happening::Invite => {
                self.act(Action::Invite { room, by, who });
                self.company(room).invited.insert(who);
            }
            Happening::Leave => {
                let gone = self.pick(&members).unwrap_or(who);
                self.act(Action::Leave { room, who: gone });
                self.company(room).members.remove(&gone);
            }
            Happening::Kick => {
                let who = self.pick(&members).filter(|who| *who != by).unwrap_or(who);
                self.act(Action::Kick { room, by, who });
                self.company(room).members.remove(&who);
            }
            Happening::Ban => {
                self.act(Action::Ban { room, by, who });
                let company = self.company(room);
                company.members.remove(&who);
                company.banned.insert(who);
            }
            _ => {
                let banned: Vec<UserId> = self.company(room).banned.iter().copied().collect();
                if let Some(who) = self.pick(&banned) {
                    self.act(Action::Unban { room, by, who });
                    self.company(room).banned.remove(&who);
                }
            }
        }
    }

    /// The creator or a moderator, if one is there; one time in five, whoever.
    fn who_may(&mut self, room: RoomId) -> Option<UserId> {
        if self.stream.chance(200) {
            return None;
        }
        let members = self.members(room);
        let company = self.company(room);
        let may =
            |user: &UserId| company.creator == Some(*user) || company.moderators.contains(user);
        let may: Vec<UserId> = members.into_iter().filter(may).collect();
        self.pick(&may)
    }

    fn set_state(&mut self, room: RoomId) {
        let members = self.members(room);
        let Some(by) = self.who_may(room).or_else(|| self.pick(&members)) else {
            return;
        };
        let n = self.script.steps.len();
        let (field, value) = match self.stream.below(6) {
            0 | 1 => (StateField::Name, format!("name{n}")),
            2 | 3 => (StateField::Topic, format!("topic{n}")),
            4 => (StateField::Avatar, format!("mxc://example.org/avatar{n}")),
            _ => {
                let values = ["world_readable", "shared", "invited", "joined"];
                let value = values[self.stream.below(4) as usize];
                (StateField::HistoryVisibility, value.to_owned())
            }
        };
        self.act(Action::SetState {
            room,
            by,
            field,
            value,
            file: None,
        });
    }

    fn set_power(&mut self, room: RoomId) {
        let members = self.members(room);
        let (Some(by), Some(who)) = (
            self.who_may(room).or_else(|| self.pick(&members)),
            self.pick(&members),
        ) else {
            return;
        };
        let creator = self.company(room).creator == Some(who);
        // In version 12 a creator cannot be listed, and no request may try to.
        let users = match creator {
            true => Vec::new(),
            false => vec![(who, [0, 50, 50, 100][self.stream.below(4) as usize])],
        };
        let events_default = self.stream.chance(150).then(|| {
            let levels = [0, 50];
            levels[self.stream.below(2) as usize]
        });
        if users.is_empty() && events_default.is_none() {
            return;
        }
        if let Some((who, level)) = users.first() {
            let moderators = &mut self.company(room).moderators;
            if *level >= 50 {
                moderators.insert(*who);
            } else {
                moderators.remove(who);
            }
        }
        self.act(Action::SetPower {
            room,
            by,
            power: Power {
                users,
                events_default,
            },
        });
    }

    fn redact(&mut self, room: RoomId) {
        let sent = self
            .sent
            .iter()
            .filter(|((of, ..), n)| *of == room && **n > 0);
        let classes: Vec<(String, ServerId, u32)> = sent
            .map(|((_, tag, server), n)| (tag.clone(), *server, *n))
            .collect();
        if classes.is_empty() {
            return;
        }
        let (tag, server, n) = classes[self.stream.below(classes.len() as u64) as usize].clone();
        let members = self.members(room);
        let Some(by) = self.who_may(room).or_else(|| self.pick(&members)) else {
            return;
        };
        let number = 1 + self.stream.below(u64::from(n)) as u32;
        self.script.steps.push(PlayStep::Redact {
            room,
            by,
            tag,
            server,
            number,
        });
    }

    /// A name that did not exist registers, and comes into a room.
    fn register(&mut self) {
        let new = (0..self.script.users.len() as u32).map(UserId);
        let new = new
            .filter(|user| !self.accounts.contains(user) && !self.down.contains(&self.home(*user)));
        let new: Vec<UserId> = new.collect();
        let Some(who) = self.pick(&new) else {
            return;
        };
        let password = "pw".to_owned();
        self.act(Action::Register { who, password });
        self.accounts.insert(who);
        if let Some(room) = self.any_room() {
            let members = self.members(room);
            if let Some(by) = self.who_may(room).or_else(|| self.pick(&members)) {
                self.let_in(room, by, who);
            }
        }
    }

    fn account(&mut self, tag: &str) {
        let awake = self.awake();
        let Some(who) = self.pick(&awake) else {
            return;
        };
        let password = "pw".to_owned();
        match self.stream.below(4) {
            0 => self.act(Action::SetPassword {
                who,
                old: password,
                password: CHANGED.to_owned(),
            }),
            1 => self.act(Action::Deactivate {
                who,
                password,
                erase: false,
            }),
            2 => self.act(Action::CheckSession {
                who,
                session: "register".to_owned(),
            }),
            _ => {
                let session = format!("{tag}{}", self.script.steps.len());
                self.act(Action::Login {
                    who,
                    password,
                    session,
                });
            }
        }
    }

    /// A server stops, or one that had stopped starts.
    fn outage(&mut self) {
        if let Some(server) = self.down.pop_first() {
            self.strike(Fault::Start { server });
            return;
        }
        let servers = self.servers();
        if let Some(server) = self.pick(&servers) {
            self.strike(Fault::Stop { server });
            self.down.insert(server);
        }
    }

    /// A link is cut, or the one that was cut works again.
    fn toggle_cut(&mut self) {
        if let Some(between) = self.cut.take() {
            self.strike(Fault::Heal { between });
            return;
        }
        let mut servers = self.servers();
        self.stream.shuffle(&mut servers);
        let between = (servers[0].min(servers[1]), servers[0].max(servers[1]));
        self.strike(Fault::Cut { between });
        self.cut = Some(between);
    }

    pub(super) fn purge(&mut self) {
        let servers: Vec<ServerId> = self
            .servers()
            .into_iter()
            .filter(|server| !self.down.contains(server))
            .collect();
        let (Some(server), Some(room)) = (self.pick(&servers), self.any_room()) else {
            return;
        };
        let keep_last = [1, 3, 5, 8, 20][self.stream.below(5) as usize];
        let delete_local = self.stream.chance(700);
        self.act(Action::PurgeHistory {
            server,
            room,
            keep_last,
            delete_local,
        });
    }
}
