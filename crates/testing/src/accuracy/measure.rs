//! Runs kernels on many arguments and keeps the largest error, where it was, and the mean.

use super::error::{Narrow, distance, error_in_ulps};
use super::functions::{Measured, Oracle};
use super::kernel::Kernel;
use super::points;
use crate::random::Rng;
use fuseloom_lane::DType;
use half::{bf16, f16};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Arguments of one run of a kernel.
const CHUNK: u64 = 1 << 16;

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
    /// How many are finite and not 0, and the sum of their errors.
    proper: u64,
    sum: f64,
}

impl Errors {
    #[inline]
    fn add(&mut self, error: f64, right: bool, got: f64, place: impl Fn() -> Place) {
        self.points += 1;
        self.misrounded += u64::from(!right);
        if error > self.worst {
            self.worst = error;
            self.at = Some(place());
        }
        if got.is_finite() && got != 0.0 {
            self.proper += 1;
            self.sum += error;
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

    /// The mean over the results that are finite and not 0.
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

/// The errors of a function in a dtype, one of the four floats.
pub fn measure(measured: &Measured, dtype: DType, effort: Effort, progress: Progress<'_>) -> Errors {
    match dtype {
        DType::F64 => wide(measured, effort, progress),
        DType::F32 => narrow::<f32>(measured, effort.stride, 1 << 32, effort, progress),
        DType::F16 => narrow::<f16>(measured, 1, 1 << 16, effort, progress),
        DType::BF16 => narrow::<bf16>(measured, 1, 1 << 16, effort, progress),
        _ => unreachable!("{dtype} is no float"),
    }
}

/// Runs parts `0..count` on threads and merges what they find, in no order that matters.
fn in_parts(count: u64, threads: usize, progress: Progress<'_>, part: impl Fn(u64) -> Errors + Sync) -> Errors {
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let all: Mutex<Vec<(u64, Errors)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    if k >= count {
                        return;
                    }
                    let errors = part(k);
                    all.lock().expect("no thread panics holding it").push((k, errors));
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1, count);
                }
            });
        }
    });
    let mut all = all.into_inner().expect("all threads have ended");
    // In order, so that the sum does not depend on the threads.
    all.sort_by_key(|(k, _)| *k);
    let mut errors = Errors::default();
    all.into_iter().for_each(|(_, part)| errors.merge(part));
    errors
}

/// All numbers of a format, or every `stride`-th; pairs at random.
fn narrow<T: Narrow + Default>(
    measured: &Measured,
    stride: u64,
    all: u64,
    effort: Effort,
    progress: Progress<'_>,
) -> Errors {
    let kernel = Kernel::new(measured.function, T::DTYPE);
    match measured.oracle {
        Oracle::Unary(_) => {
            let total = all.div_ceil(stride);
            in_parts(total.div_ceil(CHUNK), effort.threads, progress, |k| {
                let numbers = k * CHUNK..total.min((k + 1) * CHUNK);
                let column = numbers.map(|n| T::from_bits((n * stride) as u32)).collect();
                compare_narrow(measured, &kernel, &[column])
            })
        }
        Oracle::Binary(_) => {
            let narrowed = |columns: [Vec<f64>; 2]| columns.map(|c| c.into_iter().map(T::nearest).collect::<Vec<T>>());
            let mut errors = compare_narrow(measured, &kernel, &narrowed(points::landmark_pairs()));
            errors.merge(in_parts(effort.pairs.div_ceil(CHUNK), effort.threads, progress, |k| {
                let mut rng = Rng::labelled(k, &format!("{}{}", measured.name(), T::DTYPE));
                compare_narrow(measured, &kernel, &narrowed(points::pairs(104.0, CHUNK as usize, &mut rng)))
            }));
            errors
        }
    }
}

/// Random arguments in `f64`, and the landmarks.
fn wide(measured: &Measured, effort: Effort, progress: Progress<'_>) -> Errors {
    let kernel = Kernel::new(measured.function, DType::F64);
    let (count, landmarks) = match measured.oracle {
        Oracle::Unary(_) => (effort.points, vec![points::landmarks()]),
        Oracle::Binary(_) => (effort.pairs, points::landmark_pairs().into()),
    };
    let mut errors = compare_wide(measured, &kernel, &landmarks);
    errors.merge(in_parts(count.div_ceil(CHUNK), effort.threads, progress, |k| {
        let mut rng = Rng::labelled(k, &measured.name());
        let columns = match measured.oracle {
            Oracle::Unary(_) => vec![points::arguments(measured.range, CHUNK as usize, &mut rng)],
            Oracle::Binary(_) => points::pairs(745.0, CHUNK as usize, &mut rng).into(),
        };
        compare_wide(measured, &kernel, &columns)
    }));
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
