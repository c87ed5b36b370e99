//! Elements in and out of operands one by one, in C order: for what reads and writes without a kernel.

use crate::layout::{byte_size, each_offset};
use crate::{Input, Output, RuntimeError};
use fuseloom_lane::DType;

impl Input<'_> {
    /// A copy of the elements in C order, as bytes in the machine's byte order.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RuntimeError> {
        let total = byte_size(self.array.shape(), self.array.dtype)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(total).map_err(|_| RuntimeError::OutOfMemory { bytes: total })?;
        let size = self.array.dtype.size();
        each_offset(self.array.shape(), self.array.strides(), |offset| {
            let element = self.array.first.as_ptr().wrapping_offset(offset as isize);
            // SAFETY: an index inside the shape is an element of the borrowed memory, which is initialized.
            bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(element, size) });
        });
        Ok(bytes)
    }
}

impl Output<'_> {
    /// Writes all elements, given in C order as bytes in the machine's byte order. Fails if their number is another or a bool is
    /// neither 0 nor 1.
    pub fn copy_from_bytes(&mut self, bytes: &[u8]) -> Result<(), RuntimeError> {
        let expected = byte_size(self.array.shape(), self.array.dtype)?;
        if bytes.len() != expected {
            return Err(RuntimeError::Count { what: "bytes", expected, actual: bytes.len() });
        }
        if self.array.dtype == DType::Bool
            && let Some(position) = bytes.iter().position(|&b| b > 1)
        {
            return Err(RuntimeError::InvalidBool { position, value: bytes[position] });
        }
        let mut elements = bytes.chunks_exact(self.array.dtype.size());
        each_offset(self.array.shape(), self.array.strides(), |offset| {
            let Some(from) = elements.next() else { return };
            let to = self.array.first.as_ptr().wrapping_offset(offset as isize);
            // SAFETY: an index inside the shape is an element of the uniquely borrowed memory; the bytes are a value of its type.
            unsafe { to.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
        });
        if let Some(flag) = &mut self.written {
            **flag = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array, s};

    #[test]
    fn views_are_read_and_written_in_c_order() {
        let source = array![[1_u16, 2, 3], [4, 5, 6]];
        let bytes = Input::from(source.slice(s![..;-1, ..;2])).to_bytes().unwrap();
        let expected: Vec<u8> = [4_u16, 6, 1, 3].iter().flat_map(|x| x.to_ne_bytes()).collect();
        assert_eq!(bytes, expected);
        let mut target = Array2::<u16>::zeros((2, 3));
        Output::from(target.slice_mut(s![..;-1, ..;2])).copy_from_bytes(&bytes).unwrap();
        assert_eq!(target, array![[1, 0, 3], [4, 0, 6]]);
        assert!(Output::from(target.view_mut()).copy_from_bytes(&bytes).is_err());
    }

    #[test]
    fn bools_are_checked() {
        let mut target = [false; 2];
        assert!(Output::from(&mut target[..]).copy_from_bytes(&[1, 2]).is_err());
        Output::from(&mut target[..]).copy_from_bytes(&[1, 0]).unwrap();
        assert_eq!(target, [true, false]);
    }
}
