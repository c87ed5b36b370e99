//! A contraction as a network: operands are sets of labels, and only extents matter.

use fuseloom_lane::DType;
use smallvec::SmallVec;

/// A set of labels.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct LabelSet(SmallVec<[u64; 2]>);

impl LabelSet {
    fn words(count: usize) -> LabelSet {
        LabelSet(smallvec::smallvec![0; count.div_ceil(64).max(1)])
    }

    fn insert(&mut self, label: usize) {
        self.0[label / 64] |= 1 << (label % 64);
    }

    fn zip(&self, other: &LabelSet, f: impl Fn(u64, u64) -> u64) -> LabelSet {
        LabelSet(self.0.iter().zip(&other.0).map(|(a, b)| f(*a, *b)).collect())
    }

    pub(crate) fn union(&self, other: &LabelSet) -> LabelSet {
        self.zip(other, |a, b| a | b)
    }

    pub(crate) fn both(&self, other: &LabelSet) -> LabelSet {
        self.zip(other, |a, b| a & b)
    }

    pub(crate) fn without(&self, other: &LabelSet) -> LabelSet {
        self.zip(other, |a, b| a & !b)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(crate) fn meets(&self, other: &LabelSet) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    pub(crate) fn contains(&self, label: usize) -> bool {
        self.0.get(label / 64).is_some_and(|word| word >> (label % 64) & 1 == 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The labels, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(k, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(64 * k + bit)
            })
        })
    }
}

/// Operands to be contracted to one result.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// The labels of each operand.
    pub(crate) operands: Vec<LabelSet>,
    /// The labels of the result.
    pub(crate) output: LabelSet,
    /// The extent of each label; of a named dim what it typically is.
    pub(crate) extents: Vec<f64>,
    /// Bytes an element.
    pub(crate) element: f64,
    /// Whether there is a library for products of its elements.
    pub(crate) library: bool,
}

/// The order of a contraction: each step contracts two values, the operands being the first and the result of step `k` the
/// value `operands + k`.
pub(crate) type Path = Vec<(usize, usize)>;

impl Network {
    /// A network of operands with these labels, which are below the number of extents.
    pub(crate) fn new(
        operands: impl IntoIterator<Item = impl IntoIterator<Item = usize>>,
        output: impl IntoIterator<Item = usize>,
        extents: Vec<f64>,
        dtype: DType,
    ) -> Network {
        let collect = |labels: &mut dyn Iterator<Item = usize>| {
            let mut set = LabelSet::words(extents.len());
            labels.for_each(|label| set.insert(label));
            set
        };
        let operands = operands.into_iter().map(|labels| collect(&mut labels.into_iter())).collect();
        let output = collect(&mut output.into_iter());
        Network { operands, output, extents, element: dtype.size() as f64, library: dtype.is_float() }
    }

    /// The number of elements over these labels.
    pub(crate) fn size(&self, labels: &LabelSet) -> f64 {
        labels.iter().map(|label| self.extents[label]).product()
    }

    /// The labels of every value of a path: of the operands, then of each step's result.
    pub(crate) fn values(&self, path: &[(usize, usize)]) -> Vec<LabelSet> {
        let mut uses = Uses::new(self);
        let mut values = self.operands.clone();
        for &(left, right) in path {
            let result = uses.contract(&values[left], &values[right]);
            values.push(result);
        }
        values
    }
}

/// How many of the values that are left have each label, the output among them.
#[derive(Clone, Debug)]
pub(crate) struct Uses(Vec<u32>);

impl Uses {
    pub(crate) fn new(network: &Network) -> Uses {
        let mut uses = vec![0; network.extents.len()];
        for labels in network.operands.iter().chain([&network.output]) {
            labels.iter().for_each(|label| uses[label] += 1);
        }
        Uses(uses)
    }

    /// The labels that two values leave when they are contracted.
    pub(crate) fn result(&self, left: &LabelSet, right: &LabelSet) -> LabelSet {
        let all = left.union(right);
        let mut kept = LabelSet(smallvec::smallvec![0; all.0.len()]);
        for label in all.iter() {
            let own = u32::from(left.contains(label)) + u32::from(right.contains(label));
            if self.0[label] > own {
                kept.insert(label);
            }
        }
        kept
    }

    /// Puts the result of two values in their place.
    pub(crate) fn contract(&mut self, left: &LabelSet, right: &LabelSet) -> LabelSet {
        let result = self.result(left, right);
        for labels in [left, right] {
            labels.iter().for_each(|label| self.0[label] -= 1);
        }
        result.iter().for_each(|label| self.0[label] += 1);
        result
    }
}

impl Uses {
    /// Those of `all` labels that others than `inside` have.
    pub(crate) fn outside<'a>(&self, all: &LabelSet, inside: impl Iterator<Item = &'a LabelSet>) -> LabelSet {
        let mut left = self.clone();
        for labels in inside {
            labels.iter().for_each(|label| left.0[label] -= 1);
        }
        let mut kept = LabelSet(smallvec::smallvec![0; all.0.len()]);
        all.iter().filter(|label| left.0[*label] > 0).for_each(|label| kept.insert(label));
        kept
    }

    /// Puts what some values, at least one, are contracted to in their place.
    pub(crate) fn replace(&mut self, values: &[LabelSet]) -> LabelSet {
        let mut all = LabelSet(smallvec::smallvec![0; values[0].0.len()]);
        for labels in values {
            labels.iter().for_each(|label| self.0[label] -= 1);
            all = all.union(labels);
        }
        let mut kept = LabelSet(smallvec::smallvec![0; all.0.len()]);
        all.iter().filter(|label| self.0[*label] > 0).for_each(|label| kept.insert(label));
        kept.iter().for_each(|label| self.0[label] += 1);
        kept
    }
}
