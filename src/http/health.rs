//! `/livez` and `/readyz`: whether the process lives, and whether it should get requests. What is checked comes from outside.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Extension, Json, Router,
    http::{HeaderValue, StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;
use tokio::sync::Mutex;

use super::trace::Quiet;

/// How long an answer of `/readyz` may be handed out again, so that nobody can hammer the database through it.
const FRESH: Duration = Duration::from_millis(500);

/// Set when the server begins to shut down; `/readyz` says so from that moment on.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on the server is going away.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the server is going away.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Why a check failed: for the log only, the answer does not repeat it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// One thing that must work for the server to be ready.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    patience: Duration,
    run: Arc<dyn Fn() -> BoxFuture<'static, Result<(), Cause>> + Send + Sync>,
}

impl Check {
    /// A check with the name it has in the answer and the time it may take.
    pub fn new<F, R>(name: &'static str, patience: Duration, run: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Cause>> + Send + 'static,
    {
        Self { name, patience, run: Arc::new(move || Box::pin(run())) }
    }

    async fn result(&self) -> Outcome {
        let started = Instant::now();
        let state = match tokio::time::timeout(self.patience, (self.run)()).await {
            Ok(Ok(())) => "ok",
            Ok(Err(cause)) => {
                tracing::warn!(check = self.name, error = %cause, "not ready");
                "failed"
            }
            Err(_) => {
                tracing::warn!(check = self.name, after = ?self.patience, "not ready: no answer");
                "timed out"
            }
        };
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Outcome { name: self.name, state, milliseconds }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// What `/readyz` answers: 200 with `ready`, else 503 with `draining` or `unready`.
#[derive(Clone, Debug, Serialize)]
struct Report {
    status: &'static str,
    checks: Vec<Outcome>,
}

#[derive(Clone, Debug, Serialize)]
struct Outcome {
    name: &'static str,
    state: &'static str,
    milliseconds: u64,
}

#[derive(Clone)]
struct Health {
    checks: Arc<[Check]>,
    draining: Draining,
    last: Arc<Mutex<Option<(Instant, Report)>>>,
}

/// The two routes. `/livez` answers while the process can answer at all; `/readyz` runs the checks.
pub fn router<S: Clone + Send + Sync + 'static>(checks: Vec<Check>, draining: Draining) -> Router<S> {
    let health = Health { checks: checks.into(), draining, last: Arc::default() };
    Router::new().route("/livez", get(livez)).route("/readyz", get(readyz)).layer(Extension(health))
}

async fn livez() -> Response {
    answer(&Report { status: "alive", checks: Vec::new() })
}

async fn readyz(Extension(health): Extension<Health>) -> Response {
    if health.draining.has_begun() {
        return answer(&Report { status: "draining", checks: Vec::new() });
    }
    // The lock makes simultaneous askers wait for one round of checks instead of each starting its own.
    let mut last = health.last.lock().await;
    if let Some((at, report)) = &*last
        && at.elapsed() < FRESH
    {
        return answer(report);
    }
    let checks = join_all(health.checks.iter().map(Check::result)).await;
    let ready = checks.iter().all(|check| check.state == "ok");
    let report = Report { status: if ready { "ready" } else { "unready" }, checks };
    let response = answer(&report);
    *last = Some((Instant::now(), report));
    response
}

fn answer(report: &Report) -> Response {
    let well = matches!(report.status, "alive" | "ready");
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, Json(report)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(Quiet);
    response
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use axum::{body::to_bytes, http::Request};
    use tower::ServiceExt;

    use super::*;

    async fn ask(router: &Router, path: &str) -> (u16, serde_json::Value) {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn ready_means_that_every_check_passed_in_its_time() {
        let second = Duration::from_secs(1);
        let checks = vec![
            Check::new("good", second, || async { Ok(()) }),
            Check::new("bad", second, || async { Err("password=hush".into()) }),
            Check::new("slow", second, std::future::pending),
        ];
        let router: Router = router(checks, Draining::default());
        let (status, report) = ask(&router, "/readyz").await;
        assert_eq!((status, &report["status"]), (503, &"unready".into()));
        let state = |at: usize| report["checks"][at]["state"].clone();
        assert_eq!([state(0), state(1), state(2)], ["ok", "failed", "timed out"]);
        assert!(!report.to_string().contains("hush"));
        assert_eq!(ask(&router, "/livez").await.0, 200);
    }

    #[tokio::test]
    async fn a_crowd_of_askers_costs_one_check_and_draining_costs_none() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let check = Check::new("counted", Duration::from_secs(1), move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        });
        let draining = Draining::default();
        let router: Router = router(vec![check], draining.clone());
        let answers = join_all((0..50).map(|_| ask(&router, "/readyz"))).await;
        assert!(answers.iter().all(|(status, _)| *status == 200));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        draining.begin();
        assert_eq!(ask(&router, "/readyz").await, (503, serde_json::json!({"status": "draining", "checks": []})));
        assert_eq!(ask(&router, "/livez").await.0, 200);
    }
}
