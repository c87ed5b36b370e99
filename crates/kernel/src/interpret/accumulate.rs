//! A reduction in progress: blocks of elements by the tree's own definition, then pairs.

use super::InterpretError;
use crate::{Grouping, ReduceInto};
use fuseloom_lane::tree::{BLOCK, reduce_rows};
use fuseloom_lane::{DType, Lanes, Program, Reduction, Scalar, interpret};

/// The elements of `rows` reductions side by side, as they come.
pub(super) struct Accumulator {
    op: Reduction,
    dtype: DType,
    rows: usize,
    /// Elements that become one state together: a block, or 1 for subtrees.
    block: usize,
    /// For each entering state, elements that no finished block holds yet: element `k` of row `r` at `k * rows + r`.
    waiting: Vec<Lanes>,
    /// The states of finished blocks: for each block, for each state, one for each row.
    blocks: Vec<Vec<Lanes>>,
}

impl Accumulator {
    pub(super) fn new(reduce: &ReduceInto, rows: usize) -> Accumulator {
        Accumulator {
            op: reduce.op,
            dtype: reduce.dtype,
            rows,
            block: match reduce.grouping {
                Grouping::Blocks => BLOCK,
                Grouping::Pairs => 1,
            },
            waiting: vec![Lanes::new(); usize::from(reduce.arity)],
            blocks: Vec::new(),
        }
    }

    /// Takes more lanes: the next elements of one row, or some rows of the next element.
    pub(super) fn push(&mut self, lanes: &[Lanes]) {
        for (waiting, lanes) in self.waiting.iter_mut().zip(lanes) {
            waiting.extend_from_slice(lanes);
        }
        let whole = self.block * self.rows;
        if self.rows > 0 && self.waiting[0].len() >= whole {
            let count = self.waiting[0].len() / whole;
            let rest = self.waiting.iter_mut().map(|w| w.split_off(count * whole)).collect();
            let elements = std::mem::replace(&mut self.waiting, rest);
            self.take(&elements, count, self.block);
        }
    }

    /// Reduces `count` blocks of `n` elements.
    fn take(&mut self, elements: &[Lanes], count: usize, n: usize) {
        let rows = self.rows;
        let states = if self.block == 1 {
            elements.to_vec()
        } else {
            // The tree wants the elements of a row of a block next to one another.
            let place = |place: usize| {
                let (block, row, k) = (place / n / rows, place / n % rows, place % n);
                (block * n + k) * rows + row
            };
            let by_row = |column: &Lanes| (0..count * rows * n).map(|k| column[place(k)]).collect();
            let by_row: Vec<Lanes> = elements.iter().map(by_row).collect();
            reduce_rows(self.op, self.dtype, &by_row, count * rows, n).expect("a block has at least one element")
        };
        for block in 0..count {
            self.blocks.push(states.iter().map(|state| state[block * rows..(block + 1) * rows].to_vec()).collect());
        }
    }

    /// The final states: for each, one for each row.
    pub(super) fn finish(mut self) -> Result<Vec<Lanes>, InterpretError> {
        if self.rows == 0 {
            return Ok(vec![Lanes::new(); self.op.states(self.dtype).len()]);
        }
        if !self.waiting[0].is_empty() {
            let last = std::mem::take(&mut self.waiting);
            self.take(&last, 1, last[0].len() / self.rows);
        }
        if self.blocks.is_empty() {
            let empty = self.op.empty(self.dtype).ok_or(InterpretError::EmptyReduction { op: self.op.name() })?;
            return Ok(empty.iter().map(|state| vec![state.bits(); self.rows]).collect());
        }
        let combine = self.op.program(self.dtype);
        while self.blocks.len() > 1 {
            let mut blocks = self.blocks.into_iter();
            let mut next = Vec::new();
            while let Some(left) = blocks.next() {
                next.push(match blocks.next() {
                    Some(right) => pair(&combine, left, right, self.rows),
                    None => left,
                });
            }
            self.blocks = next;
        }
        Ok(self.blocks.swap_remove(0))
    }
}

fn pair(combine: &Program, mut left: Vec<Lanes>, right: Vec<Lanes>, rows: usize) -> Vec<Lanes> {
    left.extend(right);
    interpret(combine, &left, rows, &mut |_, _| Scalar::zero(DType::Bool))
}
