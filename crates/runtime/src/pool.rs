//! The pool: blocks of memory that are used again.
//!
//! The first touch of fresh memory costs several times what a kernel costs, so a dropped block waits for the next request
//! of its size class. One lock a class, held for a push or a pop.

use crate::RuntimeError;
use crate::hostile::{self, End};
use crate::memory::{self, CLASSES, RawBlock};
use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A pool of memory blocks. Clones are handles on one pool; when the last handle goes, so does the cached memory, and blocks
/// still in use free themselves.
#[derive(Clone)]
pub struct Pool {
    handle: Arc<Handle>,
}

/// What a pool has done and holds. Bytes are those of size classes: up to an eighth more than asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolStats {
    /// Bytes of blocks in use.
    pub bytes_in_use: usize,
    /// Bytes of blocks that wait to be used again.
    pub bytes_cached: usize,
    /// The most bytes in use at once since [`Pool::reset_peak`].
    pub peak_bytes_in_use: usize,
    /// Blocks got from the system so far.
    pub allocations: u64,
}

/// Dropping the last one closes the pool.
struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    classes: Box<[Mutex<Vec<RawBlock>>]>,
    /// Most bytes to cache.
    cap: AtomicUsize,
    /// Bytes held, in use or cached.
    held: AtomicUsize,
    cached: AtomicUsize,
    peak: AtomicUsize,
    allocations: AtomicU64,
    /// Every block lies at this end of pages of its own, between two that nobody may touch; none is used again.
    guarded: Option<End>,
}

/// A 64-byte aligned block of memory, private to its owner; dropping it returns it to its pool. Its bytes are initialized:
/// zeros, or whatever its last owner left.
pub(crate) struct Block {
    /// `None` for no bytes.
    memory: Option<(RawBlock, Arc<Shared>)>,
}

impl Pool {
    /// A pool that caches at most `cap` bytes.
    pub fn new(cap: usize) -> Pool {
        Pool::with(cap, None)
    }

    /// What [`hostile::pool`] gives.
    pub(crate) fn guarded(end: End) -> Pool {
        Pool::with(0, Some(end))
    }

    fn with(cap: usize, guarded: Option<End>) -> Pool {
        let shared = Shared {
            classes: (0..CLASSES).map(|_| Mutex::default()).collect(),
            cap: AtomicUsize::new(cap),
            held: AtomicUsize::new(0),
            cached: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            allocations: AtomicU64::new(0),
            guarded,
        };
        Pool { handle: Arc::new(Handle { shared: Arc::new(shared) }) }
    }

    /// What a pool caches unless told otherwise: a quarter of the machine's memory.
    pub fn default_cap() -> usize {
        memory::physical_bytes() / 4
    }

    /// Changes the cap, and frees what is cached beyond it.
    pub fn set_cap(&self, cap: usize) {
        self.shared().cap.store(cap, Ordering::Relaxed);
        self.shared().evict(cap, None);
    }

    /// The cap, in bytes.
    pub fn cap(&self) -> usize {
        self.shared().cap.load(Ordering::Relaxed)
    }

    /// Gives all cached memory back to the system.
    pub fn trim(&self) {
        self.shared().evict(0, None);
    }

    /// The counters. Under concurrent use each is right, but not of one moment.
    pub fn stats(&self) -> PoolStats {
        let shared = self.shared();
        PoolStats {
            bytes_in_use: shared.in_use(),
            bytes_cached: shared.cached.load(Ordering::Relaxed),
            peak_bytes_in_use: shared.peak.load(Ordering::Relaxed),
            allocations: shared.allocations.load(Ordering::Relaxed),
        }
    }

    /// Starts [`PoolStats::peak_bytes_in_use`] anew, from what is in use now.
    pub fn reset_peak(&self) {
        let shared = self.shared();
        shared.peak.store(shared.in_use(), Ordering::Relaxed);
    }

    /// A block of at least `bytes` bytes; none are needed for 0.
    pub(crate) fn block(&self, bytes: usize) -> Result<Block, RuntimeError> {
        if bytes == 0 {
            return Ok(Block { memory: None });
        }
        Ok(Block { memory: Some((self.shared().take(bytes)?, Arc::clone(self.shared()))) })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

impl Default for Pool {
    fn default() -> Pool {
        Pool::new(Pool::default_cap())
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("cap", &self.cap()).field("stats", &self.stats()).finish()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.cap.store(0, Ordering::Relaxed);
        self.shared.evict(0, None);
    }
}

impl Block {
    /// Its first byte; dangling (but aligned) for an empty block.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.memory.as_ref().map_or(DANGLING, |(raw, _)| raw.start)
    }
}

/// An aligned address of no memory, for empty blocks.
pub(crate) const DANGLING: NonNull<u8> = {
    #[repr(align(64))]
    struct Aligned;
    NonNull::<Aligned>::dangling().cast()
};

impl Drop for Block {
    fn drop(&mut self) {
        if let Some((raw, pool)) = self.memory.take() {
            pool.give(raw);
        }
    }
}

impl Shared {
    fn in_use(&self) -> usize {
        self.held.load(Ordering::Relaxed).saturating_sub(self.cached.load(Ordering::Relaxed))
    }

    fn take(&self, bytes: usize) -> Result<RawBlock, RuntimeError> {
        let size = memory::class_size(bytes).ok_or(RuntimeError::OutOfMemory { bytes })?;
        let (size, recycled) = match self.guarded {
            // As many bytes as are needed, so that the forbidden page is next to them.
            Some(_) => (bytes.next_multiple_of(memory::ALIGNMENT), None),
            None => (size, self.class(size).pop()),
        };
        let block = match recycled {
            Some(block) => {
                self.cached.fetch_sub(size, Ordering::Relaxed);
                block
            }
            None => self.allocate(size).ok_or(RuntimeError::OutOfMemory { bytes })?,
        };
        let in_use = self.in_use();
        if in_use > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(in_use, Ordering::Relaxed);
        }
        Ok(block)
    }

    #[cold]
    fn allocate(&self, size: usize) -> Option<RawBlock> {
        let held = self.held.fetch_add(size, Ordering::Relaxed) + size;
        if held > memory::physical_bytes() {
            self.evict(0, None);
        }
        let possible = self.held.load(Ordering::Relaxed) <= memory::physical_bytes();
        let block = possible
            .then(|| match self.guarded {
                Some(end) => hostile::allocate(size, end),
                None => memory::allocate(size).or_else(|| {
                    self.evict(0, None);
                    memory::allocate(size)
                }),
            })
            .flatten();
        match block {
            Some(_) => self.allocations.fetch_add(1, Ordering::Relaxed),
            None => self.held.fetch_sub(size, Ordering::Relaxed) as u64,
        };
        block
    }

    fn free(&self, block: RawBlock) {
        self.cached.fetch_sub(block.bytes, Ordering::Relaxed);
        self.held.fetch_sub(block.bytes, Ordering::Relaxed);
        match self.guarded {
            // SAFETY: blocks come from `allocate`; whoever held this one gave it up with its name.
            Some(_) => unsafe { hostile::free(block) },
            // SAFETY: as above.
            None => unsafe { memory::free(block) },
        }
    }

    fn give(&self, block: RawBlock) {
        let size = block.bytes;
        let cap = self.cap.load(Ordering::Relaxed);
        let mut cached = self.cached.fetch_add(size, Ordering::Relaxed) + size;
        if cached > cap && size <= cap {
            self.evict(cap, Some(size));
            cached = self.cached.load(Ordering::Relaxed);
        }
        if cached > cap {
            self.free(block);
            return;
        }
        self.class(size).push(block);
        // The last handle may have gone since the cap was read; then nobody else would free what was pushed. (It sets the cap
        // before it takes the locks, so one of the two sees the other.)
        if self.cap.load(Ordering::Relaxed) == 0 {
            self.evict(0, None);
        }
    }

    /// Frees cached blocks, the largest first, until `target` bytes are left; spares one class.
    #[cold]
    fn evict(&self, target: usize, spared: Option<usize>) {
        let spared = spared.map(memory::class_index);
        for index in (0..self.classes.len()).rev().filter(|&i| Some(i) != spared) {
            while self.cached.load(Ordering::Relaxed) > target {
                let Some(block) = lock(&self.classes[index]).pop() else { break };
                self.free(block);
            }
        }
    }

    fn class(&self, size: usize) -> MutexGuard<'_, Vec<RawBlock>> {
        lock(&self.classes[memory::class_index(size)])
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.evict(0, None);
    }
}

/// Nothing panics while it holds such a lock, and a list of blocks is valid after every push and pop.
fn lock(class: &Mutex<Vec<RawBlock>>) -> MutexGuard<'_, Vec<RawBlock>> {
    class.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_block_is_used_again() {
        let pool = Pool::new(1 << 30);
        for bytes in [1, 64, 1000, 100_000, 5 << 20] {
            let first = pool.block(bytes).unwrap().start();
            let allocations = pool.stats().allocations;
            assert_eq!(pool.block(bytes).unwrap().start(), first, "{bytes}");
            assert_eq!(pool.stats().allocations, allocations);
        }
        assert_eq!(pool.stats().bytes_in_use, 0);
        assert!(pool.stats().bytes_cached > 5 << 20);
        pool.trim();
        assert_eq!(pool.stats().bytes_cached, 0);
    }

    #[test]
    fn no_bytes_need_no_memory() {
        let pool = Pool::new(1 << 20);
        let block = pool.block(0).unwrap();
        assert_eq!(block.start().addr().get() % 64, 0);
        assert_eq!(pool.stats(), PoolStats::default());
    }

    #[test]
    fn the_cap_holds() {
        let pool = Pool::new(1 << 20);
        let blocks: Vec<Block> = (0..10).map(|_| pool.block(200 << 10).unwrap()).collect();
        drop(blocks);
        let cached = pool.stats().bytes_cached;
        assert!((800 << 10..=1 << 20).contains(&cached), "{cached}");
        // A block of another class takes the place of old ones; a block larger than the cap does not.
        drop(pool.block(900 << 10).unwrap());
        assert!(pool.stats().bytes_cached <= 1 << 20);
        let before = pool.stats();
        drop(pool.block(900 << 10).unwrap());
        assert_eq!(pool.stats().allocations, before.allocations);
        drop(pool.block(2 << 20).unwrap());
        assert_eq!(pool.stats().bytes_cached, before.bytes_cached);
        pool.set_cap(0);
        drop(pool.block(10).unwrap());
        assert_eq!(pool.stats().bytes_cached, 0);
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let pool = Pool::new(1 << 20);
        for bytes in [usize::MAX, 1 << 62, 1 << 46, memory::physical_bytes() + 1] {
            assert_eq!(pool.block(bytes).err(), Some(RuntimeError::OutOfMemory { bytes }));
        }
        // Together they are too many; none is touched, so that the test needs no memory.
        let quarter = memory::physical_bytes() / 4;
        let blocks: Vec<Result<Block, RuntimeError>> = (0..5).map(|_| pool.block(quarter)).collect();
        assert!(blocks[0].is_ok());
        assert_eq!(blocks[4].as_ref().err(), Some(&RuntimeError::OutOfMemory { bytes: quarter }));
        drop(blocks);
        assert_eq!(pool.stats().bytes_in_use, 0);
    }

    #[test]
    fn blocks_outlive_the_pool() {
        let pool = Pool::new(1 << 30);
        let block = pool.block(1 << 20).unwrap();
        drop(pool.block(1 << 16));
        let shared = Arc::clone(pool.shared());
        drop(pool);
        assert_eq!(shared.cached.load(Ordering::Relaxed), 0);
        drop(block);
        assert_eq!(shared.cached.load(Ordering::Relaxed), 0);
        assert_eq!(shared.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn sixteen_threads() {
        let pool = Pool::new(64 << 20);
        std::thread::scope(|scope| {
            for thread in 0..16_usize {
                let pool = &pool;
                scope.spawn(move || {
                    let mut held: Vec<(Block, usize)> = Vec::new();
                    let mut state = thread as u64 + 1;
                    for round in 0..2000 {
                        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                        let bytes = 1 + (state >> 33) as usize % [100, 3000, 70_000][round % 3];
                        let block = pool.block(bytes).unwrap();
                        // SAFETY: the block has that many bytes and is this thread's alone.
                        unsafe { std::ptr::write_bytes(block.start().as_ptr(), thread as u8, bytes) };
                        held.push((block, bytes));
                        if held.len() > 8 {
                            let (block, bytes) = held.swap_remove((state >> 40) as usize % 8);
                            // SAFETY: as above.
                            let seen = unsafe { std::slice::from_raw_parts(block.start().as_ptr(), bytes) };
                            assert!(seen.iter().all(|&b| b == thread as u8), "another thread wrote here");
                        }
                    }
                });
            }
        });
        let stats = pool.stats();
        assert_eq!(stats.bytes_in_use, 0);
        assert!(stats.bytes_cached <= 64 << 20 && stats.peak_bytes_in_use > 0);
        pool.trim();
        assert_eq!(pool.stats().bytes_cached, 0);
    }
}
