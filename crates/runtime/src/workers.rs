//! The worker threads.
//!
//! Threads that persist. A job is offered to a *team*: the caller and as many workers as it asks for. Each of a team begins with
//! a share of its own, chunk by chunk, and then helps with what is left of the others'. A worker who has not begun by then
//! is not waited for: the offer is taken back, so that a sleeping worker costs its caller no more than the call that wakes it.
//!
//! An idle worker watches its slot for a while, as jobs tend to come in rows, and then sleeps; while a team stands its workers
//! never fall asleep, so nobody waits for a wake-up between the phases of a kernel. One team at a time: a caller who finds the
//! workers taken - by another thread, or by itself further up the stack - runs alone, which is no slower than to wait for
//! a turn on busy processors.

use crate::affinity::{Processors, current_processor};
use crate::float_control::DefaultFloats;
use smallvec::SmallVec;
use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Instant;

/// How often a waiting thread looks before it lets others have the processor: some 3 microseconds. Whom it waits for may be one of
/// them: the system likes to put a thread that wakes up beside the one that woke it.
const SPINS: u32 = 100;

/// How many times that an idle worker waits before it sleeps: some 60 microseconds.
const IDLE_ROUNDS: u32 = 20;

/// Work is handed out when it takes this many times longer than handing it out.
const PAYS_FROM: f64 = 4.0;

/// Sleeping workers are woken once the work they missed is this many times the call that wakes them: a twentieth more time at
/// worst, and a row of jobs that are each too short for a wake-up gets its workers in the end.
const WAKES_FROM: f64 = 20.0;

/// Worker threads of one process, usually one fewer than it has processors.
pub struct Workers {
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
    costs: OnceLock<Costs>,
    /// Nanoseconds of work done alone because the workers slept.
    missed: AtomicU64,
}

/// What handing out costs, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Costs {
    /// A job for workers that are awake, from the offer until all of them are done.
    awake: f64,
    /// The call that wakes them.
    wake: f64,
}

struct Shared {
    slots: Box<[Slot]>,
    /// Whether a team stands; its workers do not fall asleep then.
    team: AtomicBool,
    stop: AtomicBool,
    /// The processor the last team's leader formed it on; [`UNKNOWN`] if it is not known.
    leader_on: AtomicU32,
    /// How many rounds of looking an idle worker waits before it sleeps.
    idle_rounds: u32,
    /// What a worker's job panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// One worker's mailbox, on cache lines of its own.
#[repr(align(128))]
#[derive(Default)]
struct Slot {
    /// [`EMPTY`], [`OFFERED`] or [`TAKEN`].
    state: AtomicU32,
    /// Whether the worker sleeps or is about to.
    asleep: AtomicBool,
    job: UnsafeCell<Option<Job>>,
    thread: OnceLock<Thread>,
}

/// Not a processor.
const UNKNOWN: u32 = u32::MAX;

/// No job. The team's leader alone leaves this state.
const EMPTY: u32 = 0;
/// A job that either the worker takes or the leader takes back.
const OFFERED: u32 = 1;
/// The worker runs the job; it alone leaves this state.
const TAKEN: u32 = 2;

// SAFETY: `job` is written by the team's leader while the state is `EMPTY`, and read by the worker while it is `TAKEN`: the state hands it
// back and forth.
unsafe impl Sync for Slot {}
// SAFETY: a job is a reference to a `Sync` function.
unsafe impl Send for Slot {}

/// A job without its lifetime: called with the worker's position in the team.
type Job = *const (dyn Fn(usize) + Sync);

/// What each member of a team begins with. The same parts of an array fall to the same thread, job after job, so that they are
/// found in its caches; who is done with his own share helps with those of others.
type Shares = SmallVec<[Share; 4]>;

/// A part of the points, which a counter hands out in chunks; on cache lines of its own.
#[repr(align(128))]
struct Share {
    next: AtomicU64,
    end: u64,
}

impl Share {
    /// That of one member: whole chunks but for the last.
    fn of(member: u64, members: u64, total: u64, chunk: u64) -> Share {
        let chunks = total.div_ceil(chunk);
        let bound = |k: u64| (chunks / members * k + (chunks % members).min(k)).saturating_mul(chunk).min(total);
        Share { next: AtomicU64::new(bound(member)), end: bound(member + 1) }
    }

    fn take(&self, chunk: u64) -> Option<(u64, u64)> {
        // Looking first spares those who help the write.
        if self.next.load(Ordering::Relaxed) >= self.end {
            return None;
        }
        let begin = self.next.fetch_add(chunk, Ordering::Relaxed);
        (begin < self.end).then(|| (begin, self.end.min(begin.saturating_add(chunk))))
    }
}

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
            leader_on: AtomicU32::new(UNKNOWN),
            idle_rounds: if oversubscribed { 0 } else { IDLE_ROUNDS },
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
        Workers { shared, handles, costs: OnceLock::new(), missed: AtomicU64::new(0) }
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

    /// Roughly how many nanoseconds it takes to hand a job to all threads and to wait for them, when they are awake. Measured once,
    /// in about a millisecond.
    pub fn latency(&self) -> f64 {
        self.costs().awake
    }

    /// Roughly how many nanoseconds the call takes that wakes the workers. Measured once, in about a millisecond. (When they
    /// begin to work is up to the system: microseconds later on one machine, 60 on another.)
    pub fn wake_latency(&self) -> f64 {
        self.costs().wake
    }

    /// Whether some work of that many nanoseconds on one thread may ever be worth handing out.
    pub(crate) fn may_pay(&self, nanoseconds: f64) -> bool {
        self.threads() > 1 && nanoseconds > PAYS_FROM * self.costs().awake
    }

    /// A team for work of that many nanoseconds on one thread; `None` if it does not pay now, or as [`Workers::team`].
    pub(crate) fn team_for(&self, nanoseconds: f64, threads: usize) -> Option<Team<'_>> {
        let size = threads.min(self.threads());
        if size < 2 || !self.may_pay(nanoseconds) {
            return None;
        }
        let awake = self.shared.slots[..size - 1].iter().all(|slot| !slot.asleep.load(Ordering::Relaxed));
        if !awake {
            // Threads that race here lose some of the count; it is a rule of thumb.
            let missed = self.missed.load(Ordering::Relaxed).saturating_add(nanoseconds as u64);
            let wakes = missed as f64 > WAKES_FROM * self.costs().wake;
            self.missed.store(if wakes { 0 } else { missed }, Ordering::Relaxed);
            if !wakes {
                return None;
            }
        }
        self.team(size)
    }

    /// The caller and up to `threads - 1` workers; `None` if that is nobody else or the workers are taken.
    pub(crate) fn team(&self, threads: usize) -> Option<Team<'_>> {
        let size = threads.min(self.threads());
        if size < 2 || self.shared.team.swap(true, Ordering::Acquire) {
            return None;
        }
        self.shared.leader_on.store(current_processor().unwrap_or(UNKNOWN), Ordering::Relaxed);
        Some(Team { shared: &self.shared, size })
    }

    fn costs(&self) -> Costs {
        if let Some(costs) = self.costs.get() {
            return *costs;
        }
        // While the workers are taken there is nothing to measure; some later call will.
        match self.measure() {
            Some(costs) => *self.costs.get_or_init(|| costs),
            None => Costs { awake: 1000.0, wake: 5000.0 },
        }
    }

    fn measure(&self) -> Option<Costs> {
        let team = self.team(self.threads())?;
        // The leader waits until everybody is there, so that no offer is taken back.
        let everybody = || {
            let there = AtomicUsize::new(0);
            let start = Instant::now();
            team.offer(team.size, &|member| {
                there.fetch_add(1, Ordering::AcqRel);
                if member == 0 {
                    wait_until(|| there.load(Ordering::Acquire) == team.size);
                }
            });
            start.elapsed().as_nanos() as f64
        };
        let awake = median((0..100).map(|_| everybody()));
        drop(team);
        let wake = median((0..5).map_while(|_| {
            let waiting = Instant::now();
            while !self.shared.slots.iter().take(self.handles.len()).all(|slot| slot.asleep.load(Ordering::Acquire)) {
                if waiting.elapsed().as_millis() > 2 {
                    return None;
                }
                std::thread::yield_now();
            }
            let start = Instant::now();
            self.team(self.threads())?.offer(self.threads(), &|_| {});
            Some(start.elapsed().as_nanos() as f64)
        }));
        // A machine that is busy just now, or has put all threads on one processor for a start, must not frighten us for ever.
        let awake = awake.min(1500.0 + 250.0 * self.threads() as f64);
        Some(Costs { awake, wake: wake.min(15_000.0).max(awake) })
    }
}

/// The middle one of some times; 0 of none.
fn median(times: impl Iterator<Item = f64>) -> f64 {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

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
        // No more than 64 chunks a thread: where the grain is very fine, the counters must not become the work.
        let chunk = grain.saturating_mul((total / grain / (members as u64 * 64)).max(1));
        let shares: Shares =
            (0..members as u64).map(|member| Share::of(member, members as u64, total, chunk)).collect();
        self.offer(members, &|member| {
            for k in 0..members {
                let share = &shares[(member + k) % members];
                while let Some((begin, end)) = share.take(chunk) {
                    f(member, begin, end);
                }
            }
        });
    }

    /// Calls `f(0)` here and offers `f(1)` to `f(members - 1)` to workers. Returns when `f(0)` has, and every other call that has begun.
    fn offer(&self, members: usize, f: &(dyn Fn(usize) + Sync)) {
        let slots = &self.shared.slots[..members - 1];
        // SAFETY: only the lifetime changes. `Offers` sees to it that no worker has the reference any more, nor can get it, before
        // this function returns or unwinds.
        let job = unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), Job>(f) };
        let offers = Offers { slots, panic: &self.shared.panic };
        for slot in slots {
            slot.offer(job);
        }
        f(0);
        drop(offers);
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

/// Takes back the offers nobody took and waits for the others when dropped, also when the leader's part unwinds.
struct Offers<'a> {
    slots: &'a [Slot],
    panic: &'a Mutex<Option<Box<dyn Any + Send>>>,
}

impl Drop for Offers<'_> {
    fn drop(&mut self) {
        for slot in self.slots {
            let taken_back = slot.state.compare_exchange(OFFERED, EMPTY, Ordering::Acquire, Ordering::Acquire);
            if taken_back.is_ok() {
                continue;
            }
            wait_until(|| slot.state.load(Ordering::Acquire) != TAKEN);
        }
        if std::thread::panicking() {
            // The leader's own panic is the one that is reported.
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

impl Slot {
    fn offer(&self, job: Job) {
        // SAFETY: the state is `EMPTY`: the last offer was taken back or done with, and one team stands at a time.
        unsafe { *self.job.get() = Some(job) };
        // Sequentially consistent, as is the worker's `asleep` before it looks a last time: either it sees the job or this
        // sees it asleep.
        self.state.store(OFFERED, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Takes an offer, if there is one.
    fn take(&self) -> Option<Job> {
        // Looking first keeps the cache line shared while nothing happens.
        if self.state.load(Ordering::Relaxed) != OFFERED {
            return None;
        }
        self.state.compare_exchange(OFFERED, TAKEN, Ordering::Acquire, Ordering::Relaxed).ok()?;
        // SAFETY: the state is `TAKEN`: the leader does not write.
        unsafe { *self.job.get() }
    }
}

impl Shared {
    fn work(&self, index: usize) {
        let slot = &self.slots[index];
        let processors = Processors::of_this_thread();
        while let Some(job) = self.next_job(slot, processors.as_ref()) {
            // Set for each job: a job may have left another state.
            let floats = DefaultFloats::enter();
            // SAFETY: the leader keeps the function alive while the state is `TAKEN`.
            let outcome = catch_unwind(AssertUnwindSafe(|| unsafe { (*job)(index + 1) }));
            drop(floats);
            if let Err(payload) = outcome {
                *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(payload);
            }
            slot.state.store(EMPTY, Ordering::Release);
        }
    }

    /// Waits for a job; `None` when there will be none.
    fn next_job(&self, slot: &Slot, processors: Option<&Processors>) -> Option<Job> {
        loop {
            let mut round = 0;
            // The flag is looked at once a round only: leaders write it with every team.
            while round < self.idle_rounds || self.team.load(Ordering::Relaxed) {
                for _ in 0..SPINS {
                    if let Some(job) = slot.take() {
                        return Some(job);
                    }
                    std::hint::spin_loop();
                }
                self.leave_the_leader_alone(processors);
                std::thread::yield_now();
                round = round.saturating_add(1);
            }
            slot.asleep.store(true, Ordering::SeqCst);
            while slot.state.load(Ordering::SeqCst) != OFFERED {
                if self.stop.load(Ordering::SeqCst) {
                    return None;
                }
                std::thread::park();
                self.leave_the_leader_alone(processors);
            }
            slot.asleep.store(false, Ordering::Relaxed);
            if let Some(job) = slot.take() {
                return Some(job);
            }
        }
    }

    /// Moves this worker to another processor if it is on its leader's.
    fn leave_the_leader_alone(&self, processors: Option<&Processors>) {
        let leader_on = self.leader_on.load(Ordering::Relaxed);
        if leader_on != UNKNOWN
            && current_processor() == Some(leader_on)
            && let Some(processors) = processors
        {
            processors.leave(leader_on);
        }
    }
}

/// Waits until something holds.
fn wait_until(holds: impl Fn() -> bool) {
    loop {
        for _ in 0..SPINS {
            if holds() {
                return;
            }
            std::hint::spin_loop();
        }
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

#[cfg(test)]
mod tests;
