//! How the loops of a kernel run, and why: what is recorded for people once the kernel is there.

use super::parts::Cut;
use crate::across::{Across, Packing};
use crate::blocks::Segment;
use crate::builder::loop_name;
use crate::cluster::Mode;
use crate::decision::{LoopChoice, LoopDecision};
use crate::ids::{LoopId, TaskId};
use crate::nest::{Nest, Node};
use crate::refusal::Unpacked;
use crate::scope::Scope;
use fuseloom_kernel::{
    Kernel, KernelStep, OperandId, ParamBind, ParamId, Role, Stride, Strip, TileRule, Use, operand_names,
};
use fuseloom_size::{SizeId, SizeTable};

/// What was chosen while the kernel was built.
pub(super) struct Chosen<'a> {
    /// Whether a loop is cut into parts.
    pub(super) cut: Cut,
    /// What is packed, or why nothing is.
    pub(super) across: Result<Across, Unpacked>,
    /// Operands that are packed, each with the scratch that stands in for it.
    pub(super) packed: &'a [(OperandId, OperandId)],
}

/// Every choice about the loops of a kernel: products and what surrounds them, then order, strips, tiles, parts, packing.
pub(super) fn decisions(
    scope: &Scope<'_>,
    sizes: &SizeTable,
    layout: &Nest,
    step: &KernelStep,
    chosen: &Chosen<'_>,
) -> Vec<LoopDecision> {
    let mut all = products(scope);
    all.extend(order(scope));
    all.extend(strips(scope, layout, &step.kernel));
    all.extend(tiles(step));
    all.extend(parts(scope, sizes, &chosen.cut));
    all.extend(packing(&step.kernel, chosen));
    all
}

fn decision(choice: LoopChoice, subject: impl Into<String>, reason: impl Into<String>) -> LoopDecision {
    LoopDecision { choice, subject: subject.into(), reason: reason.into() }
}

fn names(loops: impl IntoIterator<Item = LoopId>) -> String {
    loops.into_iter().map(loop_name).collect::<Vec<_>>().join(", ")
}

/// The products of the library, and what is done on their blocks.
fn products(scope: &Scope<'_>) -> Vec<LoopDecision> {
    let Mode::Blocks(blocks) = scope.cluster.structure.mode else { return Vec::new() };
    let node = |t: &TaskId| format!("%{}", scope.tasks[*t].node.0);
    let segments =
        crate::blocks::segments(scope.cluster, scope.tasks).expect("a structure was found, so its parts nest");
    let mut all = Vec::new();
    let mut last: Option<TaskId> = None;
    for segment in &segments {
        match segment {
            Segment::Product(task) => {
                let reason = "a library multiplies floats block by block; outside the promise of equal bits: they may \
                              change with the instruction set, the tiles and what is fused, never with threads or runs";
                all.push(decision(LoopChoice::Product, node(task), reason));
                last = Some(*task);
            }
            Segment::Strips(part) => {
                let done = part.tasks.iter().map(node).collect::<Vec<_>>().join(", ");
                let block = if blocks.columns.is_some() { "tile" } else { "block of rows" };
                all.push(match last {
                    Some(product) => {
                        let reason = format!("done on each {block} of {} while it is in cache", node(&product));
                        decision(LoopChoice::Epilogue, done, reason)
                    }
                    None => {
                        let reason = format!("done on each {block} of the left matrix before it is multiplied");
                        decision(LoopChoice::Prologue, done, reason)
                    }
                });
            }
        }
    }
    all
}

/// The order of the loops, if there are several.
fn order(scope: &Scope<'_>) -> Option<LoopDecision> {
    let levels = &scope.cluster.structure.levels;
    let loops: Vec<LoopId> = levels.iter().flatten().copied().collect();
    if loops.len() < 2 {
        return None;
    }
    let (outer, inner) = (&levels[0], names(levels[1..].iter().flatten().copied()));
    let reason = match scope.cluster.structure.mode {
        Mode::Pointwise => "the axes' own, the loop of the strips innermost; all of them are parallel".to_string(),
        Mode::Rows | Mode::Columns if outer.is_empty() => "one level inside of the other, as values depend".to_string(),
        Mode::Rows | Mode::Columns => {
            format!(
                "all values have {}, parallel; {inner} inside, where it is reduced or scanned",
                names(outer.clone())
            )
        }
        Mode::Blocks(_) => format!("blocks are cut from {}, parallel; {inner} inside of a block", names(outer.clone())),
    };
    Some(decision(LoopChoice::Order, names(loops), reason))
}

/// The loops that strips run along.
fn strips(scope: &Scope<'_>, layout: &Nest, kernel: &Kernel) -> Vec<LoopDecision> {
    let mut axes = Vec::new();
    layout.phases.iter().for_each(|phase| strip_axes(&phase.body, &mut axes));
    let lying = |l: LoopId| {
        let of = |operand: &fuseloom_kernel::Operand| {
            let along = operand.index.iter().find(|access| kernel.vars[access.var.0 as usize].0 == loop_name(l));
            matches!(operand.role, Role::In | Role::Out).then_some(along.map(|access| access.stride)).flatten()
        };
        let strides: Vec<Stride> = kernel.operands.iter().filter_map(of).collect();
        (strides.iter().filter(|stride| **stride == Stride::Element).count(), strides.len())
    };
    let loops: Vec<LoopId> = scope.cluster.structure.levels.iter().flatten().copied().collect();
    let one = |&l: &LoopId| {
        let mut reason = match lying(l) {
            (_, 0) => "no array moves along it".to_string(),
            (n, m) => format!("{n} of {m} arrays lie side by side along it"),
        };
        for &other in loops.iter().filter(|other| **other != l) {
            if let (n @ 1.., _) = lying(other) {
                reason += &format!(", {n} along {}", loop_name(other));
            }
        }
        let task = |t: &&TaskId| scope.cluster.reduced(scope.tasks, **t) == Some(l);
        let (mode, tasks) = (scope.cluster.structure.mode, &scope.cluster.tasks);
        if tasks.iter().find(task).is_some() {
            reason += "; what is reduced ends within a strip";
        } else if tasks.iter().any(|t| scope.cluster.scanned(scope.tasks, *t) == Some(l)) {
            reason += "; what is scanned goes along it";
        } else if mode == Mode::Columns {
            let around = names(scope.cluster.structure.levels[1..].iter().flatten().copied());
            reason += &format!("; {around}, which is reduced or scanned, is a loop around the strips");
        }
        decision(LoopChoice::Strips { extent: scope.cluster.extents[l] }, loop_name(l), reason)
    };
    axes.iter().filter(|l| scope.cluster.extents.get(**l).is_some()).map(one).collect()
}

fn strip_axes(nodes: &[Node], axes: &mut Vec<LoopId>) {
    for node in nodes {
        match node {
            Node::Loop { body, .. } => strip_axes(body, axes),
            Node::Strip { axis, .. } => axes.extend(axis.filter(|l| !axes.contains(l))),
            // Of a reduction or a scan that is cut into parts; its own line says how.
            Node::Combine { .. } | Node::Totals { .. } | Node::Carries { .. } | Node::Product { .. } => {}
        }
    }
}

/// The tiles whose extents binding chooses.
fn tiles(step: &KernelStep) -> Vec<LoopDecision> {
    let mut seen: Vec<(&str, &TileRule)> = Vec::new();
    let mut all = Vec::new();
    for (k, bind) in step.params.iter().enumerate() {
        let ParamBind::Tile(rule) = bind else { continue };
        let name = step.kernel.params[k].0.as_str();
        if seen.contains(&(name, rule)) {
            continue;
        }
        seen.push((name, rule));
        let (extent, reason) = of_rule(rule);
        let choice = LoopChoice::Tile { extent, tile: ParamId(k as u32) };
        all.push(decision(choice, name.strip_prefix("tile_").unwrap_or(name), reason));
    }
    all
}

fn of_rule(rule: &TileRule) -> (SizeId, String) {
    match *rule {
        TileRule::Chunk { extent, bytes, .. } => (
            extent,
            format!("{bytes} bytes for each, in chunks within the second-level cache, several for every thread"),
        ),
        TileRule::Block { extent, most, .. } => (
            extent,
            format!("a block stays in the second-level cache; at most {most}, and by sizes alone, never by threads"),
        ),
        TileRule::Columns { extent, bytes, .. } => {
            (extent, format!("what is gone through again, {bytes} bytes for each, stays in the second-level cache"))
        }
        TileRule::Packed { extent, bytes } => {
            (extent, format!("what is packed, {bytes} bytes for each, stays in the first-level cache"))
        }
        TileRule::Square { extent, bytes, .. } => {
            (extent, format!("a square of elements of {bytes} bytes stays in the first-level cache"))
        }
    }
}

/// Whether a loop that has an order is cut.
fn parts(scope: &Scope<'_>, sizes: &SizeTable, cut: &Cut) -> Option<LoopDecision> {
    match *cut {
        Cut::Parts(split, part) => {
            let choice = LoopChoice::Parts { extent: scope.cluster.extents[split.over], part };
            let outer = &scope.cluster.structure.levels[0];
            let points = sizes.hint_product(outer.iter().map(|&l| scope.cluster.extents[l]));
            let scans = scope.cluster.tasks.iter().any(|t| scope.cluster.scanned(scope.tasks, *t).is_some());
            let then = match scans {
                true => "first what each part comes to, then what comes before each, then the scan of each",
                false => "a phase after it puts them together along the reduction's tree",
            };
            let around =
                if points == 1 { "nothing around it".to_string() } else { format!("{points} points around it") };
            Some(decision(choice, loop_name(split.over), format!("{around} to share among threads; {then}")))
        }
        Cut::Refused(over, reason) => {
            let choice = LoopChoice::Whole { extent: scope.cluster.extents[over] };
            Some(decision(choice, loop_name(over), format!("few points are left to share among threads, but {reason}")))
        }
        Cut::Needless => None,
    }
}

/// The operands that do not lie along the strips.
fn packing(kernel: &Kernel, chosen: &Chosen<'_>) -> Vec<LoopDecision> {
    let names = operand_names(kernel);
    let list = |ids: &[OperandId]| {
        ids.iter().filter_map(|id| names.get(id.0 as usize).cloned()).collect::<Vec<_>>().join(", ")
    };
    let mut all = Vec::new();
    let packed: Vec<OperandId> = chosen.packed.iter().map(|(memory, _)| *memory).collect();
    if let (Ok(across), false) = (&chosen.across, packed.is_empty()) {
        let (l, axis) = (loop_name(across.l), loop_name(across.axis));
        let reason = match across.packing {
            Packing::Squares { .. } => {
                format!("side by side along {l}, across strips along {axis}: squares go through scratch")
            }
            Packing::Rows { .. } => {
                format!("elements apart along {axis}, which {l} reads again: copied once to a row of scratch")
            }
        };
        all.push(decision(LoopChoice::Pack, list(&packed), reason));
    }
    let mut apart = Vec::new();
    for strip in kernel.strips() {
        strided(kernel, strip, &mut apart);
    }
    apart.retain(|id| !packed.contains(id));
    if !apart.is_empty() {
        let reason = chosen.across.err().unwrap_or(Unpacked::Once);
        all.push(decision(LoopChoice::Apart, list(&apart), format!("not packed: {reason}")));
    }
    all
}

/// The operands in memory that a strip loads or stores with a stride.
fn strided(kernel: &Kernel, strip: &Strip, found: &mut Vec<OperandId>) {
    let Some((var, _)) = strip.axis else { return };
    for (id, _) in strip.uses().filter(|(_, used)| matches!(used, Use::Load | Use::Store)) {
        let operand = &kernel.operands[id.0 as usize];
        let memory = matches!(operand.role, Role::In | Role::Out);
        if memory && matches!(operand.stride(var), Some(Stride::Bytes(_))) && !found.contains(&id) {
            found.push(id);
        }
    }
}
