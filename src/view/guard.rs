//! Who may ask: a page of this very server, in a browser on this machine.
//!
//! Other pages that a browser shows can send requests to any address, this one included, and a name of theirs can be made
//! to mean this machine. So the `Host` must be this server by its own name, and an `Origin`, where one is told, this page.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Scripts and pictures come from this server or not at all. `cytoscape` sets styles of its own elements, and a report has
/// its style and font in itself.
const CONTENT: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; \
                       frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Answers only its own pages, and tells the browser to keep to them.
pub(super) async fn guard(State(port): State<u16>, request: Request, next: Next) -> Response {
    if !is_own(request.headers(), port) {
        let text = "This page is served to this machine alone: open it by the address that fedheal has printed.\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let mut response = next.run(request).await;
    let told: [(HeaderName, &'static str); 4] = [
        (CONTENT_SECURITY_POLICY, CONTENT),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in told {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn is_own(headers: &HeaderMap, port: u16) -> bool {
    let names = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    let told = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let host = told(HOST).is_some_and(|host| names.iter().any(|name| name == host));
    let origin = told(ORIGIN).is_none_or(|origin| {
        let of_page = origin.strip_prefix("http://");
        of_page.is_some_and(|host| names.iter().any(|name| name == host))
    });
    host && origin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let value = |value: &str| HeaderValue::from_str(value).expect("a header");
        pairs
            .iter()
            .map(|(name, of)| (name.clone(), value(of)))
            .collect()
    }

    #[test]
    fn only_the_page_itself_is_answered() {
        assert!(is_own(&headers(&[(HOST, "127.0.0.1:8000")]), 8000));
        assert!(is_own(
            &headers(&[(HOST, "localhost:8000"), (ORIGIN, "http://127.0.0.1:8000")]),
            8000
        ));
        assert!(!is_own(&headers(&[]), 8000));
        for host in [
            "evil.example:8000",
            "127.0.0.1",
            "127.0.0.1:8001",
            "127.0.0.1:8000.evil.example",
        ] {
            assert!(!is_own(&headers(&[(HOST, host)]), 8000), "{host}");
        }
        for origin in [
            "null",
            "http://evil.example",
            "https://127.0.0.1:8000",
            "http://127.0.0.1:8001",
            "\u{e9}",
        ] {
            assert!(
                !is_own(
                    &headers(&[(HOST, "127.0.0.1:8000"), (ORIGIN, origin)]),
                    8000
                ),
                "{origin}"
            );
        }
    }
}
