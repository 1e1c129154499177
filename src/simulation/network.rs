//! What is on its way between servers.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::{SimDuration, SimTime};
use crate::protocol::matrix::{Answer, Request, TaskId, UnknownRoom};
use crate::room::Body;

use super::wire::Fate;
use super::{Event, Power, Simulation, class};

/// One way of a question or an answer. Assumption: far below the gaps between messages; pushes between
/// healthy servers take effect before the next message of the room (ARCHITECTURE.md, limits).
const ONE_WAY: SimDuration = SimDuration::millis(50);

/// What arrives at a server.
#[derive(Debug, Clone)]
pub(super) enum Parcel {
    Transaction(Vec<(RoomId, EventNo)>),
    /// 200, or a failure, of the transaction under way.
    Receipt(bool),
    Question(TaskId, Request),
    Reply(TaskId, Answer),
}

/// A parcel that waits at a server that stands still.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) to: ServerId,
    pub(super) from: ServerId,
    pub(super) parcel: Parcel,
}

impl Simulation<'_> {
    fn deliver(&mut self, at: SimTime, from: ServerId, to: ServerId, parcel: Parcel) {
        let sent = self.queue.now();
        let event = Event::Arrive {
            to,
            from,
            sent,
            parcel,
        };
        self.queue.push(at, class::ARRIVE, from.0 + 1, event);
    }

    /// A new event goes to the servers in the room: at once and without an event to those in step with it.
    pub(super) fn send(&mut self, from: ServerId, room: RoomId, event: EventNo, to: &[ServerId]) {
        // What a message changes is seen where it arrives; other events may change who can speak.
        if !self.logs[room.index()].is_plain(event) {
            self.touch_room(room);
        }
        let pdu = self.logs[room.index()].single(event);
        if let Some(Body::Member { who, .. }) = pdu.map(|pdu| &pdu.body) {
            self.rooms_of[self.world.home(*who).index()].insert(room);
        }
        self.note_present(from, room);
        let doubtful = self.doubtful_receivers(from, room, event);
        let is_doubtful = |server: &ServerId| {
            let doubtful = doubtful.as_ref();
            doubtful.is_none_or(|doubtful| doubtful.contains(server))
        };
        let others = self.present[room.index()].iter().copied();
        let others = others.filter(|server| *server != from && is_doubtful(server));
        let others: Vec<ServerId> = others.collect();
        let to: Vec<ServerId> = to.iter().copied().filter(is_doubtful).collect();
        let (in_step, out_of_step): (Vec<ServerId>, Vec<ServerId>) = to
            .into_iter()
            .partition(|server| self.accepts_in_step(from, *server, room, event));
        // Where traffic is drawn, servers know each other anyway (`Homeserver::queue_pdu`).
        if self.world.room(room).messages_per_day <= 0.0 {
            for server in &in_step {
                self.servers[from.index()].note_given(*server);
            }
        }
        for server in others {
            if !in_step.contains(&server) {
                self.fall_out_of_step(server, room, event);
            } else if !self.logs[room.index()].is_message(event) {
                // State groups are numbered in the order in which a server meets them.
                self.write_out(server, room, event + 1);
            }
        }
        for server in out_of_step {
            if self.takes_at_once(from, server, room, event) {
                self.hand_over(from, server, room, event);
                continue;
            }
            self.bring_up_before(from, server, room);
            self.decide(from, |homeserver, context| {
                homeserver.queue_pdu(context, server, room, event)
            });
        }
    }

    /// Servers of which it is not plain that they receive a message in step, where the room is watched; or else none, and
    /// nothing is plain.
    fn doubtful_receivers(
        &self,
        from: ServerId,
        room: RoomId,
        event: EventNo,
    ) -> Option<BTreeSet<ServerId>> {
        let log = &self.logs[room.index()];
        let watch = self.clocks[room.index()].watch.as_ref()?;
        let hosts = &watch.present.hosts;
        let is_plain = log.is_message(event)
            && log.redacted_by(event).is_none()
            && log.is_on_top(event)
            && self.touched.is_empty()
            && self.cuts.is_empty()
            && Rc::ptr_eq(&watch.present, &log.present());
        if !is_plain {
            return None;
        }
        let mut doubtful: BTreeSet<ServerId> = watch.unwell.keys().copied().collect();
        doubtful.extend(self.servers[from.index()].unclear());
        doubtful.extend(self.debtors[from.index()].iter().copied());
        let present = self.present[room.index()].iter();
        doubtful.extend(present.filter(|server| !hosts.contains_key(server)));
        Some(doubtful)
    }

    /// An event of old goes to the servers in the room once more. Where it is known, and nothing else hangs
    /// on the delivery, nothing is simulated.
    pub(super) fn send_again(
        &mut self,
        from: ServerId,
        room: RoomId,
        event: EventNo,
        to: &[ServerId],
    ) {
        for server in to.iter().copied() {
            let is_idle = self.world.in_step
                && self.power[server.index()] == Power::Up
                && self.reachable(from, server)
                && self.servers[from.index()].is_clear(server)
                && self.servers[server.index()].is_clear(from);
            let log = &self.logs[room.index()];
            let spec = self.world.room(room);
            let replica = self.servers[server.index()].replica(room, log, spec);
            if is_idle && replica.is_some_and(|replica| replica.has(event)) {
                continue;
            }
            self.bring_up_before(from, server, room);
            self.decide(from, |homeserver, context| {
                homeserver.queue_again(context, server, room, event)
            });
        }
    }

    /// Would this server accept the event without more, just as any other in step? Then nothing is
    /// simulated (design, idea 1).
    fn accepts_in_step(&self, from: ServerId, to: ServerId, room: RoomId, event: EventNo) -> bool {
        let log = &self.logs[room.index()];
        if !self.world.in_step
            || self.power[to.index()] != Power::Up
            || !self.reachable(from, to)
            || !self.servers[from.index()].is_clear(to)
            // A delivery would clear the receiver's back-off towards the sender.
            || !self.servers[to.index()].is_clear(from)
            // What a redaction hides is written down, server by server.
            || log.redacted_by(event).is_some()
        {
            return false;
        }
        let own_member = log.single(event).is_some_and(|pdu| match pdu.body {
            Body::Member { who, .. } => log.home(who) == to,
            _ => false,
        });
        if self.is_deaf(to, room) {
            return !own_member;
        }
        let homeserver = &self.servers[to.index()];
        let Some(replica) = homeserver.db.rooms.get(&room) else {
            return false;
        };
        let on_top = event > 0 && log.is_on_top(event);
        on_top
            && !own_member
            && replica.follows
            && (replica.heads.len() == 1
                || log.is_message(event)
                    && homeserver.allows_now(log, &self.world.rooms[room.index()], event))
            && !homeserver.memory.staged.contains_key(&room)
            && !homeserver.memory.busy.contains(&room)
    }

    /// Would the server store the event as soon as it arrives, and would that be at this moment? So it is with a message
    /// on another branch of the graph, where all that it stands on is here: only a copy changes, and nothing between the
    /// two servers.
    fn takes_at_once(&self, from: ServerId, to: ServerId, room: RoomId, event: EventNo) -> bool {
        let log = &self.logs[room.index()];
        let homeserver = &self.servers[to.index()];
        self.world.in_step
            && self.world.room(room).messages_per_day > 0.0
            && log.is_plain(event)
            && log.redacted_by(event).is_none()
            && self.answers_at_once(from, to)
            && self.servers[from.index()].is_clear(to)
            && homeserver.is_clear(from)
            && !homeserver.memory.staged.contains_key(&room)
            && !homeserver.memory.busy.contains(&room)
            && homeserver
                .db
                .rooms
                .get(&room)
                .is_some_and(|replica| replica.missing_prev_events(log, event).is_empty())
    }

    /// Such a message is sent, stored and answered.
    fn hand_over(&mut self, from: ServerId, to: ServerId, room: RoomId, event: EventNo) {
        self.servers[from.index()].note_given(to);
        self.touch_copy(room, to);
        self.decide(to, |homeserver, context| {
            homeserver.on_transaction(context, from, &[(room, event)])
        });
    }

    /// Does the server drop whatever is pushed to it in this room, since it does not know the room or
    /// believes to be out of it? Then a delivery changes nothing.
    pub(super) fn is_deaf(&self, server: ServerId, room: RoomId) -> bool {
        let homeserver = &self.servers[server.index()];
        let drops = match homeserver.db.rooms.get(&room) {
            Some(replica) => replica.state.is_empty(),
            None => homeserver.rules.unknown_room_policy == UnknownRoom::Drop,
        };
        drops && !homeserver.memory.busy.contains(&room)
    }

    /// Writes out what the server received in step before `event`, which it does not receive so.
    pub(super) fn fall_out_of_step(&mut self, server: ServerId, room: RoomId, event: EventNo) {
        self.write_out(server, room, event);
        let replica = self.servers[server.index()].db.rooms.get_mut(&room);
        if replica.is_some_and(|replica| std::mem::take(&mut replica.follows)) {
            self.touch_copy(room, server);
        }
    }

    /// Writes out what the server received in step before `end`.
    fn write_out(&mut self, server: ServerId, room: RoomId, end: EventNo) {
        let log = &self.logs[room.index()];
        let spec = &self.world.rooms[room.index()];
        let homeserver = &mut self.servers[server.index()];
        if let Some(replica) = homeserver.db.rooms.get_mut(&room) {
            replica.sync_to(end, log, spec, &mut homeserver.db.next_group);
        }
    }

    /// One transaction.
    pub(super) fn transmit(&mut self, from: ServerId, to: ServerId, pdus: Vec<(RoomId, EventNo)>) {
        let now = self.queue.now();
        self.debtors[to.index()].insert(from);
        if self.servers[from.index()].is_first_try(to) && !self.answers_at_once(from, to) {
            self.touch_pair(from, to);
        }
        let parcel = Parcel::Transaction(pdus);
        if self.reachable(from, to) {
            return self.deliver(now, from, to, parcel);
        }
        self.overhear(now, (from, to), &parcel, Fate::Lost);
        if self.world.in_step && !self.scripted() {
            // In a script the tries of two servers fall on the same moment, and which was planned first decides.
            self.fold_round(from, to);
        } else {
            self.deliver(now, to, from, Parcel::Receipt(false));
        }
    }

    /// One question.
    pub(super) fn ask(&mut self, from: ServerId, to: ServerId, task: TaskId, request: Request) {
        let now = self.queue.now();
        let parcel = Parcel::Question(task, request);
        if self.reachable(from, to) {
            self.deliver(now + ONE_WAY, from, to, parcel);
        } else {
            self.overhear(now, (from, to), &parcel, Fate::Lost);
            self.deliver(
                now + ONE_WAY,
                to,
                from,
                Parcel::Reply(task, Answer::Unreachable),
            );
        }
    }

    /// A parcel arrives.
    pub(super) fn arrive(&mut self, sent: SimTime, from: ServerId, to: ServerId, parcel: Parcel) {
        let now = self.queue.now();
        let fate = match self.power[to.index()] {
            Power::Up => Fate::Taken,
            Power::Frozen => Fate::Waits,
            Power::Down | Power::Dead => Fate::Lost,
        };
        self.overhear(sent, (from, to), &parcel, fate);
        match (self.power[to.index()], &parcel) {
            (Power::Up, _) => {}
            // Receipts and replies to a frozen process wait in its sockets as well.
            (Power::Frozen, _) => return self.hold(now, to, from, parcel),
            (_, Parcel::Transaction(_)) => {
                return self.deliver(now, to, from, Parcel::Receipt(false));
            }
            (_, Parcel::Question(task, _)) => {
                return self.deliver(
                    now + ONE_WAY,
                    to,
                    from,
                    Parcel::Reply(*task, Answer::Unreachable),
                );
            }
            _ => return,
        }
        if self.changes_standing(to, from, &parcel) {
            self.touch_pair(to, from);
        }
        match parcel {
            Parcel::Transaction(pdus) => {
                for (room, _) in &pdus {
                    self.advance(*room, now);
                    self.touch_copy(*room, to);
                }
                self.decide(to, |homeserver, context| {
                    homeserver.on_transaction(context, from, &pdus)
                });
                self.deliver(now, to, from, Parcel::Receipt(true));
            }
            Parcel::Receipt(fine) => {
                self.decide(to, |homeserver, context| {
                    if fine {
                        homeserver.transaction_accepted(context, from);
                    } else {
                        homeserver.transaction_failed(context, from);
                    }
                });
                if self.servers[to.index()].is_clear(from) {
                    self.debtors[from.index()].remove(&to);
                }
            }
            Parcel::Question(task, request) => {
                if let Some(room) = request.room() {
                    self.advance(room, now);
                    self.touch_copy(room, to);
                }
                let answer = self.decide(to, |homeserver, context| {
                    homeserver.serve(context, from, &request)
                });
                self.deliver(now + ONE_WAY, to, from, Parcel::Reply(task, answer));
            }
            Parcel::Reply(task, answer) => {
                if let Some(room) = self.servers[to.index()].room_of_task(task) {
                    self.advance(room, now);
                    self.touch_copy(room, to);
                    self.note_present(to, room);
                }
                self.decide(to, |homeserver, context| {
                    homeserver.answer(context, task, answer)
                });
                self.debtors[from.index()].insert(to);
            }
        }
    }

    /// May a parcel change whether a server sends to another at once? What is under way to a server that answers is
    /// over within the same moment, and no room need be looked at for it.
    fn changes_standing(&self, to: ServerId, from: ServerId, parcel: &Parcel) -> bool {
        let homeserver = &self.servers[to.index()];
        match parcel {
            Parcel::Transaction(_) | Parcel::Question(..) => {
                homeserver.backoff_until(from).is_some()
                    || !homeserver.is_clear(from) && !self.answers_at_once(to, from)
            }
            Parcel::Receipt(true) => {
                homeserver.backoff_until(from).is_some() || !homeserver.is_first_try(from)
            }
            Parcel::Receipt(false) => homeserver.is_last_try(from),
            Parcel::Reply(_, answer) => *answer == Answer::Unreachable,
        }
    }

    /// Would the server answer now?
    pub(super) fn answers_at_once(&self, from: ServerId, to: ServerId) -> bool {
        self.power[to.index()] == Power::Up && self.reachable(from, to)
    }

    fn hold(&mut self, now: SimTime, to: ServerId, from: ServerId, parcel: Parcel) {
        let number = self.next_parcel;
        self.next_parcel += 1;
        let rules = &self.servers[from.index()].rules;
        let timeout = match parcel {
            Parcel::Question(_, Request::MissingEvents { .. }) => rules.gme_timeout,
            _ => rules.request_timeout,
        };
        self.held.insert(number, Held { to, from, parcel });
        self.queue.push(
            now + timeout,
            class::RING,
            from.0 + 1,
            Event::Expire { to, parcel: number },
        );
    }

    /// A parcel has waited too long at a server that stands still.
    pub(super) fn expire(&mut self, to: ServerId, parcel: u64) {
        let now = self.queue.now();
        let Some(held) = self.held.remove(&parcel) else {
            return;
        };
        if matches!(held.parcel, Parcel::Transaction(_) | Parcel::Question(..)) {
            self.overhear(now, (held.from, held.to), &held.parcel, Fate::Lost);
        }
        match held.parcel {
            Parcel::Transaction(_) => self.deliver(now, to, held.from, Parcel::Receipt(false)),
            Parcel::Question(task, _) => {
                self.deliver(now, to, held.from, Parcel::Reply(task, Answer::Unreachable));
            }
            // What the frozen server itself waited for is answered when it goes on.
            Parcel::Receipt(_) | Parcel::Reply(..) => {
                self.held.insert(parcel, held);
            }
        }
    }

    /// A server that stood still goes on: what waited arrives, in order.
    pub(super) fn release_held(&mut self, server: ServerId) {
        let now = self.queue.now();
        let waiting: Vec<u64> = self
            .held
            .iter()
            .filter(|(_, held)| held.to == server)
            .map(|(number, _)| *number)
            .collect();
        for number in waiting {
            let held = self.held.remove(&number).expect("just listed");
            self.deliver(now, held.from, server, held.parcel);
        }
    }
}
