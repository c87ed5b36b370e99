//! Which processor a thread runs on, and moving away from it.
//!
//! The system wakes a thread on the processor of the one that wakes it when all others are busy, and may leave it there for long:
//! two threads that watch each other look too warm to be moved. A worker beside its leader only takes time from it.

/// The processor this thread runs on; `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn current_processor() -> Option<u32> {
    // SAFETY: takes no arguments.
    u32::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// The processors a thread may run on.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy)]
pub(crate) struct Processors {
    set: libc::cpu_set_t,
}

#[cfg(target_os = "linux")]
impl Processors {
    /// Those of this thread; `None` where the system does not tell.
    pub(crate) fn of_this_thread() -> Option<Processors> {
        // SAFETY: a set of bits, for which zeros are a value.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the set is ours and of this size; thread 0 is the calling one.
        let status = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
        (status == 0).then_some(Processors { set })
    }

    /// Moves this thread to any other of these processors and keeps it off this one; does nothing if there is no other.
    pub(crate) fn leave(&self, processor: u32) {
        let mut set = self.set;
        // SAFETY: the number came from the system; the set is ours. The functions check the number against the set's size.
        let others = unsafe {
            libc::CPU_CLR(processor as usize, &mut set);
            libc::CPU_COUNT(&set)
        };
        if others > 0 {
            // If it fails the thread stays where it is, which is slow but right.
            // SAFETY: the set is ours and of this size; thread 0 is the calling one.
            let _ = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) };
        }
    }
}

/// The processor this thread runs on; `None` where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn current_processor() -> Option<u32> {
    None
}

/// The processors a thread may run on: not known here.
#[cfg(not(target_os = "linux"))]
#[derive(Clone, Copy)]
pub(crate) struct Processors;

#[cfg(not(target_os = "linux"))]
impl Processors {
    /// Not known here.
    pub(crate) fn of_this_thread() -> Option<Processors> {
        None
    }

    /// Does nothing.
    pub(crate) fn leave(&self, _: u32) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_leaves_its_processor_if_there_is_another() {
        std::thread::spawn(|| {
            let allowed = Processors::of_this_thread().unwrap();
            // SAFETY: the set is ours.
            let count = unsafe { libc::CPU_COUNT(&allowed.set) };
            for _ in 0..20 {
                let here = current_processor().unwrap();
                allowed.leave(here);
                assert_eq!(current_processor().unwrap() != here, count > 1);
            }
        })
        .join()
        .unwrap();
    }
}
