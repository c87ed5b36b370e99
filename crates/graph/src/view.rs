//! What an operation of views does to an index: where each axis of its operand is read, for a point of its result.
//!
//! ```text
//! permute[1,0]          x[j, i]              at (i, j)
//! slice[3 by -1 for 2]  x[3 - i]             at (i)
//! broadcast[4,5]        x[0, j]              at (i, j), of x: f32[1,5]
//! reshape[5,1]          x[i]                 at (i, 0), of x: f32[5]
//! einsum[aa->a]         x[i, i]              at (i)
//! ```
//!
//! The optimizer, which goes up from what is stored and writes chains of views anew, and the scheduler, which goes down to it
//! and computes addresses, both follow this.

use crate::{Op, Shape, SliceAxis};
use smallvec::SmallVec;

/// Where one axis of a view's operand is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewRead<'a> {
    /// Always at 0: it has one element.
    Zero,
    /// At the index along this axis of the result.
    At(usize),
    /// At the element of the window which has the index along this axis of the result.
    Within(usize, &'a SliceAxis),
}

impl Op {
    /// Where each axis of an operand of shape `from` is read; `None` if the operation is no view, or one that regroups elements.
    /// The operation must fit the shape, as it does in a graph.
    pub fn view_reads(&self, from: &Shape) -> Option<SmallVec<[ViewRead<'_>; 4]>> {
        match self {
            Op::Permute(axes) => {
                let mut reads = SmallVec::from_elem(ViewRead::Zero, axes.len());
                for (k, &axis) in axes.iter().enumerate() {
                    *reads.get_mut(axis)? = ViewRead::At(k);
                }
                Some(reads)
            }
            Op::Slice(windows) => Some(windows.iter().enumerate().map(|(k, w)| ViewRead::Within(k, w)).collect()),
            Op::Broadcast(to) => {
                let added = to.len().checked_sub(from.len())?;
                let read = |(k, extent): (usize, &crate::Dim)| match extent.is_one() {
                    true => ViewRead::Zero,
                    false => ViewRead::At(added + k),
                };
                Some(from.iter().enumerate().map(read).collect())
            }
            Op::Reshape(to) => unit_reshape(from, to),
            Op::Einsum(contraction) => Some(contraction.diagonal()?.into_iter().map(ViewRead::At).collect()),
            _ => None,
        }
    }
}

/// Of a reshape that only adds and drops axes of extent 1.
fn unit_reshape<'a>(from: &Shape, to: &Shape) -> Option<SmallVec<[ViewRead<'a>; 4]>> {
    let mut targets = to.iter().enumerate().filter(|(_, extent)| !extent.is_one());
    let mut reads = SmallVec::with_capacity(from.len());
    for extent in from {
        if extent.is_one() {
            reads.push(ViewRead::Zero);
            continue;
        }
        let (axis, target) = targets.next()?;
        if target != extent {
            return None;
        }
        reads.push(ViewRead::At(axis));
    }
    targets.next().is_none().then_some(reads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Contraction, Dim};
    use ViewRead::{At, Within, Zero};

    fn shape(extents: &[usize]) -> Shape {
        extents.iter().map(|&n| Dim::Fixed(n)).collect()
    }

    #[test]
    fn each_view_reads_as_the_table_says() {
        let window = SliceAxis { start: Dim::Fixed(3), step: -1, len: Dim::Fixed(2) };
        let slice = Op::Slice([window.clone()].into_iter().collect());
        assert_eq!(slice.view_reads(&shape(&[5])).unwrap()[..], [Within(0, &window)]);
        let permute = Op::Permute([2, 0, 1].into_iter().collect());
        assert_eq!(permute.view_reads(&shape(&[2, 3, 4])).unwrap()[..], [At(1), At(2), At(0)]);
        let broadcast = Op::Broadcast(shape(&[4, 5]));
        assert_eq!(broadcast.view_reads(&shape(&[1, 5])).unwrap()[..], [Zero, At(1)]);
        assert_eq!(broadcast.view_reads(&shape(&[5])).unwrap()[..], [At(1)]);
        let diagonal = Op::Einsum(Contraction::new(&[[0, 0].into_iter().collect()], &[0]).unwrap());
        assert_eq!(diagonal.view_reads(&shape(&[3, 3])).unwrap()[..], [At(0), At(0)]);
    }

    #[test]
    fn a_reshape_that_regroups_is_no_view() {
        let reshape = |from: &[usize], to: &[usize]| {
            Op::Reshape(shape(to)).view_reads(&shape(from)).map(|reads| format!("{reads:?}"))
        };
        assert_eq!(reshape(&[5], &[5, 1]).unwrap(), "[At(0)]");
        assert_eq!(reshape(&[1, 5, 1, 3], &[5, 1, 3]).unwrap(), "[Zero, At(0), Zero, At(2)]");
        assert_eq!(reshape(&[6], &[2, 3]), None);
        assert_eq!(reshape(&[2, 3], &[3, 2]), None);
        assert_eq!(reshape(&[2, 3], &[2]), None);
        assert_eq!(Op::DivMod.view_reads(&shape(&[2])), None);
    }
}
