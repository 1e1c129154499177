//! A local page on which results are looked at, played back and forth, and made.
//!
//! It is served to this machine alone (`guard` says how). What needs the simulator's books, which belong to one thread,
//! is asked of the `archive`; new runs have threads of their own (`runs`). Nothing is simulated here: who serves the
//! page says how a run is made ([`Play`]).

mod archive;
mod guard;
mod pages;
mod routes;
mod runs;
mod shelf;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use runs::{Play, Progress, Wish};

/// Where things are, and where the page is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder in which result folders lie.
    pub results: PathBuf,
    /// The folder of scenarios that can be run from the page.
    pub scenarios: PathBuf,
    /// A result folder elsewhere that is shown, too, and first.
    pub opened: Option<PathBuf>,
    /// The port; none: a free one.
    pub port: Option<u16>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// Somebody else listens there.
    #[error("port {0} is in use")]
    PortInUse(u16),
    /// The system refuses.
    #[error("no page can be served on this machine: {0}")]
    Failed(#[from] io::Error),
}

/// Serves the page until `end` is over; `ready` hears its address. Runs that go on then are stopped, and what they have
/// is kept.
///
/// # Errors
/// If the port is in use, or the system does not let anybody listen.
pub async fn serve(
    options: Options,
    play: Arc<Play>,
    ready: impl FnOnce(&str),
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ViewError> {
    let port = options.port.unwrap_or(0);
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await;
    let listener = listener.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => ViewError::PortInUse(port),
        _ => ViewError::Failed(error),
    })?;
    let port = listener.local_addr()?.port();
    let runs = Arc::new(runs::Runs::new(options.results.clone(), play));
    let app = routes::routes(options, Arc::clone(&runs), port);
    ready(&format!("http://127.0.0.1:{port}/"));
    // A page that listens to a run would hold up an end that waits for all connections.
    tokio::select! {
        served = axum::serve(listener, app).into_future() => served?,
        () = end => {}
    }
    runs.stop_all();
    Ok(())
}
