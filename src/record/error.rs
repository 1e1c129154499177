//! Why a script could not be recorded.

use std::path::PathBuf;

/// Why a script could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// No Python with Synapse where one was named.
    #[error("{}: no Synapse here: {what}", .folder.display())]
    NoSynapse {
        /// The folder that was named.
        folder: PathBuf,
        /// What is missing.
        what: String,
    },
    /// No PostgreSQL on this machine.
    #[error("no PostgreSQL here: {0}")]
    NoPostgresql(String),
    /// A server, or the launcher, did not start or ended of itself.
    #[error("{who} {what}; its last log lines:\n{log}")]
    Ended {
        /// Which process.
        who: String,
        /// What happened.
        what: String,
        /// The end of its log.
        log: String,
    },
    /// The launcher could not do what it was told.
    #[error("the launcher could not {order}: {answer}")]
    Refused {
        /// What it was told.
        order: String,
        /// What it said.
        answer: String,
    },
    /// A file or folder.
    #[error("{}: {cause}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A server answered what no homeserver should answer.
    #[error("server {server}: {request}: {what}")]
    Answer {
        /// Which server.
        server: String,
        /// What was asked.
        request: String,
        /// What is wrong with the answer.
        what: String,
    },
    /// A server's database could not be read.
    #[error("the database of server {server}: {cause}")]
    Database {
        /// Which server.
        server: String,
        /// Why.
        cause: String,
    },
    /// Ctrl-C, or a request to end.
    #[error("interrupted; nothing was written")]
    Interrupted,
}

impl RecordError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> RecordError {
        let path = path.into();
        move |cause| RecordError::File { path, cause }
    }
}
