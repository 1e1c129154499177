//! Studies: many runs of one scenario, from the file to the tables.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

mod bad;
mod folder;
mod numbers;
mod points;
mod results;

/// Three servers and two busy rooms, with a loss: a run takes some milliseconds, and its luck shows in every count.
/// `more` is put behind it.
fn study(more: &str) -> String {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/minimal.toml");
    format!(
        "title = 'A study of a small loss.'\nbase = '{}'\n\
         [people]\nscrolls-per-member-day = 0.3\nscroll-pages = 1\npage = 20\n\
         [room.0]\nmessages-per-day = 200\n[room.1]\nmessages-per-day = 50\n{more}",
        base.display()
    )
}

/// Two rules by three.
const GRID: &str = "
[sweep]
replicas = 4
[sweep.frontier]
gain = 'recovered_share'
cost = 'copies_elsewhere'
within = ['rules.gme-serve-cap']
[sweep.ranking]
measure = 'recovered_share'
axis = 'asked'
baseline = 'ten'
[[sweep.axis]]
key = 'rules.gme-serve-cap'
values = [20, 60]
[[sweep.axis]]
name = 'asked'
levels = [
    { name = 'ten' },
    { name = 'twenty', set.rules.gme-request-limit = 20 },
    { name = 'sixty, and none at home', set = { 'server.1.rules.gme-request-limit' = 60, rules.gme-request-limit = 60 } },
]
";

/// A folder with a study in it.
struct Place {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Place {
    fn with(text: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.toml");
        fs::write(&file, text).unwrap();
        Place { folder, file }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fedheal"));
        command
            .arg("sweep")
            .arg(&self.file)
            .arg("--out")
            .arg(self.out(out));
        command.args(more).env("NO_COLOR", "1");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn sweep(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }

    /// Sweeps, and all must go well.
    fn swept(&self, out: &str, more: &[&str]) -> PathBuf {
        let answer = self.sweep(out, more);
        assert_eq!(answer.status.code(), Some(0), "{}", stderr(&answer));
        self.out(out)
    }
}

fn stderr(answer: &Output) -> String {
    String::from_utf8(answer.stderr.clone()).unwrap()
}

/// A message without the breaks of its lines.
fn flat(answer: &Output) -> String {
    let text = stderr(answer).replace(['\u{2502}', '\u{00d7}'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All files of a folder but the manifest, by name.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("manifest.json"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The header and the rows of a table.
fn table(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let words = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let header = words(reader.headers().unwrap());
    let rows = reader.records().map(|row| words(&row.unwrap())).collect();
    (header, rows)
}

fn column(header: &[String], name: &str) -> usize {
    let position = header.iter().position(|column| column == name);
    position.unwrap_or_else(|| panic!("no {name} in {header:?}"))
}
