//! Files mapped into memory.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;

/// A file mapped for reading; it derefs to the file's bytes.
///
/// The file should not be changed while it is mapped: another process that writes to it changes the data under the reader, and
/// one that truncates it makes reading past the new end fatal. No bytes that are read here decide an address without a check.
pub struct Mapping {
    map: memmap2::Mmap,
}

impl Mapping {
    /// Maps a whole file.
    pub fn new(file: &File) -> io::Result<Mapping> {
        // SAFETY: the map is private and read-only. What other processes do to the file is outside any program's power, here as
        // in every reader of mapped files; the type's documentation says so.
        let map = unsafe { memmap2::MmapOptions::new().map(file) }?;
        Ok(Mapping { map })
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapping({} bytes)", self.map.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Buffer, Pool, RuntimeError};
    use fuseloom_lane::DType;
    use std::io::Write;
    use std::sync::Arc;

    #[test]
    fn a_file_is_read_where_it_lies() {
        let mut file = tempfile::tempfile().unwrap();
        for x in 0..16_u32 {
            file.write_all(&x.to_ne_bytes()).unwrap();
        }
        let mapping = Arc::new(Mapping::new(&file).unwrap());
        let pool = Pool::new(0);
        let mut buffer = Buffer::from_mapping(&mapping, 8, DType::U32, 14, &pool).unwrap();
        assert_eq!(buffer.as_slice::<u32>().unwrap()[..3], [2, 3, 4]);
        assert_eq!(buffer.as_bytes().as_ptr(), mapping[8..].as_ptr());
        assert!(buffer.is_read_only());
        assert_eq!(buffer.as_mut_slice::<u32>(), Err(RuntimeError::ReadOnly));
        // Not aligned: copied.
        let buffer = Buffer::from_mapping(&mapping, 2, DType::U32, 1, &pool).unwrap();
        assert!(!buffer.is_read_only());
        assert_eq!(buffer.as_bytes(), &mapping[2..6]);
        assert!(matches!(
            Buffer::from_mapping(&mapping, 8, DType::U32, 15, &pool),
            Err(RuntimeError::Layout { bytes: 56, .. })
        ));
        assert!(Buffer::from_mapping(&mapping, usize::MAX, DType::U8, 1, &pool).is_err());
        assert!(matches!(
            Buffer::from_mapping(&mapping, 0, DType::Bool, 64, &pool),
            Err(RuntimeError::InvalidBool { position: 8, value: 2 })
        ));
    }

    #[test]
    fn an_empty_file_maps_to_nothing() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(Mapping::new(&file).unwrap().len(), 0);
    }
}
