//! Operands that lie across the strips: transposes, and C order beside Fortran order.
//!
//! A strip runs along one loop. An operand that is contiguous along another one is read a cache line for each element, and
//! each line again for every element of it. So both loops are tiled, and a square of such an operand goes through scratch:
//! one strip a row of the memory fills (or empties) the square, and the strips of the kernel walk it contiguously.
//!
//! ```text
//! parallel ti, tj                                     y[i,j] = x[i,j] + x[j,i]
//!   loop j < tile { strip i < tile: square[i,j] = x[j,i] }
//!   loop i < tile { strip j < tile: y[i,j] = x[i,j] + square[i,j] }
//! ```

use crate::access::{Scope, Touch, touches};
use crate::builder::KernelBuilder;
use crate::cost;
use crate::sizes::SizeTable;
use crate::structure::Mode;
use fuseloom_kernel::{Input, Item, Loop, LoopKind, OperandId, Output, Role, Strip};
use fuseloom_lane::{Builder, Value};

/// The second loop of a kernel whose operands lie in two directions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Across {
    /// The loop that they lie along.
    pub(crate) l: usize,
    /// The loop of the strips.
    pub(crate) axis: usize,
    /// Bytes of their widest elements.
    pub(crate) element: usize,
}

/// Finds the loop that most operands lie along which do not lie along the strips, where packing them pays: both loops fill
/// cache lines, and there is more than fits the first-level cache anyway.
pub(crate) fn find(scope: &Scope<'_>, sizes: &mut SizeTable) -> Option<Across> {
    const LINE: i64 = 16;
    let cluster = scope.cluster;
    let loops = &cluster.structure.levels[0];
    let (Mode::Pointwise, Some(&axis)) = (cluster.structure.mode, loops.last()) else { return None };
    let extent = |l: usize| sizes.hint(cluster.extents[l]);
    if extent(axis) < LINE || sizes.hint_product(loops.iter().map(|&l| cluster.extents[l])) < cost::SQUARES {
        return None;
    }
    let wide: Vec<usize> = loops.iter().copied().filter(|&l| l != axis && extent(l) >= LINE).collect();
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for touch in touches(scope, sizes) {
        let Touch::Memory { element, strides } = touch else { continue };
        let stride = |l: usize| strides.iter().find(|(m, _)| *m == l).map(|(_, stride)| *stride);
        let contiguous = |l: usize| stride(l).and_then(|s| sizes.known(s)) == Some(element as i64);
        if stride(axis).is_none() || contiguous(axis) {
            continue;
        }
        for &l in wide.iter().filter(|&&l| contiguous(l)) {
            match found.iter_mut().find(|(m, ..)| *m == l) {
                Some((_, count, widest)) => (*count, *widest) = (*count + 1, element.max(*widest)),
                None => found.push((l, 1, element)),
            }
        }
    }
    let (l, _, element) = found.into_iter().max_by_key(|&(l, count, _)| (count, l))?;
    Some(Across { l, axis, element })
}

/// Adds the copies through scratch around the strips of a phase.
pub(crate) fn pack(builder: &mut KernelBuilder<'_>, across: Across, body: &mut Vec<Item>) {
    let into = builder.copies(Role::In);
    let back = builder.copies(Role::Out);
    let mut items: Vec<Item> = into.into_iter().map(|copy| rows(builder, across, copy)).collect();
    items.append(body);
    items.extend(back.into_iter().map(|copy| rows(builder, across, copy)));
    *body = items;
}

/// A copy of a square, row by row of the memory.
fn rows(builder: &mut KernelBuilder<'_>, across: Across, (from, to): (OperandId, OperandId)) -> Item {
    let dtype = builder.dtype(from).lane_type();
    let strip = Strip {
        axis: Some((builder.var(across.l), builder.range(across.l))),
        inputs: vec![Input::Load(from)],
        gathers: Vec::new(),
        program: Builder::new(&[dtype]).finish(&[Value(0)]),
        outputs: vec![Output::Store(to)],
    };
    let (var, range) = (builder.var(across.axis), builder.range(across.axis));
    Item::Loop(Loop { var, range, kind: LoopKind::Serial, body: vec![Item::Strip(strip)] })
}
