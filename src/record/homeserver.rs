//! One real homeserver: its process, its folder, its backup.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::books::Books;
use super::client::Client;
use super::error::RecordError;
use super::laboratory::Laboratory;
use super::launcher::{Signal, last_lines};
use super::settings::{Place, configuration};
use crate::faults::{KeyFate, MediaFate};
use crate::script::ServerSettings;

/// How long a start may take.
const START_WITHIN: Duration = Duration::from_secs(120);
/// Time between two questions whether it answers.
const ASK_EVERY: Duration = Duration::from_millis(30);

/// A homeserver.
pub(super) struct Homeserver {
    /// The script's name for it: a letter.
    pub(super) label: String,
    /// Its name to the others: address and port.
    pub(super) name: String,
    settings: ServerSettings,
    federation_port: u16,
    client_port: u16,
    folder: PathBuf,
    old_signing_keys: Value,
    keys_made: u32,
    pid: Option<u32>,
    frozen: bool,
    books: Option<Books>,
}

impl Homeserver {
    /// A new one, with an empty database and a key of its own; not started.
    pub(super) async fn new(
        laboratory: &mut Laboratory,
        label: &str,
        settings: &ServerSettings,
        ports: (u16, u16),
        folder: PathBuf,
    ) -> Result<Homeserver, RecordError> {
        fs::create_dir_all(folder.join("media")).map_err(RecordError::file(&folder))?;
        let mut server = Homeserver {
            label: label.to_owned(),
            name: format!("127.0.0.1:{}", ports.0),
            settings: settings.clone(),
            federation_port: ports.0,
            client_port: ports.1,
            folder,
            old_signing_keys: json!({}),
            keys_made: 0,
            pid: None,
            frozen: false,
            books: None,
        };
        server.new_key(laboratory).await?;
        server.cut_off(&BTreeSet::new())?;
        Ok(server)
    }

    pub(super) fn runs(&self) -> bool {
        self.pid.is_some()
    }

    /// Runs, and takes part: does not stand still.
    pub(super) fn is_awake(&self) -> bool {
        self.pid.is_some() && !self.frozen
    }

    /// The address of its client API.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.client_port)
    }

    /// What it is called where databases have names and not files.
    fn database_name(&self) -> String {
        format!("server_{}", self.label)
    }

    fn database_files(&self) -> [PathBuf; 3] {
        ["homeserver.db", "homeserver.db-wal", "homeserver.db-shm"]
            .map(|name| self.folder.join(name))
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Its database, opened when first asked for; also of a server that does not run.
    pub(super) async fn books(&mut self, laboratory: &Laboratory) -> Result<&Books, RecordError> {
        if self.books.is_none() {
            let file = &self.database_files()[0];
            let database = laboratory.open_database(file, &self.database_name()).await;
            self.books = Some(Books(database.map_err(|cause| self.unreadable(cause))?));
        }
        Ok(self.books.as_ref().expect("just opened"))
    }

    pub(super) fn unreadable(&self, cause: String) -> RecordError {
        RecordError::Database {
            server: self.label.clone(),
            cause,
        }
    }

    /// Gives it a database like the given one, which nobody uses now.
    pub(super) async fn take_database(
        &mut self,
        laboratory: &mut Laboratory,
        from: (&Path, &str),
    ) -> Result<(), RecordError> {
        self.books = None;
        let (files, name) = (self.database_files(), self.database_name());
        laboratory.copy_database(from, (&files[0], &name)).await
    }

    /// Starts it; `answers` tells when it is up.
    pub(super) async fn launch(&mut self, laboratory: &mut Laboratory) -> Result<(), RecordError> {
        let file = self.folder.join("homeserver.json");
        let place = Place {
            name: &self.name,
            federation_port: self.federation_port,
            client_port: self.client_port,
            folder: &self.folder,
            shared: laboratory.folder(),
            database: laboratory.database_section(&self.database_files()[0], &self.database_name()),
            old_signing_keys: self.old_signing_keys.clone(),
        };
        let text = configuration(&place, &self.settings).to_string();
        fs::write(&file, text).map_err(RecordError::file(&file))?;
        let order = json!({
            "do": "start",
            "config": file,
            "log": self.log(),
            "cuts": self.folder.join("cuts"),
            "orders_hosts": laboratory.orders_hosts(),
        });
        self.pid = Some(laboratory.launcher.spawn(order).await?);
        self.frozen = false;
        Ok(())
    }

    /// Waits until it answers.
    pub(super) async fn answers(
        &mut self,
        laboratory: &mut Laboratory,
        client: &Client,
    ) -> Result<(), RecordError> {
        let Some(pid) = self.pid else {
            return Ok(());
        };
        let deadline = tokio::time::Instant::now() + START_WITHIN;
        while !client.is_up(&self.address()).await {
            let ended = laboratory.launcher.has_ended(pid, ASK_EVERY).await?;
            if let Some(status) = ended {
                self.pid = None;
                return Err(self.ended(format!("ended with status {status} before it answered")));
            }
            if tokio::time::Instant::now() > deadline {
                return Err(self.ended("does not answer".to_owned()));
            }
        }
        Ok(())
    }

    /// A server that has ended of itself is an error of the experiment, not a result.
    pub(super) async fn still_runs(
        &mut self,
        laboratory: &mut Laboratory,
    ) -> Result<(), RecordError> {
        let Some(pid) = self.pid else {
            return Ok(());
        };
        match laboratory.launcher.has_ended(pid, Duration::ZERO).await? {
            None => Ok(()),
            Some(status) => Err(self.ended(format!("ended with status {status}"))),
        }
    }

    fn ended(&self, what: String) -> RecordError {
        RecordError::Ended {
            who: format!("server {}", self.label),
            what,
            log: last_lines(&self.log()),
        }
    }

    /// Ends the process, cleanly or as if power were lost.
    pub(super) async fn end(
        &mut self,
        laboratory: &mut Laboratory,
        signal: Signal,
    ) -> Result<(), RecordError> {
        self.books = None;
        if let Some(pid) = self.pid.take() {
            laboratory.launcher.signal(pid, signal).await?;
            laboratory.launcher.wait_end(pid).await?;
        }
        Ok(())
    }

    /// Makes it stand still, or go on.
    pub(super) async fn freeze(
        &mut self,
        laboratory: &mut Laboratory,
        frozen: bool,
    ) -> Result<(), RecordError> {
        let signal = if frozen { Signal::Stop } else { Signal::Cont };
        if let Some(pid) = self.pid {
            laboratory.launcher.signal(pid, signal).await?;
            self.frozen = frozen;
        }
        Ok(())
    }

    /// Copies database and media of the stopped server.
    pub(super) async fn back_up(&mut self, laboratory: &mut Laboratory) -> Result<(), RecordError> {
        let backup = self.backup_folder();
        remove(&backup)?;
        fs::create_dir_all(&backup).map_err(RecordError::file(&backup))?;
        let (files, name) = (self.database_files(), self.database_name());
        let copy = (backup.join("homeserver.db"), format!("{name}_backup"));
        laboratory
            .copy_database((&files[0], &name), (&copy.0, &copy.1))
            .await?;
        copy_folder(&self.folder.join("media"), &backup.join("media"))
    }

    /// Puts the backup in the place of what is there now; the server does not run.
    pub(super) async fn restore(
        &mut self,
        laboratory: &mut Laboratory,
        media: MediaFate,
        key: KeyFate,
    ) -> Result<(), RecordError> {
        let backup = self.backup_folder();
        let name = format!("{}_backup", self.database_name());
        self.take_database(laboratory, (&backup.join("homeserver.db"), &name))
            .await?;
        let store = self.folder.join("media");
        if media != MediaFate::Kept {
            remove(&store)?;
            fs::create_dir_all(&store).map_err(RecordError::file(&store))?;
        }
        if media == MediaFate::Restored {
            copy_folder(&backup.join("media"), &store)?;
        }
        match key {
            KeyFate::Kept => Ok(()),
            KeyFate::New => self.new_key(laboratory).await,
            KeyFate::NewListed => {
                let old = self.old_signing_keys.take();
                let current = fs::read_to_string(self.folder.join("public.json"));
                let current = current.map_err(RecordError::file(&self.folder))?;
                let current: Value = serde_json::from_str(&current).unwrap_or(Value::Null);
                self.new_key(laboratory).await?;
                self.old_signing_keys = listed(old, &current, now_millis());
                Ok(())
            }
        }
    }

    fn backup_folder(&self) -> PathBuf {
        self.folder.join("backup")
    }

    /// A new signing key; the old ones are no longer listed.
    async fn new_key(&mut self, laboratory: &mut Laboratory) -> Result<(), RecordError> {
        self.keys_made += 1;
        let order = json!({
            "do": "signing-key",
            "path": self.folder.join("signing.key"),
            "version": format!("{}_{}", self.label, self.keys_made),
        });
        let made = laboratory.launcher.order(order).await?;
        self.old_signing_keys = json!({});
        let public = self.folder.join("public.json");
        fs::write(&public, made.to_string()).map_err(RecordError::file(&public))
    }

    /// From now on requests to these servers fail at once.
    pub(super) fn cut_off(&self, from: &BTreeSet<String>) -> Result<(), RecordError> {
        let names: Vec<&str> = from.iter().map(String::as_str).collect();
        let file = self.folder.join("cuts");
        // Renamed into place, since the server may read it at any moment.
        let fresh = self.folder.join("cuts.new");
        fs::write(&fresh, names.join("\n")).map_err(RecordError::file(&fresh))?;
        fs::rename(&fresh, &file).map_err(RecordError::file(&file))
    }
}

/// Milliseconds since 1970, as Synapse counts time.
pub(super) fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The listed old keys with one more.
fn listed(old: Value, key: &Value, expired: i64) -> Value {
    let mut keys = match old {
        Value::Object(keys) => keys,
        _ => serde_json::Map::new(),
    };
    let name = key["name"].as_str().unwrap_or_default().to_owned();
    keys.insert(name, json!({ "key": key["public"], "expired_ts": expired }));
    Value::Object(keys)
}

fn remove(folder: &Path) -> Result<(), RecordError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(RecordError::file(folder)(error))
        }
        _ => Ok(()),
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), RecordError> {
    fs::create_dir_all(to).map_err(RecordError::file(to))?;
    for entry in fs::read_dir(from).map_err(RecordError::file(from))? {
        let entry = entry.map_err(RecordError::file(from))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).map_err(RecordError::file(&target))?;
        }
    }
    Ok(())
}
