//! How a time is taken: in rounds, in which the systems take turns.

use super::limit::Limit;
use super::systems::Contender;
use crate::failure::Result;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Turns of each system, with at least one sample each.
    pub(crate) rounds: usize,
    /// Seconds each system is measured for, at least.
    pub(crate) seconds: f64,
}

impl Effort {
    pub(crate) const FULL: Effort = Effort { rounds: 7, seconds: 0.5 };
    pub(crate) const QUICK: Effort = Effort { rounds: 3, seconds: 0.03 };
}

/// Calls shorter than this are timed several at a time, in seconds.
pub(super) const SAMPLE: f64 = 1e-3;

/// What a system took for a call, in seconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Times {
    pub(crate) best: f64,
    pub(crate) median: f64,
}

/// Measures systems in turns, and the machine's limit with them. Tells which round begins.
pub(crate) fn measure(
    contenders: &mut [Contender],
    limit: &mut Limit,
    effort: Effort,
    tell: impl Fn(usize),
) -> Result<Vec<Times>> {
    let mut samples: Vec<Vec<f64>> = vec![Vec::new(); contenders.len()];
    let mut calls = vec![1; contenders.len()];
    for (contender, calls) in contenders.iter_mut().zip(&mut calls) {
        // Warm, and how many calls make a sample.
        let once = (contender.call)(1)?;
        if !contender.singly && once < SAMPLE {
            let several = (contender.call)(10)? / 10.0;
            *calls = (SAMPLE / several.max(1e-9)).ceil() as u64;
        }
    }
    let turn = effort.seconds / effort.rounds as f64;
    for round in 0..effort.rounds {
        tell(round);
        for ((contender, samples), &calls) in contenders.iter_mut().zip(&mut samples).zip(&calls) {
            // What came before left the caches, and after `fused-fresh` the pool, as this system would not find them.
            // Long calls of other systems do not notice.
            let last = samples.last().map_or(0.0, |seconds| seconds * calls as f64);
            if !contender.singly && (contender.program.is_some() || last < turn) {
                (contender.call)(calls.min(10))?;
            }
            let mut spent = 0.0;
            while spent < turn {
                let seconds = (contender.call)(calls)?;
                samples.push(seconds / calls as f64);
                spent += seconds;
            }
        }
        limit.sample(turn);
    }
    // What was beaten was not the limit: the machine was disturbed while it was looked for.
    let best = samples.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    for _ in 0..effort.rounds {
        if limit.seconds() <= best {
            break;
        }
        limit.sample(turn);
    }
    Ok(samples.iter_mut().map(|samples| times(samples)).collect())
}

fn times(samples: &mut [f64]) -> Times {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    let median = match samples.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => samples[middle],
        _ => (samples[middle - 1] + samples[middle]) / 2.0,
    };
    Times { best: samples.first().copied().unwrap_or(f64::NAN), median }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_and_median() {
        assert_eq!(times(&mut [3.0, 1.0, 2.0]), Times { best: 1.0, median: 2.0 });
        assert_eq!(times(&mut [4.0, 1.0, 2.0, 3.0]), Times { best: 1.0, median: 2.5 });
    }
}
