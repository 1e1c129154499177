//! What people do: accounts, and new items in rooms by the rules that rooms have everywhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Fact, Path, RoomId, ServerId, UserId, What, Why};
use crate::kernel::SimTime;
use crate::protocol::matrix::{actor, allowed, apply, founding_events, power_levels};
use crate::room::{Body, Membership, Pdu, Profile};
use crate::simulation::people::REGISTER_AGAIN;
use crate::workload::{Action, StateField, Visibility};
use crate::world::World;

use super::{Event, Service, class};

/// An account: since when it is there, and when its password was changed.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) made: SimTime,
    pub(super) changes: Vec<SimTime>,
}

/// Accounts, and members who lost their membership.
#[derive(Debug, Clone)]
pub(super) struct Accounts {
    pub(super) all: BTreeMap<UserId, Account>,
    /// When each account was first made, of those that were not there from the start.
    pub(super) made: BTreeMap<UserId, SimTime>,
    /// Who lost an account and has not come back.
    pub(super) lost: BTreeSet<UserId>,
    /// Who is a member by the room's own log, and by the service's books is none.
    pub(super) out: BTreeSet<(RoomId, UserId)>,
}

impl Accounts {
    pub(super) fn new(world: &World) -> Accounts {
        let users = world.users.iter().enumerate();
        let there = users.filter(|(_, user)| user.exists);
        let account = |number: usize| {
            let changes = Vec::new();
            let made = world.start;
            (UserId(number as u32), Account { made, changes })
        };
        Accounts {
            all: there.map(|(number, _)| account(number)).collect(),
            made: BTreeMap::new(),
            lost: BTreeSet::new(),
            out: BTreeSet::new(),
        }
    }

    pub(super) fn has_account(&self, user: UserId) -> bool {
        self.all.contains_key(&user)
    }

    pub(super) fn is_out(&self, room: RoomId, user: UserId) -> bool {
        self.out.contains(&(room, user))
    }

    /// Can every member speak, as far as accounts and memberships go?
    pub(super) fn all_are_able(&self) -> bool {
        self.lost.is_empty() && self.out.is_empty()
    }
}

impl Service<'_> {
    /// A person acts; who is kept out cannot.
    pub(super) fn act(&mut self, now: SimTime, action: &Action) {
        match action {
            Action::Register { who, .. } => self.register(now, *who),
            Action::PurgeHistory {
                server,
                room,
                keep_last,
                ..
            } => self.purge(now, *server, *room, *keep_last),
            _ if actor(action).is_none_or(|user| !self.can_act(user)) => {}
            Action::CreateRoom { room, by } => self.found(*room, &[*by], BTreeMap::new(), now),
            Action::SetPassword { who, .. } => self.change_password(now, *who),
            Action::Upload { media, by } => self.upload(now, *media, *by),
            Action::Deactivate { who, .. } => {
                for room in 0..self.logs.len() {
                    let leave = Body::bare_member(*who, Membership::Leave);
                    self.make(now, RoomId(room as u32), *who, leave);
                }
            }
            Action::Redact { room, by, target } => self.redact(now, *room, *by, *target),
            _ => {
                if let Some((room, by, body)) = self.item(action) {
                    self.make(now, room, by, body);
                }
            }
        }
    }

    /// A room is made, with its first members; it is kept with the tenant of the first.
    pub(super) fn found(
        &mut self,
        room: RoomId,
        members: &[UserId],
        crowds: BTreeMap<UserId, u32>,
        now: SimTime,
    ) {
        let log = &mut self.logs[room.index()];
        let Some(by) = members.first().filter(|_| log.is_empty()) else {
            return;
        };
        let spec = &self.world.rooms[room.index()];
        let owner = self.world.home(*by);
        let (pdus, state) = founding_events(spec, members, |user| self.world.home(user), now);
        log.found(pdus, state, crowds);
        let rules = &self.world.servers[owner.index()].rules;
        let life = rules.kept_for(spec.max_lifetime);
        self.operator.take_room(room, owner, life);
        self.rooms[room.index()].owner = Some(owner);
    }

    /// A new item on top of the room's newest one, if the room lets this person make it.
    pub(super) fn make(&mut self, now: SimTime, room: RoomId, by: UserId, body: Body) -> bool {
        self.advance(room, now);
        let log = &mut self.logs[room.index()];
        let Some(last) = log.last().filter(|_| !self.rooms[room.index()].is_silent()) else {
            return false;
        };
        let before = log.state_after(last).clone();
        let present = body.state_key().and_then(|key| before.get(&key));
        let present = present.and_then(|no| log.single(*no));
        let is_same = present.is_some_and(|pdu| pdu.body == body && pdu.sender == by);
        let pdu = Pdu {
            sender: by,
            origin: self.world.home(by),
            body,
            prev_events: vec![last],
            // What an item rests on is asked by nobody here: there is one book.
            auth_events: Vec::new(),
            depth: log.depth(last) + 1,
            at: now,
        };
        let spec = &self.world.rooms[room.index()];
        if is_same || self.people.is_out(room, by) || !allowed(log, spec, &before, &pdu) {
            return false;
        }
        let after = apply(&before, &pdu.body, log.len());
        log.push(pdu, after);
        true
    }

    /// The item that an action makes.
    fn item(&self, action: &Action) -> Option<(RoomId, UserId, Body)> {
        let member = |who, membership| Body::Member {
            who,
            membership,
            profile: Profile::Name,
        };
        Some(match action {
            Action::Invite { room, by, who } => (*room, *by, member(*who, Membership::Invite)),
            Action::Join { room, who, .. } => (*room, *who, member(*who, Membership::Join)),
            Action::Leave { room, who } => {
                (*room, *who, Body::bare_member(*who, Membership::Leave))
            }
            Action::Kick { room, by, who } | Action::Unban { room, by, who } => {
                (*room, *by, Body::bare_member(*who, Membership::Leave))
            }
            Action::Ban { room, by, who } => (*room, *by, Body::bare_member(*who, Membership::Ban)),
            Action::Send { room, by, file } => {
                let (file, traffic) = (*file, None);
                (*room, *by, Body::Message { file, traffic })
            }
            Action::SetState {
                room,
                by,
                field,
                value,
                file,
            } => {
                let body = match field {
                    StateField::Name => Body::Name(value.clone()),
                    StateField::Topic => Body::Topic(value.clone()),
                    StateField::Avatar => Body::Avatar(value.clone(), *file),
                    StateField::HistoryVisibility => Body::HistoryVisibility(match &**value {
                        "world_readable" => Visibility::WorldReadable,
                        "invited" => Visibility::Invited,
                        "joined" => Visibility::Joined,
                        _ => Visibility::Shared,
                    }),
                };
                (*room, *by, body)
            }
            Action::SetPower { room, by, power } => {
                let log = &self.logs[room.index()];
                let mut levels = power_levels(log, log.state_after(log.last()?));
                levels.users.extend(power.users.iter().copied());
                levels.events_default = power.events_default.unwrap_or(levels.events_default);
                (*room, *by, Body::PowerLevels(levels))
            }
            _ => return None,
        })
    }

    fn register(&mut self, now: SimTime, who: UserId) {
        let server = self.world.home(who);
        if self.people.has_account(who) || self.barred.contains(&server) {
            return;
        }
        let changes = Vec::new();
        let account = Account { made: now, changes };
        self.advance_all(now);
        self.people.all.insert(who, account);
        self.people.made.entry(who).or_insert(now);
        self.people.lost.remove(&who);
        self.gain(now, server, What::Account(who));
    }

    fn change_password(&mut self, now: SimTime, who: UserId) {
        if let Some(account) = self.people.all.get_mut(&who) {
            account.changes.push(now);
            let generation = account.changes.len() as u32;
            let what = What::Password(who, generation);
            self.gain(now, self.world.home(who), what);
        }
    }

    /// A person made it anew, or brought it.
    pub(super) fn gain(&mut self, now: SimTime, server: ServerId, what: What) {
        self.journal.write(Fact::Gained {
            at: now,
            server,
            what,
            path: Path::Anew,
            from: server,
        });
    }

    /// Whoever lost an account or a membership may come back once the service lets them in.
    pub(super) fn plan_returns(&mut self, now: SimTime) {
        let people = &self.world.people;
        if people.page == 0 {
            return;
        }
        let out = self.people.out.iter().map(|(_, user)| *user);
        let away: BTreeSet<UserId> = out.chain(self.people.lost.iter().copied()).collect();
        for user in away {
            if self.barred.contains(&self.world.home(user)) {
                continue;
            }
            let mut stream = self.streams.stream(REGISTER_AGAIN, u64::from(user.0), 0);
            let wait = if self.people.has_account(user) {
                stream.exponential(people.accept_after)
            } else if stream.chance(people.register_again_per_mille) {
                stream.exponential(people.register_again_after)
            } else {
                continue;
            };
            let at = now + wait;
            self.queue.push(at, class::PERSON, 0, Event::Return(user));
        }
    }

    /// A person is there again, and in all rooms that are.
    pub(super) fn come_back(&mut self, now: SimTime, user: UserId) {
        let server = self.world.home(user);
        if self.barred.contains(&server) {
            return;
        }
        self.register(now, user);
        let out = self.people.out.iter();
        let own = out.filter(|(room, who)| *who == user && !self.rooms[room.index()].is_silent());
        let own: Vec<RoomId> = own.map(|(room, _)| *room).collect();
        for room in own {
            self.advance(room, now);
            self.people.out.remove(&(room, user));
            self.gain(now, server, What::Membership(room, user));
        }
    }

    /// Redacts an item: one's own, or anybody's in a room that one has made. It is hidden at once.
    fn redact(&mut self, now: SimTime, room: RoomId, by: UserId, target: u32) {
        self.advance(room, now);
        let log = &self.logs[room.index()];
        let may = target < log.len() && [log.author(0).0, log.author(target).0].contains(&by);
        if may && self.make(now, room, by, Body::Redaction(target)) {
            self.hollow(now, room, target..target + 1, Why::Redaction);
        }
    }
}
