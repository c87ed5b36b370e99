//! What reductions keep from one body to the next: the lanes of each state, and the means of moments.
//!
//! A cell is in registers of its own as long as there are some to spare, else on the stack. A row that is added depends on the
//! row before it, so what a lane takes from one to the next is what a loop over rows takes.

use super::vector::Physical;
use super::{Strip, Target};
use fuseloom_lane::DType;
use fuseloom_lane::tree::LANES;

/// One of them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Cell {
    /// The dtype of its lanes.
    pub(crate) dtype: DType,
    /// Its bytes.
    pub(crate) bytes: usize,
    /// The first of its registers; `None` if it is on the stack.
    pub(crate) register: Option<Physical>,
}

/// The cells of a strip: one for each state that the lanes of a block have, reduction by reduction, then the means.
#[derive(Clone, Default, Debug)]
pub(crate) struct Cells {
    all: Vec<Cell>,
    /// The number of the first mean.
    means: usize,
    /// How many registers they take, from the last one down.
    pub(crate) registers: usize,
}

impl Cells {
    /// The cells of a strip; none if it does not reduce.
    pub(crate) fn of(target: Target, strip: &Strip<'_>) -> Cells {
        let most = match target {
            Target::Avx2 => 5,
            Target::Avx512 => 10,
        };
        let states =
            strip.reducing.iter().flat_map(|r| r.block.states.iter().map(|&dtype| (dtype, LANES * dtype.size())));
        let moments = strip.reducing.iter().filter(|r| r.again.is_some());
        let means = moments.map(|r| (r.block.states[0], target.width()));
        let mut cells = Cells { all: Vec::new(), means: states.clone().count(), registers: 0 };
        for (dtype, bytes) in states.chain(means) {
            let count = bytes.div_ceil(target.width());
            // A bool is a mask in some form while it is computed with, and bytes here.
            let kept = dtype != DType::Bool && cells.registers + count <= most;
            let register = kept.then(|| {
                cells.registers += count;
                Physical((target.registers() - cells.registers) as u8)
            });
            cells.all.push(Cell { dtype, bytes, register });
        }
        cells
    }

    /// All of them, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.all.iter()
    }

    /// A cell by its number.
    pub(crate) fn get(&self, number: usize) -> Cell {
        self.all[number]
    }

    /// The number of the mean of the strip's moments number `k`.
    pub(crate) fn mean(&self, k: usize) -> usize {
        self.means + k
    }

    /// The registers they are in, a bit each.
    pub(crate) fn in_registers(&self, target: Target) -> u32 {
        let (all, first) = (target.registers(), target.registers() - self.registers);
        (first..all).fold(0, |bits, register| bits | 1 << register)
    }
}
