//! Timers of servers: which rooms are brought up before one rings.

use crate::journal::ServerId;
use crate::kernel::SimTime;
use crate::protocol::matrix::Timer;

use super::{Event, Power, Simulation, class};

impl Simulation<'_> {
    /// A server's timer rings.
    pub(super) fn ring(&mut self, now: SimTime, server: ServerId, boot: u32, timer: Timer) {
        if self.boots[server.index()] != boot {
            return;
        }
        match self.power[server.index()] {
            Power::Up => {}
            Power::Frozen => return self.overdue.entry(server).or_default().push(timer),
            Power::Down | Power::Dead => return,
        }
        self.bring_up_for(now, server, timer);
        self.decide(server, |homeserver, context| {
            homeserver.ring(context, timer)
        });
    }

    /// A server that stood still goes on: what was due meanwhile rings now.
    pub(super) fn ring_overdue(&mut self, now: SimTime, server: ServerId) {
        let boot = self.boots[server.index()];
        for timer in self.overdue.remove(&server).unwrap_or_default() {
            let event = Event::Ring {
                server,
                boot,
                timer,
            };
            self.queue.push(now, class::RING, server.0, event);
        }
    }

    /// Brings up the rooms on which it depends what a server does when its timer rings.
    fn bring_up_for(&mut self, now: SimTime, server: ServerId, timer: Timer) {
        match timer {
            Timer::PurgeJob => self.advance_server(server, now),
            Timer::Dummy => {
                for room in self.servers[server.index()].forked_rooms() {
                    self.advance(room, now);
                }
            }
            Timer::Retry(to) if !self.servers[server.index()].is_transmitting(to) => {
                self.touch_pair(server, to);
            }
            Timer::WakeNext if self.world.in_step => {
                if let Some(to) = self.servers[server.index()].next_to_wake(now) {
                    self.advance_shared(server, to);
                }
            }
            Timer::Wake if self.world.in_step && self.servers[server.index()].looks(now) => {
                self.bring_up_look(server, ServerId(0));
            }
            Timer::WakePage(from) if self.world.in_step => self.bring_up_look(server, from),
            Timer::Pulled(task) => {
                if let Some(room) = self.servers[server.index()].room_of_task(task) {
                    self.advance(room, now);
                    self.touch_copy(room, server);
                }
            }
            Timer::Forgotten(room) => self.advance(room, now),
            _ => {}
        }
    }
}
