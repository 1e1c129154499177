//! The users of the measured server: when they register, what they join then, when they change passwords.

use super::draw::{Draft, between, weight};
use crate::journal::{RoomId, UserId};
use crate::kernel::{Purpose, SimDuration, SimTime};
use crate::workload::{Action, RoomKind, UserSpec};

const ACTIVITY: Purpose = Purpose::new("population.local.activity");
const REGISTERS: Purpose = Purpose::new("population.local.registers");
const PASSWORDS: Purpose = Purpose::new("population.local.passwords");
const LATE_ROOMS: Purpose = Purpose::new("population.local.rooms");
const LATE_TIMES: Purpose = Purpose::new("population.local.joins");

const YEAR: f64 = 365.0 * 86_400_000.0;

/// All local users, with their registrations and password changes.
pub(super) fn draw(draft: &mut Draft<'_>) {
    let plan = draft.plan;
    let (start, last) = (draft.world.start, *plan.lost_until);
    for number in 0..u64::from(plan.local_users) {
        let who = UserId(draft.world.users.len() as u32);
        let mut registers = draft.streams.stream(REGISTERS, number, 0);
        let exists = registers.chance(plan.registered_per_mille);
        let since = if exists {
            start
        } else {
            between(&mut registers, start, last)
        };
        let weight = weight(
            &mut draft.streams.stream(ACTIVITY, number, 0),
            plan.activity,
        );
        draft.world.users.push(UserSpec {
            name: format!("user-{:03}", number + 1),
            server: draft.home,
            exists,
            weight,
        });
        if !exists {
            let password = "pw".to_owned();
            draft
                .world
                .actions
                .push((since, Action::Register { who, password }));
        }
        change_passwords(draft, who, number, since);
        draft.locals.push((who, since));
    }
}

/// Password changes at a constant rate until the loss.
fn change_passwords(draft: &mut Draft<'_>, who: UserId, number: u64, since: SimTime) {
    let rate = *draft.plan.password_changes_per_year;
    if rate <= 0.0 {
        return;
    }
    let mean = SimDuration((YEAR / rate) as u64);
    let mut stream = draft.streams.stream(PASSWORDS, number, 0);
    let mut at = since + stream.exponential(mean);
    let mut old = "pw".to_owned();
    let mut changes = 0;
    while at < *draft.plan.lost_until {
        changes += 1;
        let password = format!("pw-{changes}");
        let action = Action::SetPassword {
            who,
            old,
            password: password.clone(),
        };
        draft.world.actions.push((at, action));
        old = password;
        at = at + stream.exponential(mean);
    }
}

/// Who registers late joins some public rooms that are there by then.
pub(super) fn join_late(draft: &mut Draft<'_>) {
    let start = draft.world.start;
    let open: Vec<(u64, SimTime, UserId, RoomId)> = (draft.in_room.iter())
        .filter(|(room, _)| draft.world.room(**room).kind == RoomKind::Public)
        .filter_map(|(room, actions)| match actions.first() {
            Some((at, Action::CreateRoom { by, .. })) => Some((u64::from(room.0), *at, *by, *room)),
            _ => None,
        })
        .collect();
    for (number, (who, since)) in draft.locals.clone().into_iter().enumerate() {
        if since == start {
            continue;
        }
        let there = open.iter().filter(|(_, made, ..)| *made < since);
        let candidates = there.map(|(key, _, by, room)| (*key, 1, (*by, *room)));
        let rooms = draft.race(LATE_ROOMS, number as u64, candidates);
        let mut stream = draft.streams.stream(LATE_TIMES, number as u64, 0);
        let mut at = since;
        for (by, room) in rooms.into_iter().take(draft.plan.late_joins as usize) {
            at = at + SimDuration::minutes(1) + stream.exponential(SimDuration::hours(6));
            if at < *draft.plan.lost_until {
                let via = draft.via(who, by);
                draft.plan_in(room, at, Action::Join { room, who, via });
            }
        }
    }
}
