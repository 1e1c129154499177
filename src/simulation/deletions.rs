//! People who take back what they said: the author's server makes a redaction, as for anybody. And people who have
//! their whole account erased.

use crate::journal::{RoomId, ServerId, UserId};
use crate::kernel::{Purpose, SimDuration, SimTime};
use crate::room::TrafficRef;
use crate::workload::Action;

use super::people::Habit;
use super::{Power, Simulation};

const TRIES_AGAIN: Purpose = Purpose::new("people.deletes-again");
/// Mean time from when the server answers again until the author, who had found it away, tries again. Assumption: most
/// look at their phone several times a day.
const TRIES_AGAIN_AFTER: SimDuration = SimDuration::hours(4);

const ERASES: Purpose = Purpose::new("people.erases");
const YEAR: f64 = 365.0 * 86_400_000.0;

impl Simulation<'_> {
    /// When each user wants the account erased, once and at a constant rate.
    pub(super) fn plan_erasures(&mut self) {
        let rate = self.world.people.erases_per_user_year;
        if rate <= 0.0 {
            return;
        }
        let mean = SimDuration((YEAR / rate) as u64);
        for number in 0..self.world.users.len() as u32 {
            let mut stream = self.streams.stream(ERASES, u64::from(number), 0);
            let at = self.world.start + stream.exponential(mean);
            let user = UserId(number);
            self.plan_habit(at, Habit::Erase { user });
        }
    }

    /// A person has the account erased. Who cannot now tries again later.
    pub(super) fn erase(&mut self, now: SimTime, who: UserId) {
        let server = self.world.home(who);
        if self.power[server.index()] == Power::Dead {
            return;
        }
        let homeserver = &self.servers[server.index()];
        let account = homeserver.db.accounts.get(&who);
        if account.is_some_and(|account| account.deactivated) {
            return;
        }
        let able = account.filter(|_| homeserver.can_act(who));
        let able = able.filter(|_| self.power[server.index()] == Power::Up);
        let Some(password) = able.map(|account| account.password.clone()) else {
            let wait = self.wait(ERASES, u64::from(who.0), now, TRIES_AGAIN_AFTER);
            return self.plan_habit(now + wait, Habit::Erase { user: who });
        };
        let erase = true;
        self.act(
            now,
            &Action::Deactivate {
                who,
                password,
                erase,
            },
            0,
        );
    }

    /// Plans to look, when the next day begins of which something is taken back, at what that is.
    pub(super) fn plan_deletions(&mut self, room: RoomId, from: u32) {
        if self.world.people.deletes_per_mille == 0 {
            return;
        }
        let log = &self.logs[room.index()];
        if log.traffic().per_day <= 0.0 {
            return;
        }
        let last = self.world.end.day() as u32;
        if let Some(day) = (from..=last).find(|day| !log.deletions(*day).is_empty()) {
            let at = SimTime::of_day(u64::from(day)).max(self.queue.now());
            self.plan_habit(at, Habit::PlanDeletions { room, day });
        }
    }

    /// A day begins: what is said on it and taken back later is known.
    pub(super) fn plan_deletions_of(&mut self, now: SimTime, room: RoomId, day: u32) {
        for (number, at) in self.logs[room.index()].deletions(day).iter().copied() {
            let message = TrafficRef { day, number };
            self.plan_habit(at.max(now), Habit::TakeBack { room, message });
        }
        self.plan_deletions(room, day + 1);
    }

    /// An author takes a message back. Who cannot, since the server is away or the session lost, does it later.
    pub(super) fn take_back(&mut self, now: SimTime, room: RoomId, message: TrafficRef) {
        self.advance(room, now);
        let log = &self.logs[room.index()];
        let Some(target) = log.said(message) else {
            return;
        };
        let (by, server) = log.author(target);
        if self.power[server.index()] == Power::Dead {
            return;
        }
        if self.power[server.index()] != Power::Up || !self.servers[server.index()].can_act(by) {
            let late = self.late_deletions.entry((server, by)).or_default();
            late.push((room, message));
            return;
        }
        self.act(now, &Action::Redact { room, by, target }, 0);
    }

    /// Something may work again: those who could not take back what they said try again. `who`: only this user.
    pub(super) fn take_back_late(&mut self, now: SimTime, server: ServerId, who: Option<UserId>) {
        let users = match who {
            Some(who) => (server, who)..=(server, who),
            None => (server, UserId(0))..=(server, UserId(u32::MAX)),
        };
        let late = self.late_deletions.range(users);
        let late: Vec<(ServerId, UserId)> = late.map(|(author, _)| *author).collect();
        for author in late {
            let messages = self.late_deletions.remove(&author).unwrap_or_default();
            for (room, message) in messages {
                let address = (u64::from(message.day) << 32) | u64::from(message.number);
                let mut stream = self.streams.stream(TRIES_AGAIN, u64::from(room.0), address);
                let wait = stream.exponential(TRIES_AGAIN_AFTER);
                self.plan_habit(now + wait, Habit::TakeBack { room, message });
            }
        }
    }
}
