//! What the page can ask.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use super::archive::{Archive, Ask, Subject};
use super::runs::{Progress, Runs, Wish};
use super::{Options, guard, pages, shelf};

#[derive(Clone)]
struct Served {
    options: Arc<Options>,
    archive: Archive,
    runs: Arc<Runs>,
}

/// All that is answered, and to whom.
pub(super) fn routes(options: Options, runs: Arc<Runs>, port: u16) -> Router {
    let served = Served {
        options: Arc::new(options),
        archive: Archive::open(),
        runs,
    };
    Router::new()
        .route("/", get(|| async { Html(pages::INDEX) }))
        .route("/page/{file}", get(page))
        .route("/api/results", get(results))
        .route("/api/replay", get(replay))
        .route("/api/scene", get(scene))
        .route("/api/facts", get(facts))
        .route("/api/explain", get(explain))
        .route("/api/file", get(file))
        .route("/api/scenarios", get(scenarios))
        .route("/api/runs", get(runs_so_far).post(begin))
        .route("/api/runs/{id}/progress", get(progress))
        .route("/api/runs/{id}/stop", post(stop))
        .with_state(served)
        .layer(middleware::from_fn_with_state(port, guard::guard))
}

/// Why something is not answered, for people to read.
type Refusal = (StatusCode, String);

fn missing(what: &str) -> Refusal {
    (StatusCode::NOT_FOUND, format!("there is no {what}"))
}

async fn page(Path(file): Path<String>) -> Result<Response, Refusal> {
    let mut files = pages::FILES.iter();
    let (_, kind, text) = files
        .find(|(name, ..)| *name == file)
        .ok_or_else(|| missing("such file"))?;
    Ok(([(CONTENT_TYPE, *kind)], *text).into_response())
}

async fn results(State(served): State<Served>) -> Response {
    let all = shelf::results(&served.options);
    let opened = all.first().filter(|_| served.options.opened.is_some());
    Json(json!({ "opened": opened.map(|entry| &entry.id), "results": all })).into_response()
}

/// Which result is meant.
#[derive(Debug, Deserialize)]
struct Of {
    result: String,
}

impl Served {
    fn folder(&self, result: &str) -> Result<PathBuf, Refusal> {
        let mut all = shelf::results(&self.options).into_iter();
        let entry = all.find(|entry| entry.id == result);
        entry
            .map(|entry| entry.folder)
            .ok_or_else(|| missing("such result"))
    }

    async fn ask(&self, result: &str, ask: Ask) -> Result<Response, Refusal> {
        let answer = self.archive.ask(&self.folder(result)?, ask).await;
        let json = answer.map_err(|why| (StatusCode::UNPROCESSABLE_ENTITY, why))?;
        Ok(([(CONTENT_TYPE, "application/json")], json).into_response())
    }
}

async fn scene(State(served): State<Served>, Query(of): Query<Of>) -> Result<Response, Refusal> {
    served.ask(&of.result, Ask::Scene).await
}

#[derive(Debug, Deserialize)]
struct Until {
    result: String,
    until: u64,
}

async fn facts(State(served): State<Served>, Query(of): Query<Until>) -> Result<Response, Refusal> {
    served.ask(&of.result, Ask::Facts(of.until)).await
}

#[derive(Debug, Deserialize)]
struct About {
    result: String,
    kind: String,
    name: String,
}

async fn explain(
    State(served): State<Served>,
    Query(of): Query<About>,
) -> Result<Response, Refusal> {
    let subject = match of.kind.as_str() {
        "item" => Subject::Item(of.name),
        "room" => Subject::Room(of.name),
        "user" => Subject::User(of.name),
        "server" => Subject::Server(of.name),
        _ => {
            return Err((
                StatusCode::BAD_REQUEST,
                "ask about an item, room, user or server".to_owned(),
            ));
        }
    };
    served.ask(&of.result, Ask::Explain(subject)).await
}

/// Files of a result that are shown as they are.
const SHOWN: [(&str, &str); 3] = [
    ("report.html", "text/html; charset=utf-8"),
    ("recovery.svg", "image/svg+xml"),
    ("tapestry.svg", "image/svg+xml"),
];

#[derive(Debug, Deserialize)]
struct File {
    result: String,
    name: String,
}

async fn file(State(served): State<Served>, Query(of): Query<File>) -> Result<Response, Refusal> {
    let folder = served.folder(&of.result)?;
    let mut shown = SHOWN.iter();
    let (name, kind) = shown
        .find(|(name, _)| *name == of.name)
        .ok_or_else(|| missing("such file"))?;
    let bytes = tokio::fs::read(folder.join(name))
        .await
        .map_err(|_| missing("such file"))?;
    Ok(([(CONTENT_TYPE, *kind)], bytes).into_response())
}

async fn scenarios(State(served): State<Served>) -> Response {
    Json(shelf::scenarios(&served.options)).into_response()
}

async fn runs_so_far(State(served): State<Served>) -> Response {
    let all = served.runs.all().into_iter();
    let all = all.map(
        |(id, scenario, progress)| json!({ "id": id, "scenario": scenario, "progress": progress }),
    );
    Json(all.collect::<Vec<_>>()).into_response()
}

async fn begin(
    State(served): State<Served>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<Response, Refusal> {
    let Json(wish) = wish.map_err(|error| (StatusCode::BAD_REQUEST, error.body_text()))?;
    if !shelf::scenarios(&served.options).contains(&wish.scenario) {
        return Err(missing("such scenario"));
    }
    let file = served.options.scenarios.join(&wish.scenario);
    let begun = served.runs.begin(file, wish);
    let id = begun.map_err(|why| (StatusCode::CONFLICT, why))?;
    Ok(Json(json!({ "id": id })).into_response())
}

async fn stop(State(served): State<Served>, Path(id): Path<u32>) -> Result<StatusCode, Refusal> {
    match served.runs.stop(id) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing("such run")),
    }
}

/// Tells how a run stands. A page that leaves stops nothing.
async fn progress(
    State(served): State<Served>,
    Path(id): Path<u32>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let heard = served.runs.progress(id);
    Ok(told(heard.ok_or_else(|| missing("such run"))?))
}

/// Has a result played again, and tells how far that is. A page that leaves breaks it off.
async fn replay(
    State(served): State<Served>,
    Query(of): Query<Of>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let folder = served.folder(&of.result)?;
    Ok(told(served.archive.play(&folder, &of.result)))
}

/// Each step that something has come further, until it is over.
fn told(heard: watch::Receiver<Progress>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let steps = stream::unfold(Some((heard, true)), |heard| async {
        let (mut heard, is_first) = heard?;
        if !is_first {
            heard.changed().await.ok()?;
        }
        let progress: Progress = heard.borrow_and_update().clone();
        let event = Event::default().json_data(&progress).unwrap_or_default();
        let rest = (!progress.is_over()).then_some((heard, false));
        Some((Ok(event), rest))
    });
    Sse::new(steps).keep_alive(KeepAlive::default())
}
