//! How the loops that are tiled are cut when sizes are bound.

use super::Emitter;
use crate::across::Packing;
use crate::blocks;
use crate::cluster::Mode;
use crate::ids::{LoopId, TaskId};
use crate::nest::{Node, PhaseNest};
use crate::work::Work;
use fuseloom_kernel::{TileRule, WorkEstimate};
use fuseloom_lane::tree;
use fuseloom_size::SizeId;

impl Emitter<'_> {
    pub(super) fn tile_rule(&mut self, l: LoopId, phase: &PhaseNest, work: &WorkEstimate) -> TileRule {
        let extent = self.builder.extent(l);
        let one = self.builder.sizes.constant(1);
        match self.across.map(|a| (a.packing, a.axis == l)) {
            Some((Packing::Squares { element }, along)) => {
                return TileRule::Square { extent, bytes: element as u32, along };
            }
            Some((Packing::Rows { packed, .. }, true)) => return TileRule::Packed { extent, bytes: packed as u32 },
            Some((Packing::Rows { held, .. }, false)) if phase.tiled.len() > 1 => {
                return TileRule::Chunk { extent, outer: one, bytes: held.max(16) as u32 };
            }
            Some((Packing::Rows { .. }, false)) | None => {}
        }
        let outer: Vec<SizeId> = phase.parallel.iter().map(|&l| self.builder.extent(l)).collect();
        let outer = self.builder.sizes.product(outer);
        let points = self.builder.sizes.hint(outer).saturating_mul(self.builder.sizes.hint(extent)).max(1);
        let each = (self.builder.sizes.hint(work.bytes) / points).clamp(1, 1 << 24) as u32;
        match self.scope.cluster.structure.mode {
            Mode::Blocks(blocks) => {
                blocks::tile_rule(self.scope.cluster, self.scope.tasks, self.builder.sizes, blocks, l)
            }
            Mode::Columns => {
                let states: usize = self.scope.cluster.tasks.iter().map(|t| self.state_count(*t)).sum();
                let held = (states.max(1) * tree::LANES * 8) as i64;
                let again = self.read_again(phase).saturating_mul(4);
                TileRule::Columns { extent, outer, bytes: held.max(again).min(1 << 20) as u32 }
            }
            Mode::Pointwise | Mode::Rows => TileRule::Chunk { extent, outer, bytes: each },
        }
    }

    /// How many elements of a column are gone through a second time: those of a block for moments, all for a second stage.
    fn read_again(&mut self, phase: &PhaseNest) -> i64 {
        let loops = phase.body.iter().filter(|node| matches!(node, Node::Loop { .. })).count();
        if loops > 1 {
            let inner = self.scope.cluster.structure.levels[1..].iter().flatten();
            let extents: Vec<SizeId> = inner.map(|&l| self.builder.extent(l)).collect();
            return self.builder.sizes.hint_product(extents);
        }
        let moments = |t: &TaskId| self.scope.tasks[*t].is_moments();
        if self.scope.cluster.tasks.iter().any(moments) { tree::BLOCK as i64 } else { 0 }
    }

    fn state_count(&self, task: TaskId) -> usize {
        match &self.scope.tasks[task].work {
            Work::Reduce(reduce) => reduce.state_count(),
            _ => 0,
        }
    }
}
