//! What is on its way between servers.

use std::collections::BTreeSet;

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::{SimDuration, SimTime};
use crate::protocol::matrix::{Answer, Request, TaskId};
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
    /// A transaction that its sender has given up since: nobody waits for the receipt.
    Late(Vec<(RoomId, EventNo)>),
    /// 200, or a failure, of the transaction under way.
    Receipt(bool),
    Question(TaskId, Request),
    Reply(TaskId, Answer),
}

impl Parcel {
    /// Does it show that a request has come through?
    fn is_answer(&self) -> bool {
        match self {
            Parcel::Receipt(fine) => *fine,
            Parcel::Reply(_, answer) => *answer != Answer::Unreachable,
            Parcel::Transaction(_) | Parcel::Late(_) | Parcel::Question(..) => false,
        }
    }
}

impl Simulation<'_> {
    pub(super) fn deliver(&mut self, at: SimTime, from: ServerId, to: ServerId, parcel: Parcel) {
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
        let doubtful = self.doubtful_receivers(from, room, event, to);
        let present = &self.present[room.index()];
        let (others, to) = match &doubtful {
            Some(doubtful) => (
                doubtful.intersection(present).copied().collect(),
                of_these(doubtful, to),
            ),
            None => (Vec::from_iter(present.iter().copied()), to.to_vec()),
        };
        let (in_step, out_of_step): (BTreeSet<ServerId>, BTreeSet<ServerId>) = to
            .into_iter()
            .partition(|server| self.accepts_in_step(from, *server, room, event));
        // Where traffic is drawn, servers know each other anyway (`Homeserver::queue_pdu`).
        if self.world.room(room).messages_per_day <= 0.0 {
            for server in &in_step {
                self.servers[from.index()].note_given(*server);
                self.note_answer(from, *server);
                self.fetch_keys_in_step(*server, from, room, event);
            }
        }
        for server in others.into_iter().filter(|server| *server != from) {
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

    /// One transaction.
    pub(super) fn transmit(&mut self, from: ServerId, to: ServerId, pdus: Vec<(RoomId, EventNo)>) {
        let now = self.queue.now();
        self.debtors[to.index()].entry(from).or_default();
        if self.servers[from.index()].is_first_try(to) && !self.answers_at_once(from, to) {
            self.begin_try(from, to);
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
        self.fetch_keys_for(to, from, &parcel);
        if parcel.is_answer() {
            self.note_answer(to, from);
        }
        match parcel {
            Parcel::Transaction(pdus) => {
                self.take_transaction(now, from, to, &pdus);
                self.deliver(now, to, from, Parcel::Receipt(true));
            }
            Parcel::Late(pdus) => self.take_transaction(now, from, to, &pdus),
            Parcel::Receipt(fine) => {
                self.decide(to, |homeserver, context| {
                    if fine {
                        homeserver.transaction_accepted(context, from);
                    } else {
                        homeserver.transaction_failed(context, from);
                    }
                });
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
            }
        }
        self.note_debt(to, from);
    }

    fn take_transaction(
        &mut self,
        now: SimTime,
        from: ServerId,
        to: ServerId,
        pdus: &[(RoomId, EventNo)],
    ) {
        for (room, _) in pdus {
            self.advance(*room, now);
            self.touch_copy(*room, to);
        }
        self.decide(to, |homeserver, context| {
            homeserver.on_transaction(context, from, pdus)
        });
    }

    /// May a parcel change whether a server sends to another at once? What is under way to a server that answers is
    /// over within the same moment, and no room need be looked at for it.
    fn changes_standing(&self, to: ServerId, from: ServerId, parcel: &Parcel) -> bool {
        let homeserver = &self.servers[to.index()];
        match parcel {
            Parcel::Transaction(_) | Parcel::Late(_) | Parcel::Question(..) => {
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

    /// Both ways between two servers are open, and both processes are there.
    pub(super) fn reachable(&self, from: ServerId, to: ServerId) -> bool {
        let pair = (from.min(to), from.max(to));
        matches!(self.power[to.index()], Power::Up | Power::Frozen) && !self.cuts.contains(&pair)
    }

    /// Would the server answer now?
    pub(super) fn answers_at_once(&self, from: ServerId, to: ServerId) -> bool {
        self.power[to.index()] == Power::Up && self.reachable(from, to)
    }
}

/// Those servers of a set that are among others, which are in order.
fn of_these(set: &BTreeSet<ServerId>, others: &[ServerId]) -> Vec<ServerId> {
    let both = set
        .iter()
        .filter(|server| others.binary_search(server).is_ok());
    both.copied().collect()
}
