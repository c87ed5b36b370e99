//! Memory from the system: aligned allocations, and maps with huge pages for large sizes.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    /// Bytes between what the system gave and `start`.
    pub(crate) offset: usize,
}

// SAFETY: it is the only name of its memory, like a Box<[u8]>.
unsafe impl Send for RawBlock {}

/// From this many bytes on blocks are staggered.
const STAGGER_FROM: usize = 64 << 10;

/// Where the next large block starts after its boundary. Arrays that all start at a boundary compete for the same cache sets, and a
/// store and a load a multiple of 4 KiB apart get in each other's way: a sum of five arrays of 2 MiB takes a quarter
/// longer. So blocks start at 16 different places, 256 bytes apart modulo a page, a page apart in maps.
fn stagger(bytes: usize) -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    if bytes < STAGGER_FROM {
        return 0;
    }
    let place = NEXT.fetch_add(1, Ordering::Relaxed) % 16;
    place * if bytes >= MAP_FROM { 4096 + 256 } else { 256 }
}

/// The most that [`stagger`] gives, rounded up to pages.
const fn stagger_room(bytes: usize) -> usize {
    if bytes >= MAP_FROM {
        64 << 10
    } else if bytes >= STAGGER_FROM {
        4 << 10
    } else {
        0
    }
}

/// A zeroed block of a class size; `None` when the system has none.
pub(crate) fn allocate(bytes: usize) -> Option<RawBlock> {
    debug_assert_eq!(class_size(bytes), Some(bytes));
    let room = bytes + stagger_room(bytes);
    let whole = if bytes >= MAP_FROM {
        map(room)?
    } else {
        let layout = Layout::from_size_align(room, ALIGNMENT).ok()?;
        // SAFETY: a class size is not 0.
        NonNull::new(unsafe { alloc_zeroed(layout) })?
    };
    let offset = stagger(bytes);
    // SAFETY: less than the room there is.
    Some(RawBlock { start: unsafe { whole.add(offset) }, bytes, offset })
}

/// Gives a block back to the system.
///
/// # Safety
/// The block comes from [`allocate`], and nobody uses its memory any more.
pub(crate) unsafe fn free(block: RawBlock) {
    let room = block.bytes + stagger_room(block.bytes);
    // SAFETY: that far before `start` the block begins.
    let whole = unsafe { block.start.sub(block.offset) };
    if block.bytes >= MAP_FROM {
        // SAFETY: as promised by the caller; blocks from this size on are maps.
        unsafe { unmap(whole, room) };
        return;
    }
    let layout = Layout::from_size_align(room, ALIGNMENT).expect("allocated with this layout");
    // SAFETY: as promised by the caller; `allocate` used the same layout.
    unsafe { dealloc(whole.as_ptr(), layout) };
}

/// A map that starts at the boundary of a huge page. `bytes` is a multiple of the size of a page.
#[cfg(target_os = "linux")]
fn map(bytes: usize) -> Option<NonNull<u8>> {
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
    NonNull::new(aligned)
}

#[cfg(target_os = "linux")]
unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
    // SAFETY: `map` made exactly this range, and the caller of `free` promises that nobody uses it any more.
    let _ = unsafe { rustix::mm::munmap(start.as_ptr().cast(), bytes) };
}

#[cfg(not(target_os = "linux"))]
fn map(bytes: usize) -> Option<NonNull<u8>> {
    let layout = Layout::from_size_align(bytes, HUGE_PAGE).ok()?;
    // SAFETY: a class size is not 0.
    NonNull::new(unsafe { alloc_zeroed(layout) })
}

#[cfg(not(target_os = "linux"))]
unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
    let layout = Layout::from_size_align(bytes, HUGE_PAGE).expect("allocated with this layout");
    // SAFETY: `map` used the same layout, and the caller of `free` promises that nobody uses the block any more.
    unsafe { dealloc(start.as_ptr(), layout) };
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
            assert!(size >= bytes && size.is_multiple_of(ALIGNMENT), "{bytes}: {size}");
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
    fn large_blocks_start_at_different_places_in_a_page() {
        for bytes in [STAGGER_FROM, 1 << 20, MAP_FROM] {
            let blocks: Vec<RawBlock> = (0..16).map(|_| allocate(bytes).unwrap()).collect();
            let mut places: Vec<usize> = blocks.iter().map(|b| b.offset % 4096).collect();
            places.sort_unstable();
            places.dedup();
            // Other tests take some of the places meanwhile.
            assert!(places.len() >= 4, "{places:?}");
            assert!(blocks.iter().all(|b| b.offset <= stagger_room(bytes)));
            // SAFETY: used no more.
            blocks.into_iter().for_each(|block| unsafe { free(block) });
        }
    }

    #[test]
    fn blocks_are_aligned_and_zero() {
        for bytes in [1, 64, 5000, MAP_FROM - 1, MAP_FROM, MAP_FROM + 1, 3 * MAP_FROM] {
            let block = allocate(class_size(bytes).unwrap()).unwrap();
            assert_eq!(block.start.addr().get() % ALIGNMENT, 0, "{bytes}");
            if bytes >= MAP_FROM {
                assert_eq!((block.start.addr().get() - block.offset) % HUGE_PAGE, 0, "{bytes}");
            }
            // SAFETY: the block is ours.
            let all = unsafe { std::slice::from_raw_parts_mut(block.start.as_ptr(), block.bytes) };
            assert!(all.iter().all(|&b| b == 0));
            all.fill(7);
            // SAFETY: used no more.
            unsafe { free(block) };
        }
    }

    /// The lines of `/proc/self/smaps` about the map that holds an address.
    #[cfg(target_os = "linux")]
    fn smaps(address: usize) -> Vec<String> {
        let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let range = |line: &str| {
            let (start, end) = line.split_whitespace().next()?.split_once('-')?;
            Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
        };
        let mut lines = text.lines().skip_while(|line| !range(line).is_some_and(|range| range.contains(&address)));
        let first = lines.next().map(String::from);
        first.into_iter().chain(lines.take_while(|line| range(line).is_none()).map(String::from)).collect()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn large_blocks_ask_for_huge_pages() {
        let modes = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
        if !modes.contains('[') || modes.contains("[never]") {
            println!("skipped: the system has no transparent huge pages");
            return;
        }
        let block = allocate(class_size(16 << 20).unwrap()).unwrap();
        // SAFETY: the block is ours.
        unsafe { block.start.as_ptr().write_bytes(1, block.bytes) };
        let lines = smaps(block.start.addr().get());
        let flags = lines.iter().find(|line| line.starts_with("VmFlags:")).unwrap();
        assert!(flags.split_whitespace().any(|flag| flag == "hg"), "{flags}");
        // How many there are is up to the system, which may have none left.
        lines.iter().filter(|line| line.starts_with("AnonHugePages:")).for_each(|line| println!("{line}"));
        // SAFETY: used no more.
        unsafe { free(block) };
    }
}
