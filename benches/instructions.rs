//! How many instructions the parts take: the same from run to run, on a busy machine too. See README.md
//! beside this file.

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
use hold::{Hold, Large, Load, exponential};
use queues::{Alone, Around, Before, Events};
use worlds::{
    ARCHIVE, DAY, GAPS, MONTH, PAST, gaps, healthy, out_of_step, purged, quiet, restored, scrolled,
};

/// Events taken in one benchmark.
const TAKEN: u64 = 10_000;

fn waiting<Q: Events<E>, E: Load>(pending: u64) -> Hold<Q, E> {
    Hold::new(pending, exponential)
}

macro_rules! phold {
    ($($name:ident: $queue:ty, $event:ty;)*) => {$(
        #[library_benchmark(setup = waiting)]
        #[bench::thousand(1_000)]
        #[bench::hundred_thousand(100_000)]
        fn $name(mut hold: Hold<$queue, $event>) -> (Hold<$queue, $event>, u64) {
            let checksum = hold.run(black_box(TAKEN));
            (hold, checksum)
        }
    )*};
}

phold! {
    ours: Queue<Large>, Large;
    before: Before<Large>, Large;
    around_std: Around<Std, Large>, Large;
    around_dary_4: Around<Dary<4>, Large>, Large;
    around_dary_8: Around<Dary<8>, Large>, Large;
    around_orx: Around<Orx, Large>, Large;
    around_radix: Around<Radix, Large>, Large;
    around_ladder: Around<Ladder, Large>, Large;
    bare_ours: Queue<u32>, u32;
    bare_std: Alone<Std>, u32;
    bare_dary_4: Alone<Dary<4>>, u32;
    bare_dary_8: Alone<Dary<8>>, u32;
    bare_orx: Alone<Orx>, u32;
    bare_radix: Alone<Radix>, u32;
    bare_ladder: Alone<Ladder>, u32;
}

#[library_benchmark]
#[bench::in_step(healthy(MONTH))]
#[bench::out_of_step(out_of_step(DAY))]
#[bench::gap_fill(gaps(GAPS))]
#[bench::backfill(scrolled(PAST))]
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
    name = queues_compared,
    benchmarks = [
        ours,
        before,
        around_std,
        around_dary_4,
        around_dary_8,
        around_orx,
        around_radix,
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

main!(library_benchmark_groups = [queues_compared, federations]);
