//! How long operations take at least.
//!
//! A processor runs different kinds side by side, so their times are not added up. Each kind that has units of its own takes its
//! measured time, and all of them together take at least as long as so many of the cheapest.

use super::Work;
use super::limits::{Instruction, throughput};
use fuseloom_lane::DType;

/// Instructions that wait for the same unit on every processor: their times add up.
const UNITS: [&[Instruction]; 9] = [
    &[Instruction::Add],
    &[Instruction::Mul, Instruction::Fma],
    &[Instruction::Div, Instruction::Sqrt],
    &[Instruction::Compare],
    &[Instruction::Select],
    &[Instruction::Round],
    &[Instruction::Convert],
    &[Instruction::Logic, Instruction::AddInteger],
    &[Instruction::ShiftInteger],
];

/// How many seconds operations take one thread on vectors of `bits` bits at least: 0 where that cannot be measured.
///
/// ```
/// use fuseloom::prelude::*;
/// let p = Program::new(|b| b.input("x", f32, 1 << 20).sqrt())?;
/// let work = fuseloom::measure::work(p.graph())?;
/// assert!(fuseloom::measure::computing_seconds(&work, 128) > 0.0);
/// # Ok::<(), Error>(())
/// ```
pub fn computing_seconds(work: &[Work], bits: u32) -> f64 {
    let vectors = |work: &Work| work.elements * (8 * work.bytes) as f64 / f64::from(bits);
    let rate = |work: &Work| {
        let dtype = if work.bytes == 8 { DType::F64 } else { DType::F32 };
        throughput(work.instruction, dtype, bits).unwrap_or(0.0)
    };
    let rates: Vec<f64> = work.iter().map(rate).collect();
    let of_unit = |unit: &&[Instruction]| {
        let mine = work.iter().zip(&rates).filter(|(work, _)| unit.contains(&work.instruction));
        mine.map(|(work, rate)| vectors(work) * rate).sum::<f64>()
    };
    let longest = UNITS.iter().map(of_unit).fold(0.0, f64::max);
    let cheapest = throughput(Instruction::Logic, DType::F32, bits).unwrap_or(0.0);
    let together = work.iter().map(vectors).sum::<f64>() * cheapest;
    longest.max(together) * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_has_one_unit() {
        for instruction in Instruction::ALL {
            assert_eq!(UNITS.iter().filter(|unit| unit.contains(&instruction)).count(), 1, "{instruction:?}");
        }
    }

    #[test]
    fn kinds_run_side_by_side() {
        let work = |instruction| Work { instruction, bytes: 8, elements: 1e6 };
        let (div, add) = (work(Instruction::Div), work(Instruction::Add));
        let alone = computing_seconds(&[div], 128);
        // Rates are measured, so that nothing can be said to the digit; and not everywhere.
        assert!(alone == 0.0 || (1e-5..1e-1).contains(&alone), "{alone}");
        // Ten additions take less than a division on every processor there is.
        let both = computing_seconds(&[div, add], 128);
        assert!(both < alone * 2.0 || alone == 0.0, "{both} against {alone}");
        assert_eq!(computing_seconds(&[], 128), 0.0);
    }
}
