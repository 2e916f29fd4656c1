//! Making a cluster, once: its files, its locale, its database. Nothing runs when this is done.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    process::Stdio,
};

use super::{
    cluster::{Plan, tail},
    error::{AtPath, Error},
    watchdog::{self, Watched},
};

impl Plan {
    /// Makes the cluster beside its place and then renames it: one that is there is whole.
    pub(super) fn make_cluster(&self) -> Result<(), Error> {
        let fresh = self.root.join("pgdata.new");
        // Byte order for sorting, which no update of the system's locales can change, but all of Unicode for `lower`
        // and `ILIKE`: plain C would leave 'Ä' alone. Before 17 that takes a locale of the system.
        let choices: &[&[&str]] = if self.binaries.version.major >= 17 {
            &[&["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
        } else {
            &[&["--lc-ctype=C.UTF-8"], &["--lc-ctype=en_US.UTF-8"]]
        };
        tracing::info!(folder = %self.root.display(), version = %self.binaries, "making a database cluster");
        let mut made = Ok(());
        for locale in choices {
            match fs::remove_dir_all(&fresh) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).at("remove", &fresh);
                }
                Ok(()) | Err(_) => {}
            }
            self.account.make_private(&fresh)?;
            made = self.initdb(&fresh, locale);
            if !matches!(&made, Err(Error::Failed { said, .. }) if said.contains("locale")) {
                break;
            }
        }
        made?;
        if let Some(database) = &self.settings.database {
            self.make_database(&fresh, database)?;
        }
        fs::rename(&fresh, &self.data).at("create", &self.data)?;
        File::open(&self.root).and_then(|root| root.sync_all()).at("flush", &self.root)
    }

    fn initdb(&self, fresh: &Path, locale: &[&str]) -> Result<(), Error> {
        let initdb = self.binaries.program("initdb");
        let mut command = watchdog::command(self.account, self.ending("TERM"), &initdb, &self.settings.path());
        command.arg("-D").arg(fresh).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--data-checksums"]);
        command.arg("--locale=C").args(locale).stdout(Stdio::null()).stderr(Stdio::piped());
        if self.is_throw_away() {
            command.arg("--no-sync");
        }
        let run = |source| Error::Run { program: initdb.clone(), source };
        let output = Watched::spawn(command).and_then(Watched::output).map_err(run)?;
        if output.status.success() {
            return Ok(());
        }
        let said = tail(&output.stderr);
        if said.contains("could not look up effective user ID") {
            return Err(Error::NoPasswdEntry { uid: self.account.uid() });
        }
        Err(Error::Failed { program: "initdb", said })
    }

    /// In the server's single-user mode, so that a cluster never exists without its database.
    fn make_database(&self, fresh: &Path, name: &str) -> Result<(), Error> {
        let postgres = self.binaries.program("postgres");
        let run = |source| Error::Run { program: postgres.clone(), source };
        let mut command = self.account.command(&postgres, &self.settings.path());
        command.args(["--single", "-c", "exit_on_error=on", "-D"]).arg(fresh).arg("postgres");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(run)?;
        if let Some(mut input) = child.stdin.take() {
            // A server that will not even listen says why on its standard error.
            let _ = writeln!(input, "CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
        }
        let output = child.wait_with_output().map_err(run)?;
        if output.status.success() {
            Ok(())
        } else {
            Err(Error::Failed { program: "CREATE DATABASE", said: tail(&output.stderr) })
        }
    }
}
