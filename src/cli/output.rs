//! How answers look: tables and sentences for people, JSON for programs. The only place that writes to standard output.

use std::io::{self, Write};

use anyhow::Context;
use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer, value::StrDeserializer},
};
use serde_json::json;

/// How answers look.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

/// Where answers go.
#[derive(Debug)]
pub(super) struct Out {
    format: Format,
}

impl Out {
    pub(super) fn new(format: Format) -> Self {
        Self { format }
    }

    /// One answer: `value` for programs, else what `text` says.
    pub(super) fn answer(&mut self, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Table => text(),
            Format::Json => serde_json::to_string_pretty(value).context("the answer is no JSON")?,
        };
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            // Whoever read has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.context("cannot write the answer"),
        }
    }

    /// Rows, each an object for programs and a line for people.
    pub(super) fn rows<T: Serialize>(
        &mut self,
        rows: &[T],
        head: &[&str],
        cells: impl Fn(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        self.answer(&rows, || table(head, rows.iter().map(cells)))
    }

    /// Says on standard error why it did not work.
    pub(super) fn fail(&mut self, error: &anyhow::Error) {
        let said = match self.format {
            Format::Table => format!("coatcheck: {}", sentence(error)),
            Format::Json => json!({ "error": sentence(error) }).to_string(),
        };
        // There is nobody left to tell.
        let _unheard = writeln!(io::stderr(), "{said}");
    }
}

/// An error with its causes; a cause that the one before has quoted is not repeated.
fn sentence(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said.push_str(": ");
            said.push_str(&cause);
        }
    }
    said
}

/// A table without lines: a row is one line that `grep` and `awk` understand.
pub(super) fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(head.iter().map(|name| name.to_uppercase()));
    table.add_rows(rows);
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    table.trim_fmt()
}

/// A word the domain spells itself.
pub(super) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Reads a word as the domain spells it, for flags.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let word: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(word).map_err(|error| error.to_string())
}
