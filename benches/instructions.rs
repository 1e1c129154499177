//! How many instructions the parts take: the same from run to run, on a busy machine too. See README.md
//! beside this file.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "the macros of `gungraun` make public items"
)]

#[path = "parts/heaps.rs"]
mod heaps;
#[path = "parts/hold.rs"]
mod hold;
#[path = "parts/queues.rs"]
mod queues;
#[path = "parts/worlds.rs"]
mod worlds;

use std::hint::black_box;

use fedheal::kernel::Queue;
use fedheal::metrics::Measures;
use fedheal::simulation::{Outcome, run};
use fedheal::world::World;
use gungraun::{library_benchmark, library_benchmark_group, main};

use heaps::{Dary, Ladder, Orx, Radix, Std};
use hold::{Hold, Large, Load, exponential, simulator};
use queues::{Alone, Around, Before, Events};
use worlds::{ARCHIVE, DAY, GAPS, MONTH, PAST, Size};
use worlds::{gaps, healthy, out_of_step, purged, quiet, restored, scrolled};

/// Events taken in one benchmark.
const TAKEN: u64 = 10_000;

fn far<Q: Events<E>, E: Load>(pending: u64) -> Hold<Q, E> {
    Hold::new(pending, exponential)
}

fn mixed<Q: Events<E>, E: Load>(pending: u64) -> Hold<Q, E> {
    Hold::new(pending, simulator)
}

/// A tenth of the rooms: a program whose instructions are counted takes fifty times as long.
fn few(size: Size) -> Size {
    Size {
        rooms: size.rooms / 10,
        ..size
    }
}

/// A benchmark of one queue: with exponential delays, and with the simulator's own mix.
macro_rules! hold {
    ($name:ident, $queue:ty) => {
        #[library_benchmark]
        #[bench::phold_1e3(far(1_000))]
        #[bench::phold_1e5(far(100_000))]
        #[bench::mix_200(mixed(200))]
        #[bench::mix_15000(mixed(15_000))]
        fn $name(mut hold: Hold<$queue, Large>) -> (Hold<$queue, Large>, u64) {
            let checksum = hold.run(black_box(TAKEN));
            (hold, checksum)
        }
    };
}

hold!(ours, Queue<Large>);
hold!(before, Before<Large>);
hold!(around_std, Around<Std, Large>);
hold!(around_dary_8, Around<Dary<8>, Large>);
hold!(around_orx, Around<Orx, Large>);
hold!(around_ladder, Around<Ladder, Large>);

/// A benchmark of a heap alone.
macro_rules! bare {
    ($name:ident, $queue:ty) => {
        #[library_benchmark]
        #[bench::phold_1e3(far(1_000))]
        #[bench::phold_1e5(far(100_000))]
        fn $name(mut hold: Hold<$queue, u32>) -> (Hold<$queue, u32>, u64) {
            let checksum = hold.run(black_box(TAKEN));
            (hold, checksum)
        }
    };
}

bare!(bare_ours, Queue<u32>);
bare!(bare_std, Alone<Std>);
bare!(bare_dary_4, Alone<Dary<4>>);
bare!(bare_dary_8, Alone<Dary<8>>);
bare!(bare_orx, Alone<Orx>);
bare!(bare_radix, Alone<Radix>);
bare!(bare_ladder, Alone<Ladder>);

#[library_benchmark]
#[bench::in_step(healthy(MONTH))]
#[bench::out_of_step(out_of_step(few(DAY)))]
#[bench::gap_fill(gaps(few(GAPS)))]
#[bench::backfill(scrolled(few(PAST)))]
#[bench::purge(purged(ARCHIVE))]
#[bench::restore(restored(quiet(100)))]
fn simulated(world: World) -> (World, Outcome) {
    let outcome = run(black_box(&world), &mut |_| {});
    (world, outcome)
}

#[library_benchmark]
fn incident() -> Measures {
    worlds::incident()
}

library_benchmark_group!(
    name = kernel,
    benchmarks = [
        ours,
        before,
        around_std,
        around_dary_8,
        around_orx,
        around_ladder,
        bare_ours,
        bare_std,
        bare_dary_4,
        bare_dary_8,
        bare_orx,
        bare_radix,
        bare_ladder
    ]
);
library_benchmark_group!(name = federations, benchmarks = [simulated, incident]);

main!(library_benchmark_groups = [kernel, federations]);
