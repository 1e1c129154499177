//! People who look for a lost day by its date: a jump brings one event as history, from which they can page
//! back even where nobody has spoken since (reference 3.1, 3.5).

use crate::journal::{RoomId, ServerId, UserId};
use crate::kernel::{Purpose, SimDuration, SimTime};
use crate::workload::Action;

use super::people::Habit;
use super::{Power, Simulation};

const JUMP: Purpose = Purpose::new("people.jump");
const WHO_JUMPS: Purpose = Purpose::new("people.who-jumps");
const WHERE_TO: Purpose = Purpose::new("people.where-to");

impl Simulation<'_> {
    /// After a loss, members begin to look for what is missing in each room that the server knows.
    pub(super) fn start_jumping(&mut self, now: SimTime, server: ServerId) {
        if self.world.people.jumps_after_loss_per_member_day <= 0.0 || !self.looks_back(now, server)
        {
            return;
        }
        let rooms = self.servers[server.index()].db.rooms.keys().copied();
        for room in rooms.collect::<Vec<_>>() {
            self.plan_jump(now, server, room, now.0);
        }
    }

    /// The next jump in this room comes after an exponential time, the sooner the more members.
    fn plan_jump(&mut self, now: SimTime, server: ServerId, room: RoomId, number: u64) {
        let members = self.members_of(server, room).len();
        let rate = self.world.people.jumps_after_loss_per_member_day;
        let per_day = rate * members.max(1) as f64;
        let mean = SimDuration((SimDuration::days(1).0 as f64 / per_day) as u64);
        let wait = self.wait(JUMP, pair(server, room), SimTime(number), mean);
        let number = number + 1;
        self.jumping.insert((server, room), number);
        self.plan_habit(
            now + wait,
            Habit::Jump {
                server,
                room,
                number,
            },
        );
    }

    /// Members of a room who live on this server, as it believes.
    fn members_of(&self, server: ServerId, room: RoomId) -> Vec<UserId> {
        let log = &self.logs[room.index()];
        let replica = self.servers[server.index()].db.rooms.get(&room);
        replica.map_or(Vec::new(), |replica| {
            Self::local_members(log, server, &replica.state)
        })
    }

    pub(super) fn jump_habit(&mut self, now: SimTime, server: ServerId, room: RoomId, number: u64) {
        // A server that was started anew has begun anew.
        let is_present = self.jumping.get(&(server, room)) == Some(&number);
        if !is_present || !self.looks_back(now, server) {
            return;
        }
        let members = self.members_of(server, room).into_iter();
        let homeserver = &self.servers[server.index()];
        let able: Vec<UserId> = members.filter(|user| homeserver.can_act(*user)).collect();
        let mut stream = self.streams.stream(WHO_JUMPS, pair(server, room), number);
        let who = able
            .get(stream.below(able.len() as u64) as usize)
            .filter(|_| self.power[server.index()] == Power::Up);
        if let Some(who) = who {
            let to = self.lost_day(server, room, number);
            let action = Action::JumpToDate {
                room,
                who: *who,
                to,
            };
            self.act(now, &action, 0);
        }
        self.plan_jump(now, server, room, number);
    }

    /// A moment of the period that the server's last loss took.
    fn lost_day(&self, server: ServerId, room: RoomId, number: u64) -> SimTime {
        let mut losses = self.losses.iter().rev();
        let loss = losses.find(|loss| loss.server == server);
        let (from, until) = loss.map_or((self.world.start, self.world.end), |loss| {
            (loss.backup_at.unwrap_or(self.world.start), loss.at)
        });
        let mut stream = self.streams.stream(WHERE_TO, pair(server, room), number);
        from + SimDuration(stream.below(until.since(from).0.max(1)))
    }
}

fn pair(server: ServerId, room: RoomId) -> u64 {
    (u64::from(server.0) << 32) | u64::from(room.0)
}
