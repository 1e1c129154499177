//! The rooms: when and by whom each is made, who joins, how much is said, which get an avatar.

use std::collections::BTreeMap;

use super::draw::{Draft, between, count};
use super::{Group, Reach};
use crate::journal::{MediaId, RoomId, ServerId, UserId};
use crate::kernel::{Purpose, SimDuration, SimTime, Stream};
use crate::workload::{Action, RoomKind, RoomSpec, StateField};

/// The version that Synapse makes.
const ROOM_VERSION: u8 = 12;
/// Rooms older than the simulation are made in its first minutes, and filled in its first hour.
const OLD_MADE: (SimDuration, SimDuration) = (SimDuration::minutes(1), SimDuration::minutes(30));
/// Nothing new is made in the last days before the loss, so that a room has some life in it.
const QUIET: SimDuration = SimDuration::days(7);

/// A room that is being drawn.
struct Sketch {
    group: String,
    number: u64,
    created: SimTime,
    old: bool,
    encrypted: bool,
    remote_creator: bool,
    avatar: bool,
    avatar_inside: bool,
}

/// All groups of rooms.
pub(super) fn draw(draft: &mut Draft<'_>) {
    for group in &draft.plan.rooms {
        let mut quotas = Quotas::default();
        for number in 0..u64::from(group.count) {
            let sketch = sketch(draft, group, number, &mut quotas);
            furnish(draft, group, &sketch);
        }
    }
}

/// What kind of room this is, and when it is made. Shares are kept exactly, one within the other: a share
/// that came out empty by chance would leave nothing to measure.
fn sketch(draft: &Draft<'_>, group: &Group, number: u64, quotas: &mut Quotas) -> Sketch {
    let inside = quotas.take("inside", [false; 3], group.inside_per_mille);
    let encrypted = quotas.take(
        "encrypted",
        [inside, false, false],
        group.encrypted_per_mille,
    );
    let old = !inside && quotas.take("old", [encrypted, false, false], group.old_per_mille);
    let federated = group.reach == Reach::Federated;
    let of_room = [inside, encrypted, old];
    let remote_creator =
        federated && quotas.take("remote", of_room, group.remote_creator_per_mille);
    let avatar = quotas.take(
        "avatar",
        [inside, remote_creator, false],
        group.avatars_per_mille,
    );
    let of_avatar = [remote_creator, avatar, false];
    let avatar_inside =
        inside || avatar && quotas.take("avatar inside", of_avatar, group.avatars_inside_per_mille);
    let mut stream = address(draft, group, "created", number);
    let (start, plan) = (draft.world.start, draft.plan);
    let created = if inside {
        between(
            &mut stream,
            *plan.lost_from,
            plan.lost_until.saturating_sub(QUIET).max(*plan.lost_from),
        )
    } else if old {
        start + stream.uniform(OLD_MADE.0, OLD_MADE.1)
    } else {
        let from = start + SimDuration::hours(1);
        between(
            &mut stream,
            from,
            plan.lost_from.saturating_sub(QUIET).max(from),
        )
    };
    Sketch {
        group: group.label.to_string(),
        number,
        created,
        old,
        encrypted,
        remote_creator,
        avatar,
        avatar_inside,
    }
}

/// Members, messages and avatar.
fn furnish(draft: &mut Draft<'_>, group: &Group, sketch: &Sketch) {
    let members = members(draft, group, sketch);
    let Some((by, others)) = members.split_first() else {
        return;
    };
    let mut stream = address(draft, group, "messages", sketch.number);
    let rate = group.messages_per_member_day;
    let rate = stream.lognormal_per_mille(rate.median, rate.sigma) as f64 / 1000.0;
    let mut lives = address(draft, group, "lifetime", sketch.number);
    let names_lifetime = lives.chance(group.max_lifetime_per_mille.unwrap_or(1000));
    let room = RoomId(draft.world.rooms.len() as u32);
    draft.world.rooms.push(RoomSpec {
        name: format!("{}-{:02}", sketch.group, sketch.number + 1),
        kind: group.kind,
        federate: group.reach != Reach::Unfederated,
        version: ROOM_VERSION,
        encrypted: sketch.encrypted,
        visibility: group.visibility,
        max_lifetime: group.max_lifetime.filter(|_| names_lifetime),
        messages_per_day: rate * members.len() as f64,
        files_per_mille: group.files_per_mille,
    });
    draft.plan_in(room, sketch.created, Action::CreateRoom { room, by: *by });
    fill(draft, group, sketch, room, *by, others);
    if sketch.avatar {
        hang_avatar(draft, group, sketch, room, *by);
    }
}

/// The members, the creator first: local and remote ones in the order of a race by activity.
fn members(draft: &mut Draft<'_>, group: &Group, sketch: &Sketch) -> Vec<UserId> {
    let mut sizes = address(draft, group, "size", sketch.number);
    let (local_count, remote_count) = match (group.kind, group.reach) {
        (RoomKind::Direct, Reach::Federated) => (1, 1),
        (RoomKind::Direct, _) => (2, 0),
        (_, Reach::Federated) => (
            count(&mut sizes, group.local),
            count(&mut sizes, group.remote),
        ),
        _ => (count(&mut sizes, group.local).max(2), 0),
    };
    let there = draft
        .locals
        .iter()
        .enumerate()
        .filter(|(_, (_, since))| *since <= sketch.created);
    let candidates = there.map(|(number, (who, _))| {
        let weight = draft.world.users[who.index()].weight;
        (number as u64, weight, *who)
    });
    let mut locals = draft.race(purpose(group, "local"), sketch.number, candidates);
    locals.truncate(local_count as usize);
    // Every user of every peer is a candidate, so peers are picked by their numbers of users.
    let everyone = draft
        .peers
        .iter()
        .enumerate()
        .flat_map(|(peer, (_, size))| {
            (0..*size)
                .map(move |number| ((peer as u64 + 1) << 32 | number, 1, (peer as u64, number)))
        });
    let mut chosen = match remote_count {
        0 => Vec::new(),
        _ => draft.race(purpose(group, "remote"), sketch.number, everyone),
    };
    chosen.truncate(remote_count as usize);
    let remotes: Vec<UserId> = chosen
        .into_iter()
        .map(|(peer, number)| draft.remote(peer, number))
        .collect();
    if sketch.remote_creator {
        [remotes, locals].concat()
    } else {
        [locals, remotes].concat()
    }
}

/// The others come in, by invitation where the room asks for one.
fn fill(
    draft: &mut Draft<'_>,
    group: &Group,
    sketch: &Sketch,
    room: RoomId,
    by: UserId,
    others: &[UserId],
) {
    let mut stream = address(draft, group, "joins", sketch.number);
    let pause = if sketch.old {
        SimDuration::seconds(5)
    } else {
        SimDuration::hours(3)
    };
    let mut others = others.to_vec();
    stream.shuffle(&mut others);
    let mut at = sketch.created;
    for who in others {
        at = at + SimDuration::seconds(1) + stream.exponential(pause);
        if at >= *draft.plan.lost_until {
            return;
        }
        if group.kind != RoomKind::Public {
            draft.plan_in(room, at, Action::Invite { room, by, who });
            at = at + SimDuration::seconds(1) + stream.exponential(pause);
        }
        let via = draft.via(who, by);
        draft.plan_in(room, at, Action::Join { room, who, via });
    }
}

/// The creator uploads an avatar: nobody else has the power to set it.
fn hang_avatar(draft: &mut Draft<'_>, group: &Group, sketch: &Sketch, room: RoomId, by: UserId) {
    let mut stream = address(draft, group, "avatar", sketch.number);
    let plan = draft.plan;
    let at = if sketch.avatar_inside {
        let from = sketch.created.max(*plan.lost_from) + SimDuration::hours(1);
        between(
            &mut stream,
            from,
            plan.lost_until
                .saturating_sub(SimDuration::days(1))
                .max(from),
        )
    } else {
        // Within the first day, and before the backup that is left.
        sketch.created + stream.uniform(SimDuration::hours(1), SimDuration::days(1))
    };
    let media = MediaId(draft.world.media.len() as u32);
    let label = format!("avatar of {}", draft.world.room(room).name);
    draft.world.media.push(label.clone());
    draft.plan_in(room, at, Action::Upload { media, by });
    let action = Action::SetState {
        room,
        by,
        field: StateField::Avatar,
        value: label,
        file: Some(media),
    };
    draft.plan_in(room, at + SimDuration::seconds(1), action);
}

impl Draft<'_> {
    /// The server that a client names to join a room of `by`: none if that is its own.
    pub(super) fn via(&self, who: UserId, by: UserId) -> Option<ServerId> {
        let server = self.world.home(by);
        (server != self.world.home(who)).then_some(server)
    }
}

fn purpose(group: &Group, what: &str) -> Purpose {
    Purpose::new(&format!("population.room.{}.{what}", *group.label))
}

fn address(draft: &Draft<'_>, group: &Group, what: &str, number: u64) -> Stream {
    draft.streams.stream(purpose(group, what), number, 0)
}

/// Shares of a sequence kept exactly, separately in each stratum.
#[derive(Default)]
struct Quotas(BTreeMap<(&'static str, [bool; 3]), u64>);

impl Quotas {
    /// Is the next one of this stratum among the `per_mille` of 1000?
    fn take(&mut self, what: &'static str, stratum: [bool; 3], per_mille: u32) -> bool {
        let seen = self.0.entry((what, stratum)).or_insert(0);
        let until = |n: u64| (n * u64::from(per_mille) + 500) / 1000;
        *seen += 1;
        until(*seen) > until(*seen - 1)
    }
}
