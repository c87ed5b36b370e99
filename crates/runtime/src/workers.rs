//! The worker threads.
//!
//! Threads that persist. A job goes to a *team*: the caller and as many workers as it asks for. An idle worker watches its slot
//! for a while, as jobs tend to come in rows, and then sleeps; while a team stands its workers never sleep, so nobody waits
//! for a wake-up between the phases of a kernel. One team at a time: a caller who finds the workers taken - by another
//! thread, or by itself further up the stack - runs alone, which is never slower than to wait for a turn on busy cores.

use crate::float_control::DefaultFloats;
use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Instant;

/// How often an idle worker looks for a job before it sleeps: some 50 microseconds.
const IDLE_SPINS: u32 = 2000;

/// How often a waiting thread looks before it lets others run first.
const SPINS_BEFORE_YIELD: u32 = 1000;

/// Worker threads of one process, usually one fewer than it has processors.
pub struct Workers {
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
    latency: OnceLock<f64>,
}

struct Shared {
    slots: Box<[Slot]>,
    /// Whether a team stands; its workers do not sleep then.
    team: AtomicBool,
    stop: AtomicBool,
    /// How often an idle worker looks before it sleeps.
    idle_spins: u32,
    /// What a worker's job panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// One worker's mailbox, on cache lines of its own.
#[repr(align(128))]
#[derive(Default)]
struct Slot {
    /// Counts the jobs posted here.
    posted: AtomicU32,
    /// The number of the last job finished.
    finished: AtomicU32,
    /// Whether the worker sleeps or is about to.
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
    job: UnsafeCell<Option<Job>>,
}

// SAFETY: `job` is written by the team's leader while `finished == posted`, and read by the worker after it has seen a new
// `posted` and before it sets `finished`: the two counters hand it back and forth.
unsafe impl Sync for Slot {}
// SAFETY: a job is a reference to a `Sync` function.
unsafe impl Send for Slot {}

/// A job without its lifetime: called with the worker's position in the team.
type Job = *const (dyn Fn(usize) + Sync);

/// The caller with some workers; the workers are free again when it is dropped.
pub(crate) struct Team<'a> {
    shared: &'a Shared,
    size: usize,
}

impl Workers {
    /// Makes `threads` threads available, the caller's own among them; at least 1. It may be more than there are processors. If the
    /// system refuses to start some, there are fewer.
    pub fn new(threads: usize) -> Workers {
        let oversubscribed = threads > processors();
        let shared = Arc::new(Shared {
            slots: (1..threads).map(|_| Slot::default()).collect(),
            team: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            idle_spins: if oversubscribed { 0 } else { IDLE_SPINS },
            panic: Mutex::new(None),
        });
        let mut handles = Vec::new();
        for index in 0..shared.slots.len() {
            let of_worker = Arc::clone(&shared);
            let builder = std::thread::Builder::new().name(format!("fuseloom-{}", index + 1));
            match builder.spawn(move || of_worker.work(index)) {
                Ok(handle) => {
                    let _ = shared.slots[index].thread.set(handle.thread().clone());
                    handles.push(handle);
                }
                Err(_) => break,
            }
        }
        Workers { shared, handles, latency: OnceLock::new() }
    }

    /// How many threads there are, the caller's own among them.
    pub fn threads(&self) -> usize {
        self.handles.len() + 1
    }

    /// Calls `f(worker, begin, end)` for ranges that together cover `0..total` once, each of `grain` points or a multiple (the last
    /// may be smaller), on at most `threads` threads; `worker` is below the number of threads, and no two calls with the same
    /// `worker` overlap. Returns when all have. Alone, on the caller's thread, if the workers are taken. If `f` panics,
    /// this panics.
    pub fn run(&self, total: u64, grain: u64, threads: usize, f: &(dyn Fn(usize, u64, u64) + Sync)) {
        match self.team(threads) {
            Some(team) => team.run(total, grain, f),
            None if total > 0 => f(0, 0, total),
            None => {}
        }
    }

    /// Roughly how many nanoseconds it takes to hand a job to all threads and to wait for them, when they are awake. Measured at the
    /// first call, in well under a millisecond.
    pub fn latency(&self) -> f64 {
        *self.latency.get_or_init(|| self.measure_latency().unwrap_or(FALLBACK_LATENCY))
    }

    /// Whether work of that many nanoseconds on one thread is worth handing out.
    pub(crate) fn pays(&self, nanoseconds: f64) -> bool {
        self.threads() > 1 && nanoseconds > 4.0 * self.latency()
    }

    /// The caller and up to `threads - 1` workers; `None` if that is nobody else or the workers are taken.
    pub(crate) fn team(&self, threads: usize) -> Option<Team<'_>> {
        let size = threads.min(self.threads());
        if size < 2 || self.shared.team.swap(true, Ordering::Acquire) {
            return None;
        }
        Some(Team { shared: &self.shared, size })
    }

    fn measure_latency(&self) -> Option<f64> {
        let team = self.team(self.threads())?;
        let mut times: Vec<f64> = (0..100)
            .map(|_| {
                let start = Instant::now();
                team.all(team.size, &|_| {});
                start.elapsed().as_nanos() as f64
            })
            .collect();
        times.sort_by(f64::total_cmp);
        Some(times[times.len() / 2])
    }
}

/// What to assume where it cannot be measured: nanoseconds.
const FALLBACK_LATENCY: f64 = 1000.0;

impl Team<'_> {
    /// As [`Workers::run`], on this team.
    pub(crate) fn run(&self, total: u64, grain: u64, f: &(dyn Fn(usize, u64, u64) + Sync)) {
        let grain = grain.max(1);
        let members = total.div_ceil(grain).min(self.size as u64) as usize;
        // The counter must not overflow; nobody lives to see the end of so many points anyhow.
        if members < 2 || total > 1 << 56 {
            if total > 0 {
                f(0, 0, total);
            }
            return;
        }
        // A shared counter hands out chunks, so that a thread that was held up takes fewer. No more than 64 chunks a thread:
        // where the grain is very fine, the counter must not become the work.
        let chunk = grain.saturating_mul((total / grain / (members as u64 * 64)).max(1));
        let next = AtomicU64::new(0);
        self.all(members, &|member| {
            loop {
                let begin = next.fetch_add(chunk, Ordering::Relaxed);
                if begin >= total {
                    break;
                }
                f(member, begin, total.min(begin.saturating_add(chunk)));
            }
        });
    }

    /// Calls `f(0)` here and `f(1)` to `f(members - 1)` on workers; returns when all have.
    pub(crate) fn all(&self, members: usize, f: &(dyn Fn(usize) + Sync)) {
        let slots = &self.shared.slots[..members - 1];
        // SAFETY: only the lifetime changes. `Join` sees to it that all workers are done with the reference before this
        // function returns or unwinds.
        let job = unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), Job>(f) };
        let join = Join { slots };
        for slot in slots {
            // SAFETY: the worker finished its last job (a team waits for that), and reads this only after `posted` changes.
            unsafe { *slot.job.get() = Some(job) };
            slot.post();
        }
        f(0);
        drop(join);
        let payload = self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(payload) = payload {
            resume_unwind(payload);
        }
    }
}

impl Drop for Team<'_> {
    fn drop(&mut self) {
        self.shared.team.store(false, Ordering::Release);
    }
}

/// Waits for the workers when dropped, also when the leader's part unwinds.
struct Join<'a> {
    slots: &'a [Slot],
}

impl Drop for Join<'_> {
    fn drop(&mut self) {
        for slot in self.slots {
            let posted = slot.posted.load(Ordering::Relaxed);
            let mut spins = 0;
            while slot.finished.load(Ordering::Acquire) != posted {
                pause(&mut spins);
            }
        }
    }
}

impl Slot {
    fn post(&self) {
        let posted = self.posted.load(Ordering::Relaxed).wrapping_add(1);
        // Sequentially consistent, as is the worker's `asleep` before it looks a last time: either it sees the job or this
        // sees it asleep.
        self.posted.store(posted, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }
}

impl Shared {
    fn work(&self, index: usize) {
        let slot = &self.slots[index];
        let mut done = 0;
        while let Some(posted) = self.next_job(slot, done) {
            done = posted;
            // SAFETY: a new `posted` says that the job is there; it stays until `finished` follows.
            let job = unsafe { *slot.job.get() };
            if let Some(job) = job {
                // Set for each job: a job may have left another state.
                let floats = DefaultFloats::enter();
                // SAFETY: the leader keeps the function alive until `finished` follows.
                let outcome = catch_unwind(AssertUnwindSafe(|| unsafe { (*job)(index + 1) }));
                drop(floats);
                if let Err(payload) = outcome {
                    *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(payload);
                }
            }
            slot.finished.store(done, Ordering::Release);
        }
    }

    /// Waits for a job after number `done`; `None` when there will be none.
    fn next_job(&self, slot: &Slot, done: u32) -> Option<u32> {
        let mut spins = 0;
        let mut idle = 0;
        loop {
            let posted = slot.posted.load(Ordering::Acquire);
            if posted != done {
                return Some(posted);
            }
            if self.team.load(Ordering::Relaxed) {
                idle = 0;
                pause(&mut spins);
            } else if idle < self.idle_spins {
                idle += 1;
                std::hint::spin_loop();
            } else {
                slot.asleep.store(true, Ordering::SeqCst);
                while slot.posted.load(Ordering::SeqCst) == done {
                    if self.stop.load(Ordering::SeqCst) {
                        return None;
                    }
                    std::thread::park();
                }
                slot.asleep.store(false, Ordering::Relaxed);
            }
        }
    }
}

/// Waits a moment; after many, lets other threads run.
fn pause(spins: &mut u32) {
    if *spins < SPINS_BEFORE_YIELD {
        *spins += 1;
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for handle in self.handles.drain(..) {
            handle.thread().unpark();
            // A worker's jobs are caught when they panic; there is nothing to learn from its end.
            let _ = handle.join();
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workers({} threads)", self.threads())
    }
}

/// How many processors this process may use; 1 if the system does not tell.
pub fn processors() -> usize {
    static PROCESSORS: AtomicUsize = AtomicUsize::new(0);
    let known = PROCESSORS.load(Ordering::Relaxed);
    if known > 0 {
        return known;
    }
    let found = std::thread::available_parallelism().map_or(1, usize::from);
    PROCESSORS.store(found, Ordering::Relaxed);
    found
}
