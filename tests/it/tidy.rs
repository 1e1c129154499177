//! The rules that the sources keep and no compiler checks: what may import what, and a few more.
//!
//! Every rule is a function from sources to offences, so that it can be shown an offence.

mod planted;
mod read;

use std::fs;
use std::path::Path;

use read::{Token, tokens};

/// The modules of `src`, the lowest shelf first. A module imports from lower shelves and from itself, and
/// not from its neighbours.
const SHELVES: [&[&str]; 13] = [
    &["kernel"],
    &["journal"],
    &["faults", "workload"],
    &["room", "script"],
    &["metrics", "protocol"],
    &["world"],
    &["scenario", "verify"],
    &["simulation"],
    &["experiment"],
    &["explain"],
    &["record", "report"],
    &["view"],
    &["cli"],
];

/// The most lines of a file.
const LONGEST: usize = 450;

/// Files that may be longer: up to how many lines, and why.
const LONGER: &[(&str, usize, &str)] = &[];

/// The only files that see the crates of random numbers.
const RANDOM: [&str; 2] = ["src/kernel/streams.rs", "src/kernel/distributions.rs"];

/// A file: its path from the root of the project, with `/`, and its text.
type Source = (String, String);

#[test]
fn imports_go_down() {
    none(each(&sources("src"), imports));
}

#[test]
fn the_library_lists_its_modules_in_the_order_of_the_shelves() {
    let library = fs::read_to_string(root().join("src/lib.rs")).expect("the library");
    let library = tokens(&library);
    let listed: Vec<&str> = library
        .windows(3)
        .filter(|three| three[0].is("mod") && three[2].is(";"))
        .filter_map(|three| three[1].word())
        .collect();
    assert_eq!(listed, SHELVES.concat());
}

#[test]
fn nothing_is_left_unfinished() {
    none(each(
        &[sources("src"), sources("tests")].concat(),
        unfinished,
    ));
}

#[test]
fn no_module_hides_in_a_mod_file() {
    none(each(
        &[sources("src"), sources("tests")].concat(),
        mod_files,
    ));
}

#[test]
fn no_file_is_too_long() {
    none(long_files(&sources("src"), LONGER));
}

#[test]
fn only_the_kernel_draws_random_numbers() {
    none(each(&sources("src"), randomness));
}

#[test]
fn only_the_command_line_prints() {
    none(each(&sources("src"), printing));
}

#[test]
fn nothing_depends_on_the_clock_or_on_hashing() {
    none(each(&sources("src"), irreproducible));
}

// The rules.

/// Imports from the same shelf or a higher one, and ways around the rule.
fn imports(path: &str, source: &str) -> Vec<String> {
    let modules = modules_of(path);
    let Some(own) = modules.first() else {
        return Vec::new(); // The library lists all modules; the program calls one.
    };
    let Some(shelf) = shelf(own) else {
        return vec![format!("{path}:1: {own} stands on no shelf")];
    };
    let mut found = Vec::new();
    for (line, name) in imported(source, modules.len()) {
        match self::shelf(&name) {
            _ if name == *own => {}
            Some(other) if other < shelf => {}
            Some(_) => found.push(format!("{path}:{line}: {own} imports {name}")),
            None if matches!(name.as_str(), "*" | "self" | "as") => {
                found.push(format!("{path}:{line}: {own} imports the whole crate"));
            }
            None => found.push(format!(
                "{path}:{line}: {own} imports {name}, which stands on no shelf"
            )),
        }
    }
    found
}

/// Marks of unfinished work.
fn unfinished(path: &str, source: &str) -> Vec<String> {
    let fixme = concat!("FIX", "ME");
    let noted = (1..)
        .zip(source.lines())
        .filter(|(_, text)| text.contains(fixme))
        .map(|(line, _)| (line, fixme));
    let all = tokens(source);
    let left = all.iter().enumerate().filter_map(|(at, token)| {
        let after = |text| all.get(at + 1).is_some_and(|next| next.is(text));
        let what = match token.word()? {
            "todo" if after("!") => "todo!",
            "unimplemented" if after("!") => "unimplemented!",
            "ignore" if at > 1 && all[at - 1].is("[") && all[at - 2].is("#") => "#[ignore]",
            _ => return None,
        };
        Some((token.line, what))
    });
    noted
        .chain(left)
        .map(|(line, what)| format!("{path}:{line}: {what}"))
        .collect()
}

/// `mod.rs`, where a file of the module's own name belongs.
fn mod_files(path: &str, _: &str) -> Vec<String> {
    let offends = path.ends_with("/mod.rs");
    offends
        .then(|| format!("{path}:1: a file named mod.rs"))
        .into_iter()
        .collect()
}

/// Files above the limit, and exceptions from it that nothing needs any more.
fn long_files(sources: &[Source], exceptions: &[(&str, usize, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, source) in sources {
        let lines = source.lines().count();
        let exception = exceptions.iter().find(|(file, ..)| file == path);
        let limit = exception.map_or(LONGEST, |(_, limit, _)| *limit);
        if lines > limit {
            found.push(format!(
                "{path}:{}: {lines} lines, where {limit} are allowed",
                limit + 1
            ));
        } else if exception.is_some() && lines <= LONGEST {
            found.push(format!(
                "{path}:1: an exception for its length, without need"
            ));
        }
    }
    for (path, _, reason) in exceptions {
        if !sources.iter().any(|(file, _)| file == path) {
            found.push(format!(
                "{path}:1: an exception for a file that does not exist"
            ));
        }
        if reason.is_empty() {
            found.push(format!("{path}:1: an exception without a reason"));
        }
    }
    found
}

/// Random numbers outside the kernel's streams.
fn randomness(path: &str, source: &str) -> Vec<String> {
    let crates = ["rand", "rand_chacha", "rand_core"];
    if RANDOM.contains(&path) {
        return Vec::new();
    }
    words(path, source, &crates)
}

/// Output from elsewhere than the command line.
fn printing(path: &str, source: &str) -> Vec<String> {
    if ["src/cli.rs", "src/main.rs"].contains(&path) || path.starts_with("src/cli/") {
        return Vec::new();
    }
    let ways = [
        "print", "println", "eprint", "eprintln", "dbg", "stdout", "stderr",
    ];
    // Methods and functions may be called so; a macro prints, and a handle is there to print to.
    let all = tokens(source);
    let mut found = Vec::new();
    for pair in all.windows(2) {
        let Some(name) = pair[0].word().filter(|name| ways.contains(name)) else {
            continue;
        };
        // The recorder has the output of the processes that it starts in its hands.
        let handle = ["stdout", "stderr"].contains(&name) && !path.starts_with("src/record/");
        if pair[1].is("!") || handle {
            found.push(format!("{path}:{}: {name}", pair[0].line));
        }
    }
    found
}

/// What differs from run to run. Real servers take the time they take, so the recorder may look at a clock.
fn irreproducible(path: &str, source: &str) -> Vec<String> {
    if path.starts_with("src/record/") {
        return words(path, source, &["HashMap", "HashSet"]);
    }
    words(
        path,
        source,
        &["HashMap", "HashSet", "SystemTime", "Instant"],
    )
}

// What the rules are made of.

/// The shelf of a module, counted from the lowest.
fn shelf(module: &str) -> Option<usize> {
    SHELVES.iter().position(|shelf| shelf.contains(&module))
}

/// The modules that a file stands in, from the top: `src/a/b.rs` is `a`, `b`. None for the two roots.
fn modules_of(path: &str) -> Vec<&str> {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    match inside {
        "lib" | "main" => Vec::new(),
        _ => inside.split('/').collect(),
    }
}

/// Every name that is reached from the root of the crate, by `crate::` or by enough `super::`, with its
/// line. `depth` says how many modules the file stands in.
fn imported(source: &str, depth: usize) -> Vec<(usize, String)> {
    let all = tokens(source);
    let is = |at: usize, text: &str| all.get(at).is_some_and(|token| token.is(text));
    let mut found = Vec::new();
    let mut braces = 0;
    let mut inline = Vec::new(); // How many braces were open before each `mod x {` around this place.
    let mut at = 0;
    while at < all.len() {
        if is(at, "{") {
            if at > 1 && is(at - 2, "mod") {
                inline.push(braces);
            }
            braces += 1;
        } else if is(at, "}") {
            braces -= 1;
            inline.pop_if(|before| *before == braces);
        } else if is(at, "crate") && is(at + 1, "as") {
            found.push((all[at].line, "as".to_owned()));
        } else if is(at, "crate") && is(at + 1, "::") {
            names(&all[at + 2..], &mut found);
        } else if is(at, "super") {
            let mut steps = 1;
            while is(at + 1, "::") && is(at + 2, "super") {
                steps += 1;
                at += 2;
            }
            if is(at + 1, "::") && steps >= depth + inline.len() {
                names(&all[at + 2..], &mut found);
            }
        }
        at += 1;
    }
    found
}

/// The first name of a path, or of each path in a group.
fn names(path: &[Token], found: &mut Vec<(usize, String)>) {
    let mut note = |token: &Token| {
        if token.is_word || token.is("*") {
            found.push((token.line, token.text.clone()));
        }
    };
    let Some(first) = path.first() else {
        return;
    };
    note(first);
    let mut depth = 0;
    for pair in path.windows(2) {
        match pair[0].text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && (pair[0].is("{") || pair[0].is(",")) {
            note(&pair[1]);
        }
    }
}

/// Every place where one of these words stands.
fn words(path: &str, source: &str, unwanted: &[&str]) -> Vec<String> {
    tokens(source)
        .iter()
        .filter_map(|token| Some((token.line, token.word()?)))
        .filter(|(_, name)| unwanted.contains(name))
        .map(|(line, name)| format!("{path}:{line}: {name}"))
        .collect()
}

fn each(sources: &[Source], rule: fn(&str, &str) -> Vec<String>) -> Vec<String> {
    sources
        .iter()
        .flat_map(|(path, source)| rule(path, source))
        .collect()
}

#[track_caller]
fn none(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files under a folder of the project, in the order of their paths.
fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("a folder of the project") {
        let entry = entry.expect("an entry of a folder");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().expect("a kind of file").is_dir() {
            found.extend(sources(&path));
        } else if path.ends_with(".rs") {
            let source = fs::read_to_string(entry.path()).expect("a source in UTF-8");
            found.push((path, source));
        }
    }
    found.sort();
    found
}
