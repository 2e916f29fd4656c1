//! What the type of a setting cannot say: ranges, forms, and settings that must go together.

use axum::http::Uri;
use tracing_subscriber::EnvFilter;

use super::{Config, sections::Seconds};
use crate::http::outgoing::Host;

/// What an orchestrator leaves between SIGTERM and SIGKILL, less a margin: 30 seconds are usual.
const LONGEST_DRAIN: u32 = 25;

/// Hours of a year.
const YEAR_HOURS: u64 = 365 * 24;

/// A hundred years in milliseconds: nobody waits longer, and what comes after the year 9999 is no date to many who read it.
const LONGEST_LOCK: u64 = 100 * YEAR_HOURS * 60 * 60 * 1000;

/// The keys that are involved, and what is wrong.
type Finding = (&'static [&'static str], String);

/// Everything that is wrong. Secrets are not repeated.
pub(super) fn problems(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    server(config, &mut found);
    doors(config, &mut found);
    storage(config, &mut found);
    rooms(config, &mut found);
    if let Err(error) = EnvFilter::try_new(&config.log.filter) {
        found.push((&["log.filter"], format!("`log.filter` is no filter ({error}); try \"info\"")));
    }
    found
}

fn server(config: &Config, found: &mut Vec<Finding>) {
    let server = &config.server;
    let drain = server.drain_notice_seconds.0.saturating_add(server.drain_seconds.0);
    if drain > LONGEST_DRAIN {
        let what = format!(
            "`server.drain_notice_seconds` and `server.drain_seconds` are {drain} seconds together; at most \
             {LONGEST_DRAIN}, or the process may be killed before it is done"
        );
        found.push((&["server.drain_seconds", "server.drain_notice_seconds"], what));
    }
    if server.idle_seconds < server.head_seconds {
        let what = "`server.idle_seconds` must not be less than `server.head_seconds`".to_owned();
        found.push((&["server.idle_seconds", "server.head_seconds"], what));
    }
    let positive: [(&[&str], Seconds); 5] = [
        (&["server.head_seconds"], server.head_seconds),
        (&["server.body_pause_seconds"], server.body_pause_seconds),
        (&["server.write_pause_seconds"], server.write_pause_seconds),
        (&["server.request_seconds"], server.request_seconds),
        (&["database.acquire_seconds"], config.database.acquire_seconds),
    ];
    for (key, seconds) in positive {
        least(key, seconds.0.into(), 1, found);
    }
    let sizes: [(&[&str], usize, u64); 6] = [
        (&["server.max_connections"], server.max_connections, 1),
        (&["server.max_address_bytes"], server.max_address_bytes, 256),
        (&["server.max_head_bytes"], server.max_head_bytes, 4096),
        (&["server.max_header_lines"], server.max_header_lines, 20),
        (&["server.max_text_bytes"], server.max_text_bytes, 4096),
        (&["server.max_parts"], server.max_parts, 4),
    ];
    for (key, size, limit) in sizes {
        least(key, size as u64, limit, found);
    }
    if let Some(url) = &server.public_url
        && !is_origin(url)
    {
        let what = "`server.public_url` must be a scheme and a host and nothing else, like https://files.example.com";
        found.push((&["server.public_url"], what.to_owned()));
    }
}

fn doors(config: &Config, found: &mut Vec<Finding>) {
    let (plain, tls) = (config.server.listen, &config.tls);
    match (plain, tls.listen) {
        (None, None) => {
            let what =
                "`server.listen` and `tls.listen` are both off, so nobody could come in; set one or both".to_owned();
            found.push((&["server.listen", "tls.listen"], what));
        }
        (Some(plain), Some(secure)) if plain == secure && plain.port() != 0 => {
            let what = format!("`server.listen` and `tls.listen` are both {plain}; give each a port of its own");
            found.push((&["tls.listen", "server.listen"], what));
        }
        _ => {}
    }
    if tls.certificate.is_some() != tls.key.is_some() {
        let what = "`tls.certificate` and `tls.key` go together; set both or neither".to_owned();
        found.push((&["tls.certificate", "tls.key"], what));
    }
}

fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let host = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let bare = uri.path_and_query().is_none_or(|rest| rest.as_str() == "/");
    matches!(uri.scheme_str(), Some("http" | "https")) && host && bare
}

fn storage(config: &Config, found: &mut Vec<Finding>) {
    let url = config.database.url.expose();
    if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        let what = "`database.url` must begin with postgres:// or postgresql://";
        found.push((&["database.url", "database.url_file"], what.to_owned()));
    } else if config.database.url_file.is_some() && url.is_empty() {
        let what = "`database.url_file` names a file that is empty; write the URL into it";
        found.push((&["database.url_file"], what.to_owned()));
    }
    least(&["database.max_connections"], config.database.max_connections.into(), 2, found);
    most(&["content.inline_bytes"], config.content.inline_bytes as u64, 1 << 20, found);
    least(&["content.max_file_bytes"], config.content.max_file_bytes, 1, found);
    least(&["content.grace_hours"], config.content.grace_hours.into(), 1, found);
    least(&["content.sweep_minutes"], config.content.sweep_minutes.into(), 1, found);

    let auth = &config.auth;
    least(&["auth.argon2_passes"], auth.argon2_passes.into(), 1, found);
    least(&["auth.argon2_lanes"], auth.argon2_lanes.into(), 1, found);
    let memory = u64::from(auth.argon2_lanes).saturating_mul(8).max(8);
    least(&["auth.argon2_memory_kib"], auth.argon2_memory_kib.into(), memory, found);
    least(&["auth.revocation_milliseconds"], auth.revocation_milliseconds.into(), 50, found);
    // Design: a revocation is seen within a second on all nodes.
    most(&["auth.revocation_milliseconds"], auth.revocation_milliseconds.into(), 1000, found);
    least(&["auth.token_minutes"], auth.token_minutes.into(), 1, found);
    least(&["auth.refresh_token_days"], auth.refresh_token_days.into(), 1, found);
}

fn rooms(config: &Config, found: &mut Vec<Finding>) {
    least(&["arena.session_minutes"], config.arena.session_minutes.into(), 1, found);
    least(&["arena.request_limit"], config.arena.request_limit.into(), 1, found);
    least(&["arena.failed_logins"], config.arena.failed_logins.into(), 1, found);
    least(&["arena.failed_logins_per_address"], config.arena.failed_logins_per_address.into(), 1, found);
    least(&["oracle.token_minutes"], config.oracle.token_minutes.into(), 1, found);
    least(&["oracle.wrong_codes_per_link"], config.oracle.wrong_codes_per_link.into(), 1, found);
    least(&["oracle.wrong_codes_per_address"], config.oracle.wrong_codes_per_address.into(), 1, found);
    least(&["oracle.wrong_code_minutes"], config.oracle.wrong_code_minutes.into(), 1, found);
    least(&["graph.download_url_minutes"], config.graph.download_url_minutes.into(), 1, found);
    least(&["graph.upload_session_hours"], config.graph.upload_session_hours.into(), 24, found);
    least(&["graph.notification_seconds"], config.graph.notification_seconds.0.into(), 1, found);
    most(&["graph.notification_seconds"], config.graph.notification_seconds.0.into(), 30, found);
    least(&["graph.relay_milliseconds"], config.graph.relay_milliseconds.into(), 50, found);
    for host in &config.graph.notification_hosts {
        if let Err(error) = host.parse::<Host>() {
            found.push((&["graph.notification_hosts"], format!("`graph.notification_hosts`: {host:?} {error}")));
        }
    }
    least(&["liferay.company_id"], config.liferay.company_id.try_into().unwrap_or(0), 1, found);
    let lock_limit: u64 = config.liferay.lock_limit_milliseconds.try_into().unwrap_or(0);
    least(&["liferay.lock_limit_milliseconds"], lock_limit, 1000, found);
    most(&["liferay.lock_limit_milliseconds"], lock_limit, LONGEST_LOCK, found);
    least(&["liferay.temporary_file_hours"], config.liferay.temporary_file_hours.into(), 1, found);
    most(&["liferay.temporary_file_hours"], config.liferay.temporary_file_hours.into(), YEAR_HOURS, found);
    least(&["liferay.temporary_files"], config.liferay.temporary_files.into(), 1, found);
    most(&["liferay.temporary_files"], config.liferay.temporary_files.into(), 10_000, found);
    least(&["liferay.list_limit"], config.liferay.list_limit.into(), 1, found);
    least(&["liferay.search_limit"], config.liferay.search_limit.into(), 1, found);
    let suffix = config.oracle.tenant_suffix.as_bytes();
    if suffix.len() != 20 || !suffix.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        let what = "`oracle.tenant_suffix` must be 20 capital letters and digits";
        found.push((&["oracle.tenant_suffix"], what.to_owned()));
    }
    if !config.liferay.build.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        || !config.liferay.build.contains("Build ")
    {
        let what = "`liferay.build` must be plain ASCII and hold \"Build \" and a number, which clients read";
        found.push((&["liferay.build"], what.to_owned()));
    }
}

fn least(key: &'static [&'static str], value: u64, limit: u64, found: &mut Vec<Finding>) {
    if value < limit {
        found.push((key, format!("`{}` must be at least {limit}", key.concat())));
    }
}

fn most(key: &'static [&'static str], value: u64, limit: u64, found: &mut Vec<Finding>) {
    if value > limit {
        found.push((key, format!("`{}` must be at most {limit}", key.concat())));
    }
}
