//! The log of the process: to standard error, as text for people or JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Starts the log. To be called once; `filter` is one that `config check` has let pass.
pub fn start_logs(log: &Log, filter: &str) {
    // What the database thinks worth a notice, such as that a table is there already, is not; a filter may name it.
    let filter = format!("sqlx::postgres::notice=warn,{filter}");
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Whoever has installed a log before keeps it.
    let _installed = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
