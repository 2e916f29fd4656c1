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
        Self {
            name,
            patience,
            run: Arc::new(move || Box::pin(run())),
        }
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
        Outcome {
            name: self.name,
            state,
            milliseconds,
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
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
pub fn router<S: Clone + Send + Sync + 'static>(
    checks: Vec<Check>,
    draining: Draining,
) -> Router<S> {
    let health = Health {
        checks: checks.into(),
        draining,
        last: Arc::default(),
    };
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .layer(Extension(health))
}

async fn livez() -> Response {
    answer(&Report {
        status: "alive",
        checks: Vec::new(),
    })
}

async fn readyz(Extension(health): Extension<Health>) -> Response {
    if health.draining.has_begun() {
        return answer(&Report {
            status: "draining",
            checks: Vec::new(),
        });
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
    let report = Report {
        status: if ready { "ready" } else { "unready" },
        checks,
    };
    let response = answer(&report);
    *last = Some((Instant::now(), report));
    response
}

fn answer(report: &Report) -> Response {
    let well = matches!(report.status, "alive" | "ready");
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut response = (status, Json(report)).into_response();
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(Quiet);
    response
}
