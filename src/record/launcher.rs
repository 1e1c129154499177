//! The process that starts and ends all others (`tests/synapse/launcher.py`).

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::error::RecordError;

/// The program; it needs nothing but Synapse's own packages.
const PROGRAM: &str = include_str!("../../tests/synapse/launcher.py");
/// Lines of a log that are shown when a process fails.
const LAST_LINES: usize = 15;

/// A signal that a process is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// A clean stop.
    Term,
    /// As if power were lost.
    Kill,
    /// Stand still.
    Stop,
    /// Go on.
    Cont,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Signal::Term => "SIGTERM",
            Signal::Kill => "SIGKILL",
            Signal::Stop => "SIGSTOP",
            Signal::Cont => "SIGCONT",
        }
    }
}

/// A running launcher.
#[derive(Debug)]
pub(super) struct Launcher {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    answers: VecDeque<Value>,
    /// Processes that ended, with their exit codes (below zero: the signal).
    ended: BTreeMap<u32, i64>,
    log: PathBuf,
}

impl Launcher {
    /// Starts it. `folder` is what it removes at its end.
    pub(super) async fn start(environment: &Path, folder: &Path) -> Result<Launcher, RecordError> {
        let python = environment.join("bin").join("python");
        let program = folder.join("launcher.py");
        std::fs::write(&program, PROGRAM).map_err(RecordError::file(&program))?;
        let log = folder.join("launcher.log");
        let out = std::fs::File::create(&log).map_err(RecordError::file(&log))?;
        let mut child = Command::new(&python)
            .arg(&program)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(out)
            // A terminal's Ctrl-C is the recorder's to answer.
            .process_group(0)
            .spawn()
            .map_err(RecordError::file(&python))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("its output is a pipe");
        let mut launcher = Launcher {
            child,
            stdin,
            lines: BufReader::new(stdout).lines(),
            answers: VecDeque::new(),
            ended: BTreeMap::new(),
            log,
        };
        launcher.answer().await?;
        Ok(launcher)
    }

    /// Gives an order and waits for the answer.
    pub(super) async fn order(&mut self, order: Value) -> Result<Value, RecordError> {
        let line = format!("{order}\n");
        let Some(stdin) = &mut self.stdin else {
            return Err(self.gone());
        };
        if stdin.write_all(line.as_bytes()).await.is_err() {
            return Err(self.gone());
        }
        let answer = self.answer().await?;
        match answer.get("error") {
            None => Ok(answer),
            Some(error) => Err(RecordError::Refused {
                order: order["do"].as_str().unwrap_or_default().to_owned(),
                answer: error.as_str().unwrap_or_default().to_owned(),
            }),
        }
    }

    /// Starts a process: an order that is answered with its number.
    pub(super) async fn spawn(&mut self, order: Value) -> Result<u32, RecordError> {
        let answer = self.order(order).await?;
        let pid = answer["pid"].as_u64().and_then(|pid| pid.try_into().ok());
        Ok(pid.expect("the launcher answers a start with a process number"))
    }

    pub(super) async fn signal(&mut self, pid: u32, signal: Signal) -> Result<(), RecordError> {
        let order = json!({ "do": "signal", "pid": pid, "signal": signal.name() });
        self.order(order).await.map(drop)
    }

    /// Waits for the end of a process; its exit code.
    pub(super) async fn wait_end(&mut self, pid: u32) -> Result<i64, RecordError> {
        loop {
            if let Some(status) = self.ended.remove(&pid) {
                return Ok(status);
            }
            self.line().await?;
        }
    }

    /// Lets some time pass, and hears what the launcher says meanwhile. Has this process ended?
    pub(super) async fn has_ended(
        &mut self,
        pid: u32,
        within: Duration,
    ) -> Result<Option<i64>, RecordError> {
        if let Ok(heard) = tokio::time::timeout(within, self.line()).await {
            heard?;
        }
        Ok(self.ended.get(&pid).copied())
    }

    /// Ends it and all that it started.
    pub(super) async fn end(&mut self) {
        self.stdin = None;
        if self.child.wait().await.is_err() {
            self.child.start_kill().ok();
        }
    }

    async fn answer(&mut self) -> Result<Value, RecordError> {
        loop {
            if let Some(answer) = self.answers.pop_front() {
                return Ok(answer);
            }
            self.line().await?;
        }
    }

    async fn line(&mut self) -> Result<(), RecordError> {
        let line = match self.lines.next_line().await {
            Ok(Some(line)) => line,
            _ => return Err(self.gone()),
        };
        let value: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
        match (value["ended"].as_u64(), value["status"].as_i64()) {
            (Some(pid), Some(status)) => {
                self.ended.insert(pid as u32, status);
            }
            _ => self.answers.push_back(value),
        }
        Ok(())
    }

    fn gone(&self) -> RecordError {
        RecordError::Ended {
            who: "the launcher of Synapse".to_owned(),
            what: "ended".to_owned(),
            log: last_lines(&self.log),
        }
    }
}

/// The end of a log.
pub(super) fn last_lines(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}
