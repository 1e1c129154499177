//! `view`: a local page on which results are looked at, played back and forth, and made.

use std::env;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::{Failure, bad_input, command, engine, failed, note, result};
use crate::experiment::keep_panics;
use crate::kernel::SimTime;
use crate::report::{Keep, Results};
use crate::view::{self, Options, Play, ViewError, Wish};

/// Look at results in a browser: play them back and forth, ask what happened, begin new runs
///
/// The page is served to this machine alone and loads nothing from elsewhere. It opens in the browser if there is one;
/// Ctrl-C ends it. Results of runs that were begun on the page are in <DIR>/runs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of a run to begin with; without it, those in results/ are there to choose from
    #[arg(value_name = "RESULT")]
    result: Option<PathBuf>,

    /// Serve the page at this port; without it, at a free one
    #[arg(long, value_name = "N")]
    port: Option<u16>,

    /// Open no browser
    #[arg(long)]
    no_browser: bool,

    /// The folder in which result folders lie
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,

    /// The folder of the scenarios that can be run from the page
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
}

pub(super) fn view(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(folder) = &args.result {
        result::open(folder)?;
    }
    let options = Options {
        results: args.results.clone(),
        scenarios: args.scenarios.clone(),
        opened: args.result.clone(),
        port: args.port,
    };
    let ready = |address: &str| {
        note(&format!(
            "fedheal: the page is at {address}; Ctrl-C ends it"
        ));
        if !args.no_browser && has_screen() && open::that_detached(address).is_err() {
            note("fedheal: no browser could be opened; open the address yourself");
        }
    };
    // What a run says that comes to no end is told on the page.
    keep_panics();
    let play: Arc<Play> = Arc::new(play);
    let ended = async {
        // Without a listener the page is ended as any program is.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let threads = threads.map_err(|error| failed(miette::miette!("{error}")))?;
    let served = threads.block_on(view::serve(options, play, ready, ended));
    threads.shutdown_background();
    served.map_err(|error| match error {
        ViewError::PortInUse(_) => bad_input(miette::miette!(
            help = "leave --port out, and a free one is taken",
            "{error}"
        )),
        _ => failed(miette::miette!("{error}")),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Can a browser show itself? On Linux only where there is a display.
fn has_screen() -> bool {
    let has = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || has("DISPLAY") || has("WAYLAND_DISPLAY")
}

/// One run, as the page wishes for it.
fn play(
    file: &Path,
    wish: &Wish,
    folder: &Path,
    tick: &mut dyn FnMut(u32, SimTime) -> ControlFlow<()>,
) -> Result<bool, String> {
    let set = wish
        .set
        .iter()
        .map(|pair| command::pair(pair))
        .collect::<Result<Vec<_>, _>>()?;
    let mut scenario = engine::load(file, &set, wish.seed).map_err(|error| format!("{error:?}"))?;
    engine::enough_memory(&scenario, 1).map_err(|error| error.to_string())?;
    let mut results = Results::begin(folder, Keep::Full).map_err(|error| error.to_string())?;
    let (start, end) = (scenario.world.start, scenario.world.end);
    let mut last = None;
    let mut each = |now: SimTime| {
        let step = now.per_mille(start, end);
        if last.replace(step) == Some(step) {
            return ControlFlow::Continue(());
        }
        tick(u32::try_from(step).unwrap_or(u32::MAX), now)
    };
    let played = engine::simulate(&mut scenario, &mut results, &mut each);
    let played = played.map_err(|error| error.to_string())?;
    let again = command::again(file, scenario.world.seed, &set, Keep::Full);
    results
        .publish(&scenario, &played.written(), &again)
        .map_err(|error| error.to_string())?;
    Ok(played.complete)
}
