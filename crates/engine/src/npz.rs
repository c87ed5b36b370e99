//! NumPy's `.npz` archives: `.npy` files in a zip file.

use crate::array::Array;
use crate::error::{Error, Result};
use crate::npy::{format_error, from_bytes, io_error, write};
use crate::whole::write_whole;
use std::io::{Cursor, Read};
use std::path::Path;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

type Archive = ZipArchive<std::io::BufReader<std::fs::File>>;

/// The names of the arrays of an archive, in its order.
///
/// ```
/// use fuseloom::{Array, npz_names, save_npz};
/// let path = std::env::temp_dir().join("fuseloom-names.npz");
/// save_npz(&path, [("x", &Array::from(vec![1.0])), ("y", &Array::from(vec![2]))])?;
/// assert_eq!(npz_names(&path)?, ["x", "y"]);
/// # drop(std::fs::remove_file(&path));
/// # Ok::<(), fuseloom::Error>(())
/// ```
///
/// # Errors
/// The file cannot be read or is no archive.
pub fn npz_names(path: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = path.as_ref();
    let archive = open(path)?;
    let names = archive.file_names().collect::<Result<Vec<_>, _>>().map_err(|error| zip_error(path, error))?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".npy")).map(String::from).collect())
}

/// Writes arrays as an archive, uncompressed, as NumPy's `savez` does. The file appears whole or not at all.
///
/// ```
/// use fuseloom::{Array, save_npz};
/// let path = std::env::temp_dir().join("fuseloom-save.npz");
/// let (x, y) = (Array::from(vec![1.0f32, 2.0]), Array::from(vec![true, false]));
/// save_npz(&path, [("x", &x), ("y", &y)])?;
/// assert_eq!(Array::load_npz(&path, "y")?.to_vec::<bool>()?, [true, false]);
/// # drop(std::fs::remove_file(&path));
/// # Ok::<(), fuseloom::Error>(())
/// ```
///
/// # Errors
/// The file cannot be written; an array of `bf16`, which the format lacks.
pub fn save_npz<'a>(path: impl AsRef<Path>, arrays: impl IntoIterator<Item = (&'a str, &'a Array)>) -> Result<()> {
    let path = path.as_ref();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    for (name, array) in arrays {
        archive.start_file(format!("{name}.npy"), options).map_err(|error| zip_error(path, error))?;
        write(&mut archive, path, array)?;
    }
    let bytes = archive.finish().map_err(|error| zip_error(path, error))?.into_inner();
    write_whole(path, |file| file.write_all(&bytes).map_err(|error| io_error(path, error)))
}

/// One array, by name.
pub(crate) fn load(path: &Path, name: &str) -> Result<Array> {
    let mut archive = open(path)?;
    let mut bytes = Vec::new();
    match archive.by_name(&format!("{name}.npy")) {
        // What is promised is not believed: the vector grows with what is there.
        Ok(mut file) => file.read_to_end(&mut bytes).map_err(|error| io_error(path, error))?,
        Err(ZipError::FileNotFound) => {
            let names = npz_names(path)?.join("`, `");
            return Err(format_error(path, format!("there is no array `{name}`, only `{names}`")));
        }
        Err(error) => return Err(zip_error(path, error)),
    };
    from_bytes(path, &bytes)
}

fn open(path: &Path) -> Result<Archive> {
    let file = std::fs::File::open(path).map_err(|error| io_error(path, error))?;
    ZipArchive::new(std::io::BufReader::new(file)).map_err(|error| zip_error(path, error))
}

fn zip_error(path: &Path, error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => io_error(path, error),
        other => format_error(path, format!("not an .npz archive: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_comes_back_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.npz");
        let (a, b) = (Array::from(vec![1i64, 2, 3]), Array::new(vec![true, false], &[2, 1]).unwrap());
        save_npz(&path, [("a", &a), ("b", &b)]).unwrap();
        assert_eq!(npz_names(&path).unwrap(), ["a", "b"]);
        assert_eq!(Array::load_npz(&path, "a").unwrap().to_vec::<i64>().unwrap(), [1, 2, 3]);
        assert_eq!(Array::load_npz(&path, "b").unwrap().shape(), [2, 1]);
        let missing = Array::load_npz(&path, "c").unwrap_err().to_string();
        assert!(missing.ends_with("there is no array `c`, only `a`, `b`"), "{missing}");
        let bytes = std::fs::read(&path).unwrap();
        for cut in [0, 10, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(Array::load_npz(&path, "a").is_err(), "cut to {cut}");
        }
    }
}
