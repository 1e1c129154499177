//! How long the parts take, by the clock. See README.md beside this file.

#[path = "parts/heaps.rs"]
mod heaps;
#[path = "parts/hold.rs"]
mod hold;
#[path = "parts/queues.rs"]
mod queues;
#[path = "parts/worlds.rs"]
mod worlds;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use fedheal::kernel::Queue;
use fedheal::simulation::run;
use fedheal::world::World;

use heaps::{Dary, Ladder, Orx, Radix, Std};
use hold::{Hold, Large, Load, exponential};
use queues::{Alone, Around, Before, Events};
use worlds::{ARCHIVE, DAY, GAPS, MONTH, PAST};
use worlds::{gaps, healthy, purged, quiet, restored, scrolled};

fn main() {
    divan::main();
}

/// Events waiting in a queue.
const PENDING: [u64; 3] = [1_000, 100_000, 1_000_000];
/// Rooms of a restored server.
const ROOMS: [u32; 3] = [100, 1_000, 10_000];
/// Events taken in one sample.
const TAKEN: u64 = 100_000;

/// Whole queues with events as large as the simulator's.
#[divan::bench(args = PENDING, sample_count = 10, types = [
    Queue<Large>, Before<Large>, Around<Std, Large>, Around<Dary<4>, Large>, Around<Dary<8>, Large>,
    Around<Orx, Large>, Around<Radix, Large>, Around<Ladder, Large>,
])]
fn phold<Q: Events<Large>>(bencher: Bencher<'_, '_>, pending: u64) {
    held::<Q, Large>(bencher, pending);
}

/// Heaps alone, with nothing but a number for an event, and ours with the same.
#[divan::bench(args = PENDING, sample_count = 10, types = [
    Queue<u32>, Alone<Std>, Alone<Dary<4>>, Alone<Dary<8>>, Alone<Orx>, Alone<Radix>, Alone<Ladder>,
])]
fn phold_bare<Q: Events<u32>>(bencher: Bencher<'_, '_>, pending: u64) {
    held::<Q, u32>(bencher, pending);
}

fn held<Q: Events<E>, E: Load>(bencher: Bencher<'_, '_>, pending: u64) {
    let mut hold = Hold::<Q, E>::new(pending, exponential);
    bencher
        .counter(ItemsCount::new(TAKEN))
        .bench_local(|| hold.run(TAKEN));
}

/// Deliveries of a federation in which every server is in step: messages times the servers that get them.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn in_step(bencher: Bencher<'_, '_>) {
    simulated(bencher, &healthy(MONTH), MONTH.deliveries());
}

/// Deliveries with the whole protocol.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn out_of_step(bencher: Bencher<'_, '_>) {
    simulated(bencher, &worlds::out_of_step(DAY), DAY.deliveries());
}

/// Messages of a federation of which one server is down for two days: in each room, a gap is then filled.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn gap_fill(bencher: Bencher<'_, '_>) {
    simulated(bencher, &gaps(GAPS), GAPS.messages());
}

/// Messages that a restored server gets back when somebody reads back.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn backfill(bencher: Bencher<'_, '_>) {
    simulated(bencher, &scrolled(PAST), PAST.messages());
}

/// Messages in rooms from which a retention job removes them.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn purge(bencher: Bencher<'_, '_>) {
    simulated(bencher, &purged(ARCHIVE), ARCHIVE.messages());
}

/// Rooms of a server that is restored.
#[divan::bench(sample_count = 3, sample_size = 1, args = ROOMS)]
fn restore(bencher: Bencher<'_, '_>, rooms: u32) {
    simulated(bencher, &restored(quiet(rooms)), u64::from(rooms));
}

fn simulated(bencher: Bencher<'_, '_>, world: &World, items: u64) {
    bencher
        .counter(ItemsCount::new(items))
        .bench_local(|| run(black_box(world), &mut |_| {}));
}

/// The incident: its file, the simulation and the measures.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn incident() {
    worlds::incident();
}
