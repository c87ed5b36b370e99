//! How a reduction combines its elements: the one definition that the interpreter and every kernel follow.
//!
//! The order is a function of the extent alone. Along an axis of `n` elements:
//!
//! 1. Blocks of [`BLOCK`] = 512 elements; the last may be short.
//! 2. Element `k` of a block goes to lane `k mod` [`LANES`] = 16; a lane adds in index order, starting from the identity.
//! 3. The lanes fold: lane `l` takes `l + 8`, then `l + 4`, `l + 2`, `l + 1`, the lower lane on the left.
//! 4. Blocks pair bottom-up, 0 with 1, 2 with 3, ...; an odd one is carried up unpaired.
//!
//! The identity is exact ([`Reduction::identity`]: -0.0 for a sum, 1 for a product), so an absent element may be stood in
//! for by it without changing a bit. Several axes reduce one after another, the last logical axis first.
//!
//! `Max`, `Min`, `ArgMax`, `ArgMin`, `Any`, `All` and integer `Sum`/`Prod` give the same bits in any order
//! ([`Reduction::order_free`]), and back ends use that.

use crate::{Builder, Cmp, DType, Kind, Lanes, Program, Scalar, Value, arithmetic, interpret, order};
use smallvec::SmallVec;

/// Elements in a block.
pub const BLOCK: usize = 512;
/// Lanes in a block.
pub const LANES: usize = 16;

/// What a kernel reduces with. Each works on a tuple of states; an element enters as such a tuple.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Reduction {
    /// One state of the element's dtype.
    Sum,
    /// One state of the element's dtype.
    Prod,
    /// One state; a NaN wins.
    Max,
    /// One state; a NaN wins.
    Min,
    /// One bool.
    Any,
    /// One bool.
    All,
    /// Two states: the value, and its index as `i64`. The first NaN wins, else the first largest.
    ArgMax,
    /// Two states: the value, and its index as `i64`. The first NaN wins, else the first smallest.
    ArgMin,
    /// Three float states of one dtype: count, mean and the sum of squared deviations from the mean (M2).
    ///
    /// Entering as a bare element, a block takes two passes: its sum along the lanes gives `mean = sum / count`, then the
    /// sum of `(x - mean)^2` along the lanes gives M2; blocks then [`combine`](Reduction::combine) along the tree. Source:
    /// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
    /// Entering as triples (an axis after the first), elements combine along the whole tree.
    Moments,
}

impl Reduction {
    /// Every reduction.
    pub const ALL: [Reduction; 9] = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Max,
        Reduction::Min,
        Reduction::Any,
        Reduction::All,
        Reduction::ArgMax,
        Reduction::ArgMin,
        Reduction::Moments,
    ];

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Prod => "prod",
            Reduction::Max => "max",
            Reduction::Min => "min",
            Reduction::Any => "any",
            Reduction::All => "all",
            Reduction::ArgMax => "argmax",
            Reduction::ArgMin => "argmin",
            Reduction::Moments => "moments",
        }
    }

    /// The dtypes of its states for elements of `dtype` (never a storage type).
    pub fn states(self, dtype: DType) -> SmallVec<[DType; 3]> {
        match self {
            Reduction::Sum | Reduction::Prod | Reduction::Max | Reduction::Min | Reduction::Any | Reduction::All => {
                SmallVec::from_slice(&[dtype])
            }
            Reduction::ArgMax | Reduction::ArgMin => SmallVec::from_slice(&[dtype, DType::I64]),
            Reduction::Moments => SmallVec::from_slice(&[dtype, dtype, dtype]),
        }
    }

    /// Whether every order of combination gives the same bits.
    pub fn order_free(self, dtype: DType) -> bool {
        match self {
            Reduction::Sum | Reduction::Prod => !dtype.is_float(),
            Reduction::Moments => false,
            _ => true,
        }
    }

    /// The states that combining with changes nothing.
    pub fn identity(self, dtype: DType) -> SmallVec<[Scalar; 3]> {
        match self {
            // -0.0 and not +0.0: -0.0 + -0.0 is -0.0.
            Reduction::Sum => SmallVec::from_slice(&[match dtype.is_float() {
                true => Scalar::from_f64(dtype, -0.0),
                false => Scalar::zero(dtype),
            }]),
            Reduction::Prod => SmallVec::from_slice(&[Scalar::one(dtype)]),
            Reduction::Max => SmallVec::from_slice(&[lowest(dtype)]),
            Reduction::Min => SmallVec::from_slice(&[highest(dtype)]),
            Reduction::Any => SmallVec::from_slice(&[Scalar::zero(DType::Bool)]),
            Reduction::All => SmallVec::from_slice(&[Scalar::one(DType::Bool)]),
            // The largest index loses every tie.
            Reduction::ArgMax => SmallVec::from_slice(&[lowest(dtype), Scalar::from_i64(DType::I64, i64::MAX)]),
            Reduction::ArgMin => SmallVec::from_slice(&[highest(dtype), Scalar::from_i64(DType::I64, i64::MAX)]),
            Reduction::Moments => SmallVec::from_slice(&[Scalar::zero(dtype); 3]),
        }
    }

    /// The states of a reduction over no elements, or `None` where that is an error (max, min, argmax, argmin).
    ///
    /// Differs from the identity where that is a trick of representation: an empty float sum is +0.0, and the mean of no
    /// elements is NaN.
    pub fn empty(self, dtype: DType) -> Option<SmallVec<[Scalar; 3]>> {
        match self {
            Reduction::Sum => Some(SmallVec::from_slice(&[Scalar::zero(dtype)])),
            Reduction::Prod | Reduction::Any | Reduction::All => Some(self.identity(dtype)),
            Reduction::Max | Reduction::Min | Reduction::ArgMax | Reduction::ArgMin => None,
            Reduction::Moments => Some(SmallVec::from_slice(&[
                Scalar::zero(dtype),
                Scalar::from_f64(dtype, f64::NAN),
                Scalar::zero(dtype),
            ])),
        }
    }

    /// Appends `left combined with right`, in this order, to a lane program.
    pub fn combine(self, b: &mut Builder, left: &[Value], right: &[Value]) -> SmallVec<[Value; 3]> {
        match self {
            Reduction::Sum => SmallVec::from_slice(&[arithmetic::add(b, left[0], right[0])]),
            Reduction::Prod => SmallVec::from_slice(&[arithmetic::mul(b, left[0], right[0])]),
            Reduction::Max => SmallVec::from_slice(&[order::maximum(b, left[0], right[0])]),
            Reduction::Min => SmallVec::from_slice(&[order::minimum(b, left[0], right[0])]),
            Reduction::Any => SmallVec::from_slice(&[b.or(left[0], right[0])]),
            Reduction::All => SmallVec::from_slice(&[b.and(left[0], right[0])]),
            Reduction::ArgMax | Reduction::ArgMin => combine_arg(b, self == Reduction::ArgMax, left, right),
            Reduction::Moments => combine_moments(b, left, right),
        }
    }

    /// The lane program of [`Reduction::combine`]: the states of the left, then those of the right, to the states of both.
    pub fn program(self, dtype: DType) -> Program {
        let states = self.states(dtype);
        let params: Vec<DType> = states.iter().chain(&states).copied().collect();
        let mut b = Builder::new(&params);
        let params: Vec<Value> = (0..params.len() as u32).map(Value).collect();
        let (left, right) = params.split_at(states.len());
        let results = self.combine(&mut b, left, right);
        b.finish(&results)
    }
}

/// The value that no other is below: minus infinity, the smallest integer, `false`.
fn lowest(dtype: DType) -> Scalar {
    match dtype.kind() {
        Kind::Float => Scalar::from_f64(dtype, f64::NEG_INFINITY),
        Kind::Signed => Scalar::from_i64(dtype, i64::MIN >> (64 - 8 * dtype.size())),
        Kind::Unsigned | Kind::Bool => Scalar::zero(dtype),
    }
}

/// The value that no other is above: infinity, the largest integer, `true`.
fn highest(dtype: DType) -> Scalar {
    match dtype.kind() {
        Kind::Float => Scalar::from_f64(dtype, f64::INFINITY),
        Kind::Signed => Scalar::from_i64(dtype, i64::MAX >> (64 - 8 * dtype.size())),
        Kind::Unsigned => Scalar::from_i64(dtype, -1),
        Kind::Bool => Scalar::one(dtype),
    }
}

/// The right wins when its value is NaN and the left's is not, or it is the more extreme; on a tie (both NaN, or equal) the
/// smaller index wins.
fn combine_arg(b: &mut Builder, max: bool, left: &[Value], right: &[Value]) -> SmallVec<[Value; 3]> {
    let (l, r) = (left[0], right[0]);
    let earlier = b.compare(Cmp::Lt, right[1], left[1]);
    let beyond = if max { order::less(b, l, r) } else { order::less(b, r, l) };
    let mut tie = order::equal(b, l, r);
    let mut beyond = beyond;
    if b.dtype(l).is_float() {
        let l_nan = b.compare(Cmp::Ne, l, l);
        let r_nan = b.compare(Cmp::Ne, r, r);
        let both = b.and(l_nan, r_nan);
        tie = b.or(tie, both);
        let only_left_number = b.not(l_nan);
        let only_right = b.and(r_nan, only_left_number);
        beyond = b.or(beyond, only_right);
    }
    let earlier = b.and(tie, earlier);
    let right_wins = b.or(beyond, earlier);
    let value = b.select(right_wins, r, l);
    let index = b.select(right_wins, right[1], left[1]);
    SmallVec::from_slice(&[value, index])
}

/// Chan, Golub and LeVeque's update. A side without elements is passed over by selects, so that its mean takes no part.
fn combine_moments(b: &mut Builder, left: &[Value], right: &[Value]) -> SmallVec<[Value; 3]> {
    let (n_l, mean_l, m2_l) = (left[0], left[1], left[2]);
    let (n_r, mean_r, m2_r) = (right[0], right[1], right[2]);
    // mean = mean_l + delta * (n_r / n);  M2 = M2_l + M2_r + delta * delta * (n_l * (n_r / n))
    let n = b.add(n_l, n_r);
    let delta = b.sub(mean_r, mean_l);
    let share = b.div(n_r, n);
    let step = b.mul(delta, share);
    let mean = b.add(mean_l, step);
    let square = b.mul(delta, delta);
    let weight = b.mul(n_l, share);
    let between = b.mul(square, weight);
    let within = b.add(m2_l, m2_r);
    let m2 = b.add(within, between);
    let zero = b.float(b.dtype(n), 0.0);
    let no_left = b.compare(Cmp::Eq, n_l, zero);
    let no_right = b.compare(Cmp::Eq, n_r, zero);
    let mut pick = |both: Value, l: Value, r: Value| {
        let one = b.select(no_left, r, both);
        b.select(no_right, l, one)
    };
    SmallVec::from_slice(&[n, pick(mean, mean_l, mean_r), pick(m2, m2_l, m2_r)])
}

/// Reduces `n` elements along the tree, by the definition above: the oracle.
///
/// `elements[s]` holds the bits of state `s` of each element. For [`Reduction::Moments`] a single column means bare
/// elements (two passes a block), three columns mean triples. Gives the final states, [`Reduction::empty`] for `n == 0`;
/// `None` where that is an error.
pub fn reduce(op: Reduction, dtype: DType, elements: &[Vec<u64>]) -> Option<SmallVec<[Scalar; 3]>> {
    let n = elements[0].len();
    let states = reduce_rows(op, dtype, elements, 1, n)?;
    let dtypes = op.states(dtype);
    Some(states.iter().zip(dtypes).map(|(column, dtype)| Scalar::from_bits(dtype, column[0])).collect())
}

/// Reduces each of `rows` runs of `n` elements along its own tree, as [`reduce`] does one: element `k` of row `r` is
/// `elements[s][r * n + k]`. Gives one column a state, one entry a row; `None` where `n == 0` is an error.
pub fn reduce_rows(op: Reduction, dtype: DType, elements: &[Lanes], rows: usize, n: usize) -> Option<Vec<Lanes>> {
    if n == 0 {
        return Some(op.empty(dtype)?.iter().map(|s| vec![s.bits(); rows]).collect());
    }
    let shape = Shape { rows, n };
    if op != Reduction::Moments || elements.len() == 3 {
        let blocks = shape.fold_blocks(op, dtype, elements);
        return Some(shape.pair_blocks(op, dtype, blocks));
    }
    let sums = shape.fold_blocks(Reduction::Sum, dtype, elements);
    let blocks = shape.block_moments(dtype, &elements[0], &sums[0]);
    Some(shape.pair_blocks(Reduction::Moments, dtype, blocks))
}

/// `rows` runs of `n` elements.
struct Shape {
    rows: usize,
    n: usize,
}

impl Shape {
    fn blocks(&self) -> usize {
        self.n.div_ceil(BLOCK)
    }

    /// Steps 1 to 3: the states of every block of every row.
    fn fold_blocks(&self, op: Reduction, dtype: DType, elements: &[Lanes]) -> Vec<Lanes> {
        let identity = op.identity(dtype);
        let combine = op.program(dtype);
        let blocks = self.blocks();
        let count = self.rows * blocks * LANES;
        let mut lanes: Vec<Lanes> = identity.iter().map(|s| vec![s.bits(); count]).collect();
        // Lane `k mod 16` of every block of every row takes its next element; an absent one is the identity.
        for step in 0..self.n.min(BLOCK).div_ceil(LANES) {
            let next = elements.iter().zip(&identity).map(|(column, absent)| {
                let mut next = Lanes::with_capacity(count);
                for place in 0..count {
                    let (row, block, lane) = (place / LANES / blocks, place / LANES % blocks, place % LANES);
                    let k = block * BLOCK + step * LANES + lane;
                    next.push(if k < self.n { column[row * self.n + k] } else { absent.bits() });
                }
                next
            });
            lanes.extend(next.collect::<Vec<Lanes>>());
            lanes = run(&combine, &lanes);
        }
        for width in [8, 4, 2, 1] {
            // Lanes 0..width take lanes width..2*width.
            let half = |first: usize| {
                move |column: &Lanes| -> Lanes {
                    column.chunks_exact(2 * width).flat_map(|c| c[first..first + width].iter().copied()).collect()
                }
            };
            let pairs: Vec<Lanes> = lanes.iter().map(half(0)).chain(lanes.iter().map(half(width))).collect();
            lanes = run(&combine, &pairs);
        }
        lanes
    }

    /// Count, mean and M2 of every block of every row, from its sum: the second pass over the block.
    fn block_moments(&self, dtype: DType, elements: &Lanes, sums: &Lanes) -> Vec<Lanes> {
        let blocks = self.blocks();
        let length = |block: usize| BLOCK.min(self.n - block * BLOCK);
        let counts: Lanes = (0..self.rows * blocks)
            .map(|place| Scalar::from_i64(dtype, length(place % blocks) as i64).bits())
            .collect();
        let mut b = Builder::new(&[dtype, dtype]);
        let mean = b.div(Value(0), Value(1));
        let means = run(&b.finish(&[mean]), &[sums.clone(), counts.clone()]).swap_remove(0);

        let mut b = Builder::new(&[dtype, dtype]);
        let deviation = b.sub(Value(0), Value(1));
        let square = b.mul(deviation, deviation);
        let mean_of_each = (0..self.rows * self.n).map(|k| means[k / self.n * blocks + k % self.n / BLOCK]).collect();
        let squares = run(&b.finish(&[square]), &[elements.clone(), mean_of_each]);
        let m2 = self.fold_blocks(Reduction::Sum, dtype, &squares).swap_remove(0);
        vec![counts, means, m2]
    }

    /// Step 4: 0 with 1, 2 with 3, ... within each row, an odd one carried up.
    fn pair_blocks(&self, op: Reduction, dtype: DType, mut blocks: Vec<Lanes>) -> Vec<Lanes> {
        let combine = op.program(dtype);
        let mut width = self.blocks();
        while width > 1 {
            let half = |first: usize| {
                move |column: &Lanes| -> Lanes {
                    column.chunks_exact(width).flat_map(|row| row.chunks_exact(2).map(|pair| pair[first])).collect()
                }
            };
            let pairs: Vec<Lanes> = blocks.iter().map(half(0)).chain(blocks.iter().map(half(1))).collect();
            let mut paired = run(&combine, &pairs);
            if width % 2 == 1 {
                for (column, before) in paired.iter_mut().zip(&blocks) {
                    let odd = before.chunks_exact(width).map(|row| row[width - 1]);
                    let mut next = Lanes::with_capacity(self.rows * width.div_ceil(2));
                    for (row, odd) in odd.enumerate() {
                        next.extend_from_slice(&column[row * (width / 2)..(row + 1) * (width / 2)]);
                        next.push(odd);
                    }
                    *column = next;
                }
            }
            blocks = paired;
            width = width.div_ceil(2);
        }
        blocks
    }
}

/// Interprets a program that gathers nothing.
fn run(program: &Program, params: &[Lanes]) -> Vec<Lanes> {
    interpret(program, params, params[0].len(), &mut |_, _| Scalar::zero(DType::Bool))
}
