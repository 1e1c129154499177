//! The command line as text: pairs of `--set`, and the command that repeats a run.

use std::path::{Path, PathBuf};

use crate::report::Keep;

/// Which world: a scenario's file, and what is put over what it says.
#[derive(Debug, clap::Args)]
pub(super) struct World {
    /// The scenario file, for example scenarios/hypha-2021.toml
    #[arg(value_name = "SCENARIO")]
    pub(super) path: PathBuf,

    /// Use this seed instead of the scenario's: other people, messages and luck
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,

    /// Change a value of the scenario, by its dotted key; may be given often
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(super) set: Vec<(String, String)>,
}

/// Reads `key=value`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write KEY=VALUE, for example people.scrolls-per-day=0.5".to_owned()),
    }
}

/// What a person types to go on with a study.
pub(super) fn sweep(path: &Path, seed: u64, set: &[(String, String)]) -> String {
    of_world("sweep", path, seed, set)
}

fn of_world(verb: &str, path: &Path, seed: u64, set: &[(String, String)]) -> String {
    let mut command = format!("fedheal {verb} {}", quoted(&path.to_string_lossy()));
    command += &format!(" --seed {seed}");
    for (key, value) in set {
        command += &format!(" --set {}", quoted(&format!("{key}={value}")));
    }
    command
}

/// What a person types to repeat a run. The folder is left out: it changes no result.
pub(super) fn again(path: &Path, seed: u64, set: &[(String, String)], journal: Keep) -> String {
    let mut command = of_world("run", path, seed, set);
    if journal != Keep::Full {
        command += &format!(" --journal {}", journal.name());
    }
    command
}

/// A word for a shell, in quotes where it needs them.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_survives_the_shell() {
        let set = vec![("servers.one.name".to_owned(), "it's".to_owned())];
        assert_eq!(
            again(Path::new("my scenario.toml"), 7, &set, Keep::Full),
            r"fedheal run 'my scenario.toml' --seed 7 --set 'servers.one.name=it'\''s'"
        );
    }

    #[test]
    fn a_command_names_the_journal_where_it_is_not_the_full_one() {
        let command = again(Path::new("a.toml"), 7, &[], Keep::Ranges);
        assert_eq!(command, "fedheal run a.toml --seed 7 --journal ranges");
    }

    #[test]
    fn a_pair_needs_a_key_and_an_equals_sign() {
        assert_eq!(pair("a = 1=2"), Ok(("a".to_owned(), "1=2".to_owned())));
        assert!(pair("a").is_err());
        assert!(pair("=1").is_err());
    }
}
