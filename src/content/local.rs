//! What a local folder needs beyond being an object store: its making, its folders' durability, and the files of uploads, from
//! their beginning to what unfinished ones leave. Blocking, all of it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::error::{Error, OpenError};
use crate::domain::content::BlobKey;

/// Our user alone.
const PRIVATE: u32 = 0o700;
/// How often a subfolder is made anew when it is tidied away before something lies in it.
const ATTEMPTS: usize = 3;

/// The folder that holds the blobs.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// The subfolder last made sure of.
    sure: Arc<Mutex<PathBuf>>,
}

impl Folder {
    /// Makes the folder if it is not there, and sees that others cannot look in.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let told = |doing| {
            let path = path.to_owned();
            move |source| OpenError::Folder { path, doing, source }
        };
        if path.is_dir() {
            close_to_others(path).map_err(told("read"))?;
        } else {
            create(path).map_err(told("created"))?;
        }
        let path = path.canonicalize().map_err(told("read"))?;
        Ok(Self { path, sure: Arc::default() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the file of the blob at `at`, under its working name until it is finished.
    pub fn begin(&self, at: &object_store::path::Path) -> Result<File, Error> {
        for _ in 0..ATTEMPTS {
            self.make_sure(at).map_err(|source| Error::from("making a folder", source))?;
            match OpenOptions::new().write(true).create_new(true).open(self.working_name(at)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                opened => return opened.map_err(|source| Error::from("writing", source)),
            }
        }
        Err(Error::Failed { doing: "making a folder", source: "it does not stay".into() })
    }

    /// Makes a file durable, all of it and under its name.
    ///
    /// It gets its name first, so that where names and files share a journal one sync brings both to the disk. What a crash
    /// leaves in between is a blob that no row names: an orphan, whatever is in it.
    pub fn finish(&self, at: &object_store::path::Path, file: &File) -> io::Result<()> {
        let name = self.file(at);
        fs::rename(self.working_name(at), &name)?;
        file.sync_all()?;
        name.parent().map_or(Ok(()), sync)
    }

    /// Makes the subfolder of the blob at `at` and syncs what leads to it. One of two uploads finds it made by the other, and
    /// must not be acknowledged before the folder it lies in is durable.
    fn make_sure(&self, at: &object_store::path::Path) -> io::Result<()> {
        let file = self.file(at);
        let Some(folder) = file.parent() else {
            return Ok(());
        };
        let mut sure = self.sure.lock().unwrap_or_else(PoisonError::into_inner);
        if *sure == folder && folder.is_dir() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(PRIVATE).create(folder)?;
        for made in folder.ancestors().skip(1).take_while(|above| above.starts_with(&self.path)) {
            sync(made)?;
        }
        folder.clone_into(&mut sure);
        Ok(())
    }

    /// Removes what a failed upload to `at` has left, whichever name it had by then.
    pub fn remove_unfinished(&self, at: &object_store::path::Path) {
        let _ = fs::remove_file(self.working_name(at));
        let _ = fs::remove_file(self.file(at));
    }

    /// The key is fresh, so there is no other upload to it.
    fn working_name(&self, at: &object_store::path::Path) -> PathBuf {
        let mut name = self.file(at).into_os_string();
        name.push("#1");
        name.into()
    }

    /// Removes files of unfinished uploads that nobody has written to since `cutoff`, and folders that are empty
    /// since then. Says how many files.
    pub fn remove_leftovers(&self, cutoff: SystemTime) -> io::Result<u64> {
        let mut removed = 0;
        for outer in entries(&self.path)?.into_iter().filter(|folder| is_ours(folder, 4)) {
            for inner in entries(&outer)?.into_iter().filter(|folder| is_ours(folder, 3)) {
                for file in entries(&inner)? {
                    if is_unfinished(&file) && is_older(&file, cutoff) && fs::remove_file(&file).is_ok() {
                        removed += 1;
                    }
                }
                remove_empty(&inner, cutoff);
            }
            remove_empty(&outer, cutoff);
        }
        Ok(removed)
    }

    /// Removes a blob when there is no runtime left to do it on.
    pub fn remove(&self, at: &object_store::path::Path) -> io::Result<()> {
        fs::remove_file(self.file(at))
    }

    /// The file of the blob at `at`.
    pub fn file(&self, at: &object_store::path::Path) -> PathBuf {
        self.path.join(at.as_ref())
    }
}

fn create(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    DirBuilder::new().recursive(true).mode(PRIVATE).create(path)?;
    for parent in missing.into_iter().filter_map(Path::parent) {
        match sync(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }) {
            // One may enter a folder without being allowed to list it.
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A folder we find is somebody's choice, and may hold more than ours: only an empty one is changed.
fn close_to_others(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    let others = mode & 0o007;
    if others == 0 {
        return Ok(());
    }
    let empty = fs::read_dir(path)?.next().is_none();
    if !(empty && fs::set_permissions(path, Permissions::from_mode(PRIVATE)).is_ok()) {
        let mode = format!("{:04o}", mode & 0o7777);
        tracing::warn!(path = %path.display(), mode, "other users of this machine can look into the content folder");
    }
    Ok(())
}

/// Makes durable which names a folder holds.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The paths in a folder; none if it is gone meanwhile or is no folder.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Named by so many digits of a key; another's folder stays, however empty.
fn is_ours(folder: &Path, digits: usize) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.len() == digits && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// `{key}#{number}`.
fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('#'));
    name.is_some_and(|(key, number)| key.parse::<BlobKey>().is_ok() && number.parse::<u32>().is_ok())
}

fn is_older(path: &Path, cutoff: SystemTime) -> bool {
    fs::symlink_metadata(path).and_then(|about| about.modified()).is_ok_and(|modified| modified < cutoff)
}

/// A folder that is not empty stays, as the system refuses.
fn remove_empty(folder: &Path, cutoff: SystemTime) {
    if is_older(folder, cutoff) {
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_missing_folder_is_made_for_our_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        Folder::open(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&dir.path().join("a")), 0o700);
    }

    #[test]
    fn an_empty_folder_is_closed_to_others_and_one_in_use_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        Folder::open(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700);

        fs::write(dir.path().join("theirs"), "x").unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        Folder::open(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o755);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        for path in [file.clone(), file.join("below")] {
            let said = Folder::open(&path).unwrap_err().to_string();
            assert_eq!(said, format!("the content folder {} cannot be created", path.display()));
        }
    }

    #[test]
    fn only_the_working_names_of_uploads_are_leftovers() {
        let key = "01935c2a-9d11-7000-8000-00000000000a";
        assert!(is_unfinished(Path::new(&format!("0193/5c2/{key}#1"))));
        for other in [key.to_owned(), format!("{key}#x"), "plan.docx#1".to_owned(), "#1".to_owned()] {
            assert!(!is_unfinished(Path::new(&other)), "{other}");
        }
    }
}
