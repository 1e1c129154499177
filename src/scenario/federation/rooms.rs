//! The rooms of a federation: on how many servers, with how many users, how busy; and who of each server is in.

use std::collections::{BTreeMap, BTreeSet};

use super::super::population::weight;
use super::Kind;
use super::draw::Draft;
use crate::journal::{RoomId, ServerId, UserId};
use crate::kernel::{Purpose, Stream};
use crate::workload::{RoomSpec, UserSpec};
use crate::world::Founding;

const USER_ACTIVITY: Purpose = Purpose::new("federation.user.activity");
/// The version that Synapse makes.
const ROOM_VERSION: u8 = 12;
/// Draws of servers for one room, for each that it shall have; then it has fewer. Only a room with members on most
/// servers meets it.
const DRAWS_FOR_SERVER: u64 = 200;
/// Activity of users, as in `population`.
const ACTIVITY: super::Spread = super::Spread {
    median: 10.0,
    sigma: 1.0,
};

/// Accounts that are simulated, made when somebody needs them.
struct People {
    most: u64,
    known: BTreeMap<(ServerId, u64), UserId>,
}

/// Servers to draw from, in proportion to their users.
struct Urn {
    upto: Vec<u64>,
}

impl Urn {
    fn new(servers: &[(ServerId, u64)]) -> Urn {
        let mut sum = 0;
        let upto = servers.iter().map(|(_, size)| {
            sum += size;
            sum
        });
        Urn {
            upto: upto.collect(),
        }
    }

    /// `n` different ones, in the order in which they are drawn.
    fn draw(&self, stream: &mut Stream, n: usize) -> Vec<usize> {
        let all = *self.upto.last().expect("there are servers");
        let mut drawn = Vec::new();
        let mut seen = BTreeSet::new();
        for _ in 0..DRAWS_FOR_SERVER * n as u64 {
            if drawn.len() == n {
                break;
            }
            let place = stream.below(all);
            let server = self.upto.partition_point(|upto| *upto <= place);
            if seen.insert(server) {
                drawn.push(server);
            }
        }
        drawn
    }
}

/// All kinds of rooms.
pub(super) fn draw(draft: &mut Draft<'_>) {
    let urn = Urn::new(&draft.servers);
    let mut people = People {
        most: u64::from(draft.plan.accounts_most.max(1)),
        known: BTreeMap::new(),
    };
    let rooms = draft.scaled(draft.plan.rooms, 1);
    let plan = draft.plan;
    for kind in &plan.kinds {
        let number = (u64::from(rooms) * u64::from(kind.per_mille)).div_ceil(1000);
        let first = draft.world.rooms.len();
        let activity: Vec<f64> = (0..number)
            .map(|number| found(draft, kind, number, &urn, &mut people))
            .collect();
        let sum: f64 = activity.iter().sum();
        let messages = *plan.messages_per_day * *plan.scale;
        let of_kind = messages * f64::from(kind.messages_per_mille) / 1000.0;
        for (room, activity) in draft.world.rooms[first..].iter_mut().zip(activity) {
            room.messages_per_day = of_kind * activity / sum;
        }
    }
}

/// One room with its members. Says how active it is, beside others of its kind.
fn found(draft: &mut Draft<'_>, kind: &Kind, number: u64, urn: &Urn, people: &mut People) -> f64 {
    let purpose = Purpose::new(&format!("federation.room.{}", *kind.label));
    let mut stream = draft.streams.stream(purpose, number, 0);
    let all = draft.servers.len() as u64;
    let most = (all * u64::from(kind.servers_most_per_mille) / 1000).clamp(1, all);
    let drawn = stream.lognormal_count(kind.servers.median, kind.servers.sigma);
    let least = u64::from(kind.servers_least).min(most);
    let servers = urn.draw(&mut stream, drawn.clamp(least, most) as usize);
    let for_each = kind.users_per_server;
    let per_mille = stream.lognormal_per_mille(for_each.median, for_each.sigma);
    let users = (servers.len() as u64 * per_mille / 1000).max(servers.len() as u64);
    let lives = Purpose::new(&format!("federation.lifetime.{}", *kind.label));
    let mut lives = draft.streams.stream(lives, number, 0);
    let names_lifetime = lives.chance(kind.max_lifetime_per_mille.unwrap_or(1000));
    let room = RoomId(draft.world.rooms.len() as u32);
    let (mut members, mut crowds) = (Vec::new(), BTreeMap::new());
    let mut in_all = 0;
    for (server, wish) in share(draft, &mut stream, &servers, users) {
        let (id, size) = draft.servers[server];
        let inside = wish.min(size);
        in_all += inside;
        let simulated = inside.min(u64::from(draft.plan.speakers_most.max(1)));
        let speakers = people.pick(draft, &mut stream, id, size, simulated);
        crowds.extend(crowds_of(&speakers, inside));
        members.extend(speakers);
    }
    draft.world.rooms.push(RoomSpec {
        name: format!("{}-{:06}", *kind.label, number + 1),
        kind: kind.kind,
        federate: true,
        version: ROOM_VERSION,
        encrypted: stream.chance(kind.encrypted_per_mille),
        visibility: kind.visibility,
        max_lifetime: kind.max_lifetime.filter(|_| names_lifetime),
        messages_per_day: 0.0,
        files_per_mille: kind.files_per_mille,
    });
    draft.world.founded.push(Founding {
        room,
        members,
        crowds,
    });
    draft.census.members.push((room, in_all));
    let activity = stream.lognormal_per_mille(1.0, *kind.activity_sigma).max(1) as f64;
    activity * (in_all as f64).sqrt()
}

/// How many of a room's users each of its servers has: one, and of the rest a share by its size.
fn share(
    draft: &Draft<'_>,
    stream: &mut Stream,
    servers: &[usize],
    users: u64,
) -> Vec<(usize, u64)> {
    let size = |server: &usize| draft.servers[*server].1;
    let mut left = users - servers.len() as u64;
    let mut weight_left: u64 = servers.iter().map(size).sum();
    let mut shares = Vec::new();
    for server in servers {
        let more = match weight_left == size(server) {
            true => left,
            false => stream.binomial(left, size(server) as f64 / weight_left as f64),
        };
        left -= more;
        weight_left -= size(server);
        shares.push((*server, 1 + more));
    }
    shares
}

/// A server's members who are only counted are divided among those who are simulated.
fn crowds_of(speakers: &[UserId], inside: u64) -> impl Iterator<Item = (UserId, u32)> {
    let (each, more) = (
        inside / speakers.len() as u64,
        inside % speakers.len() as u64,
    );
    let crowds = speakers.iter().zip(0..).map(move |(speaker, number)| {
        let crowd = each + u64::from(number < more);
        (*speaker, u32::try_from(crowd).unwrap_or(u32::MAX))
    });
    crowds.filter(|(_, crowd)| *crowd > 1)
}

impl People {
    /// `n` different users of a server.
    fn pick(
        &mut self,
        draft: &mut Draft<'_>,
        stream: &mut Stream,
        server: ServerId,
        size: u64,
        n: u64,
    ) -> Vec<UserId> {
        let pool = size.min(self.most);
        let mut numbers = BTreeSet::new();
        while (numbers.len() as u64) < n.min(pool) {
            numbers.insert(stream.below(pool));
        }
        numbers
            .into_iter()
            .map(|number| self.user(draft, server, number))
            .collect()
    }

    fn user(&mut self, draft: &mut Draft<'_>, server: ServerId, number: u64) -> UserId {
        *self.known.entry((server, number)).or_insert_with(|| {
            let mut stream = draft
                .streams
                .stream(USER_ACTIVITY, u64::from(server.0), number);
            let id = UserId(draft.world.users.len() as u32);
            draft.world.users.push(UserSpec {
                name: format!("user-{:03}", number + 1),
                server,
                exists: true,
                weight: weight(&mut stream, ACTIVITY),
            });
            id
        })
    }
}

#[test]
fn an_urn_gives_different_servers_and_large_ones_more_often() {
    let servers = [(ServerId(0), 90), (ServerId(1), 9), (ServerId(2), 1)];
    let urn = Urn::new(&servers);
    let mut first = [0; 3];
    for number in 0..1000 {
        let mut stream = crate::kernel::Streams::new(1).stream(USER_ACTIVITY, number, 0);
        let drawn = urn.draw(&mut stream, 3);
        let different: BTreeSet<usize> = drawn.iter().copied().collect();
        assert_eq!(different.len(), 3);
        first[drawn[0]] += 1;
    }
    assert!(first[0] > 850 && first[1] > first[2], "{first:?}");
}
