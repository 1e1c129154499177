//! Draws people, rooms and what they do, from keyed streams: one server or room more moves nobody else's
//! luck.

use crate::faults::Fault;
use crate::journal::{RoomId, ServerId, UserId};
use crate::kernel::{Purpose, SimDuration, SimTime, Stream, Streams};
use crate::workload::{Action, RoomKind, RoomSpec, StateField, UserSpec, Visibility};

use super::file::{FaultRates, Population};
use super::names::Names;

const PEER_SIZE: Purpose = Purpose::new("population.peer-size");
const ACCOUNT: Purpose = Purpose::new("population.account");
const ROOM: Purpose = Purpose::new("population.room");
const MEMBERS: Purpose = Purpose::new("population.members");
const NEWCOMER: Purpose = Purpose::new("population.newcomer");
const AVATAR: Purpose = Purpose::new("population.avatar");
const PASSWORD: Purpose = Purpose::new("population.password");
const OUTAGES: Purpose = Purpose::new("faults.outages");

/// Spread of how much people speak: lognormal, sigma 1.5 (literature, section 7, messages).
const WEIGHT_SIGMA: f64 = 1.5;
const WEIGHT_MEDIAN: f64 = 10.0;
/// Median number of local members in a public and in a private room, and of members elsewhere. Assumption.
const LOCAL_PUBLIC: f64 = 12.0;
const LOCAL_PRIVATE: f64 = 4.0;
const REMOTE_PUBLIC: f64 = 10.0;
const REMOTE_PRIVATE: f64 = 2.0;
const MEMBERS_SIGMA: f64 = 0.8;
/// Public rooms that a new account joins. Assumption; 94 % of users are in three rooms or fewer (Jacob et
/// al. 2019).
const NEWCOMER_ROOMS: usize = 3;
/// Rooms of before the start are created over the first hours.
const FOUNDING: SimDuration = SimDuration::hours(6);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    Private,
    LocalMembers,
    Unfederated,
    DirectLocal,
    DirectRemote,
}

/// A world being drawn.
pub(super) struct Draw<'a> {
    pub(super) population: &'a Population,
    pub(super) streams: Streams,
    pub(super) start: SimTime,
    pub(super) measured: ServerId,
    pub(super) measured_name: &'a str,
    pub(super) names: &'a mut Names,
    pub(super) actions: &'a mut Vec<(SimTime, Action)>,
}

/// Names of the drawn peers: `peer-01.example`, ...
pub(super) fn peer_name(number: u32) -> String {
    format!("peer-{:02}.example", number + 1)
}

impl Draw<'_> {
    /// Draws everything.
    pub(super) fn all(&mut self) {
        let locals = self.accounts();
        let numbers = self.population.rooms.clone();
        let kinds = [
            (Kind::Public, numbers.public),
            (Kind::Private, numbers.private),
            (Kind::LocalMembers, numbers.local_members),
            (Kind::Unfederated, numbers.unfederated),
            (Kind::DirectLocal, numbers.direct_local),
            (Kind::DirectRemote, numbers.direct_remote),
        ];
        for (kind, count) in kinds {
            for number in 0..count {
                self.room(kind, number, &locals);
            }
        }
        self.newcomers(&locals);
        self.passwords(&locals);
    }

    /// Who registers during the run comes into some of the public rooms that are there.
    fn newcomers(&mut self, locals: &[(UserId, SimTime)]) {
        let rooms: Vec<(RoomId, SimTime, ServerId)> = self
            .actions
            .iter()
            .filter_map(|(at, action)| match action {
                Action::CreateRoom { room, by }
                    if self.names.room_specs[room.index()].kind == RoomKind::Public =>
                {
                    Some((*room, *at, self.names.user_specs[by.index()].server))
                }
                _ => None,
            })
            .collect();
        for (user, since) in locals.iter().filter(|(_, since)| *since > self.start) {
            let mut stream = self.streams.stream(NEWCOMER, u64::from(user.0), 0);
            let mut open: Vec<_> = rooms
                .iter()
                .filter(|(_, at, _)| *at + FOUNDING < *since)
                .collect();
            stream.shuffle(&mut open);
            for (number, (room, _, home)) in open.into_iter().take(NEWCOMER_ROOMS).enumerate() {
                let at = *since + SimDuration::hours(1) * (number as u64 + 1);
                self.actions.push((
                    at,
                    Action::Join {
                        room: *room,
                        who: *user,
                        via: Some(*home),
                    },
                ));
            }
        }
    }

    /// Local accounts: who exists from the start, and when the others register.
    fn accounts(&mut self) -> Vec<(UserId, SimTime)> {
        let p = self.population;
        (0..p.local_users)
            .map(|number| {
                let mut stream = self.streams.stream(ACCOUNT, u64::from(number), 0);
                let old = stream.chance(p.old_accounts_per_mille);
                let weight = weight(&mut stream);
                let since = if old {
                    self.start
                } else {
                    self.start + stream.uniform(SimDuration::hours(12), p.until.since(self.start))
                };
                let name = format!("user-{:03}@{}", number + 1, self.measured_name);
                let user = self.names.add_user(UserSpec {
                    name,
                    server: self.measured,
                    exists: old,
                    weight,
                });
                if !old {
                    let password = "pw".to_owned();
                    self.actions.push((
                        since,
                        Action::Register {
                            who: user,
                            password,
                        },
                    ));
                }
                (user, since)
            })
            .collect()
    }

    /// A user of a peer, the peer picked by its size.
    fn remote_user(&mut self, stream: &mut Stream) -> UserId {
        let sizes: Vec<u32> = (0..self.population.peers)
            .map(|peer| {
                let mut size = self.streams.stream(PEER_SIZE, u64::from(peer), 0);
                size.lognormal_count(20.0, self.population.peer_size_sigma)
                    .clamp(1, 1_000_000) as u32
            })
            .collect();
        let peer = stream.pick_weighted(&sizes).unwrap_or(0);
        let number = stream.below(u64::from(sizes[peer]));
        let name = peer_name(peer as u32);
        let server = self.names.servers[&name];
        let weight = weight(stream);
        self.names.add_user(UserSpec {
            name: format!("p{number}@{name}"),
            server,
            exists: true,
            weight,
        })
    }

    /// One room: what it is, who makes it when, who is in it.
    fn room(&mut self, kind: Kind, number: u32, locals: &[(UserId, SimTime)]) {
        let p = self.population;
        let entity = (kind as u64) << 32 | u64::from(number);
        let mut stream = self.streams.stream(ROOM, entity, 0);
        let old = stream.chance(p.old_rooms_per_mille);
        let founded = old && stream.chance(700);
        let at = if founded {
            self.start + stream.uniform(SimDuration::minutes(1), FOUNDING)
        } else if old {
            self.start + stream.uniform(FOUNDING, p.period_from.since(self.start))
        } else {
            p.period_from + stream.uniform(SimDuration::days(1), p.until.since(p.period_from))
        };
        let private = !matches!(kind, Kind::Public | Kind::LocalMembers | Kind::Unfederated);
        let encrypted = private && stream.chance(p.encrypted_per_mille);
        let room = self.names.add_room(RoomSpec {
            name: room_name(kind, number),
            kind: match kind {
                Kind::Public | Kind::LocalMembers | Kind::Unfederated => RoomKind::Public,
                Kind::Private => RoomKind::Private,
                Kind::DirectLocal | Kind::DirectRemote => RoomKind::Direct,
            },
            federate: kind != Kind::Unfederated,
            version: 6,
            encrypted,
            visibility: Visibility::Shared,
            max_lifetime: None,
            messages_per_day: stream.lognormal_per_mille(p.messages_per_day, p.messages_sigma)
                as f64
                / 1000.0,
            files_per_mille: p.files_per_mille,
        });
        let members = self.members(kind, entity, locals, at);
        let Some(creator) = members.first().copied() else {
            return;
        };
        self.enter(room, kind, at, creator, &members);
        self.avatar(room, entity, at, creator, &members);
    }

    /// Creator first. About half of the shared rooms are made by somebody of another server.
    fn members(
        &mut self,
        kind: Kind,
        entity: u64,
        locals: &[(UserId, SimTime)],
        at: SimTime,
    ) -> Vec<UserId> {
        let mut stream = self.streams.stream(MEMBERS, entity, 0);
        let mut present: Vec<UserId> = locals
            .iter()
            .filter(|(_, since)| *since <= at)
            .map(|(user, _)| *user)
            .collect();
        stream.shuffle(&mut present);
        let many = |stream: &mut Stream, median, least| {
            (stream.lognormal_count(median, MEMBERS_SIGMA) as usize).max(least)
        };
        let (local, remote) = match kind {
            Kind::Public => (
                many(&mut stream, LOCAL_PUBLIC, 2),
                many(&mut stream, REMOTE_PUBLIC, 1),
            ),
            Kind::Private => (
                many(&mut stream, LOCAL_PRIVATE, 1),
                many(&mut stream, REMOTE_PRIVATE, 1),
            ),
            Kind::LocalMembers | Kind::Unfederated => (many(&mut stream, LOCAL_PUBLIC, 2), 0),
            Kind::DirectLocal => (2, 0),
            Kind::DirectRemote => (1, 1),
        };
        present.truncate(local);
        for _ in 0..remote {
            let user = self.remote_user(&mut stream);
            if !present.contains(&user) {
                present.push(user);
            }
        }
        if remote > 0 && stream.chance(500) {
            let locals = local.min(present.len() - 1);
            present.rotate_left(locals);
        }
        present
    }

    /// The room is made, and its members come in over the next days.
    fn enter(
        &mut self,
        room: RoomId,
        kind: Kind,
        at: SimTime,
        creator: UserId,
        members: &[UserId],
    ) {
        self.actions
            .push((at, Action::CreateRoom { room, by: creator }));
        let home = self.names.user_specs[creator.index()].server;
        let public = matches!(kind, Kind::Public | Kind::LocalMembers | Kind::Unfederated);
        for (number, who) in members.iter().copied().enumerate().skip(1) {
            let at = at + SimDuration::minutes(1) * number as u64;
            if !public {
                self.actions.push((
                    at,
                    Action::Invite {
                        room,
                        by: creator,
                        who,
                    },
                ));
            }
            let via = Some(home);
            self.actions.push((
                at + SimDuration::seconds(30),
                Action::Join { room, who, via },
            ));
        }
    }

    /// Some rooms get a picture, uploaded by a local member, before or inside the period.
    fn avatar(
        &mut self,
        room: RoomId,
        entity: u64,
        at: SimTime,
        creator: UserId,
        members: &[UserId],
    ) {
        let p = self.population;
        let mut stream = self.streams.stream(AVATAR, entity, 0);
        let here = self.names.user_specs[creator.index()].server == self.measured;
        if !here || members.len() < 2 || !stream.chance(p.avatars_per_mille) {
            return;
        }
        let when = at + stream.uniform(SimDuration::days(1), p.until.since(at));
        let label = format!("avatar of {}", self.names.room_specs[room.index()].name);
        let media = self.names.add_media(&label);
        self.actions
            .push((when, Action::Upload { media, by: creator }));
        let set = Action::SetState {
            room,
            by: creator,
            field: StateField::Avatar,
            value: label,
            file: Some(media),
        };
        self.actions.push((when + SimDuration::seconds(5), set));
    }

    /// Some people change their password in the period.
    fn passwords(&mut self, locals: &[(UserId, SimTime)]) {
        let p = self.population;
        for (user, since) in locals {
            let mut stream = self.streams.stream(PASSWORD, u64::from(user.0), 0);
            let from = p.period_from.max(*since) + SimDuration::days(1);
            if stream.chance(p.password_changes_per_mille) && from < p.until {
                let at = from + stream.uniform(SimDuration::ZERO, p.until.since(from));
                let (old, password) = ("pw".to_owned(), "new".to_owned());
                self.actions.push((
                    at,
                    Action::SetPassword {
                        who: *user,
                        old,
                        password,
                    },
                ));
            }
        }
    }
}

fn weight(stream: &mut Stream) -> u32 {
    stream
        .lognormal_count(WEIGHT_MEDIAN, WEIGHT_SIGMA)
        .clamp(1, 1000) as u32
}

fn room_name(kind: Kind, number: u32) -> String {
    let kind = match kind {
        Kind::Public => "public",
        Kind::Private => "private",
        Kind::LocalMembers => "local-members",
        Kind::Unfederated => "unfederated",
        Kind::DirectLocal => "dm-local",
        Kind::DirectRemote => "dm-remote",
    };
    format!("{kind}-{:02}", number + 1)
}

/// Outages of every server but the measured one, each from its own stream.
pub(super) fn outages(
    rates: &FaultRates,
    streams: Streams,
    servers: usize,
    measured: ServerId,
    start: SimTime,
    end: SimTime,
) -> Vec<(SimTime, Fault)> {
    let mut faults = Vec::new();
    if rates.outages_per_year <= 0.0 {
        return faults;
    }
    let between = SimDuration((SimDuration::days(365).0 as f64 / rates.outages_per_year) as u64);
    for server in (0..servers as u32)
        .map(ServerId)
        .filter(|server| *server != measured)
    {
        let mut stream = streams.stream(OUTAGES, u64::from(server.0), 0);
        let mut at = start;
        loop {
            at = at + stream.exponential(between);
            let back = at + stream.lognormal(rates.outage_median, rates.outage_sigma);
            if back >= end {
                break;
            }
            faults.push((at, Fault::Stop { server }));
            faults.push((back, Fault::Start { server }));
            at = back;
        }
    }
    faults
}
