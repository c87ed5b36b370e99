//! Runs kernels on many arguments and keeps the largest error, where it was, and the mean.

use super::error::{Narrow, distance, error_in_ulps};
use super::functions::{Measured, Oracle};
use super::journal::Journal;
use super::kernel::Kernel;
use super::points;
use crate::random::Rng;
use fuseloom_lane::DType;
use half::{bf16, f16};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Arguments of one run of a kernel.
const CHUNK: u64 = 1 << 16;

/// Chunks of a batch, which a [`Journal`] keeps as a whole.
const BATCH: u64 = 256;

/// Where the correctly rounded function of `f32` says whether a result is right, so often the error is measured all the same.
const SAMPLED: usize = 61;

/// An argument, what came out, and what should have.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    /// The arguments.
    pub args: Vec<f64>,
    /// The result.
    pub got: f64,
    /// The oracle's.
    pub want: f64,
}

/// The errors of a function in one dtype, by the definition of [`super`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Errors {
    /// The largest.
    pub worst: f64,
    /// Where it is; `None` as long as all are 0.
    pub at: Option<Place>,
    /// How many results were looked at.
    pub points: u64,
    /// How many are not the correctly rounded ones.
    pub misrounded: u64,
    /// How many enter the mean, and the sum of their errors.
    pub(super) proper: u64,
    pub(super) sum: f64,
}

impl Errors {
    #[inline]
    fn add(&mut self, error: f64, right: bool, got: f64, place: impl Fn() -> Place) {
        self.points += 1;
        self.misrounded += u64::from(!right);
        self.extend_worst(error, place);
        if got.is_finite() && got != 0.0 {
            self.proper += 1;
            self.sum += error;
        }
    }

    #[inline]
    fn extend_worst(&mut self, error: f64, place: impl Fn() -> Place) {
        if error > self.worst {
            self.worst = error;
            self.at = Some(place());
        }
    }

    /// Takes another's in.
    pub fn merge(&mut self, other: Errors) {
        if other.worst > self.worst {
            (self.worst, self.at) = (other.worst, other.at);
        }
        self.points += other.points;
        self.misrounded += other.misrounded;
        self.proper += other.proper;
        self.sum += other.sum;
    }

    /// The mean over the results that are finite and not 0, or over a sample of them.
    pub fn mean(&self) -> f64 {
        self.sum / self.proper.max(1) as f64
    }

    /// The part of all results that is not correctly rounded.
    pub fn misrounded_part(&self) -> f64 {
        self.misrounded as f64 / self.points.max(1) as f64
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Every so many of the 2^32 `f32`s.
    pub stride: u64,
    /// So many random arguments in `f64`.
    pub points: u64,
    /// So many random pairs, for a function of two arguments, in each dtype.
    pub pairs: u64,
    /// Threads that share the work.
    pub threads: usize,
}

/// Told how many of how many parts are done.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// The errors of a function in a dtype, one of the four floats. What the journal has is not measured again, and what it has not
/// goes into it; without `progress` nothing is measured, and it is asked for what it has.
pub fn measure(
    measured: &Measured,
    dtype: DType,
    effort: Effort,
    journal: &Journal,
    progress: Option<Progress<'_>>,
) -> Errors {
    let task = Task { measured, kernel: Kernel::new(measured.function, dtype), effort, journal, progress };
    match dtype {
        DType::F64 => task.wide(),
        DType::F32 => match measured.single {
            Some(single) => task.single(single),
            None => task.narrow::<f32>(effort.stride, 1 << 32),
        },
        DType::F16 => task.narrow::<f16>(1, 1 << 16),
        DType::BF16 => task.narrow::<bf16>(1, 1 << 16),
        _ => unreachable!("{dtype} is no float"),
    }
}

/// One function in one dtype.
struct Task<'a> {
    measured: &'a Measured,
    kernel: Kernel,
    effort: Effort,
    journal: &'a Journal,
    progress: Option<Progress<'a>>,
}

impl Task<'_> {
    /// All numbers of a format, or every `stride`-th; pairs at random.
    fn narrow<T: Narrow + Default>(&self, stride: u64, all: u64) -> Errors {
        let Task { measured, kernel, effort, .. } = self;
        match measured.oracle {
            Oracle::Unary(_) => {
                let total = all.div_ceil(stride);
                self.in_batches(&format!("every {stride}"), total.div_ceil(CHUNK), |k| {
                    let numbers = k * CHUNK..total.min((k + 1) * CHUNK);
                    let column = numbers.map(|n| T::from_bits((n * stride) as u32)).collect();
                    compare_narrow(measured, kernel, &[column])
                })
            }
            Oracle::Binary(_) => {
                let narrowed =
                    |columns: [Vec<f64>; 2]| columns.map(|c| c.into_iter().map(T::nearest).collect::<Vec<T>>());
                let mut errors = compare_narrow(measured, kernel, &narrowed(points::landmark_pairs()));
                errors.merge(self.in_batches("pairs", effort.pairs.div_ceil(CHUNK), |k| {
                    let mut rng = Rng::labelled(k, &format!("{}{}", measured.name(), T::DTYPE));
                    compare_narrow(measured, kernel, &narrowed(points::pairs(104.0, CHUNK as usize, &mut rng)))
                }));
                errors
            }
        }
    }

    /// All numbers of `f32`, or every so many, where there is a correctly rounded function.
    fn single(&self, single: fn(f32) -> f32) -> Errors {
        let stride = self.effort.stride;
        let total = (1u64 << 32).div_ceil(stride);
        self.in_batches(&format!("every {stride}"), total.div_ceil(CHUNK), |k| {
            let numbers = k * CHUNK..total.min((k + 1) * CHUNK);
            let column = numbers.map(|n| f32::from_bits((n * stride) as u32)).collect();
            compare_single(self.measured, single, &self.kernel, column)
        })
    }

    /// Random arguments in `f64`, and the landmarks.
    fn wide(&self) -> Errors {
        let Task { measured, kernel, effort, .. } = self;
        let (what, count, landmarks) = match measured.oracle {
            Oracle::Unary(_) => ("points", effort.points, vec![points::landmarks()]),
            Oracle::Binary(_) => ("pairs", effort.pairs, points::landmark_pairs().into()),
        };
        let mut errors = compare_wide(measured, kernel, &landmarks);
        errors.merge(self.in_batches(what, count.div_ceil(CHUNK), |k| {
            let mut rng = Rng::labelled(k, &measured.name());
            let columns = match measured.oracle {
                Oracle::Unary(_) => vec![points::arguments(measured.range, CHUNK as usize, &mut rng)],
                Oracle::Binary(_) => points::pairs(745.0, CHUNK as usize, &mut rng).into(),
            };
            compare_wide(measured, kernel, &columns)
        }));
        errors
    }

    /// Runs chunks `0..count` and merges what they give, a batch at a time.
    fn in_batches(&self, what: &str, count: u64, chunk: impl Fn(u64) -> Errors + Sync) -> Errors {
        let mut errors = Errors::default();
        for start in (0..count).step_by(BATCH as usize) {
            let chunks = start..count.min(start + BATCH);
            let name = format!("{} {what} {chunks:?}", self.kernel.name());
            let batch = match (self.journal.get(&name), self.progress) {
                (Some(batch), _) => batch,
                (None, None) => continue,
                (None, Some(progress)) => {
                    let batch = in_parts(chunks.clone(), self.effort.threads, &chunk);
                    self.journal.put(&name, &batch);
                    progress(chunks.end, count);
                    batch
                }
            };
            errors.merge(batch);
        }
        errors
    }
}

/// Runs parts on threads and merges what they find, in an order that does not depend on the threads.
fn in_parts(parts: Range<u64>, threads: usize, part: &(impl Fn(u64) -> Errors + Sync)) -> Errors {
    let next = AtomicU64::new(parts.start);
    let all: Mutex<Vec<(u64, Errors)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    if k >= parts.end {
                        return;
                    }
                    let errors = part(k);
                    all.lock().expect("no thread panics holding it").push((k, errors));
                }
            });
        }
    });
    let mut all = all.into_inner().expect("all threads have ended");
    all.sort_by_key(|(k, _)| *k);
    let mut errors = Errors::default();
    all.into_iter().for_each(|(_, part)| errors.merge(part));
    errors
}

/// The errors of a kernel on these columns of arguments.
pub fn compare_narrow<T: Narrow + Default>(measured: &Measured, kernel: &Kernel, columns: &[Vec<T>]) -> Errors {
    let mut errors = Errors::default();
    let mut args = vec![0.0; columns.len()];
    for (k, got) in kernel.run(columns).into_iter().enumerate() {
        args.iter_mut().zip(columns).for_each(|(arg, column)| *arg = column[k].wide());
        let (got, want) = (got.wide(), measured.oracle.at(&args));
        let error = error_in_ulps(got, want, T::FORMAT);
        errors.add(error, error <= 0.5, got, || Place { args: args.clone(), got, want });
    }
    errors
}

/// The errors of a kernel of `f32` on a column, by way of the correctly rounded function: how far off a result is is measured
/// where it is not that function's, and otherwise, where at most half an ulp is left, in a sample, which the mean is of.
fn compare_single(measured: &Measured, single: fn(f32) -> f32, kernel: &Kernel, column: Vec<f32>) -> Errors {
    let mut errors = Errors::default();
    let columns = [column];
    for (k, (&arg, got)) in columns[0].iter().zip(kernel.run(&columns)).enumerate() {
        let truth = single(arg);
        let right = truth.to_bits() == got.to_bits() || (truth.is_nan() && got.is_nan());
        let sampled = k % SAMPLED == 0;
        if right && !sampled {
            errors.points += 1;
            continue;
        }
        let (args, got) = (vec![f64::from(arg)], f64::from(got));
        let want = measured.oracle.at(&args);
        let error = error_in_ulps(got, want, f32::FORMAT);
        let place = || Place { args: args.clone(), got, want };
        if sampled {
            errors.add(error, right, got, place);
        } else {
            errors.points += 1;
            errors.misrounded += 1;
            errors.extend_worst(error, place);
        }
    }
    errors
}

/// The errors of a kernel of `f64` on these columns of arguments.
pub fn compare_wide(measured: &Measured, kernel: &Kernel, columns: &[Vec<f64>]) -> Errors {
    let mut errors = Errors::default();
    let mut args = vec![0.0; columns.len()];
    for (k, got) in kernel.run(columns).into_iter().enumerate() {
        args.iter_mut().zip(columns).for_each(|(arg, column)| *arg = column[k]);
        let want = measured.oracle.at(&args);
        let error = distance(got, want);
        errors.add(error, error == 0.0, got, || Place { args: args.clone(), got, want });
    }
    errors
}
