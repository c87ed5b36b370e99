//! One task: what it computes at the points of its domain, and what it reads there.
//!
//! A task is of one kind, [`Work`]. What else is asked of tasks, whether one reduces and along which axis, whether its elements
//! are gone through twice, is derived from that here, and nowhere guessed from the number of reads or results.

use crate::ids::{AxisId, Id};
use crate::placement::Placement;
use crate::reads::Read;
use fuseloom_graph::{Dim, NodeId};
use fuseloom_lane::{DType, Reduction, Scan};
use fuseloom_library::Call;
use fuseloom_size::SizeId;

/// One task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// The node it computes, or on behalf of which it copies.
    pub(crate) node: NodeId,
    pub(crate) work: Work,
    /// The extents of its iteration space: the node's shape, the input's for a reduction, the piece's for a copy, and
    /// `[batch.., m, n, k]` for a product.
    pub(crate) domain: Vec<SizeId>,
    /// What it reads at each point of its domain.
    pub(crate) reads: Vec<Read>,
    /// The dtype of each of its results.
    pub(crate) dtypes: Vec<DType>,
}

/// What a task does.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// An elementwise function, or a conversion.
    Map,
    /// Reduces an axis.
    Reduce(Reduce),
    /// Scans along an axis.
    Scan { op: Scan, axis: AxisId },
    /// Reads an array at computed indices.
    Take(Take),
    /// Multiplies matrices.
    Product(Product),
    /// Writes what it reads to a place.
    Copy(Placement),
    /// Has a library compute it.
    Library(Library),
}

/// A reduction.
#[derive(Clone, Debug)]
pub(crate) struct Reduce {
    pub(crate) op: Reduction,
    /// The axis of the domain.
    pub(crate) axis: AxisId,
    /// The dtype of what is reduced.
    pub(crate) dtype: DType,
    /// Where states are combined rather than elements reduced: of how many elements each is.
    pub(crate) combined: Option<Dim>,
}

/// The array of a `take`: read from memory at a computed index along one axis.
#[derive(Clone, Debug)]
pub(crate) struct Take {
    /// The array as a view of what is stored, over its own axes.
    pub(crate) read: Read,
    /// The number of its axes.
    pub(crate) rank: usize,
    /// The axis that is indexed.
    pub(crate) axis: usize,
    /// The extent of that axis.
    pub(crate) extent: SizeId,
    /// The number of axes of the index array, which stand in its place.
    pub(crate) index_rank: usize,
}

/// A function of a library: a step of its own, without loops that others could share. Its domain is a point.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    pub(crate) call: Call,
    /// Its inputs, which lie in memory in C order.
    pub(crate) operands: Vec<Read>,
}

/// A product of matrices: the axes of its domain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    pub(crate) rows: AxisId,
    pub(crate) columns: AxisId,
    /// The axis that is summed over.
    pub(crate) depth: AxisId,
}

impl Task {
    /// The axis of the domain that the result does not have: what a reduction or a product sums up.
    pub(crate) fn reduced(&self) -> Option<AxisId> {
        match &self.work {
            Work::Reduce(reduce) => Some(reduce.axis),
            Work::Product(product) => Some(product.depth),
            Work::Map | Work::Scan { .. } | Work::Take(_) | Work::Copy(_) | Work::Library(_) => None,
        }
    }

    /// The axis of the domain that it scans along, if it does.
    pub(crate) fn scanned(&self) -> Option<AxisId> {
        match self.work {
            Work::Scan { axis, .. } => Some(axis),
            _ => None,
        }
    }

    /// The product of matrices, if it is one.
    pub(crate) fn product(&self) -> Option<Product> {
        match self.work {
            Work::Product(product) => Some(product),
            _ => None,
        }
    }

    /// The place it copies to, if it is a copy: not the memory of a value that it computes.
    pub(crate) fn copies_to(&self) -> Option<&Placement> {
        match &self.work {
            Work::Copy(place) => Some(place),
            _ => None,
        }
    }

    /// The array that it reads at computed indices, if it does.
    pub(crate) fn taken(&self) -> Option<&Read> {
        match &self.work {
            Work::Take(take) => Some(&take.read),
            _ => None,
        }
    }

    /// What a library computes it by, if one does.
    pub(crate) fn library(&self) -> Option<&Library> {
        match &self.work {
            Work::Library(library) => Some(library),
            _ => None,
        }
    }

    /// All that it reads: the array of a `take` and what a library works on too.
    pub(crate) fn all_reads(&self) -> impl Iterator<Item = &Read> {
        let operands = self.library().map_or(&[][..], |library| &library.operands);
        self.reads.iter().chain(self.taken()).chain(operands)
    }

    /// Whether each element of the result depends on one point of the domain, and is where it is: no reduction, no scan, no
    /// product, nothing at computed indices.
    pub(crate) fn is_pointwise(&self) -> bool {
        matches!(self.work, Work::Map | Work::Copy(_))
    }

    /// Whether its results are moments, of elements or of moments.
    pub(crate) fn is_moments(&self) -> bool {
        matches!(&self.work, Work::Reduce(reduce) if reduce.op == Reduction::Moments)
    }

    /// Whether each block of what it reads is gone through twice: moments of elements are a mean first, and then what is off.
    pub(crate) fn walks_twice(&self) -> bool {
        matches!(&self.work, Work::Reduce(Reduce { op: Reduction::Moments, combined: None, .. }))
    }

    /// The axes of the domain that remain in the result, in order.
    pub(crate) fn kept_axes(&self) -> impl DoubleEndedIterator<Item = AxisId> + '_ {
        let reduced = self.reduced();
        (0..self.domain.len()).map(AxisId::new).filter(move |k| Some(*k) != reduced)
    }
}

impl Reduce {
    /// The number of its states.
    pub(crate) fn state_count(&self) -> usize {
        self.op.states(self.dtype).len()
    }

    /// The state that result `k` of its node is.
    pub(crate) fn state_of_result(&self, k: u32) -> usize {
        match self.op {
            Reduction::ArgMax | Reduction::ArgMin => 1,
            Reduction::Moments => k as usize + 1,
            Reduction::Sum | Reduction::Prod | Reduction::Max | Reduction::Min | Reduction::Any | Reduction::All => 0,
        }
    }
}
