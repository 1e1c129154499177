//! The rules, shown offences: each is caught, and nothing else is.

use super::*;

#[test]
fn an_import_upwards_is_caught() {
    let path = "src/protocol/matrix.rs";
    let offence = ["src/protocol/matrix.rs:2: protocol imports simulation"];
    for source in [
        "\nuse crate::simulation::run;",
        "\npub(crate) use crate::simulation;",
        "\nfn f() { crate::simulation::run() }",
        "\nuse crate::{simulation::run, kernel};",
        "use crate::{\nsimulation, room::{log, state}};",
        "use crate::{room::{log, state}, // Here.\nsimulation}; // crate::report",
        "\nuse super::super::simulation;",
        "\nmod tests { mod deep { use super::super::super::super::simulation; } }",
        "mod tests { fn f() {} }\nuse super::super::simulation;",
    ] {
        assert_eq!(imports(path, source), offence, "{source}");
    }
}

#[test]
fn every_name_of_a_group_is_read() {
    let source = "use crate::{\n    cli,\n    kernel::{SimTime, report},\n    world::World,\n};\n";
    assert_eq!(
        imports("src/room/log.rs", source),
        [
            "src/room/log.rs:2: room imports cli",
            "src/room/log.rs:4: room imports world"
        ]
    );
}

#[test]
fn an_import_of_a_neighbour_is_caught() {
    let offences = [
        imports("src/metrics.rs", "use crate::protocol::matrix;"),
        imports("src/workload/spec.rs", "use crate::faults::Fault;"),
        imports("src/faults.rs", "use crate::workload::Action;"),
    ];
    assert_eq!(
        offences.concat(),
        [
            "src/metrics.rs:1: metrics imports protocol",
            "src/workload/spec.rs:1: workload imports faults",
            "src/faults.rs:1: faults imports workload",
        ]
    );
}

#[test]
fn a_way_around_the_shelves_is_caught() {
    for source in [
        "use crate::*;",
        "use crate as all;",
        "use crate::{self as all};",
        "use super::*;",
    ] {
        assert_eq!(
            imports("src/room.rs", source),
            ["src/room.rs:1: room imports the whole crate"]
        );
    }
    assert_eq!(
        imports("src/room.rs", "use crate::misc::X;"),
        ["src/room.rs:1: room imports misc, which stands on no shelf"]
    );
    assert_eq!(
        imports("src/misc/x.rs", ""),
        ["src/misc/x.rs:1: misc stands on no shelf"]
    );
}

#[test]
fn an_import_downwards_or_of_itself_is_none_of_these() {
    for source in [
        "use crate::kernel::SimTime;",
        "use crate::{journal::{self, Fact}, workload};",
        "use crate::protocol::matrix::Rules;",
        "pub(in crate::protocol) fn f() {}",
        "pub(super) fn f() {}",
        "use super::matrix;",
        "mod tests { use super::*; use super::super::matrix; }",
        "/// Called by [`crate::simulation`].\nfn f() -> &'static str { \"crate::cli\" }",
    ] {
        none(imports("src/protocol/x.rs", source));
    }
    none(imports("src/main.rs", "use fedheal::cli;"));
}

#[test]
fn unfinished_work_is_caught() {
    let source = format!(
        "// {}: later\nfn f() {{ todo!() }}\nfn g() {{ unimplemented!(\"h\") }}\n#[ignore = \"slow\"]\n#[ignore]\n",
        concat!("FIX", "ME")
    );
    let found = unfinished("a.rs", &source);
    let lines: Vec<&str> = found
        .iter()
        .filter_map(|offence| offence.split(": ").next())
        .collect();
    assert_eq!(lines, ["a.rs:1", "a.rs:2", "a.rs:3", "a.rs:4", "a.rs:5"]);
    none(unfinished(
        "a.rs",
        "let ignore = todo; // todo!, said the \"#[ignore]\"",
    ));
}

#[test]
fn a_mod_file_is_caught() {
    assert_eq!(mod_files("src/room/mod.rs", "").len(), 1);
    none(mod_files("src/room/period_mod.rs", ""));
}

#[test]
fn a_long_file_is_caught_and_so_is_an_idle_exception() {
    let of = |lines: usize| vec![("src/a.rs".to_owned(), "\n".repeat(lines))];
    none(long_files(&of(450), &[]));
    assert_eq!(
        long_files(&of(451), &[]),
        ["src/a.rs:451: 451 lines, where 450 are allowed"]
    );
    none(long_files(&of(460), &[("src/a.rs", 460, "a table")]));
    assert_eq!(
        long_files(&of(461), &[("src/a.rs", 460, "a table")]),
        ["src/a.rs:461: 461 lines, where 460 are allowed"]
    );
    assert_eq!(
        long_files(
            &of(450),
            &[("src/a.rs", 460, ""), ("src/b.rs", 460, "a table")]
        ),
        [
            "src/a.rs:1: an exception for its length, without need",
            "src/a.rs:1: an exception without a reason",
            "src/b.rs:1: an exception for a file that does not exist",
        ]
    );
}

#[test]
fn a_stray_random_number_is_caught() {
    let source = "use rand::Rng;\nuse rand_chacha::ChaCha12Rng;";
    assert_eq!(
        randomness("src/kernel/queue.rs", source),
        [
            "src/kernel/queue.rs:1: rand",
            "src/kernel/queue.rs:2: rand_chacha"
        ]
    );
    none(each(
        &RANDOM.map(|path| (path.to_owned(), source.to_owned())),
        randomness,
    ));
}

#[test]
fn a_stray_line_of_output_is_caught() {
    let source = "println!(\"a\");\neprint!(\"b\");\nwriteln!(io::stdout(), \"c\");\npage.print();";
    assert_eq!(
        printing("src/report.rs", source),
        [
            "src/report.rs:1: println",
            "src/report.rs:2: eprint",
            "src/report.rs:3: stdout"
        ]
    );
    none(printing("src/cli/run.rs", source));
    none(printing("src/cli.rs", source));
    assert_eq!(printing("src/client.rs", source).len(), 3);
}

#[test]
fn a_clock_and_a_hashed_order_are_caught() {
    let source = "use std::collections::{BTreeMap, HashMap, HashSet};\nuse std::time::{Instant, SystemTime};";
    assert_eq!(
        irreproducible("src/room.rs", source),
        [
            "src/room.rs:1: HashMap",
            "src/room.rs:1: HashSet",
            "src/room.rs:2: Instant",
            "src/room.rs:2: SystemTime",
        ]
    );
}
