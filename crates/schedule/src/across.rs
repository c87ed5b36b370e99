//! Operands that do not lie along the strips, packed through scratch.
//!
//! **Squares**: transposes, and C order beside Fortran order. A strip runs along one loop. An operand that is contiguous along
//! another one is read a cache line for each element, and each line again for every element of it. So both loops are tiled,
//! and a square of such an operand goes through scratch: one strip a row of the memory fills (or empties) the square, and the
//! strips of the kernel walk it contiguously.
//!
//! ```text
//! parallel ti, tj                                     y[i,j] = x[i,j] + x[j,i]
//!   loop j < tile { strip i < tile: square[i,j] = x[j,i] }
//!   loop i < tile { strip j < tile: y[i,j] = x[i,j] + square[i,j] }
//! ```
//!
//! **Rows**: what another loop reads again and again, with elements apart. It is packed once for all values of that loop.
//!
//! ```text
//! parallel ti, tj                                     y[i,j] = (p[i,0] - q[j,0])**2 + (p[i,1] - q[j,1])**2
//!   strip j < tile: row0[j] = q[j,0]
//!   strip j < tile: row1[j] = q[j,1]
//!   loop i < tile { strip j < tile: y[i,j] = (p[i,0] - row0[j])**2 + (p[i,1] - row1[j])**2 }
//! ```

use crate::builder::KernelBuilder;
use crate::cluster::Mode;
use crate::cost;
use crate::ids::LoopId;
use crate::refusal::Unpacked;
use crate::scope::Scope;
use crate::touch::{Access, accesses};
use fuseloom_kernel::{Input, Item, Loop, LoopKind, OperandId, Output, Role, Stride, Strip};
use fuseloom_lane::{Builder, Value};
use fuseloom_size::SizeTable;

/// The second loop of a kernel whose operands are packed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Across {
    /// The loop that they lie along, or that reads them again.
    pub(crate) l: LoopId,
    /// The loop of the strips.
    pub(crate) axis: LoopId,
    /// What is packed.
    pub(crate) packing: Packing,
}

/// What is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Packing {
    /// Squares of operands that lie along the loop.
    Squares {
        /// Bytes of their widest elements.
        element: usize,
    },
    /// Rows of operands that do not move along the loop.
    Rows {
        /// Bytes of their elements at one place of the strip.
        packed: usize,
        /// Bytes of what moves along the loop alone, at one place of it.
        held: usize,
    },
}

/// Finds the loop for which packing pays, or why there is none: both it and that of the strips fill cache lines, and there is
/// more than fits the first-level cache anyway.
pub(crate) fn find(scope: &Scope<'_>, sizes: &mut SizeTable) -> Result<Across, Unpacked> {
    let levels = &scope.cluster.structure.levels;
    let axis = match (scope.cluster.structure.mode, &levels[..]) {
        (Mode::Pointwise, [outer, ..]) => outer.last().copied(),
        (Mode::Rows, [_, inner]) if inner.len() == 1 => inner.last().copied(),
        (Mode::Rows | Mode::Columns | Mode::Pointwise, _) => None,
        (Mode::Blocks(_), _) => return Err(Unpacked::InBlock),
    };
    let axis = axis.ok_or(Unpacked::SeveralLoops)?;
    let extent = |l: LoopId| sizes.hint(scope.cluster.extents[l]);
    let points = sizes.hint_product(levels.iter().flatten().map(|&l| scope.cluster.extents[l]));
    if extent(axis) < cost::LINE {
        return Err(Unpacked::ShortStrips);
    }
    if points < cost::SQUARES {
        return Err(Unpacked::FewElements);
    }
    if levels.iter().flatten().count() == 1 {
        return Err(Unpacked::Once);
    }
    let memory = accesses(scope, sizes).memory;
    let apart: Vec<&Access> = memory.iter().filter(|access| apart(access, sizes, axis)).collect();
    match squares(scope, sizes, axis, &apart) {
        Some(found) => Ok(found),
        None => rows(scope, sizes, axis, (&memory, &apart)),
    }
}

/// Whether the elements of an operand are apart along the strips.
fn apart(access: &Access, sizes: &SizeTable, axis: LoopId) -> bool {
    access.address.stride(axis).is_some_and(|s| sizes.known(s) != Some(access.element as i64))
}

/// The loop that most of the operands lie along.
fn squares(scope: &Scope<'_>, sizes: &SizeTable, axis: LoopId, apart: &[&Access]) -> Option<Across> {
    if scope.cluster.structure.mode != Mode::Pointwise {
        return None;
    }
    let loops = scope.cluster.structure.levels[0].iter().copied();
    let wide = loops.filter(|&l| l != axis && sizes.hint(scope.cluster.extents[l]) >= cost::LINE);
    let mut found: Vec<(usize, LoopId, usize)> = Vec::new();
    for l in wide {
        let lie = apart.iter().filter(|a| a.address.stride(l).and_then(|s| sizes.known(s)) == Some(a.element as i64));
        let elements: Vec<usize> = lie.map(|a| a.element).collect();
        if let Some(&widest) = elements.iter().max() {
            found.push((elements.len(), l, widest));
        }
    }
    let (_, l, element) = found.into_iter().max()?;
    Some(Across { l, axis, packing: Packing::Squares { element } })
}

/// The loop around the strips that reads the operands again, or why none does so often enough.
fn rows(
    scope: &Scope<'_>,
    sizes: &SizeTable,
    axis: LoopId,
    (memory, apart): (&[Access], &[&Access]),
) -> Result<Across, Unpacked> {
    let cluster = scope.cluster;
    let outer = cluster.structure.levels[0].iter().copied();
    let l = match cluster.structure.mode {
        // The one that is tiled.
        Mode::Rows => outer.last(),
        Mode::Pointwise | Mode::Columns | Mode::Blocks(_) => {
            outer.filter(|l| *l != axis).max_by_key(|&l| sizes.hint(cluster.extents[l]))
        }
    };
    let l = l.ok_or(Unpacked::Once)?;
    if sizes.hint(cluster.extents[l]) < cost::LINE {
        return Err(Unpacked::ShortLoop);
    }
    let again = apart.iter().filter(|a| a.address.stride(l).is_none());
    let packed: usize = again.map(|a| a.element).sum();
    let row = sizes.hint(cluster.extents[axis]).saturating_mul(packed as i64);
    if packed == 0 {
        return Err(Unpacked::Once);
    }
    if cluster.structure.mode == Mode::Rows && row > cost::RESIDENT {
        return Err(Unpacked::LongRow);
    }
    let held = memory.iter().filter(|a| a.address.stride(axis).is_none()).map(|a| a.element).sum();
    Ok(Across { l, axis, packing: Packing::Rows { packed, held } })
}

/// Whether a strip's operand is packed, given whether its elements are contiguous (or apart) along the strips and along the
/// loop.
pub(crate) fn packs(packing: Packing, role: Role, along: Option<Stride>, across: Option<Stride>) -> bool {
    match packing {
        Packing::Squares { .. } => across == Some(Stride::Element) && along.is_some(),
        Packing::Rows { .. } => role == Role::In && across.is_none() && matches!(along, Some(Stride::Bytes(_))),
    }
}

/// Adds the copies through scratch around the strips of a phase.
pub(crate) fn pack(builder: &mut KernelBuilder<'_>, across: Across, body: &mut Vec<Item>) {
    let into = builder.copies(Role::In);
    let back = builder.copies(Role::Out);
    let mut items: Vec<Item> = into.into_iter().map(|copy| copied(builder, across, copy)).collect();
    items.append(body);
    items.extend(back.into_iter().map(|copy| copied(builder, across, copy)));
    *body = items;
}

/// A copy: of a square row by row of the memory, or of a row.
fn copied(builder: &mut KernelBuilder<'_>, across: Across, (from, to): (OperandId, OperandId)) -> Item {
    let dtype = builder.dtype(from).lane_type();
    let (along, around) = match across.packing {
        Packing::Squares { .. } => (across.l, Some(across.axis)),
        Packing::Rows { .. } => (across.axis, None),
    };
    let strip = Item::Strip(Strip {
        axis: Some((builder.var(along), builder.range(along))),
        inputs: vec![Input::Load(from)],
        gathers: Vec::new(),
        program: Builder::new(&[dtype]).finish(&[Value(0)]),
        outputs: vec![Output::Store(to)],
    });
    let Some(around) = around else { return strip };
    let (var, range) = (builder.var(around), builder.range(around));
    Item::Loop(Loop { var, range, kind: LoopKind::Serial, body: vec![strip] })
}
