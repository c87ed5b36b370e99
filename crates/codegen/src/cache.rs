//! The code cache: one compile for each kernel structure.

use crate::{CodegenError, Options, compile};
use fuseloom_kernel::{CompiledKernel, Kernel};
use hashbrown::{Equivalent, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Compiled kernels by structure, thread-safe and bounded.
///
/// The key is the instruction set and the kernel itself: its structural hash with an equality check, names left out. However many callers ask for one
/// structure at once, it is compiled once. Past the bound the kernel that was asked for least recently goes; its code is
/// given back when the last [`CompiledKernel`] of it does.
#[derive(Debug)]
pub struct CodeCache {
    capacity: usize,
    state: Mutex<State>,
}

/// What a cache has done so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CacheCounters {
    /// Kernels compiled, failures included.
    pub compiles: u64,
    /// Requests answered without compiling, those that waited for another's compile included.
    pub hits: u64,
    /// Time spent compiling.
    pub compile_time: Duration,
}

/// A kernel's code, once it is there.
type Slot = Arc<OnceLock<Result<CompiledKernel, CodegenError>>>;

/// What tells kernels apart.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Key(Arc<Kernel>, Options);

/// The same, not owned.
#[derive(Hash)]
struct Wanted<'k>(&'k Kernel, &'k Options);

impl Equivalent<Key> for Wanted<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.0 == *key.0 && *self.1 == key.1
    }
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Key, Entry>,
    /// Counts requests, to tell which entry is the oldest.
    clock: u64,
    counters: CacheCounters,
}

#[derive(Debug)]
struct Entry {
    slot: Slot,
    made: u64,
    used: u64,
}

impl CodeCache {
    /// A cache of at most `capacity` kernels (at least one).
    pub fn new(capacity: usize) -> CodeCache {
        CodeCache { capacity: capacity.max(1), state: Mutex::default() }
    }

    /// The machine code of a kernel, compiled now if its structure has not been before.
    ///
    /// # Errors
    /// As [`compile`](crate::compile()); a failure is remembered like a success.
    pub fn get(&self, kernel: &Kernel, options: &Options) -> Result<CompiledKernel, CodegenError> {
        self.request(kernel, options).0
    }

    /// As [`CodeCache::get`], with the time it took if this call compiled the kernel.
    pub fn request(
        &self,
        kernel: &Kernel,
        options: &Options,
    ) -> (Result<CompiledKernel, CodegenError>, Option<Duration>) {
        let slot = self.slot(kernel, options);
        let mut compiled = None;
        let result = slot.get_or_init(|| {
            let start = Instant::now();
            let result = compile(kernel, options);
            compiled = Some(start.elapsed());
            result
        });
        let counters = &mut self.lock().counters;
        match compiled {
            Some(time) => {
                counters.compiles += 1;
                counters.compile_time += time;
            }
            None => counters.hits += 1,
        }
        (result.clone(), compiled)
    }

    /// What it has done so far.
    pub fn counters(&self) -> CacheCounters {
        self.lock().counters
    }

    /// The kernels that were asked for before this one was for the first time, the latest first; all of them if it never was.
    pub fn earlier(&self, kernel: &Kernel, options: &Options) -> Vec<Arc<Kernel>> {
        let state = self.lock();
        let made = state.entries.get(&Wanted(kernel, options)).map_or(u64::MAX, |entry| entry.made);
        let of_isa = state.entries.iter().filter(|(key, entry)| entry.made < made && key.1 == *options);
        let mut earlier: Vec<(u64, Arc<Kernel>)> =
            of_isa.map(|(key, entry)| (entry.made, Arc::clone(&key.0))).collect();
        drop(state);
        earlier.sort_unstable_by_key(|(made, _)| std::cmp::Reverse(*made));
        earlier.into_iter().map(|(_, kernel)| kernel).collect()
    }

    /// How many kernels it holds.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets every kernel; code in use stays until its last user drops it.
    pub fn clear(&self) {
        let entries = std::mem::take(&mut self.lock().entries);
        drop(entries);
    }

    /// The slot of a structure, made and the oldest dropped as needed.
    fn slot(&self, kernel: &Kernel, options: &Options) -> Slot {
        let mut evicted = None;
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        if let Some(entry) = state.entries.get_mut(&Wanted(kernel, options)) {
            entry.used = now;
            return entry.slot.clone();
        }
        if state.entries.len() >= self.capacity {
            let oldest = state.entries.iter().min_by_key(|(_, e)| e.used).map(|(k, _)| k.clone());
            evicted = oldest.and_then(|k| state.entries.remove(&k));
        }
        let slot = Slot::default();
        let entry = Entry { slot: slot.clone(), made: now, used: now };
        state.entries.insert(Key(Arc::new(kernel.clone()), *options), entry);
        drop(state);
        // Giving code back takes a system call: not under the lock.
        drop(evicted);
        slot
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while holding the lock leaves counters and entries whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
