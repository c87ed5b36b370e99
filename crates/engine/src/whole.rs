//! Files that appear whole or not at all.

use crate::array::Array;
use crate::error::Result;
use crate::npy::{self, io_error};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file under construction. What is written lies in a temporary file beside its place and moves there by
/// [`WholeFile::finish`]; dropped before, it leaves no trace. An existing file keeps its permissions, a symbolic link keeps
/// pointing where it did. Devices, pipes and sockets cannot be replaced: they get all bytes at the end.
///
/// ```
/// use fuseloom::{Array, WholeFile};
/// use std::io::Write;
///
/// let path = std::env::temp_dir().join("fuseloom-whole.txt");
/// let mut file = WholeFile::create(&path)?;
/// file.write_all(b"all of it")?;
/// file.finish()?;
/// assert_eq!(std::fs::read(&path)?, b"all of it");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// An ordinary file, in its temporary place.
    Beside(BufWriter<NamedTempFile>),
    /// What goes to a device when all is known.
    Device(Vec<u8>),
}

impl WholeFile {
    /// Begins a file.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// use std::io::Write;
    /// let path = std::env::temp_dir().join("fuseloom-create.txt");
    /// write!(fuseloom::WholeFile::create(&path)?, "half of it")?;
    /// assert!(!path.exists(), "it was dropped before it was finished");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The path is a directory; its directory does not exist or cannot be written to.
    pub fn create(path: impl AsRef<Path>) -> Result<WholeFile> {
        let given = path.as_ref();
        let failed = |error| io_error(given, error);
        let existing = std::fs::metadata(given).ok();
        if existing.as_ref().is_some_and(|m| m.is_dir()) {
            return Err(failed(std::io::ErrorKind::IsADirectory.into()));
        }
        if existing.as_ref().is_some_and(|m| !m.is_file()) {
            return Ok(WholeFile { path: given.into(), place: Place::Device(Vec::new()) });
        }
        // The place itself, not a link to it, whether anything is there yet or not.
        let path = match existing {
            Some(_) => given.canonicalize().map_err(failed)?,
            None => match std::fs::read_link(given) {
                Ok(target) => given.parent().unwrap_or(Path::new("")).join(target),
                Err(_) => given.to_path_buf(),
            },
        };
        if existing.is_some() {
            // A file that may not be written to is not replaced either.
            std::fs::OpenOptions::new().write(true).open(&path).map_err(failed)?;
        }
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::metadata(directory).map_err(failed)?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As an ordinary new file: the process's mask takes away what it should not have.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.prefix(".fuseloom").tempfile_in(directory);
        // The temporary file's own name, which the error has, means nothing to anybody.
        let file = file.map_err(|error| failed(error.kind().into()))?;
        if let Some(existing) = existing {
            file.as_file().set_permissions(existing.permissions()).map_err(failed)?;
        }
        Ok(WholeFile { path, place: Place::Beside(BufWriter::new(file)) })
    }

    /// Writes an array in the format of `.npy` files.
    ///
    /// ```
    /// use fuseloom::{Array, WholeFile};
    /// let path = std::env::temp_dir().join("fuseloom-write.npy");
    /// let mut file = WholeFile::create(&path)?;
    /// file.write_npy(&Array::from(vec![1, 2, 3]))?;
    /// file.finish()?;
    /// assert_eq!(Array::load(&path)?.to_vec::<i32>()?, [1, 2, 3]);
    /// # drop(std::fs::remove_file(&path));
    /// # Ok::<(), fuseloom::Error>(())
    /// ```
    ///
    /// # Errors
    /// The file cannot be written; the elements are `bf16`, which the format lacks.
    pub fn write_npy(&mut self, array: &Array) -> Result<()> {
        let path = self.path.clone();
        npy::write(self, &path, array)
    }

    /// Puts the file in its place.
    ///
    /// ```
    /// let path = std::env::temp_dir().join("fuseloom-finish.txt");
    /// fuseloom::WholeFile::create(&path)?.finish()?;
    /// assert!(path.exists());
    /// # drop(std::fs::remove_file(&path));
    /// # Ok::<(), fuseloom::Error>(())
    /// ```
    ///
    /// # Errors
    /// The file cannot be written or moved.
    pub fn finish(self) -> Result<()> {
        let path = self.path;
        match self.place {
            Place::Device(bytes) => {
                let device = std::fs::OpenOptions::new().write(true).open(&path);
                device.and_then(|mut device| device.write_all(&bytes)).map_err(|error| io_error(&path, error))
            }
            Place::Beside(buffered) => {
                let file = buffered.into_inner().map_err(|error| io_error(&path, error.into_error()))?;
                file.persist(&path).map(drop).map_err(|error| io_error(&path, error.error))
            }
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.place {
            Place::Beside(file) => file.write(bytes),
            Place::Device(buffer) => buffer.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.place {
            Place::Beside(file) => file.flush(),
            Place::Device(_) => Ok(()),
        }
    }
}

/// Writes a file in one go.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut file = WholeFile::create(path)?;
    write(&mut file)?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn links_permissions_and_devices_stay_what_they_are() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        let (target, link) = (directory.path().join("target"), directory.path().join("link"));
        std::fs::write(&target, "old").unwrap();
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&target, &link).unwrap();
        write_whole(&link, |file| file.write_all(b"new").map_err(|e| io_error(&link, e))).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        let null = Path::new("/dev/null");
        write_whole(null, |file| file.write_all(b"gone").map_err(|e| io_error(null, e))).unwrap();
        assert!(std::fs::metadata(null).unwrap().file_type().is_char_device());
        assert!(WholeFile::create(directory.path()).is_err());
        let nowhere = WholeFile::create(directory.path().join("none/file")).unwrap_err().to_string();
        assert!(nowhere.ends_with("No such file or directory (os error 2)"), "{nowhere}");
        let unfinished = directory.path().join("unfinished");
        WholeFile::create(&unfinished).unwrap().write_all(b"half").unwrap();
        let (ahead, later) = (directory.path().join("ahead"), directory.path().join("later"));
        symlink("later", &ahead).unwrap();
        write_whole(&ahead, |file| file.write_all(b"new").map_err(|e| io_error(&ahead, e))).unwrap();
        assert_eq!(std::fs::read(&later).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&ahead).unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 4, "nothing is left of what was not finished");
    }
}
