//! Planted bugs are caught: a world is run with a bug and without, and looked through.

use fedheal::journal::{EventNo, Fact, Journal, Path, RoomId, What, Why};
use fedheal::kernel::SimTime;
use fedheal::protocol::matrix::Homeserver;
use fedheal::simulation::{Outcome, run, run_watched};
use fedheal::world::World;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::audit::audit;
use crate::worlds::draft;

/// So many worlds are run with each bug.
const WORLDS: usize = 60;

/// A bug: does something to the books of the server that a new fact is about, and says to which item.
type Bug = fn(&Fact, &mut Homeserver) -> Option<(RoomId, EventNo)>;

/// A backfill that skips its first item: it is said to have come, and has not.
fn skipping_backfill(fact: &Fact, server: &mut Homeserver) -> Option<(RoomId, EventNo)> {
    let Fact::Gained {
        what: What::Items { room, first, .. },
        path: Path::Backfill,
        ..
    } = fact
    else {
        return None;
    };
    let replica = server.db.rooms.get_mut(room).expect("just gained");
    replica.timeline.remove(*first..*first + 1);
    Some((*room, *first))
}

/// A restore that forgets an item that the backup has.
fn forgetful_restore(fact: &Fact, server: &mut Homeserver) -> Option<(RoomId, EventNo)> {
    let Fact::Lost {
        what: What::Items { room, .. },
        why: Why::Restore,
        ..
    } = fact
    else {
        return None;
    };
    let replica = server.db.rooms.get_mut(room)?;
    // Not the very newest, which nothing stands on yet.
    let range = replica.timeline.last().filter(|range| range.len() > 2)?;
    let forgotten = range.end - 2;
    replica.timeline.remove(forgotten..forgotten + 1);
    Some((*room, forgotten))
}

/// A purge that spares the last item that it should delete.
fn sparing_purge(fact: &Fact, server: &mut Homeserver) -> Option<(RoomId, EventNo)> {
    let Fact::Lost {
        what: What::Items { room, last, .. },
        why: Why::Purge,
        ..
    } = fact
    else {
        return None;
    };
    let replica = server.db.rooms.get_mut(room).expect("just purged");
    replica.timeline.insert(*last..*last + 1);
    Some((*room, *last))
}

/// Runs a world with a bug that strikes at every occasion; none if nothing of it is left at the end,
/// because there was no occasion, or because all was lost or fetched again later.
fn run_with(world: &World, bug: Bug) -> Option<Outcome> {
    let mut seen = 0;
    let mut struck = Vec::new();
    let mut watch = |_: SimTime, servers: &mut [Homeserver], journal: &Journal| {
        for fact in &journal.facts()[seen..] {
            let (Fact::Gained { server, .. } | Fact::Lost { server, .. }) = fact else {
                continue;
            };
            let homeserver = &mut servers[server.index()];
            if let Some((room, no)) = bug(fact, homeserver) {
                let is_held = homeserver.db.rooms[&room].has(no);
                struck.push((*server, room, no, is_held));
            }
        }
        seen = journal.facts().len();
    };
    let outcome = run_watched(world, &mut watch);
    let remains = struck.iter().any(|(server, room, no, is_held)| {
        let rooms = &outcome.servers[server.index()].db.rooms;
        rooms
            .get(room)
            .is_some_and(|replica| replica.has(*no) == *is_held)
    });
    remains.then_some(outcome)
}

/// Asserts that the audit finds nothing in honest worlds, and a bug in nine of ten worlds that it is left
/// in. (The rest: what a bug took away was also purged later.)
#[track_caller]
fn is_caught(bug: Bug) {
    let mut runner = TestRunner::deterministic();
    let (mut occasions, mut caught) = (0, 0);
    for _ in 0..WORLDS {
        let draft = draft().new_tree(&mut runner).expect("a draft").current();
        let world = draft.world();
        assert_eq!(
            audit(&run(&world, &mut |_| {})),
            Vec::<String>::new(),
            "{draft:?}"
        );
        if let Some(outcome) = run_with(&world, bug) {
            occasions += 1;
            caught += usize::from(!audit(&outcome).is_empty());
        }
    }
    assert!(occasions > WORLDS / 6, "only {occasions} occasions");
    assert!(caught * 10 >= occasions * 9, "{caught} of {occasions}");
}

#[test]
fn a_backfill_that_skips_is_caught() {
    is_caught(skipping_backfill);
}

#[test]
fn a_restore_that_forgets_an_item_is_caught() {
    is_caught(forgetful_restore);
}

#[test]
fn a_purge_that_spares_an_item_is_caught() {
    is_caught(sparing_purge);
}
