//! The client API of Matrix, as far as a script needs it.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

/// A request that no server answers in this time counts as not answered.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// Is it up? asks for a moment only.
const UP_WITHIN: Duration = Duration::from_secs(2);

/// What a script notes when nobody answered; the format knows no code for it.
const UNREACHABLE: &str = "unreachable";

/// Why a request failed, as recordings write it: status and error code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) String);

impl Refusal {
    /// No session of the account is valid.
    pub(super) fn unknown_token() -> Refusal {
        Refusal("401 M_UNKNOWN_TOKEN".to_owned())
    }

    /// What is referred to does not exist.
    pub(super) fn none() -> Refusal {
        Refusal("none".to_owned())
    }
}

/// A request, but for the address of the server.
#[derive(Debug)]
pub(super) struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Nothing,
    Json(Value),
    Png(&'static [u8]),
}

impl Request {
    /// Path segments are escaped here.
    fn new(method: Method, prefix: &str, segments: &[&str], body: Body) -> Request {
        let mut path = prefix.to_owned();
        for segment in segments {
            path.push('/');
            path.push_str(&escaped(segment));
        }
        Request {
            method,
            path,
            query: Vec::new(),
            body,
        }
    }

    pub(super) fn get(prefix: &str, segments: &[&str]) -> Request {
        Request::new(Method::GET, prefix, segments, Body::Nothing)
    }

    pub(super) fn post(prefix: &str, segments: &[&str], body: Value) -> Request {
        Request::new(Method::POST, prefix, segments, Body::Json(body))
    }

    pub(super) fn put(prefix: &str, segments: &[&str], body: Value) -> Request {
        Request::new(Method::PUT, prefix, segments, Body::Json(body))
    }

    pub(super) fn upload(prefix: &str, segments: &[&str], png: &'static [u8]) -> Request {
        Request::new(Method::POST, prefix, segments, Body::Png(png))
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.query.push((name, value.into()));
        self
    }
}

/// One connection pool for all servers.
#[derive(Debug, Clone)]
pub(super) struct Client(reqwest::Client);

impl Client {
    pub(super) fn new() -> Client {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_WITHIN)
            // A server that was restarted has forgotten its connections.
            .pool_max_idle_per_host(0)
            .build();
        Client(client.expect("a client without TLS needs nothing"))
    }

    pub(super) async fn is_up(&self, address: &str) -> bool {
        let url = format!("{address}/health");
        let asked = self.0.get(url).timeout(UP_WITHIN).send().await;
        asked.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// Asks, with the token of a session if there is one. A file that is sent back becomes null.
    pub(super) async fn ask(
        &self,
        address: &str,
        token: Option<&str>,
        request: &Request,
    ) -> Result<Value, Refusal> {
        let url = format!("{address}{}", request.path);
        let mut call = self.0.request(request.method.clone(), url);
        if !request.query.is_empty() {
            call = call.query(&request.query);
        }
        if let Some(token) = token {
            call = call.bearer_auth(token);
        }
        call = match &request.body {
            Body::Nothing => call,
            Body::Json(body) => call.json(body),
            Body::Png(bytes) => call.header("Content-Type", "image/png").body(*bytes),
        };
        let unreachable = |_| Refusal(UNREACHABLE.to_owned());
        let answer = call.send().await.map_err(unreachable)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(unreachable)?;
        let value: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(value);
        }
        let code = value["errcode"].as_str().unwrap_or("no code");
        Err(Refusal(format!("{} {code}", status.as_u16())))
    }
}

/// Everything but letters, digits and a few marks as `%XX`.
fn escaped(segment: &str) -> String {
    segment
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[test]
fn room_ids_are_escaped_in_paths() {
    let request = Request::get("/rooms", &["!a/b:127.0.0.1:80", "state"]);
    assert_eq!(request.path, "/rooms/%21a%2Fb%3A127.0.0.1%3A80/state");
}
