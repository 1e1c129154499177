//! The place where real servers live: a temporary folder, a launcher, and what all servers share.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::client::Client;
use super::database::Database;
use super::error::RecordError;
use super::homeserver::Homeserver;
use super::launcher::{Launcher, Signal};
use super::postgresql::Cluster;
use super::{DatabaseKind, HostOrder, SYNAPSE, Setup};
use crate::script::{Script, ServerSettings};

/// Ports are looked for here: five digits, so that names sort as numbers do, and below those that systems
/// give to outgoing connections.
const PORTS: std::ops::Range<u16> = 10_000..32_000;
/// Recorders that start together look in different places first.
const PORTS_APART: u32 = 64;
/// How long the upgrades of a new database may take.
const UPGRADES_WITHIN: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(100);
/// The database that all new servers begin with.
const TEMPLATE: &str = "template_synapse";

/// Two ports of one server. The sockets keep them from other recorders.
struct Ports {
    federation: u16,
    client: u16,
    _reserved: [UdpSocket; 2],
}

/// Where real servers live.
pub struct Laboratory {
    setup: Setup,
    pub(super) launcher: Launcher,
    cluster: Option<Cluster>,
    ports: Vec<Ports>,
    runs: u32,
    template: Option<PathBuf>,
    // Dropped last: the launcher removes it, too, when it is the last to live.
    folder: tempfile::TempDir,
}

impl Laboratory {
    /// Opens one: Synapse is loaded, and a fresh database made, of which each server gets a copy.
    pub async fn open(setup: &Setup) -> Result<Laboratory, RecordError> {
        check_environment(setup)?;
        let folder = tempfile::Builder::new().prefix("fedheal-").tempdir();
        let folder = folder.map_err(RecordError::file(std::env::temp_dir()))?;
        // PostgreSQL refuses to run as root, and another user must get through to its part.
        let passable = fs::Permissions::from_mode(0o711);
        fs::set_permissions(folder.path(), passable).map_err(RecordError::file(folder.path()))?;
        let mut launcher = Launcher::start(&setup.environment, folder.path()).await?;
        let cluster = match setup.database {
            DatabaseKind::Sqlite => None,
            DatabaseKind::Postgresql => Some(Cluster::start(&mut launcher, folder.path()).await?),
        };
        let certificate = json!({
            "do": "certificate",
            "certificate": folder.path().join("tls.crt"),
            "key": folder.path().join("tls.key"),
        });
        launcher.order(certificate).await?;
        let mut laboratory = Laboratory {
            setup: setup.clone(),
            launcher,
            cluster,
            ports: Vec::new(),
            runs: 0,
            template: None,
            folder,
        };
        laboratory.make_template().await?;
        Ok(laboratory)
    }

    /// Ends all processes and removes the folder.
    pub async fn close(mut self) {
        self.launcher.end().await;
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Is Synapse to be changed so that it asks the oldest join first? On PostgreSQL it does so itself.
    pub(super) fn orders_hosts(&self) -> bool {
        self.setup.database == DatabaseKind::Sqlite
            && self.setup.host_order == HostOrder::OldestJoin
    }

    pub(super) fn database_section(&self, file: &Path, name: &str) -> Value {
        match &self.cluster {
            Some(cluster) => cluster.section(name),
            None => json!({ "name": "sqlite3", "args": { "database": file } }),
        }
    }

    pub(super) async fn open_database(&self, file: &Path, name: &str) -> Result<Database, String> {
        match &self.cluster {
            Some(cluster) => cluster.connect(name).await.map(Database::Postgresql),
            None => Database::open_sqlite(file),
        }
    }

    /// Puts a copy of one database in the place of another; nobody uses either.
    pub(super) async fn copy_database(
        &self,
        from: (&Path, &str),
        to: (&Path, &str),
    ) -> Result<(), RecordError> {
        if let Some(cluster) = &self.cluster {
            let copied = cluster.copy(Some(from.1), to.1).await;
            return copied.map_err(|cause| RecordError::Database {
                server: to.1.to_owned(),
                cause,
            });
        }
        // The log of what is not yet in the main file belongs to it; what is shared by readers does not.
        for (suffix, copied) in [("", true), ("-wal", true), ("-shm", false)] {
            let (from, to) = (beside(from.0, suffix), beside(to.0, suffix));
            fs::remove_file(&to).or_else(ignore_missing(&to))?;
            if copied && from.exists() {
                fs::copy(&from, &to).map_err(RecordError::file(&to))?;
            }
        }
        Ok(())
    }

    /// Fresh servers for a script, none of them started.
    pub(super) async fn servers(
        &mut self,
        script: &Script,
    ) -> Result<Vec<Homeserver>, RecordError> {
        self.reserve_ports(script.servers.len())?;
        self.runs += 1;
        let folder = self.folder().join(format!("run-{}", self.runs));
        let mut servers = Vec::new();
        for (index, label) in script.servers.iter().enumerate() {
            let ports = (self.ports[index].federation, self.ports[index].client);
            let own = folder.join(label);
            let mut server =
                Homeserver::new(self, label, &script.settings[index], ports, own).await?;
            let template = self.template.clone().expect("made when opened");
            server.take_database(self, (&template, TEMPLATE)).await?;
            servers.push(server);
        }
        Ok(servers)
    }

    /// What a play leaves behind.
    pub(super) fn clear(&self) {
        fs::remove_dir_all(self.folder().join(format!("run-{}", self.runs))).ok();
    }

    /// A database as Synapse makes it, with all its upgrades done.
    async fn make_template(&mut self) -> Result<(), RecordError> {
        self.reserve_ports(1)?;
        let ports = (self.ports[0].federation, self.ports[0].client);
        let own = self.folder().join("template");
        let file = own.join("homeserver.db");
        let settings = ServerSettings::default();
        let mut server = Homeserver::new(self, "template", &settings, ports, own).await?;
        if let Some(cluster) = &self.cluster {
            let made = cluster.copy(None, "server_template").await;
            made.map_err(|cause| server.unreadable(cause))?;
        }
        let client = Client::new();
        server.launch(self).await?;
        server.answers(self, &client).await?;
        let deadline = tokio::time::Instant::now() + UPGRADES_WITHIN;
        loop {
            let left = server.books(self).await?.unfinished_upgrades().await;
            if left.map_err(|cause| server.unreadable(cause))? == 0 {
                break;
            }
            if tokio::time::Instant::now() > deadline {
                return Err(server.unreadable("its upgrades do not end".to_owned()));
            }
            tokio::time::sleep(PAUSE).await;
        }
        server.end(self, Signal::Term).await?;
        let template = self.folder().join("template.db");
        self.copy_database((&file, "server_template"), (&template, TEMPLATE))
            .await?;
        self.template = Some(template);
        Ok(())
    }

    /// Finds free ports, two for each server, in ascending order.
    fn reserve_ports(&mut self, servers: usize) -> Result<(), RecordError> {
        let span = u32::from(PORTS.end - PORTS.start);
        let start = (std::process::id().wrapping_mul(PORTS_APART) % span) as u16;
        let mut next = self
            .ports
            .last()
            .map_or(PORTS.start + start, |last| last.client + 1);
        while self.ports.len() < servers {
            let mut pair = Vec::new();
            while pair.len() < 2 {
                if next >= PORTS.end {
                    // Those found so far stand in the wrong order now.
                    self.ports.clear();
                    pair.clear();
                    next = PORTS.start;
                }
                pair.extend(reserve(next).map(|socket| (next, socket)));
                next += 1;
            }
            let (client, second) = pair.pop().expect("two");
            let (federation, first) = pair.pop().expect("two");
            self.ports.push(Ports {
                federation,
                client,
                _reserved: [first, second],
            });
        }
        Ok(())
    }
}

/// A port that nobody uses; other recorders see the reservation, since they ask for the same.
fn reserve(port: u16) -> Option<UdpSocket> {
    let reserved = UdpSocket::bind(("127.0.0.1", port)).ok()?;
    TcpListener::bind(("127.0.0.1", port)).ok()?;
    Some(reserved)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn ignore_missing(path: &Path) -> impl FnOnce(std::io::Error) -> Result<(), RecordError> {
    let path = path.to_owned();
    move |error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(RecordError::file(path)(error)),
    }
}

/// Is there Synapse, of the version that the format describes?
fn check_environment(setup: &Setup) -> Result<(), RecordError> {
    let missing = |what: String| RecordError::NoSynapse {
        folder: setup.environment.clone(),
        what,
    };
    let python = setup.environment.join("bin").join("python");
    if !python.exists() {
        return Err(missing("there is no bin/python".to_owned()));
    }
    let asked = std::process::Command::new(&python)
        .args([
            "-c",
            "import importlib.metadata as m; print(m.version('matrix-synapse'))",
        ])
        .output()
        .map_err(RecordError::file(&python))?;
    let version = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    if !asked.status.success() {
        return Err(missing(
            "its Python knows no package matrix-synapse".to_owned(),
        ));
    }
    if version != SYNAPSE {
        return Err(missing(format!("it has version {version}, not {SYNAPSE}")));
    }
    if setup.database == DatabaseKind::Postgresql {
        let driver = std::process::Command::new(&python)
            .args(["-c", "import psycopg2"])
            .output()
            .map_err(RecordError::file(&python))?;
        if !driver.status.success() {
            return Err(missing("its Python has no psycopg2".to_owned()));
        }
    }
    Ok(())
}
