//! Where values lie: views of buffers, the address of an element, and what an index map selects.

use crate::ids::{AxisId, Id, LoopId};
use crate::index::{AxisIndex, Index};
use fuseloom_kernel::BufferId;
use fuseloom_lane::DType;
use fuseloom_size::{SizeId, SizeTable};

/// Where a value lies: a view of a buffer, one byte stride an axis of the value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Placement {
    pub(crate) buffer: BufferId,
    pub(crate) offset: SizeId,
    pub(crate) strides: Vec<SizeId>,
}

/// The address of an element: an offset in a buffer where all variables are 0, and a byte stride for each.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Address<V = LoopId> {
    pub(crate) buffer: BufferId,
    pub(crate) offset: SizeId,
    /// Ascending by variable, without zeros.
    pub(crate) strides: Vec<(V, SizeId)>,
}

impl Placement {
    /// The place of what `index` (over a space of `rank` axes) selects: strides by axis of that space.
    pub(crate) fn view(&self, sizes: &mut SizeTable, index: &[AxisIndex], rank: usize) -> Placement {
        let found = address(sizes, self, index);
        let zero = sizes.constant(0);
        let strides = (0..rank).map(|axis| found.stride(AxisId::new(axis)).unwrap_or(zero)).collect();
        Placement { buffer: found.buffer, offset: found.offset, strides }
    }

    /// Whether it is that of an array of this shape in C order without gaps.
    pub(crate) fn is_in_c_order(&self, sizes: &mut SizeTable, shape: &[SizeId], dtype: DType) -> bool {
        let straight = sizes.contiguous(shape, dtype.size());
        let mut axes = shape.iter().zip(&straight).zip(&self.strides);
        // Along an axis of extent 1 nobody takes a step.
        axes.all(|((extent, straight), stride)| straight == stride || sizes.known(*extent) == Some(1))
    }
}

impl<V: PartialEq> Address<V> {
    /// The stride along a variable; `None` if it does not move along it.
    pub(crate) fn stride(&self, along: V) -> Option<SizeId> {
        self.strides.iter().find(|(other, _)| *other == along).map(|(_, stride)| *stride)
    }
}

/// The address of the element of a value at an index.
pub(crate) fn address<V: Copy + Ord>(sizes: &mut SizeTable, place: &Placement, index: &[Index<V>]) -> Address<V> {
    let mut offset = place.offset;
    let mut strides: Vec<(V, SizeId)> = Vec::new();
    for (entry, &stride) in index.iter().zip(&place.strides) {
        let at = match *entry {
            Index::Fixed(at) => at,
            Index::Along { along, step, offset } => {
                let moved = sizes.scale(stride, step);
                match strides.iter_mut().find(|(other, _)| *other == along) {
                    Some((_, sum)) => *sum = sizes.add(*sum, moved),
                    None => strides.push((along, moved)),
                }
                offset
            }
        };
        let bytes = sizes.mul(at, stride);
        offset = sizes.add(offset, bytes);
    }
    strides.retain(|(_, stride)| sizes.known(*stride) != Some(0));
    strides.sort_unstable();
    Address { buffer: place.buffer, offset, strides }
}

/// The strides of a view under another shape with the same elements in C order, if strides can express it.
///
/// Splits both shapes into runs with equal products; a run is expressible when its axes on the old side are contiguous
/// among themselves. Axes of extent 1 are free. Products are compared as formulas, so a symbolic shape that is not plainly
/// equal gives `None` (and costs a copy, never a wrong answer).
pub(crate) fn reshape_strides(
    sizes: &mut SizeTable,
    shape: &[SizeId],
    strides: &[SizeId],
    to: &[SizeId],
) -> Option<Vec<SizeId>> {
    let one = sizes.constant(1);
    let zero = sizes.constant(0);
    let old: Vec<(SizeId, SizeId)> =
        shape.iter().zip(strides).filter(|(d, _)| **d != one).map(|(d, s)| (*d, *s)).collect();
    let mut result = vec![zero; to.len()];
    let (mut i, mut j) = (0, 0);
    while i < old.len() {
        let first = i;
        let (mut have, mut axes) = (old[i].0, Vec::new());
        i += 1;
        let mut want = one;
        loop {
            if want == have && !axes.is_empty() {
                break;
            }
            // Grow whichever side is smaller; formulas that cannot be compared grow the new side first, then the old.
            let grow_new = match (sizes.known(want), sizes.known(have)) {
                (Some(w), Some(h)) => w < h,
                _ => want == one || axes.is_empty() || j < to.len(),
            };
            if grow_new && j < to.len() {
                if to[j] != one {
                    want = sizes.mul(want, to[j]);
                    axes.push(j);
                }
                j += 1;
            } else if i < old.len() {
                have = sizes.mul(have, old[i].0);
                i += 1;
            } else {
                return None;
            }
        }
        for k in first..i - 1 {
            if old[k].1 != sizes.mul(old[k + 1].0, old[k + 1].1) {
                return None;
            }
        }
        let mut stride = old[i - 1].1;
        for &axis in axes.iter().rev() {
            result[axis] = stride;
            stride = sizes.mul(to[axis], stride);
        }
    }
    to[j..].iter().all(|d| *d == one).then_some(result)
}
