//! What passes between servers, for whoever looks at the wire.

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::SimTime;
use crate::protocol::matrix::{Answer, Request};
use crate::script::Script;
use crate::world::World;

use super::network::Parcel;
use super::{Outcome, Simulation, drive, player};

/// Something that one server sent to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: SimTime,
    /// When it arrived, or failed to.
    pub until: SimTime,
    /// By whom.
    pub from: ServerId,
    /// To whom.
    pub to: ServerId,
    /// What.
    pub cargo: Cargo,
    /// What became of it.
    pub fate: Fate,
}

/// What was sent. That a transaction was received is not told of: its fate says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cargo {
    /// A transaction of PDUs.
    Pdus(Vec<(RoomId, EventNo)>),
    /// A question.
    Request(Request),
    /// The answer to one, and the room that the question was about.
    Answer(Option<RoomId>, Answer),
}

/// What became of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It arrived.
    Taken,
    /// The receiver stands still, and it waits there. Whether it is taken later is told then.
    Waits,
    /// The receiver cannot be reached, or stood still for too long: what lay in its socket may be told of again as taken.
    Lost,
}

/// Hears what passes.
pub(super) type Listener<'a> = Box<dyn FnMut(Sent) + 'a>;

/// Plays a world, or the script in it, and tells of all that passes between servers, in the order in which it arrives. In
/// step nothing passes for what is ordinary: a world with `in_step` off shows all of it.
pub fn run_overheard<'a>(
    world: &'a World,
    script: Option<&'a Script>,
    hear: &'a mut dyn FnMut(Sent),
) -> Outcome {
    let mut simulation = Simulation::new(world);
    simulation.listener = Some(Box::new(hear));
    match script {
        Some(script) => player::play_on(simulation, script).outcome,
        None => drive(simulation, &mut |_, _, _| {}),
    }
}

impl Simulation<'_> {
    /// Tells the listener, if there is one, what became of a parcel at this moment.
    pub(super) fn overhear(
        &mut self,
        at: SimTime,
        (from, to): (ServerId, ServerId),
        parcel: &Parcel,
        fate: Fate,
    ) {
        let Some(listener) = &mut self.listener else {
            return;
        };
        let cargo = match parcel {
            Parcel::Transaction(pdus) | Parcel::Late(pdus) => Cargo::Pdus(pdus.clone()),
            Parcel::Question(_, request) => Cargo::Request(request.clone()),
            Parcel::Reply(_, Answer::Unreachable) | Parcel::Receipt(_) => return,
            Parcel::Reply(task, answer) => {
                let room = self.servers[to.index()].room_of_task(*task);
                Cargo::Answer(room, answer.clone())
            }
        };
        listener(Sent {
            at,
            until: self.queue.now(),
            from,
            to,
            cargo,
            fate,
        });
    }
}
