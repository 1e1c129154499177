//! A private PostgreSQL cluster in the laboratory's folder, reached by a socket there and by nothing else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use super::error::RecordError;
use super::launcher::{Launcher, last_lines};

/// Its only user.
const USER: &str = "fedheal";
/// Where Debian puts each version's programs.
const VERSIONS: &str = "/usr/lib/postgresql";
const PAUSE: Duration = Duration::from_millis(50);
const START_WITHIN: Duration = Duration::from_secs(60);

/// A running cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    folder: PathBuf,
}

impl Cluster {
    /// Makes a cluster and starts it.
    pub(super) async fn start(
        launcher: &mut Launcher,
        folder: &Path,
    ) -> Result<Cluster, RecordError> {
        let programs = programs()?;
        let cluster = Cluster {
            folder: folder.join("cluster"),
        };
        let log = folder.join("postgresql.log");
        std::fs::create_dir_all(&cluster.folder).map_err(RecordError::file(&cluster.folder))?;
        let hand_over = json!({ "do": "hand-over", "path": cluster.folder });
        launcher.order(hand_over).await?;
        let program = |name: &str, arguments: &[&str]| {
            let mut all = vec![programs.join(name).to_string_lossy().into_owned()];
            all.extend([
                "-D".to_owned(),
                cluster.folder.to_string_lossy().into_owned(),
            ]);
            all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
            json!({ "do": "program", "log": log, "arguments": all })
        };
        let initdb = program(
            "initdb",
            &[
                "-U",
                USER,
                "--auth=trust",
                "--no-locale",
                "-E",
                "UTF8",
                "--no-sync",
            ],
        );
        let pid = launcher.spawn(initdb).await?;
        if launcher.wait_end(pid).await? != 0 {
            return Err(failed("could not make a cluster", &log));
        }
        let sockets = cluster.folder.to_string_lossy().into_owned();
        // Nothing is kept, so nothing need survive a loss of power.
        let postgres = program(
            "postgres",
            &[
                "-k",
                &sockets,
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "full_page_writes=off",
                "-c",
                "max_connections=300",
                "-c",
                "autovacuum=off",
            ],
        );
        let pid = launcher.spawn(postgres).await?;
        let deadline = tokio::time::Instant::now() + START_WITHIN;
        while cluster.connect("postgres").await.is_err() {
            if launcher.has_ended(pid, PAUSE).await?.is_some()
                || tokio::time::Instant::now() > deadline
            {
                return Err(failed("did not start", &log));
            }
        }
        Ok(cluster)
    }

    /// Opens a database.
    pub(super) async fn connect(&self, name: &str) -> Result<Client, String> {
        let mut config = tokio_postgres::Config::new();
        config.host_path(&self.folder).user(USER).dbname(name);
        let (client, connection) = config
            .connect(NoTls)
            .await
            .map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// A database like another, which nobody uses now; or an empty one.
    pub(super) async fn copy(&self, from: Option<&str>, to: &str) -> Result<(), String> {
        let client = self.connect("postgres").await?;
        let template = from.unwrap_or("template0");
        for statement in [
            format!("DROP DATABASE IF EXISTS {to} WITH (FORCE)"),
            // A reader's connection may take a moment to end.
            format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'"
            ),
            format!("CREATE DATABASE {to} TEMPLATE {template} STRATEGY FILE_COPY"),
        ] {
            client
                .batch_execute(&statement)
                .await
                .map_err(|error| format!("{statement}: {error:?}"))?;
        }
        Ok(())
    }

    /// Synapse's `database` section.
    pub(super) fn section(&self, name: &str) -> Value {
        json!({
            "name": "psycopg2",
            "args": {
                "host": self.folder, "user": USER, "dbname": name, "cp_min": 2, "cp_max": 10,
            },
        })
    }
}

fn failed(what: &str, log: &Path) -> RecordError {
    RecordError::Ended {
        who: "PostgreSQL".to_owned(),
        what: what.to_owned(),
        log: last_lines(log),
    }
}

/// The folder with `initdb` and `postgres`: of the newest version installed.
fn programs() -> Result<PathBuf, RecordError> {
    let is_here =
        |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    let version = |folder: &PathBuf| -> u32 {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        name.parse().unwrap_or(0)
    };
    let mut versions: Vec<PathBuf> = std::fs::read_dir(VERSIONS)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    versions.sort_by_key(version);
    let of_debian = versions.into_iter().rev().map(|folder| folder.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let of_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    of_debian.chain(of_path).find(is_here).ok_or_else(|| {
        let what = format!("`initdb` and `postgres` are neither under {VERSIONS} nor in PATH");
        RecordError::NoPostgresql(what)
    })
}
