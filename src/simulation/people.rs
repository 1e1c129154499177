//! What people do in answer to what they see: log in again, register a lost name again, ask lost members
//! in again, page back where something is missing.
//!
//! Each draw is keyed by the person or room and the number of the occasion, so two runs that differ in a
//! rule meet the same people.

use crate::journal::{Fact, Path, RoomId, ServerId, UserId, What};
use crate::kernel::{Purpose, SimDuration, SimTime};
use crate::room::{RoomLog, TrafficRef};
use crate::workload::Action;

use super::{Event, Power, Simulation, class};

const LOG_IN_AGAIN: Purpose = Purpose::new("people.log-in-again");
const NAME_REUSE: Purpose = Purpose::new("people.name-reuse");
pub(super) const REGISTER_AGAIN: Purpose = Purpose::new("people.register-again");
const INVITE_AGAIN: Purpose = Purpose::new("people.invite-again");
const SCROLL: Purpose = Purpose::new("people.scroll");
const WHO_SCROLLS: Purpose = Purpose::new("people.who-scrolls");
const HOW_FAR: Purpose = Purpose::new("people.how-far");
/// How often the crawler of the what-if pages a room back. Assumption: a job of every night.
const CRAWLS_EVERY: SimDuration = SimDuration::days(1);
/// How long people look for what is missing. Assumption.
const LOOKS_BACK_FOR: SimDuration = SimDuration::days(30);
/// Mean time until a person whose session ended logs in again. Assumption: most look at their phone
/// several times a day.
const LOG_IN_AGAIN_AFTER: SimDuration = SimDuration::hours(4);

/// Something that a person will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Habit {
    /// Logs in again with the password that works.
    LogIn { user: UserId },
    /// Registers a lost name again.
    Register { user: UserId },
    /// A stranger registers a lost name.
    TakeOver { user: UserId },
    /// A member elsewhere asks a lost member into a room again.
    InviteAgain { room: RoomId, server: ServerId },
    /// A person who was asked joins by the room's id, through the server of whoever asked.
    JoinAgain {
        room: RoomId,
        user: UserId,
        via: ServerId,
    },
    /// Somebody of this server pages back in the room.
    Scroll {
        server: ServerId,
        room: RoomId,
        number: u64,
    },
    /// Somebody of this server jumps to a date of the lost period.
    Jump {
        server: ServerId,
        room: RoomId,
        number: u64,
    },
    /// A day begins of which something will be taken back.
    PlanDeletions { room: RoomId, day: u32 },
    /// An author takes a drawn message back.
    TakeBack { room: RoomId, message: TrafficRef },
    /// A person has the account erased.
    Erase { user: UserId },
}

impl Simulation<'_> {
    pub(super) fn plan_habit(&mut self, at: SimTime, habit: Habit) {
        self.queue.push(at, class::PERSON, 0, Event::Habit(habit));
    }

    /// A server is back, perhaps with an older database: its people find out what no longer works.
    pub(super) fn people_return(&mut self, now: SimTime, server: ServerId) {
        if self.scripted() {
            return;
        }
        for user in self.users_of[server.index()].clone() {
            if self.servers[server.index()].can_act(user) {
                continue;
            }
            if self.servers[server.index()].db.accounts.contains_key(&user) {
                let wait = self.wait(LOG_IN_AGAIN, u64::from(user.0), now, LOG_IN_AGAIN_AFTER);
                self.plan_habit(now + wait, Habit::LogIn { user });
            } else if self.losses.iter().any(|loss| loss.accounts.contains(&user)) {
                self.plan_registration(now, user);
            }
        }
        self.plan_invitations(now, server);
        self.start_jumping(now, server);
    }

    /// In a recording nobody does anything of themselves.
    pub(super) fn scripted(&self) -> bool {
        self.world.is_laboratory()
    }

    pub(super) fn wait(
        &self,
        purpose: Purpose,
        entity: u64,
        now: SimTime,
        mean: SimDuration,
    ) -> SimDuration {
        self.streams
            .stream(purpose, entity, now.0)
            .exponential(mean)
    }

    fn plan_registration(&mut self, now: SimTime, user: UserId) {
        let people = &self.world.people;
        let mut stream = self.streams.stream(REGISTER_AGAIN, u64::from(user.0), 0);
        let registers = stream.chance(people.register_again_per_mille);
        let wait = stream.exponential(people.register_again_after);
        if registers {
            self.plan_habit(now + wait, Habit::Register { user });
        }
        if people.name_reuse_per_day > 0.0 {
            let mean = SimDuration::days(1).0 as f64 / people.name_reuse_per_day;
            let wait = self.wait(NAME_REUSE, u64::from(user.0), now, SimDuration(mean as u64));
            self.plan_habit(now + wait, Habit::TakeOver { user });
        }
    }

    /// Only the server's own list of users is asked, so a stranger gets a lost name, and with it the
    /// memberships by the others' record (reference 4.4).
    fn take_over(&mut self, now: SimTime, user: UserId) {
        let server = self.world.home(user);
        let homeserver = &mut self.servers[server.index()];
        let is_up = self.power[server.index()] == Power::Up;
        if is_up && homeserver.register(user, "stranger").is_ok() {
            self.journal.write(Fact::Gained {
                at: now,
                server,
                what: What::Account(user),
                path: Path::TakenOver,
                from: server,
            });
            self.touch_rooms_of(user);
        }
    }

    /// In rooms that the server forgot and that others still list its users in, somebody may ask again.
    fn plan_invitations(&mut self, now: SimTime, server: ServerId) {
        let people = self.world.people.clone();
        for room in self.rooms_of(server) {
            let log = &self.logs[room.index()];
            let listed = log.present().hosts.contains_key(&server);
            if !listed || self.servers[server.index()].in_room(room, log) {
                continue;
            }
            let pair = (u64::from(server.0) << 32) | u64::from(room.0);
            let mut stream = self.streams.stream(INVITE_AGAIN, pair, 0);
            if stream.chance(people.invite_again_per_mille) {
                let wait = stream.exponential(people.invite_again_after);
                self.plan_habit(now + wait, Habit::InviteAgain { room, server });
            }
        }
    }

    /// A person does it.
    pub(super) fn follow_habit(&mut self, now: SimTime, habit: Habit) {
        match habit {
            Habit::LogIn { user } => {
                let server = self.world.home(user);
                if self.power[server.index()] == Power::Up {
                    self.servers[server.index()].log_in_again(user);
                    self.touch_rooms_of(user);
                    self.take_back_late(now, server, Some(user));
                }
            }
            Habit::Register { user } => {
                let server = self.world.home(user);
                if !self.servers[server.index()].db.accounts.contains_key(&user) {
                    self.act(
                        now,
                        &Action::Register {
                            who: user,
                            password: "again".to_owned(),
                        },
                        0,
                    );
                    self.touch_rooms_of(user);
                }
            }
            Habit::TakeOver { user } => self.take_over(now, user),
            Habit::InviteAgain { room, server } => self.invite_again(now, room, server),
            Habit::JoinAgain { room, user, via } => {
                self.act(
                    now,
                    &Action::Join {
                        room,
                        who: user,
                        via: Some(via),
                    },
                    0,
                );
            }
            Habit::Scroll {
                server,
                room,
                number,
            } => self.scroll_habit(now, server, room, number),
            Habit::Jump {
                server,
                room,
                number,
            } => self.jump_habit(now, server, room, number),
            Habit::PlanDeletions { room, day } => self.plan_deletions_of(now, room, day),
            Habit::TakeBack { room, message } => self.take_back(now, room, message),
            Habit::Erase { user } => self.erase(now, user),
        }
    }

    fn touch_rooms_of(&mut self, user: UserId) {
        for room in self.rooms_of(self.world.home(user)) {
            let log = &self.logs[room.index()];
            let listed = log.last().is_some_and(|last| {
                log.membership_in(log.state_after(last), user)
                    == Some(crate::room::Membership::Join)
            });
            if listed {
                self.touch_room(room);
            }
        }
    }

    /// The invitation itself is refused ("already in the room", reference 4.2), but who was asked now
    /// knows the room's id and a server that is in it.
    fn invite_again(&mut self, now: SimTime, room: RoomId, server: ServerId) {
        self.advance(room, now);
        let log = &self.logs[room.index()];
        let Some(last) = log.last() else { return };
        let members: Vec<UserId> = log.joined(log.state_after(last)).collect();
        let asks = members.iter().copied().find(|user| {
            let home = self.world.home(*user);
            home != server && self.power[home.index()] == Power::Up
        });
        let asked = members.iter().copied().find(|user| {
            self.world.home(*user) == server && self.servers[server.index()].can_act(*user)
        });
        let (Some(asks), Some(asked)) = (asks, asked) else {
            return;
        };
        self.act(
            now,
            &Action::Invite {
                room,
                by: asks,
                who: asked,
            },
            0,
        );
        let pair = (u64::from(asked.0) << 32) | u64::from(room.0);
        let wait = self.wait(INVITE_AGAIN, pair, now, self.world.people.accept_after);
        let via = self.world.home(asks);
        self.plan_habit(
            now + wait,
            Habit::JoinAgain {
                room,
                user: asked,
                via,
            },
        );
    }

    /// Where a copy has a gap, its members begin to page into it now and then.
    pub(super) fn start_scrolling(&mut self, room: RoomId, server: ServerId) {
        if self.scripted() || self.world.people.scrolls_per_member_day <= 0.0 {
            return;
        }
        let is_new = !self.scrolling.contains_key(&(server, room)) && self.has_gap(server, room);
        if is_new && self.present[room.index()].contains(&server) {
            let now = self.queue.now();
            self.plan_scroll(now, server, room, now.0);
        }
    }

    fn has_gap(&self, server: ServerId, room: RoomId) -> bool {
        let homeserver = &self.servers[server.index()];
        homeserver.db.rooms.get(&room).is_some_and(|replica| {
            !replica.backward.is_empty() && replica.in_room(&self.logs[room.index()], server)
        })
    }

    pub(super) fn local_members(
        log: &RoomLog,
        server: ServerId,
        state: &crate::room::StateMap,
    ) -> Vec<UserId> {
        log.joined(state)
            .filter(|user| log.home(*user) == server)
            .collect()
    }

    /// The next scroll in this room comes after an exponential time, the sooner the more members.
    fn plan_scroll(&mut self, now: SimTime, server: ServerId, room: RoomId, number: u64) {
        let log = &self.logs[room.index()];
        let members = self.servers[server.index()]
            .db
            .rooms
            .get(&room)
            .map_or(0, |replica| {
                Self::local_members(log, server, &replica.state).len()
            });
        let people = &self.world.people;
        let rate = if self.looks_back(now, server) {
            people.scrolls_after_loss_per_member_day
        } else {
            people.scrolls_per_member_day
        };
        let per_day = rate * members.max(1) as f64;
        let mean = SimDuration((SimDuration::days(1).0 as f64 / per_day) as u64);
        let pair = (u64::from(server.0) << 32) | u64::from(room.0);
        let wait = if self.servers[server.index()].rules.admin_crawler {
            CRAWLS_EVERY
        } else {
            self.wait(SCROLL, pair, SimTime(number), mean)
        };
        self.scrolling.insert((server, room), number + 1);
        self.plan_habit(
            now + wait,
            Habit::Scroll {
                server,
                room,
                number: number + 1,
            },
        );
    }

    /// A scroll that stays where nothing is missing changes nothing, so it is not played.
    fn would_reach_gap(&mut self, server: ServerId, room: RoomId, rows: u32, page: u32) -> bool {
        let now = self.queue.now();
        self.advance(room, now);
        let log = &self.logs[room.index()];
        let spec = &self.world.rooms[room.index()];
        let homeserver = &mut self.servers[server.index()];
        // The page itself, and how far below it a place to ask from may lie.
        let reach = page.saturating_mul(homeserver.rules.backfill_trigger_factor.saturating_add(1));
        homeserver
            .replica(room, log, spec)
            .is_some_and(|replica| replica.is_gap_within(log, rows, reach))
    }

    /// Was there a loss on the server not long ago, so that people look for what is missing?
    pub(super) fn looks_back(&self, now: SimTime, server: ServerId) -> bool {
        self.losses
            .iter()
            .any(|loss| loss.server == server && now.since(loss.at) < LOOKS_BACK_FOR)
    }

    fn scroll_habit(&mut self, now: SimTime, server: ServerId, room: RoomId, number: u64) {
        if self.scrolling.get(&(server, room)) != Some(&number) {
            return;
        }
        // The chain of scrolls lives exactly as long as the gap: what else happens must not restart it.
        if !self.has_gap(server, room) {
            self.scrolling.remove(&(server, room));
            return;
        }
        if self.power[server.index()] != Power::Up {
            return self.plan_scroll(now, server, room, number);
        }
        let log = &self.logs[room.index()];
        let homeserver = &self.servers[server.index()];
        let members = Self::local_members(log, server, &homeserver.db.rooms[&room].state);
        let able: Vec<UserId> = members
            .into_iter()
            .filter(|user| homeserver.can_act(*user))
            .collect();
        let pair = (u64::from(server.0) << 32) | u64::from(room.0);
        let index = self
            .streams
            .stream(WHO_SCROLLS, pair, number)
            .below(able.len() as u64) as usize;
        if let Some(who) = able.get(index).copied() {
            let page = self.world.people.page;
            let people = &self.world.people;
            let mean = if self.looks_back(now, server) {
                people.scroll_pages_after_loss
            } else {
                people.scroll_pages
            };
            let pages = self
                .streams
                .stream(HOW_FAR, pair, number)
                .exponential(SimDuration(u64::from(mean)))
                .0;
            // A person gives up after some pages; a tool does not, whatever it is shown.
            let crawls = self.servers[server.index()].rules.admin_crawler;
            let most = (!crawls).then(|| u32::try_from(pages).unwrap_or(u32::MAX));
            let pages = most.unwrap_or(u32::MAX);
            if !self.would_reach_gap(server, room, pages.saturating_mul(page), page) {
                return self.plan_scroll(now, server, room, number);
            }
            self.act(
                now,
                &Action::Scroll {
                    room,
                    who,
                    page,
                    passes: 1,
                    pause: true,
                    most,
                },
                0,
            );
        }
        self.plan_scroll(now, server, room, number);
    }
}
