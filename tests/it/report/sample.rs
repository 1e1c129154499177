//! A small world with a loss, and what might have been measured in it.

use std::collections::BTreeMap;

use fedheal::journal::{Fact, Journal, Path, RoomId, ServerId, UserId, What, Why};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::metrics::{
    Bound, Cause, Count, Counts, Dimension, Expectation, Exposure, ExposureRow, ExposureStep,
    Filter, Finding, GroupRow, ItemRow, Measures, Network, NetworkRow, RecoveryRow, ServerRow,
    StrandedRow, Strikes, TapestryRow, Unheeded, ViewRow,
};
use fedheal::protocol::matrix::Rules;
use fedheal::scenario::Scenario;
use fedheal::workload::{People, RoomKind, RoomSpec, UserSpec, Visibility};
use fedheal::world::{ServerSpec, World};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// 2021-06-06T09:00:00Z
const LOSS: u64 = 1_622_970_000_000;
const SERVERS: [&str; 7] = [
    "one.example",
    "two.example",
    "three.example",
    "four.example",
    "five.example",
    "six.example",
    "seven.example",
];

/// A scenario with two expectations, one of them missed in part.
pub(super) fn scenario() -> Scenario {
    Scenario {
        name: "sample".into(),
        title: "A sample of a loss.".into(),
        world: world(),
        script: None,
        census: None,
        central: None,
        not_asked: 0,
        measured: ServerId(0),
        expect: vec![
            Expectation {
                name: "messages".into(),
                says: "messages of public rooms came back from other servers".into(),
                findings: vec![finding("public rooms", "message", 900)],
                agrees: true,
                note: String::new(),
            },
            Expectation {
                name: "files".into(),
                says: "files in those rooms came back, which is a longer story than one line holds"
                    .into(),
                findings: vec![
                    finding("files of other servers' users", "file", 500),
                    finding("accounts", "account", 500),
                ],
                agrees: false,
                note: "a server can never download its own users' files from elsewhere".into(),
            },
        ],
        resolved: "title = \"A sample of a loss.\"\n".into(),
    }
}

fn finding(part: &str, class: &str, least_per_mille: u64) -> Finding {
    Finding {
        part: part.into(),
        filter: Filter(BTreeMap::from([(Dimension::Class, vec![class.into()])])),
        count: Count::Recovered,
        of: Count::Gone,
        must: Bound {
            least_per_mille,
            most_per_mille: 1000,
        },
    }
}

fn world() -> World {
    World {
        seed: 7,
        start: SimTime(LOSS - 300 * DAY),
        end: SimTime(LOSS + 200 * DAY),
        in_step: true,
        servers: SERVERS.iter().map(|name| server(name)).collect(),
        users: vec![UserSpec {
            name: "anna".into(),
            server: ServerId(0),
            exists: true,
            weight: 1,
        }],
        rooms: vec![room("lobby"), room("quiet, but \"quoted\"")],
        founded: Vec::new(),
        media: Vec::new(),
        actions: Vec::new(),
        faults: Vec::new(),
        people: People {
            scrolls_per_member_day: 0.1,
            page: 30,
            scroll_pages: 20,
            scrolls_after_loss_per_member_day: 0.0,
            scroll_pages_after_loss: 20,
            jumps_after_loss_per_member_day: 0.0,
            register_again_per_mille: 0,
            register_again_after: SimDuration(DAY),
            name_reuse_per_day: 0.0,
            invite_again_per_mille: 0,
            invite_again_after: SimDuration(DAY),
            accept_after: SimDuration(DAY),
            ..People::default()
        },
    }
}

fn server(name: &str) -> ServerSpec {
    ServerSpec {
        name: name.into(),
        rules: Rules::default(),
        backups: None,
        rank: 0,
    }
}

fn room(name: &str) -> RoomSpec {
    RoomSpec {
        name: name.into(),
        kind: RoomKind::Public,
        federate: true,
        version: 10,
        encrypted: false,
        visibility: Visibility::Shared,
        max_lifetime: None,
        messages_per_day: 10.0,
        files_per_mille: 0,
    }
}

/// One fact of each kind, about each kind of thing.
pub(super) fn journal() -> Journal {
    let (server, room, user) = (ServerId(0), RoomId(1), UserId(0));
    let at = |hours: u64| SimTime(LOSS + hours * HOUR);
    let range = What::Items {
        room: RoomId(0),
        first: 10,
        last: 4711,
    };
    let lost = |what, why| Fact::Lost {
        at: at(0),
        server,
        what,
        why,
    };
    let mut journal = Journal::default();
    let facts = [
        Fact::Struck {
            at: at(0),
            server,
            fault: "restore",
        },
        lost(range.clone(), Why::Restore),
        lost(What::Room(room), Why::Restore),
        lost(What::Membership(room, user), Why::FailedCopy),
        lost(What::Account(user), Why::Restore),
        lost(What::Password(user, 1), Why::Restore),
        lost(range.clone(), Why::Purge),
        Fact::Refused {
            at: at(1),
            server,
            room,
            peer: ServerId(2),
            rule: "unknown-room",
        },
        Fact::Gained {
            at: at(2),
            server,
            what: range,
            path: Path::Backfill,
            from: ServerId(1),
        },
        Fact::Gained {
            at: at(3),
            server,
            what: What::Room(room),
            path: Path::Join,
            from: ServerId(1),
        },
        Fact::Hollowed {
            at: at(4),
            server,
            what: What::Items {
                room,
                first: 5,
                last: 5,
            },
            why: Why::Redaction,
        },
    ];
    for fact in facts {
        journal.write(fact);
    }
    journal
}

/// The whole network, of two sizes of servers.
pub(super) fn network() -> Network {
    let counts = Counts {
        items: 60,
        held: 30,
        shell: 1,
        stranded: 20,
        lost: 5,
        expired: 4,
        gone: 50,
        recovered: 25,
        recoverable: 45,
        readable: 0,
    };
    let group = |users, servers, outages| GroupRow {
        users,
        servers,
        up_per_mille: 998,
        strikes: Strikes {
            outages,
            restores: 1,
            ..Strikes::default()
        },
    };
    Network {
        items: vec![NetworkRow {
            users: "2 to 10",
            class: "message",
            room_kind: "public",
            counts,
        }],
        groups: vec![group("1", 4, 12), group("2 to 10", 2, 3)],
        exposure: exposure(),
        views: vec![ViewRow {
            room_kind: "public",
            servers: "3 to 10",
            rooms: 2,
            overlap_per_mille: 871,
            best_per_mille: 1000,
            median_per_mille: 930,
        }],
    }
}

/// Copies that two servers keep for too long.
fn exposure() -> Exposure {
    let row = |cause, copies| ExposureRow {
        room_kind: "public",
        owner: "local",
        cause,
        wished: 40,
        exposed: copies / 2,
        copies,
        copy_days: copies * 30,
    };
    let step = |day, copies| ExposureStep {
        at: SimTime(LOSS + day * DAY),
        cause: Cause::KeepsLonger,
        copies,
    };
    Exposure {
        rows: vec![row(None, 24), row(Some(Cause::KeepsLonger), 24)],
        over_time: vec![step(0, 10), step(3, 24)],
        unheeded: Unheeded {
            wished: 12,
            exposed: 9,
        },
    }
}

/// Measures as they might be, with a long tail of recovery.
pub(super) fn measures() -> Measures {
    let recovery = recovery();
    let back = recovery.iter().filter(|row| row.class == "message");
    let back = back.map(|row| row.items).sum();
    Measures {
        items: vec![
            items("message", back + 420, back, 300),
            items("file", 120, 60, 60),
            items("account", 4, 1, 0),
        ],
        recovery,
        servers: SERVERS.iter().map(|name| server_row(name)).collect(),
        stranded: vec![
            stranded("lobby", "nobody-scrolled", 250),
            stranded("quiet, but \"quoted\"", "silent-room", 50),
        ],
        tapestry: tapestry(),
        measured: "one.example".into(),
        loss_at: Some(SimTime(LOSS)),
        backup_at: Some(SimTime(LOSS - 153 * DAY)),
        half_back_at: Some(SimTime(LOSS + 31 * HOUR)),
        nine_tenths_back_at: Some(SimTime(LOSS + 41 * DAY)),
    }
}

fn recovery() -> Vec<RecoveryRow> {
    let mut total = 0;
    let mut rows = vec![RecoveryRow {
        at: SimTime(LOSS + HOUR),
        class: "file".into(),
        room: "lobby".into(),
        path: "redownload".into(),
        from: SERVERS[1].into(),
        items: 60,
        total: 60,
    }];
    for step in 1..=24_u64 {
        let items = 6000 / (step * step) + 40;
        total += items;
        let path = ["backfill", "backfill", "push", "gap-fill"][(step % 4) as usize];
        rows.push(RecoveryRow {
            at: SimTime(LOSS + step * step * step * 20 * 60_000 + 2 * HOUR),
            class: "message".into(),
            room: "lobby".into(),
            path: path.into(),
            from: SERVERS[1 + (step % 6) as usize].into(),
            items,
            total,
        });
    }
    rows
}

/// Two rooms in four bins, at both moments.
fn tapestry() -> Vec<TapestryRow> {
    let cells = [false, true].into_iter().flat_map(|at_end| {
        ["lobby", "quiet, but \"quoted\""]
            .into_iter()
            .flat_map(move |room| (0..4).map(move |bin| (at_end, room, bin)))
    });
    let row = |(at_end, room, bin): (bool, &str, u64)| TapestryRow {
        at_end,
        room: room.into(),
        room_kind: "public",
        rooms: 1,
        from: SimTime(LOSS - (280 - 60 * bin) * DAY),
        until: SimTime(LOSS - (220 - 60 * bin) * DAY),
        messages: [100 + 10 * bin, bin, 40 / (bin + 1), 5 * bin, 30],
        gone: [50, if at_end { 20 + bin } else { 0 }],
    };
    cells.map(row).collect()
}

fn items(class: &str, gone: u64, recovered: u64, stranded: u64) -> ItemRow {
    let dimensions = [
        (Dimension::Class, class),
        (Dimension::Room, "lobby"),
        (Dimension::RoomKind, "public"),
        (Dimension::Federation, "federated"),
        (Dimension::Encrypted, "no"),
        (Dimension::RoomCreated, "before"),
        (Dimension::Author, "local"),
        (Dimension::Made, "inside"),
        (Dimension::Account, "none"),
    ];
    let counts = Counts {
        items: gone + 1000,
        held: recovered + 990,
        shell: 4,
        stranded,
        lost: gone - recovered - stranded,
        expired: 6,
        gone,
        recovered,
        recoverable: recovered + stranded,
        readable: recovered + 980,
    };
    ItemRow {
        dimensions: dimensions
            .map(|(name, value)| (name, value.to_owned()))
            .into(),
        counts,
    }
}

fn server_row(name: &str) -> ServerRow {
    ServerRow {
        server: name.into(),
        users: 3,
        shared_rooms: 2,
        gave_back: 100,
        could_give: 20,
        up_per_mille: 998,
        holds: 5000,
        sole_copies: 17,
        connects: true,
    }
}

fn stranded(room: &str, reason: &str, items: u64) -> StrandedRow {
    StrandedRow {
        room: room.into(),
        reason: reason.into(),
        items,
    }
}

/// The same world when nothing happens in it.
pub(super) fn nothing_lost() -> (Scenario, Measures) {
    let mut scenario = scenario();
    scenario.expect.clear();
    let measures = Measures {
        items: vec![items("message", 0, 0, 0)],
        recovery: Vec::new(),
        servers: Vec::new(),
        stranded: Vec::new(),
        tapestry: Vec::new(),
        measured: "one.example".into(),
        loss_at: None,
        backup_at: None,
        half_back_at: None,
        nine_tenths_back_at: None,
    };
    (scenario, measures)
}
