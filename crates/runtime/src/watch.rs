//! What a run did when, for profiles.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Records when each worker was at which part of a run. Given to [`Executable::run_watched`](crate::Executable::run_watched).
#[derive(Debug)]
pub struct Watch {
    start: Instant,
    spans: Mutex<Vec<Span>>,
}

/// A worker's time at one part of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The step of the plan.
    pub step: usize,
    /// The phase of its kernel.
    pub phase: usize,
    /// The worker; 0 is the caller's thread. `None` for the step as a whole, from when it is begun to when all are done.
    pub worker: Option<usize>,
    /// When it began, since the watch was started.
    pub begin: Duration,
    /// When it ended.
    pub end: Duration,
}

impl Default for Watch {
    fn default() -> Watch {
        Watch { start: Instant::now(), spans: Mutex::default() }
    }
}

impl Watch {
    /// Starts the clock.
    pub fn new() -> Watch {
        Watch::default()
    }

    /// What was recorded so far, in the order in which it began.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone();
        spans.sort_by_key(|span| (span.begin, span.step, span.worker));
        spans
    }

    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn record(&self, span: Span) {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }
}
