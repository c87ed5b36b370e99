//! Scans: every prefix of an axis combined. The one definition that the interpreters and every kernel follow.
//!
//! A running [`Scan::Sum`] or [`Scan::Prod`] of floats rounds, so its order is fixed: a function of the element's index
//! alone, neither of the extent nor of anything else. Runs of elements nest: pairs, fours, eights, rows of [`ROW`] = 16,
//! blocks of [`BLOCK`] = 512, spans of [`SPAN`] = 65,536 ([`UNITS`]). With `C[i]` the scan at the end of the last whole unit
//! of level `i` inside the unit around it, counted from that unit's start, and absent where there is none,
//!
//! ```text
//! r[k] = C[6] + (C[5] + (C[4] + (C[3] + (C[2] + (C[1] + (C[0] + x[k]))))))
//! ```
//!
//! So a row is Sklansky's parallel prefix network, and rows of a block, blocks of a span, and spans follow one another. At
//! most `4 + 32 + 128 + n / 65536` roundings go into any element. What ends a unit is what the next one adds to, so a running
//! sum of numbers that are not negative never decreases, to the bit.
//!
//! `Max`, `Min` and everything of integers give the same bits in any order ([`Scan::order_free`]), and back ends use that.
//! [`Scan::Linear`] is sequential by its nature.
//!
//! Source of the network: Sklansky, "Conditional-Sum Addition Logic" (1960).

use crate::{Builder, DType, Lanes, Program, Reduction, Scalar, Value, arithmetic, interpret, order};

/// Elements in a row.
pub const ROW: usize = 16;
/// Elements in a block.
pub const BLOCK: usize = 512;
/// Elements in a span. Threads split a scan at spans.
pub const SPAN: usize = 1 << 16;
/// Elements in a unit of each level of the definition.
pub const UNITS: [usize; 7] = [1, 2, 4, 8, ROW, BLOCK, SPAN];

/// What a running value is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Scan {
    /// The sum of the elements so far.
    Sum,
    /// Their product.
    Prod,
    /// The largest so far; a NaN wins from where it is on.
    Max,
    /// The smallest so far; a NaN wins from where it is on.
    Min,
    /// `r[k] = a[k] * r[k-1] + b[k]`, of two columns `a` and `b`, each operation rounded; `r[0] = b[0]`.
    Linear,
}

impl Scan {
    /// Every scan.
    pub const ALL: [Scan; 5] = [Scan::Sum, Scan::Prod, Scan::Max, Scan::Min, Scan::Linear];

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Scan::Sum => "cumsum",
            Scan::Prod => "cumprod",
            Scan::Max => "cummax",
            Scan::Min => "cummin",
            Scan::Linear => "recurrence",
        }
    }

    /// How many columns of elements it takes.
    pub const fn arity(self) -> usize {
        match self {
            Scan::Sum | Scan::Prod | Scan::Max | Scan::Min => 1,
            Scan::Linear => 2,
        }
    }

    /// Whether every order of combination gives the same bits.
    pub fn order_free(self, dtype: DType) -> bool {
        match self {
            Scan::Sum | Scan::Prod => !dtype.is_float(),
            Scan::Max | Scan::Min => true,
            Scan::Linear => false,
        }
    }

    /// What combining with changes nothing: where a scan of no elements stands. A recurrence, which has none, gives 0.
    pub fn identity(self, dtype: DType) -> Scalar {
        let of = |reduction: Reduction| reduction.identity(dtype)[0];
        match self {
            Scan::Sum => of(Reduction::Sum),
            Scan::Prod => of(Reduction::Prod),
            Scan::Max => of(Reduction::Max),
            Scan::Min => of(Reduction::Min),
            Scan::Linear => Scalar::zero(dtype),
        }
    }

    /// The lane program of one step: what came before, then the element's columns, to the value at the element.
    pub fn program(self, dtype: DType) -> Program {
        let mut b = Builder::new(&vec![dtype; 1 + self.arity()]);
        let (before, x) = (Value(0), Value(1));
        let result = match self {
            Scan::Sum => arithmetic::add(&mut b, before, x),
            Scan::Prod => arithmetic::mul(&mut b, before, x),
            Scan::Max => order::maximum(&mut b, before, x),
            Scan::Min => order::minimum(&mut b, before, x),
            Scan::Linear => {
                let product = b.mul(x, before);
                b.add(product, Value(2))
            }
        };
        b.finish(&[result])
    }
}

/// A scan that takes one element of each of some rows at a time.
#[derive(Clone, Debug)]
pub struct Running {
    scan: Scan,
    step: Program,
    /// `C[i]` of the definition; a recurrence keeps what came before in the last.
    carries: [Option<Lanes>; UNITS.len()],
    taken: usize,
}

impl Running {
    /// Before the first element.
    pub fn new(scan: Scan, dtype: DType) -> Running {
        Running { scan, step: scan.program(dtype), carries: Default::default(), taken: 0 }
    }

    /// Begins at the start of a span with what all spans before it come to, one value a row.
    pub fn after(scan: Scan, dtype: DType, before: Lanes) -> Running {
        let mut running = Running::new(scan, dtype);
        running.carries[UNITS.len() - 1] = Some(before);
        running
    }

    /// Takes the next element of every row, a column for each of [`Scan::arity`], and gives the scan there.
    pub fn push(&mut self, columns: &[Lanes]) -> Lanes {
        self.taken += 1;
        if self.scan == Scan::Linear {
            let last = self.carries.last_mut().expect("there are levels");
            let next = match last {
                Some(before) => run(&self.step, &[before.clone(), columns[0].clone(), columns[1].clone()]),
                None => columns[1].clone(),
            };
            *last = Some(next.clone());
            return next;
        }
        let mut value = columns[0].clone();
        for (level, unit) in UNITS.into_iter().enumerate() {
            if let Some(carry) = &self.carries[level] {
                value = run(&self.step, &[carry.clone(), value]);
            }
            let around = UNITS.get(level + 1);
            if self.taken.is_multiple_of(unit) {
                let goes_on = around.is_none_or(|around| !self.taken.is_multiple_of(*around));
                self.carries[level] = goes_on.then(|| value.clone());
            }
        }
        value
    }
}

/// Scans each of `rows` runs of `n` elements: element `k` of row `r` is `columns[c][r * n + k]`, and so are the results.
pub fn scan_rows(scan: Scan, dtype: DType, columns: &[Lanes], rows: usize, n: usize) -> Lanes {
    if scan == Scan::Linear {
        let mut running = Running::new(scan, dtype);
        let mut results = vec![0; rows * n];
        for k in 0..n {
            let next: Vec<Lanes> =
                columns.iter().map(|column| (0..rows).map(|row| column[row * n + k]).collect()).collect();
            for (row, value) in running.push(&next).into_iter().enumerate() {
                results[row * n + k] = value;
            }
        }
        return results;
    }
    let step = scan.program(dtype);
    let mut values = columns[0].clone();
    // Level after level; within one, all units of the level around it at the same time.
    for (level, unit) in UNITS.into_iter().enumerate() {
        let around = UNITS.get(level + 1).copied().unwrap_or(n.next_multiple_of(unit)).max(unit);
        for number in 1..around.min(n).div_ceil(unit) {
            let mut places = Vec::new();
            let mut carry = Lanes::new();
            for row in 0..rows {
                for first in (number * unit..n).step_by(around) {
                    let end = (first + unit).min(n);
                    carry.extend(std::iter::repeat_n(values[row * n + first - 1], end - first));
                    places.extend(row * n + first..row * n + end);
                }
            }
            let elements = places.iter().map(|&place| values[place]).collect();
            for (place, value) in places.iter().zip(run(&step, &[carry, elements])) {
                values[*place] = value;
            }
        }
    }
    values
}

/// What comes before combined with what follows, lane by lane; not of a recurrence, whose elements are pairs.
pub fn combine(scan: Scan, dtype: DType, before: Lanes, after: Lanes) -> Lanes {
    run(&scan.program(dtype), &[before, after])
}

fn run(program: &Program, params: &[Lanes]) -> Lanes {
    interpret(program, params, params[0].len(), &mut |_, _| Scalar::zero(DType::Bool)).swap_remove(0)
}
