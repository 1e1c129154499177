//! The points of a study: every combination of its axes' levels, and each of these with every point of its hypercube.

use crate::kernel::{Permutation, Purpose, Stream, Streams};
use crate::scenario::{Axis, Hypercube, Level, Settings, Study};

const STRATA: Purpose = Purpose::new("experiment.hypercube.strata");
const PLACES: Purpose = Purpose::new("experiment.hypercube.places");
/// Places within a stratum that are told apart.
const GRAIN: u64 = 1 << 20;

/// All points. None of them stands in memory before it is asked for.
#[derive(Debug)]
pub struct Points<'a> {
    seed: u64,
    axes: &'a [Axis],
    cube: Option<&'a Hypercube>,
}

/// One point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Its number, from 1.
    pub number: u64,
    /// For each column, the name of the level.
    pub cells: Vec<String>,
    /// What it puts over the scenario.
    pub set: Settings,
}

impl<'a> Points<'a> {
    /// The points of a study.
    pub fn of(study: &'a Study) -> Points<'a> {
        Points::new(study.seed, &study.axes, study.hypercube.as_ref())
    }

    /// The points of these axes. The hypercube's draws hang on the study's seed.
    pub fn new(seed: u64, axes: &'a [Axis], cube: Option<&'a Hypercube>) -> Points<'a> {
        Points { seed, axes, cube }
    }

    /// How many there are. So many need not fit into 64 bits.
    pub fn count(&self) -> u128 {
        let cube = self.cube.map_or(1, |cube| u128::from(cube.points));
        let axes = self.axes.iter().map(|axis| u128::from(axis.count()));
        axes.fold(cube, u128::saturating_mul)
    }

    /// The names of the columns that say which point it is.
    pub fn columns(&self) -> Vec<String> {
        let axes = self.axes.iter().map(|axis| axis.name.clone());
        let cube = self.cube.iter().flat_map(|cube| &cube.stretches);
        axes.chain(cube.map(|stretch| stretch.key.clone()))
            .collect()
    }

    /// A point by its number, from 1. The last axis turns fastest, and the hypercube faster.
    pub fn point(&self, number: u64) -> Point {
        let (levels, in_cube) = self.levels(number);
        let axes = std::iter::zip(self.axes, levels);
        let mut levels: Vec<Level> = axes.map(|(axis, level)| axis.level(level)).collect();
        if let Some(cube) = self.cube {
            levels.extend(self.cube_levels(cube, in_cube));
        }
        let set = levels.iter().flat_map(|level| level.set.clone()).collect();
        let cells = levels.into_iter().map(|level| level.name).collect();
        Point { number, cells, set }
    }

    /// The point with one axis on another level.
    pub fn turned(&self, number: u64, axis: usize, level: u64) -> u64 {
        let here = self.levels(number).0[axis];
        let faster = self.axes[axis + 1..].iter().map(Axis::count);
        let each: u64 = faster.product::<u64>() * self.cube.map_or(1, |cube| cube.points);
        number - here * each + level * each
    }

    /// For each axis the number of its level, from 0; and the number of the hypercube's point.
    pub fn levels(&self, number: u64) -> (Vec<u64>, u64) {
        let cube = self.cube.map_or(1, |cube| cube.points);
        let (mut left, in_cube) = ((number - 1) / cube, (number - 1) % cube);
        let mut levels = vec![0; self.axes.len()];
        for (level, axis) in std::iter::zip(&mut levels, self.axes).rev() {
            *level = left % axis.count();
            left /= axis.count();
        }
        (levels, in_cube)
    }

    /// The hypercube's point: of every key another stratum than all other points have, and a drawn place in it.
    fn cube_levels(&self, cube: &Hypercube, number: u64) -> Vec<Level> {
        let streams = Streams::new(self.seed);
        let keys = (0..).zip(&cube.stretches);
        keys.map(|(key, stretch)| {
            let strata = Permutation::new(streams.stream(STRATA, key, 0), cube.points);
            let mut place: Stream = streams.stream(PLACES, key, number);
            let part = strata.apply(number) * GRAIN + place.below(GRAIN);
            stretch.level(part, cube.points * GRAIN)
        })
        .collect()
    }
}
