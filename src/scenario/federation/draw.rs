//! Drawing a federation: servers by size, their users, then rooms and who is in them.

use super::super::rates::Hosting;
use super::{Federation, rooms, servers};
use crate::journal::ServerId;
use crate::kernel::Streams;
use crate::protocol::matrix::Rules;
use crate::world::{Census, World};

/// What was drawn besides the world.
#[derive(Debug)]
pub(in crate::scenario) struct Drawn {
    /// All people, simulated or counted.
    pub(in crate::scenario) census: Census,
    /// Machine rooms.
    pub(in crate::scenario) hosting: Vec<Hosting>,
    /// Mean number of deaths in a year, for each server of the world.
    pub(in crate::scenario) deaths_per_year: Vec<f64>,
}

/// A federation in the making.
pub(super) struct Draft<'a> {
    pub(super) plan: &'a Federation,
    pub(super) world: &'a mut World,
    pub(super) streams: Streams,
    /// Drawn servers, with the numbers of their users.
    pub(super) servers: Vec<(ServerId, u64)>,
    pub(super) census: Census,
}

impl Draft<'_> {
    /// A number at the scale asked for, at least `least`.
    pub(super) fn scaled(&self, whole: u32, least: u32) -> u32 {
        let scaled = (f64::from(whole) * *self.plan.scale).round();
        (scaled as u32).max(least)
    }
}

/// Puts a federation into the world. `rules` are those of all servers.
pub(in crate::scenario) fn draw(plan: &Federation, rules: &Rules, world: &mut World) -> Drawn {
    let mut draft = Draft {
        plan,
        streams: Streams::new(world.seed),
        world,
        servers: Vec::new(),
        census: Census::default(),
    };
    servers::draw(&mut draft, rules);
    let hosting = servers::sites(&draft);
    let deaths_per_year = servers::deaths(&draft);
    rooms::draw(&mut draft);
    Drawn {
        census: draft.census,
        hosting,
        deaths_per_year,
    }
}
