//! How long the parts take, by the clock. See README.md beside this file.

#[path = "parts/heaps.rs"]
mod heaps;
#[path = "parts/hold.rs"]
mod hold;
#[path = "parts/queues.rs"]
mod queues;
#[path = "parts/work.rs"]
mod work;
#[path = "parts/worlds.rs"]
mod worlds;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use fedheal::kernel::{Queue, Stream};
use fedheal::simulation::{Outcome, run};
use fedheal::world::World;

use heaps::{Dary, Ladder, Orx, Radix, Std};
use hold::{Draw, Hold, Large, Load, exponential, simulator};
use queues::{Alone, Around, Before, Events};
use worlds::{ARCHIVE, DAY, GAPS, MONTH, PAST, Size};
use worlds::{gaps, healthy, purged, quiet, restored, scrolled};

fn main() {
    divan::main();
}

/// Events waiting in a queue.
const PENDING: [u64; 3] = [1_000, 100_000, 1_000_000];
/// Events that wait in the incident, and in a restore of ten thousand rooms.
const MIXED: [u64; 2] = [200, 15_000];
/// Rooms of a restored server.
const ROOMS: [u32; 3] = [100, 1_000, 10_000];
/// Events taken in one sample.
const TAKEN: u64 = 100_000;

/// Whole queues with events as large as the simulator's.
#[divan::bench(args = PENDING, sample_count = 10, types = [
    Queue<Large>, Before<Large>, Around<Std, Large>, Around<Dary<8>, Large>, Around<Orx, Large>,
    Around<Radix, Large>, Around<Ladder, Large>,
])]
fn phold<Q: Events<Large>>(bencher: Bencher<'_, '_>, pending: u64) {
    held::<Q, Large>(bencher, pending, exponential);
}

/// Whole queues with the simulator's own mix of delays and classes. `radix-heap` cannot take part.
#[divan::bench(args = MIXED, sample_count = 10, types = [
    Queue<Large>, Before<Large>, Around<Std, Large>, Around<Dary<8>, Large>, Around<Orx, Large>,
    Around<Ladder, Large>,
])]
fn mix<Q: Events<Large>>(bencher: Bencher<'_, '_>, pending: u64) {
    held::<Q, Large>(bencher, pending, simulator);
}

/// Heaps alone, with nothing but a number for an event, and ours with the same.
#[divan::bench(args = PENDING, sample_count = 10, types = [
    Queue<u32>, Alone<Std>, Alone<Dary<4>>, Alone<Dary<8>>, Alone<Orx>, Alone<Radix>, Alone<Ladder>,
])]
fn phold_bare<Q: Events<u32>>(bencher: Bencher<'_, '_>, pending: u64) {
    held::<Q, u32>(bencher, pending, exponential);
}

fn held<Q: Events<E>, E: Load>(
    bencher: Bencher<'_, '_>,
    pending: u64,
    draw: fn(&mut Stream) -> Draw,
) {
    let mut hold = Hold::<Q, E>::new(pending, draw);
    bencher
        .counter(ItemsCount::new(TAKEN))
        .bench_local(|| hold.run(TAKEN));
}

/// Deliveries while every server is in step, with so many messages in a room and day: messages, times the servers that get
/// them.
#[divan::bench(sample_count = 5, sample_size = 1, args = [1_000, 100_000])]
fn in_step(bencher: Bencher<'_, '_>, per_day: u32) {
    let size = Size { per_day, ..MONTH };
    simulated(bencher, &healthy(size), work::deliveries);
}

/// Deliveries with the whole protocol.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn out_of_step(bencher: Bencher<'_, '_>) {
    simulated(bencher, &worlds::out_of_step(DAY), work::deliveries);
}

/// Items that fill gaps when a server was down for a day.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn gap_fill(bencher: Bencher<'_, '_>) {
    simulated(bencher, &gaps(GAPS), work::filled);
}

/// Items that a restored server gets back when somebody reads back.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn backfill(bencher: Bencher<'_, '_>) {
    simulated(bencher, &scrolled(PAST), work::fetched);
}

/// Items that a retention job removes.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn purge(bencher: Bencher<'_, '_>) {
    simulated(bencher, &purged(ARCHIVE), work::removed);
}

/// Items that a restore loses, in so many rooms.
#[divan::bench(sample_count = 3, sample_size = 1, args = ROOMS)]
fn restore(bencher: Bencher<'_, '_>, rooms: u32) {
    simulated(bencher, &restored(quiet(rooms)), work::lost);
}

/// Runs a world; the items are those that `work` finds in its outcome.
fn simulated(bencher: Bencher<'_, '_>, world: &World, work: fn(&Outcome) -> u64) {
    let simulate = || run(black_box(world), &mut |_| {});
    let items = work(&simulate());
    assert!(items > 0, "there was nothing to do");
    bencher
        .counter(ItemsCount::new(items))
        .bench_local(simulate);
}

/// The incident of 2021: its file, the simulation and the measures.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn incident() {
    worlds::incident();
}
