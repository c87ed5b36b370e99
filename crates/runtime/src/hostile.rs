//! Hostile surroundings, for tests of this crate and of those above it: memory between pages that nobody may touch, and a
//! floating-point control state that is not the default one.
//!
//! Linux on x86-64 only; elsewhere the memory is ordinary and the state stays as it is.

use crate::memory::RawBlock;
use crate::{Element, Pool, RuntimeError};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// Elements with a page on either side whose first touch ends the process. They lie at the one end or the other, so
/// that one of them is watched to the byte; what is left of their own pages is filled with a pattern.
#[derive(Debug)]
pub struct Guarded<T> {
    /// The first page that may be touched.
    pages: NonNull<u8>,
    /// Bytes that may be touched.
    bytes: usize,
    /// Of the first element, from `pages`.
    offset: usize,
    elements: usize,
    of: PhantomData<T>,
}

// SAFETY: the memory is its own, like that of a Vec<T>.
unsafe impl<T: Send> Send for Guarded<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Guarded<T> {}

/// At which end elements lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The first element begins where the forbidden page ends.
    Low,
    /// The last element ends where the forbidden page begins.
    High,
}

/// Bytes of a page.
const PAGE: usize = 4096;
/// What surrounds the elements.
const PATTERN: u8 = 0xa5;

/// A pool whose blocks lie each between two pages whose first touch ends the process, at the one end or the other of their own:
/// all that a run takes from it, results, temporaries and scratch, is watched. At the high end a block may be followed by up to
/// 63 bytes that nobody asked for. No block is used a second time.
pub fn pool(end: End) -> Pool {
    Pool::guarded(end)
}

/// A block of so many bytes, a multiple of 64, filled with a pattern; `None` when the system has none.
pub(crate) fn allocate(bytes: usize, end: End) -> Option<RawBlock> {
    let whole = bytes.checked_next_multiple_of(PAGE)?;
    let pages = sys::pages(whole)?;
    let offset = match end {
        End::Low => 0,
        End::High => whole - bytes,
    };
    // SAFETY: that many bytes are ours to write.
    unsafe { pages.as_ptr().write_bytes(PATTERN, whole) };
    // SAFETY: the offset is at most the bytes there are.
    Some(RawBlock { start: unsafe { pages.add(offset) }, bytes, offset })
}

/// Gives a block back to the system.
///
/// # Safety
/// The block comes from [`allocate`], and nobody uses its memory any more.
pub(crate) unsafe fn free(block: RawBlock) {
    // SAFETY: that far before `start` the block's pages begin.
    let pages = unsafe { block.start.sub(block.offset) };
    // SAFETY: `allocate` took exactly these pages, and the caller promises that nobody uses them.
    unsafe { sys::give_back(pages, block.bytes.next_multiple_of(PAGE)) };
}

impl<T: Element> Guarded<T> {
    /// Elements with these values.
    ///
    /// # Errors
    /// [`RuntimeError::OutOfMemory`].
    pub fn new(values: &[T], end: End) -> Result<Guarded<T>, RuntimeError> {
        let size = size_of_val(values);
        let bytes = size.next_multiple_of(PAGE).max(PAGE);
        let pages = sys::pages(bytes).ok_or(RuntimeError::OutOfMemory { bytes })?;
        let offset = match end {
            End::Low => 0,
            End::High => bytes - size,
        };
        let guarded: Guarded<T> = Guarded { pages, bytes, offset, elements: values.len(), of: PhantomData };
        // SAFETY: that many bytes are ours to write, and the elements lie inside, aligned as pages and their own size are.
        unsafe {
            pages.as_ptr().write_bytes(PATTERN, bytes);
            guarded.first().as_ptr().copy_from_nonoverlapping(values.as_ptr(), values.len());
        }
        Ok(guarded)
    }

    fn first(&self) -> NonNull<T> {
        // SAFETY: the offset is at most the bytes there are.
        unsafe { self.pages.add(self.offset) }.cast()
    }

    /// The elements.
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: so many elements were written here, aligned; the borrow is shared.
        unsafe { std::slice::from_raw_parts(self.first().as_ptr(), self.elements) }
    }

    /// The elements, to write.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`; the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.first().as_ptr(), self.elements) }
    }

    /// Whether the bytes beside the elements are as they were.
    pub fn surroundings_are_whole(&self) -> bool {
        // SAFETY: these bytes are ours and written.
        let all = unsafe { std::slice::from_raw_parts(self.pages.as_ptr(), self.bytes) };
        let end = self.offset + self.elements * size_of::<T>();
        all[..self.offset].iter().chain(&all[end..]).all(|&byte| byte == PATTERN)
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: `pages` came from `sys::pages` with as many bytes, and nobody borrows them any more.
        unsafe { sys::give_back(self.pages, self.bytes) };
    }
}

#[cfg(target_os = "linux")]
mod sys {
    use super::PAGE;
    use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
    use std::ptr::{NonNull, null_mut};

    /// So many bytes, whole pages, with a forbidden page on either side.
    pub(super) fn pages(bytes: usize) -> Option<NonNull<u8>> {
        let whole = bytes.checked_add(2 * PAGE)?;
        // SAFETY: a new private map at an address of the system's choice touches nothing that exists.
        let start = unsafe { mmap_anonymous(null_mut(), whole, ProtFlags::empty(), MapFlags::PRIVATE) }.ok()?;
        let inner = NonNull::new(start.cast::<u8>().wrapping_add(PAGE))?;
        // SAFETY: the range lies in the map just made.
        let allowed = unsafe { mprotect(inner.as_ptr().cast(), bytes, MprotectFlags::READ | MprotectFlags::WRITE) };
        allowed.ok().map(|()| inner)
    }

    /// # Safety
    /// `inner` is what [`pages`] gave for so many bytes, and nobody uses it any more.
    pub(super) unsafe fn give_back(inner: NonNull<u8>, bytes: usize) {
        // SAFETY: as promised, this is exactly the map that was made.
        let _ = unsafe { munmap(inner.as_ptr().wrapping_sub(PAGE).cast(), bytes + 2 * PAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
mod sys {
    use super::PAGE;
    use std::alloc::{Layout, alloc, dealloc};
    use std::ptr::NonNull;

    fn layout(bytes: usize) -> Option<Layout> {
        Layout::from_size_align(bytes, PAGE).ok()
    }

    pub(super) fn pages(bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: there is at least one page.
        NonNull::new(unsafe { alloc(layout(bytes)?) })
    }

    /// # Safety
    /// `inner` is what [`pages`] gave for so many bytes, and nobody uses it any more.
    pub(super) unsafe fn give_back(inner: NonNull<u8>, bytes: usize) {
        if let Some(layout) = layout(bytes) {
            // SAFETY: as promised, allocated with this layout.
            unsafe { dealloc(inner.as_ptr(), layout) };
        }
    }
}

/// Calls `f` while this thread flushes subnormals to zero, takes them for zero and rounds towards zero; gives what `f` gives, and
/// whether the thread is still in that state after it. Both hold where the state cannot be set.
///
/// For calls into fuseloom, which computes in the default state whatever the caller's: other code is not made for this.
pub fn with_odd_floats<R>(f: impl FnOnce() -> R) -> (R, bool) {
    crate::float_control::with_odd_state(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_lie_beside_the_forbidden_pages() {
        for n in [0, 1, 1023, 1024, 1025] {
            let values: Vec<f32> = (0..n).map(|i| i as f32).collect();
            for end in [End::Low, End::High] {
                let mut guarded = Guarded::new(&values, end).unwrap();
                assert_eq!(guarded.as_slice(), values);
                let address = guarded.as_slice().as_ptr().addr() + if end == End::High { n * 4 } else { 0 };
                assert_eq!(address % PAGE, 0);
                guarded.as_mut_slice().fill(9.0);
                assert!(guarded.surroundings_are_whole());
                if n == 1 {
                    let beside = if end == End::Low { 4 } else { PAGE - 5 };
                    // SAFETY: a byte of the page that holds the one element, beside it.
                    unsafe { guarded.pages.add(beside).write(0) };
                    assert!(!guarded.surroundings_are_whole());
                }
            }
        }
    }

    #[test]
    fn blocks_of_a_guarded_pool_lie_beside_the_forbidden_pages() {
        for end in [End::Low, End::High] {
            let pool = pool(end);
            for bytes in [1, 64, 4096, 5000, 5 << 20] {
                let block = pool.block(bytes).unwrap();
                let size = bytes.next_multiple_of(64);
                let address = block.start().addr().get() + if end == End::High { size } else { 0 };
                assert_eq!(address % PAGE, 0);
                assert_eq!(pool.stats().bytes_in_use, size);
                // SAFETY: the block is ours.
                unsafe { block.start().as_ptr().write_bytes(1, size) };
            }
            assert_eq!((pool.stats().bytes_in_use, pool.stats().bytes_cached), (0, 0));
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn an_odd_state_is_noticed_when_it_goes() {
        let half = || std::hint::black_box(f32::MIN_POSITIVE) * std::hint::black_box(0.5);
        assert_eq!(with_odd_floats(half), (0.0, true));
        assert_ne!(half(), 0.0);
    }
}
