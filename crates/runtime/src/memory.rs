//! Memory from the system: aligned allocations, and maps with huge pages for large sizes.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::OnceLock;

/// Every block starts at a multiple of this.
pub(crate) const ALIGNMENT: usize = 64;

/// From this many bytes on a block is a map of its own, of huge pages where the system has them.
pub(crate) const MAP_FROM: usize = 4 << 20;

/// The size of a huge page.
const HUGE_PAGE: usize = 2 << 20;

/// Nobody has a block this large.
const ABSURD: usize = 1 << 46;

/// The size class of a request, or `None` if it is absurd. Classes are an eighth of an octave apart, so at most an eighth is
/// wasted; below 512 bytes 64 bytes apart; mapped blocks are whole huge pages.
pub(crate) fn class_size(bytes: usize) -> Option<usize> {
    if bytes > ABSURD {
        return None;
    }
    if bytes <= 512 {
        return Some(bytes.max(1).next_multiple_of(ALIGNMENT));
    }
    let octave = (bytes - 1).ilog2();
    let step = 1 << (octave - 3);
    Some(bytes.next_multiple_of(if bytes >= MAP_FROM { HUGE_PAGE.max(step) } else { step }))
}

/// How many classes there are.
pub(crate) const CLASSES: usize = class_index(ABSURD) + 1;

/// The position of a class size among all classes.
pub(crate) const fn class_index(size: usize) -> usize {
    if size < 512 {
        return size / ALIGNMENT;
    }
    let octave = size.ilog2() as usize;
    (octave - 8) * 8 + ((size >> (octave - 3)) & 7)
}

/// A block of memory of a class size, the only name of it; it does not free itself.
#[derive(Debug)]
pub(crate) struct RawBlock {
    pub(crate) start: NonNull<u8>,
    pub(crate) bytes: usize,
}

// SAFETY: it is the only name of its memory, like a Box<[u8]>.
unsafe impl Send for RawBlock {}

/// A zeroed block of a class size; `None` when the system has none.
pub(crate) fn allocate(bytes: usize) -> Option<RawBlock> {
    debug_assert_eq!(class_size(bytes), Some(bytes));
    if bytes >= MAP_FROM {
        return map(bytes);
    }
    let layout = Layout::from_size_align(bytes, ALIGNMENT).ok()?;
    // SAFETY: a class size is not 0.
    let start = unsafe { alloc_zeroed(layout) };
    Some(RawBlock { start: NonNull::new(start)?, bytes })
}

/// Gives a block back to the system.
///
/// # Safety
/// The block comes from [`allocate`], and nobody uses its memory any more.
pub(crate) unsafe fn free(block: RawBlock) {
    if block.bytes >= MAP_FROM {
        // SAFETY: as promised by the caller; blocks from this size on are maps.
        unsafe { unmap(block) };
        return;
    }
    let layout = Layout::from_size_align(block.bytes, ALIGNMENT).expect("allocated with this layout");
    // SAFETY: as promised by the caller; `allocate` used the same layout.
    unsafe { dealloc(block.start.as_ptr(), layout) };
}

#[cfg(target_os = "linux")]
fn map(bytes: usize) -> Option<RawBlock> {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
    // A huge page too much, so that the block can start at the boundary of one.
    let reserved = bytes.checked_add(HUGE_PAGE)?;
    // SAFETY: a new private map at an address of the system's choice touches nothing that exists.
    let start = unsafe {
        mmap_anonymous(std::ptr::null_mut(), reserved, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
    }
    .ok()?
    .cast::<u8>();
    let before = start.align_offset(HUGE_PAGE);
    let after = HUGE_PAGE - before;
    let aligned = start.wrapping_add(before);
    // SAFETY: both ranges lie in the map just made, are whole pages (a huge page is a multiple of a page), and nobody uses
    // them. Giving them back cannot fail for a private map; if it did, address space would be lost and nothing else.
    unsafe {
        if before > 0 {
            let _ = munmap(start.cast(), before);
        }
        if after > 0 {
            let _ = munmap(aligned.wrapping_add(bytes).cast(), after);
        }
    }
    // SAFETY: advice on a range of the map just made; a kernel without huge pages refuses, and ordinary pages serve.
    let _ = unsafe { madvise(aligned.cast(), bytes, Advice::LinuxHugepage) };
    Some(RawBlock { start: NonNull::new(aligned)?, bytes })
}

#[cfg(target_os = "linux")]
unsafe fn unmap(block: RawBlock) {
    // SAFETY: `map` made exactly this range, and the caller of `free` promises that nobody uses it any more.
    let _ = unsafe { rustix::mm::munmap(block.start.as_ptr().cast(), block.bytes) };
}

#[cfg(not(target_os = "linux"))]
fn map(bytes: usize) -> Option<RawBlock> {
    let layout = Layout::from_size_align(bytes, HUGE_PAGE).ok()?;
    // SAFETY: a class size is not 0.
    let start = unsafe { alloc_zeroed(layout) };
    Some(RawBlock { start: NonNull::new(start)?, bytes })
}

#[cfg(not(target_os = "linux"))]
unsafe fn unmap(block: RawBlock) {
    let layout = Layout::from_size_align(block.bytes, HUGE_PAGE).expect("allocated with this layout");
    // SAFETY: `map` used the same layout, and the caller of `free` promises that nobody uses the block any more.
    unsafe { dealloc(block.start.as_ptr(), layout) };
}

/// Bytes of memory this machine has, swap included; a guess of 2^46 where the system does not tell.
///
/// A system that promises more memory than it has would kill the process at the first touch instead of refusing.
pub(crate) fn physical_bytes() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| read_physical_bytes().unwrap_or(ABSURD))
}

#[cfg(target_os = "linux")]
fn read_physical_bytes() -> Option<usize> {
    // SAFETY: all fields of `sysinfo` are integers, for which zero bytes are a value.
    let mut info: libc::sysinfo = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a `sysinfo` of our own.
    if unsafe { libc::sysinfo(&mut info) } != 0 {
        return None;
    }
    let units = (info.totalram as usize).checked_add(info.totalswap as usize)?;
    units.checked_mul(info.mem_unit as usize)
}

#[cfg(not(target_os = "linux"))]
fn read_physical_bytes() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_grow_and_waste_an_eighth_at_most() {
        let mut last = (0, 0);
        for bytes in (0..1 << 14).chain((14..46).flat_map(|e| (0..64).map(move |i| (1 << e) + (i << (e - 6)) + 1))) {
            let size = class_size(bytes).unwrap();
            assert!(size >= bytes && size % ALIGNMENT == 0, "{bytes}: {size}");
            assert_eq!(class_size(size), Some(size), "{bytes}");
            let slack = if bytes >= MAP_FROM { HUGE_PAGE.max(bytes / 8) } else { (bytes / 8).max(64) };
            assert!(size - bytes <= slack, "{bytes}: {size}");
            let index = class_index(size);
            assert!(index < CLASSES);
            assert!(
                size >= last.0 && (index > last.1 || size == last.0),
                "{bytes}: {size} has index {index} after {last:?}"
            );
            last = (size, index);
        }
        assert_eq!(class_size(ABSURD + 1), None);
        assert_eq!(class_size(usize::MAX), None);
    }

    #[test]
    fn blocks_are_aligned_and_zero() {
        for bytes in [1, 64, 5000, MAP_FROM - 1, MAP_FROM, MAP_FROM + 1, 3 * MAP_FROM] {
            let block = allocate(class_size(bytes).unwrap()).unwrap();
            let alignment = if bytes >= MAP_FROM { HUGE_PAGE } else { ALIGNMENT };
            assert_eq!(block.start.addr().get() % alignment, 0, "{bytes}");
            // SAFETY: the block is ours.
            let all = unsafe { std::slice::from_raw_parts_mut(block.start.as_ptr(), block.bytes) };
            assert!(all.iter().all(|&b| b == 0));
            all.fill(7);
            // SAFETY: used no more.
            unsafe { free(block) };
        }
    }
}
