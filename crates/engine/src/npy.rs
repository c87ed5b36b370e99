//! NumPy's `.npy` files.
//!
//! Source of the format: NEP 1 and `numpy/lib/format.py`. A header that is a Python dict of three entries, padded so that the
//! data begin at a multiple of 64 bytes, then the elements. The header is read here by hand, since it comes from outside: nesting
//! and sizes in it are bounded by what the file holds.

use crate::array::Array;
use crate::error::{Error, Result, running};
use crate::machine::machine;
use crate::whole::write_whole;
use fuseloom_lane::DType;
use fuseloom_runtime::{Buffer, Layout, Mapping, Pool, RuntimeError};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Reads a file.
pub(crate) fn load(path: &Path) -> Result<Array> {
    let file = std::fs::File::open(path).map_err(|error| io_error(path, error))?;
    let kind = file.metadata().map_err(|error| io_error(path, error))?.file_type();
    if kind.is_dir() {
        return Err(io_error(path, std::io::ErrorKind::IsADirectory.into()));
    }
    if !kind.is_file() {
        // A pipe or a device cannot be mapped.
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut &file, &mut bytes).map_err(|error| io_error(path, error))?;
        return from_bytes(path, &bytes);
    }
    let mapping = Arc::new(Mapping::new(&file).map_err(|error| io_error(path, error))?);
    let header = Header::parse(&mapping).map_err(|message| format_error(path, message))?;
    let available = mapping.len() - header.start;
    header.check_length(available).map_err(|message| format_error(path, message))?;
    let pool = machine()?.pool();
    let buffer = if header.swapped {
        swapped_copy(&mapping[header.start..], &header, pool)?
    } else {
        Buffer::from_mapping(&mapping, header.start, header.dtype, header.elements, pool).map_err(unfit(path))?
    };
    header.array(buffer)
}

/// Reads the bytes of a file.
pub(crate) fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Array> {
    let header = Header::parse(bytes).map_err(|message| format_error(path, message))?;
    let data = &bytes[header.start..];
    header.check_length(data.len()).map_err(|message| format_error(path, message))?;
    let pool = machine()?.pool();
    let buffer = if header.swapped {
        swapped_copy(data, &header, pool)?
    } else {
        pool.copy_of_bytes(header.dtype, &data[..header.bytes]).map_err(unfit(path))?
    };
    header.array(buffer)
}

/// The error for data that are not of their dtype, with the name of the file.
fn unfit(path: &Path) -> impl Fn(RuntimeError) -> Error {
    move |error| match error {
        RuntimeError::InvalidBool { .. } => format_error(path, error.to_string()),
        error => running(error),
    }
}

/// Writes a file, which appears whole or not at all.
pub(crate) fn save(path: &Path, array: &Array) -> Result<()> {
    write_whole(path, |file| write(file, path, array))
}

/// Writes the header and the elements in C order.
pub(crate) fn write(file: &mut dyn Write, path: &Path, array: &Array) -> Result<()> {
    let descr = descr(array.dtype())
        .ok_or_else(|| format_error(path, format!("the format has no {}. Cast to f32 first.", array.dtype())))?;
    let extents: Vec<String> = array.shape().iter().map(|extent| format!("{extent},")).collect();
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", extents.join(" "));
    // Magic, version and length take 10 bytes, and the header ends with a newline.
    let padding = (64 - (10 + header.len() + 1) % 64) % 64;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let length = u16::try_from(header.len()).map_err(|_| format_error(path, "too many axes for a header".into()))?;
    let parts: [&[u8]; 5] = [MAGIC, &[1, 0], &length.to_le_bytes(), header.as_bytes(), &array.c_order_bytes()];
    parts.iter().try_for_each(|part| file.write_all(part)).map_err(|error| io_error(path, error))
}

pub(crate) fn io_error(path: &Path, error: std::io::Error) -> Error {
    Error::File { path: path.into(), source: Arc::new(error) }
}

pub(crate) fn format_error(path: &Path, message: String) -> Error {
    Error::Format { path: path.into(), message }
}

/// What a header says.
#[derive(PartialEq, Debug)]
struct Header {
    dtype: DType,
    shape: Vec<usize>,
    fortran: bool,
    /// Whether the bytes of each element are in the other order than the machine's.
    swapped: bool,
    /// Where the data begin.
    start: usize,
    elements: usize,
    bytes: usize,
}

impl Header {
    fn parse(file: &[u8]) -> Result<Header, String> {
        let no_npy = || "not an .npy file: it does not begin as one".to_string();
        let cut = || "truncated: the header is not whole".to_string();
        let malformed = || {
            let like = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }";
            format!("the header is malformed: it should be like {like}. Records and objects are not read.")
        };
        let rest = file.strip_prefix(MAGIC).ok_or_else(no_npy)?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        let (length, rest) = match version {
            [1, _] => {
                let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
                (usize::from(u16::from_le_bytes(*length)), rest)
            }
            [2 | 3, _] => {
                let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
                (u32::from_le_bytes(*length) as usize, rest)
            }
            [major, minor] => return Err(format!("format version {major}.{minor} is unknown")),
        };
        let text = rest.get(..length).ok_or_else(cut)?;
        let start = file.len() - rest.len() + length;
        let text = std::str::from_utf8(text).map_err(|_| "the header is no text".to_string())?;
        let (descr, fortran, shape) = Dict { rest: text }.entries().ok_or_else(malformed)?;
        let (dtype, swapped) = dtype(&descr)?;
        let layout = Layout::contiguous(&shape, dtype).map_err(|_| format!("the shape {shape:?} is too large"))?;
        let elements = layout.elements();
        Ok(Header { dtype, shape, fortran, swapped, start, elements, bytes: elements * dtype.size() })
    }

    fn check_length(&self, available: usize) -> Result<(), String> {
        if available >= self.bytes {
            return Ok(());
        }
        Err(format!("truncated: the header promises {} bytes of data, but there are {available}", self.bytes))
    }

    fn array(&self, buffer: Buffer) -> Result<Array> {
        if !self.fortran {
            return Ok(Array::from_buffer(buffer, Layout::contiguous(&self.shape, self.dtype).map_err(running)?));
        }
        let mut stride = self.dtype.size() as i64;
        let strides = self.shape.iter().map(|&extent| {
            let this = stride;
            stride = stride.saturating_mul(extent.max(1) as i64);
            this
        });
        let strides: Vec<i64> = strides.collect();
        let layout = Layout::strided(&self.shape, &strides, 0, self.dtype, buffer.bytes()).map_err(running)?;
        Ok(Array::from_buffer(buffer, layout))
    }
}

fn swapped_copy(data: &[u8], header: &Header, pool: &Pool) -> Result<Buffer> {
    let mut bytes = data[..header.bytes].to_vec();
    bytes.chunks_exact_mut(header.dtype.size()).for_each(<[u8]>::reverse);
    pool.copy_of_bytes(header.dtype, &bytes).map_err(running)
}

/// A dtype as NumPy writes it, in the machine's byte order.
fn descr(dtype: DType) -> Option<String> {
    let code = match dtype {
        DType::Bool => "b1",
        DType::I8 => "i1",
        DType::I16 => "i2",
        DType::I32 => "i4",
        DType::I64 => "i8",
        DType::U8 => "u1",
        DType::U16 => "u2",
        DType::U32 => "u4",
        DType::U64 => "u8",
        DType::F16 => "f2",
        DType::F32 => "f4",
        DType::F64 => "f8",
        DType::BF16 => return None,
    };
    let order = match (dtype.size(), cfg!(target_endian = "little")) {
        (1, _) => '|',
        (_, true) => '<',
        (_, false) => '>',
    };
    Some(format!("{order}{code}"))
}

/// The dtype, and whether its bytes must be swapped.
fn dtype(descr: &str) -> Result<(DType, bool), String> {
    let unknown = || format!("elements of dtype `{descr}` are none of {}", DType::ALL.map(DType::name).join(", "));
    // Without a sign for it, the byte order is the machine's.
    let (order, code) = match descr.split_at_checked(1).ok_or_else(unknown)? {
        (order @ ("|" | "<" | ">" | "="), code) => (order, code),
        _ => ("=", descr),
    };
    let named = |dtype: &DType| self::descr(*dtype).is_some_and(|known| known[1..] == *code);
    let dtype = DType::ALL.into_iter().find(named).ok_or_else(unknown)?;
    let swapped = match order {
        "|" if dtype.size() > 1 => return Err(unknown()),
        "<" => cfg!(target_endian = "big"),
        ">" => cfg!(target_endian = "little"),
        _ => false,
    };
    Ok((dtype, swapped && dtype.size() > 1))
}

/// The text of the header's dict, from the front.
struct Dict<'a> {
    rest: &'a str,
}

impl<'a> Dict<'a> {
    /// `descr`, `fortran_order` and `shape`, each exactly once.
    fn entries(mut self) -> Option<(String, bool, Vec<usize>)> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.take('{')?;
        while !self.skip('}') {
            let key = self.string()?;
            self.take(':')?;
            let fresh = match key {
                "descr" => descr.replace(self.string()?.to_string()).is_none(),
                "fortran_order" => fortran.replace(self.truth()?).is_none(),
                "shape" => shape.replace(self.tuple()?).is_none(),
                _ => false,
            };
            if !fresh {
                return None;
            }
            if !self.skip(',') {
                self.take('}')?;
                break;
            }
        }
        self.rest.trim().is_empty().then_some(())?;
        Some((descr?, fortran?, shape?))
    }

    fn skip(&mut self, c: char) -> bool {
        let trimmed = self.rest.trim_start();
        match trimmed.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take(&mut self, c: char) -> Option<()> {
        self.skip(c).then_some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let quote = if self.skip('\'') { '\'' } else { self.skip('"').then_some('"')? };
        let (text, rest) = self.rest.split_once(quote)?;
        self.rest = rest;
        Some(text)
    }

    fn truth(&mut self) -> Option<bool> {
        let trimmed = self.rest.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = trimmed.strip_prefix(word) {
                self.rest = rest;
                return Some(value);
            }
        }
        None
    }

    fn tuple(&mut self) -> Option<Vec<usize>> {
        let mut extents = Vec::new();
        self.take('(')?;
        while !self.skip(')') {
            let trimmed = self.rest.trim_start();
            let digits = trimmed.len() - trimmed.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            extents.push(trimmed[..digits].parse().ok()?);
            self.rest = &trimmed[digits..];
            if !self.skip(',') {
                self.take(')')?;
                break;
            }
        }
        Some(extents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(header.len()).unwrap();
        [MAGIC, &[1, 0][..], &length.to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn read(header: &str, data: &[u8]) -> Result<Array, String> {
        from_bytes(Path::new("x.npy"), &file(header, data)).map_err(|error| error.to_string())
    }

    #[test]
    fn both_orders_of_axes_and_of_bytes() {
        let native = read("{'descr': 'f4', 'fortran_order': False, 'shape': (1,), }", &1.5f32.to_ne_bytes()).unwrap();
        assert_eq!(native.to_vec::<f32>().unwrap(), [1.5]);
        let c = read("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }", &[1, 0, 2, 0, 3, 0, 4, 0]).unwrap();
        assert_eq!(c.to_vec::<i16>().unwrap(), [1, 2, 3, 4]);
        let f =
            read("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2), }\n", &[0, 1, 0, 2, 0, 3, 0, 4]).unwrap();
        assert_eq!(f.to_vec::<i16>().unwrap(), [1, 3, 2, 4]);
        let scalar = read("{\"shape\":(),\"fortran_order\":False,\"descr\":\"|b1\"}", &[1]).unwrap();
        assert!(scalar.item::<bool>().unwrap());
        let none = read("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }", &[]).unwrap();
        assert_eq!((none.shape(), none.len()), (&[0, 3][..], 0));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let cases: [(&str, &[u8], &str); 11] = [
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
                &[0; 7],
                "promises 8 bytes of data, but there are 7",
            ),
            ("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", &[0; 16], "elements of dtype `<c8`"),
            ("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", &[0; 16], "elements of dtype `|O`"),
            ("{'descr': '', 'fortran_order': False, 'shape': (2,), }", &[0; 16], "elements of dtype ``"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", &[0; 16], "malformed"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", &[0; 16], "malformed"),
            ("{'descr': '<f4', 'fortran_order': False}", &[0; 16], "malformed"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", &[0; 16], "malformed"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4), }", &[0; 16], "too large"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", &[0; 16], "malformed"),
            ("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", &[1, 2], "byte 1 should be a bool but is 2"),
        ];
        for (header, data, expected) in cases {
            let message = read(header, data).unwrap_err();
            assert!(message.contains(expected), "{header}: {message}");
        }
        for bytes in
            [&b""[..], b"\x93NUMP", b"\x93NUMPY\x01", b"\x93NUMPY\x09\x00\x00\x00", b"\x93NUMPY\x01\x00\x20\x00{"]
        {
            assert!(from_bytes(Path::new("x.npy"), bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_file_comes_back_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.npy");
        let array = Array::from(ndarray::array![[1.5f32, 2.0, 3.0], [4.0, 5.0, 6.0]].reversed_axes());
        array.save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 128 + 24);
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2,), }";
        assert_eq!(&bytes[10..10 + header.len()], header.as_bytes());
        let back = Array::load(&path).unwrap();
        assert_eq!(back.view::<f32>().unwrap(), array.view::<f32>().unwrap());
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1, "the temporary file is gone");
        std::fs::write(&path, &bytes[..140]).unwrap();
        assert!(Array::load(&path).unwrap_err().to_string().ends_with("promises 24 bytes of data, but there are 12"));
        assert!(Array::load(directory.path().join("none.npy")).is_err());
        assert!(array.save(directory.path().join("none/x.npy")).is_err());
    }
}
