//! The house put together: four rooms side by side under common limits, health, and logs. Decides nothing itself.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    config::{Config, LockExpiry, Seconds},
    dialects::{Furnishing, Hall, Limits, ROOMS, Refused, Room, Words, graph, liferay},
    domain::{actor::Dialect, lock::Lapse},
    http::{
        guard::{self, Head, Refusal},
        health::{self, Check, Draining},
        origin::Origins,
        outgoing::{self, Outgoing},
        serve, trace,
    },
    vault::{self, Vault},
};

/// What the rooms are given, from the configuration.
pub fn hall(vault: Vault, config: &Config) -> Hall {
    Hall::new(Furnishing {
        origins: Origins {
            public_url: config.server.public_url.clone(),
            trusted_proxies: config.server.trusted_proxies.clone(),
        },
        limits: Limits {
            text: config.server.max_text_bytes,
            parts: config.server.max_parts,
            file: config.content.max_file_bytes,
        },
        outgoing: Outgoing::new(outgoing::Settings {
            // what is none was refused when the configuration was read
            hosts: config.graph.notification_hosts.iter().filter_map(|host| host.parse().ok()).collect(),
            networks: config.graph.notification_networks.clone(),
            patience: config.graph.notification_seconds.into(),
        }),
        graph: graph::Settings {
            tenant: config.graph.tenant_id,
            download_url_lifetime: chrono::Duration::minutes(config.graph.download_url_minutes.into()),
            anonymous_links: config.graph.anonymous_links,
            answers: graph::Answers::default(),
        },
        liferay: liferay::Settings {
            build: config.liferay.build.clone(),
            company: config.liferay.company_id,
            lock_limit: chrono::Duration::milliseconds(config.liferay.lock_limit_milliseconds),
            endless_locks: config.liferay.endless_locks,
            list_limit: config.liferay.list_limit.into(),
            search_limit: config.liferay.search_limit.into(),
            force_basic: config.liferay.force_basic,
            strict_methods: config.liferay.strict_http_methods,
            jsonp: config.liferay.jsonp,
        },
        vault,
    })
}

/// How subscribers' notifications are worded: by Graph, the only room that has some.
pub fn words(hall: Hall) -> Words {
    Arc::new(move |notice| {
        let hall = hall.clone();
        Box::pin(async move { graph::notification(&hall, &notice).await })
    })
}

/// What the vault is told, from the configuration.
pub fn vault_settings(config: &Config) -> vault::Settings {
    let parallel = match config.auth.argon2_parallel {
        0 => std::thread::available_parallelism().map_or(1, Into::into),
        parallel => parallel,
    };
    vault::Settings {
        tenant_suffix: config.oracle.tenant_suffix.clone(),
        passwords: vault::PasswordSettings {
            memory_kib: config.auth.argon2_memory_kib,
            iterations: config.auth.argon2_passes,
            lanes: config.auth.argon2_lanes,
            parallelism: parallel,
            remembered: Duration::from_secs(config.auth.basic_cache_seconds.0.into()),
            failures: i32::try_from(config.arena.failed_logins).unwrap_or(i32::MAX),
            failures_per_address: i32::try_from(config.arena.failed_logins_per_address).unwrap_or(i32::MAX),
            lockout: chrono::Duration::minutes(config.arena.failed_login_minutes.into()),
            wrong_codes: i32::try_from(config.oracle.wrong_codes_per_link).unwrap_or(i32::MAX),
            wrong_codes_per_address: i32::try_from(config.oracle.wrong_codes_per_address).unwrap_or(i32::MAX),
            wrong_code_window: chrono::Duration::minutes(config.oracle.wrong_code_minutes.into()),
        },
        lapse: match config.liferay.lock_expiry {
            LockExpiry::Cancel => Lapse::Cancels,
            LockExpiry::CheckIn => Lapse::ChecksIn { room: Dialect::Liferay, comment: liferay::locks::TIMED_OUT },
        },
        rescued_drafts: chrono::Duration::days(config.locks.rescued_draft_days.into()),
        sweep_grace: chrono::Duration::hours(config.content.grace_hours.into()),
        max_file_size: config.content.max_file_bytes,
        upload_life: chrono::Duration::hours(config.graph.upload_session_hours.into()),
        temporary_file_life: chrono::Duration::hours(config.liferay.temporary_file_hours.into()),
        temporary_files: config.liferay.temporary_files.into(),
        session_lifetime: chrono::Duration::minutes(config.arena.session_minutes.into()),
        access_token_lifetime: chrono::Duration::minutes(config.auth.token_minutes.into()),
        refresh_token_lifetime: chrono::Duration::days(config.auth.refresh_token_days.into()),
        request_limit: config.arena.request_limit.into(),
        watch: Duration::from_millis(config.auth.revocation_milliseconds.into()),
    }
}

/// The whole house: every room that is switched on, health checks, common limits, a log line for each request.
pub fn router(hall: Hall, config: &Config, draining: Draining) -> Router {
    let rooms: Vec<Room> = ROOMS
        .into_iter()
        .filter(|room| match room.dialect {
            Dialect::Arena => config.arena.enabled,
            Dialect::Oracle => config.oracle.enabled,
            Dialect::Graph => config.graph.enabled,
            Dialect::Liferay => config.liferay.enabled,
            Dialect::Console => true,
        })
        .collect();
    let checks = checks(&hall.vault);
    let build = liferay::build(&hall);
    let mut house = Router::new();
    for room in &rooms {
        house = house.merge((room.router)());
    }
    let rules = Rules {
        limits: guard::Limits { address: config.server.max_address_bytes, head: config.server.max_head_bytes },
        patience: Duration::from_secs(config.server.request_seconds.0.into()),
        build,
    };
    let house = house.fallback(nobody).with_state(hall).merge(health::router(checks, draining));
    // after all are merged: a merge keeps only one router's layers for addresses that none knows
    house.layer(from_fn_with_state(rules, around))
}

/// What holds for every request.
#[derive(Clone)]
struct Rules {
    limits: guard::Limits,
    /// How long a request that carries no file may take.
    patience: Duration,
    /// The build of Liferay that is named.
    build: HeaderValue,
}

/// Middleware: what is around every request. One layer for all of it: each costs every request some moving of boxes.
async fn around(State(rules): State<Rules>, request: Request, next: Next) -> Response {
    let answer = |request| async {
        let Rules { limits, patience, build } = rules;
        let mut response = guard::hold(request, refuse, limits, |request| in_time(patience, request, next)).await;
        // a room that words a refusal has no settings at hand: the build it names then is put right here
        if response.headers().contains_key(liferay::answer::PORTAL) {
            response.headers_mut().insert(liferay::answer::PORTAL, build);
        }
        response
    };
    trace::follow(request, answer).await
}

/// The limits of connections, from the configuration.
pub fn connection_limits(config: &Config) -> serve::Limits {
    let seconds = |seconds: Seconds| Duration::from_secs(seconds.0.into());
    serve::Limits {
        connections: config.server.max_connections,
        head_time: seconds(config.server.head_seconds),
        idle_time: seconds(config.server.idle_seconds),
        body_pause: seconds(config.server.body_pause_seconds),
        write_pause: seconds(config.server.write_pause_seconds),
        // the guard words what is over the limit; hyper only bounds what it has to read for that
        head_bytes: config.server.max_head_bytes.saturating_mul(2),
        header_lines: config.server.max_header_lines,
        notice: seconds(config.server.drain_notice_seconds),
        drain: seconds(config.server.drain_seconds),
    }
}

/// Whether this node can do its work: the database answers with our schema, the content store takes and gives bytes.
fn checks(vault: &Vault) -> Vec<Check> {
    let (database, content) = (vault.clone(), vault.content().clone());
    vec![
        Check::new("database", Duration::from_secs(2), move || {
            let vault = database.clone();
            async move { vault.ask_database().await.map_err(Into::into) }
        }),
        Check::new("content", Duration::from_secs(5), move || {
            let content = content.clone();
            async move { content.probe().await.map_err(Into::into) }
        }),
    ]
}

/// Bounds requests that carry no file: an upload may take as long as its client keeps sending.
async fn in_time(patience: Duration, request: Request, next: Next) -> Response {
    let multipart = request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
    if request.method() == Method::PUT || multipart {
        return next.run(request).await;
    }
    guard::time_out(request, refuse, patience, |request| next.run(request)).await
}

/// Words what the house refuses in the language of the room the path belongs to.
fn refuse(head: &Head, refusal: Refusal) -> Response {
    match room_of(head.uri.path()) {
        Some(room) => (room.refuse)(head, Refused::House(refusal)),
        None => {
            let status = match refusal {
                Refusal::AddressTooLong { .. } => StatusCode::URI_TOO_LONG,
                Refusal::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                Refusal::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
                Refusal::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (status, Json(json!({"error": refusal.to_string()}))).into_response()
        }
    }
}

/// Where no route leads: the room the path belongs to says so.
async fn nobody(request: Request) -> Response {
    let head = Head::of(&request);
    match room_of(head.uri.path()) {
        Some(room) => (room.refuse)(&head, Refused::NoRoute),
        None => {
            let words = "nothing is served at this path; see the README for where each dialect is mounted";
            (StatusCode::NOT_FOUND, Json(json!({"error": words}))).into_response()
        }
    }
}

fn room_of(path: &str) -> Option<Room> {
    ROOMS.into_iter().find(|room| (room.claims)(path))
}
