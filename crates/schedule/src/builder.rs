//! Assembles one kernel together with what its operands and parameters are bound to.

use crate::across;
use crate::across::{Across, Packing};
use crate::ids::{Id, LoopId, Table};
use crate::placement::Address;
use fuseloom_kernel::{
    Access, Kernel, KernelStep, LiteralBind, Operand, OperandBind, OperandId, ParamBind, ParamId, Phase, Range, Role,
    ScratchBind, ScratchRows, Stride, TileRule, VarId, WorkEstimate,
};
use fuseloom_lane::DType;
use fuseloom_size::{SizeId, SizeTable};
use hashbrown::HashMap;
use std::sync::Arc;

/// What makes two operands one.
type View = (Role, Address);

/// A kernel under construction. Loops are the cluster's; a loop becomes a variable when it is first used.
pub(crate) struct KernelBuilder<'a> {
    pub(crate) sizes: &'a mut SizeTable,
    kernel: Kernel,
    operands: Vec<OperandBind>,
    params: Vec<ParamBind>,
    literals: Vec<LiteralBind>,
    scratch: Vec<ScratchBind>,
    work: Vec<WorkEstimate>,
    /// The extent of each loop.
    extents: Table<LoopId, SizeId>,
    vars: HashMap<LoopId, VarId>,
    extent_params: HashMap<LoopId, ParamId>,
    views: HashMap<View, OperandId>,
    /// The tile that a loop runs within in this phase: its counting variable and the parameter of its extent.
    tiles: HashMap<LoopId, (VarId, ParamId)>,
    /// What is packed.
    across: Option<Across>,
    /// Operands that are packed, each with the scratch that stands in for it.
    packed: Vec<(OperandId, OperandId)>,
}

/// The name of a loop's variable.
pub(crate) fn loop_name(l: LoopId) -> String {
    ["i", "j", "k", "l", "m"].get(l.index()).map_or_else(|| format!("i{}", l.index()), |s| (*s).to_string())
}

impl<'a> KernelBuilder<'a> {
    pub(crate) fn new(
        sizes: &'a mut SizeTable,
        extents: Table<LoopId, SizeId>,
        across: Option<Across>,
    ) -> KernelBuilder<'a> {
        KernelBuilder {
            sizes,
            kernel: Kernel::default(),
            operands: Vec::new(),
            params: Vec::new(),
            literals: Vec::new(),
            scratch: Vec::new(),
            work: Vec::new(),
            extents,
            vars: HashMap::new(),
            extent_params: HashMap::new(),
            views: HashMap::new(),
            tiles: HashMap::new(),
            across,
            packed: Vec::new(),
        }
    }

    /// Ends the kernel; gives also what is packed, each operand with the scratch that stands in for it.
    pub(crate) fn finish(mut self, name: String) -> (KernelStep, Vec<(OperandId, OperandId)>) {
        self.kernel.name = name.into();
        let step = KernelStep {
            kernel: Arc::new(self.kernel),
            operands: self.operands,
            params: self.params,
            literals: self.literals,
            scratch: self.scratch,
            work: self.work,
        };
        (step, self.packed)
    }

    /// Ends a phase.
    pub(crate) fn phase(&mut self, phase: Phase, work: WorkEstimate) {
        self.kernel.phases.push(phase);
        self.work.push(work);
        self.tiles.clear();
    }

    /// The extent of a loop.
    pub(crate) fn extent(&self, l: LoopId) -> SizeId {
        self.extents[l]
    }

    /// The variable of a loop.
    pub(crate) fn var(&mut self, l: LoopId) -> VarId {
        if let Some(&var) = self.vars.get(&l) {
            return var;
        }
        let var = self.new_var(loop_name(l));
        self.vars.insert(l, var);
        var
    }

    /// A variable of its own.
    pub(crate) fn new_var(&mut self, name: String) -> VarId {
        self.kernel.vars.push(name.into());
        VarId(self.kernel.vars.len() as u32 - 1)
    }

    /// A parameter.
    pub(crate) fn param(&mut self, name: String, bind: ParamBind) -> ParamId {
        self.kernel.params.push(name.into());
        self.params.push(bind);
        ParamId(self.params.len() as u32 - 1)
    }

    /// The parameter that holds a loop's extent.
    pub(crate) fn extent_param(&mut self, l: LoopId) -> ParamId {
        if let Some(&param) = self.extent_params.get(&l) {
            return param;
        }
        let extent = self.extents[l];
        let var = self.var(l);
        let name = format!("n{}", self.kernel.vars[var.0 as usize]);
        let param = self.param(name, ParamBind::Size(extent));
        self.extent_params.insert(l, param);
        param
    }

    /// The values a loop takes in this phase: all, or those of its tile.
    pub(crate) fn range(&mut self, l: LoopId) -> Range {
        let extent = self.extent_param(l);
        match self.tiles.get(&l) {
            Some(&(tile, size)) => Range::Tile { tile, size, extent },
            None => Range::Full { extent },
        }
    }

    /// Splits a loop into tiles chosen by a rule when sizes are bound; gives the counting variable and the parameter of the
    /// number of tiles.
    pub(crate) fn tile(&mut self, l: LoopId, rule: TileRule) -> (VarId, ParamId) {
        let name = self.label(l);
        let extent = self.extent_param(l);
        let size = self.param(format!("tile_{name}"), ParamBind::Tile(rule));
        let count = self.param(format!("tiles_{name}"), ParamBind::TileCount { extent, tile: size });
        let tile = self.new_var(format!("t{name}"));
        self.tiles.insert(l, (tile, size));
        (tile, count)
    }

    /// Splits a loop into tiles of a fixed formula counted by a loop of its own; gives that loop.
    pub(crate) fn tile_by(&mut self, l: LoopId, size: SizeId, count: LoopId) {
        let name = self.label(l);
        let size = self.param(format!("tile_{name}"), ParamBind::Size(size));
        let tile = self.var(count);
        self.tiles.insert(l, (tile, size));
    }

    fn label(&mut self, l: LoopId) -> String {
        let var = self.var(l);
        self.kernel.vars[var.0 as usize].0.clone()
    }

    /// A run-time literal of the lane type of `dtype`.
    pub(crate) fn literal(&mut self, bind: LiteralBind) -> u32 {
        if let Some(n) = self.literals.iter().position(|l| *l == bind) {
            return n as u32;
        }
        let dtype = match bind {
            LiteralBind::Constant(value) => value.dtype(),
            LiteralBind::Size { dtype, .. } => dtype,
        };
        self.kernel.literals.push(dtype.lane_type());
        self.literals.push(bind);
        self.literals.len() as u32 - 1
    }

    /// The operand for a view of a buffer: strides by loop.
    pub(crate) fn operand(&mut self, role: Role, name: &str, dtype: DType, address: Address) -> OperandId {
        let key = (role, address);
        if let Some(&id) = self.views.get(&key) {
            return id;
        }
        let mut index = smallvec::SmallVec::new();
        for &(l, stride) in &key.1.strides {
            let var = self.var(l);
            let known = self.sizes.known(stride);
            if known == Some(0) {
                continue;
            }
            let stride = if known == Some(dtype.size() as i64) {
                Stride::Element
            } else {
                let label = self.label(l);
                Stride::Bytes(self.param(format!("{name}_{label}"), ParamBind::Size(stride)))
            };
            index.push(Access { var, stride });
        }
        let id = self.push_operand(Operand { name: name.into(), role, dtype, index });
        self.operands.push(OperandBind::Buffer { buffer: key.1.buffer, offset: key.1.offset });
        self.views.insert(key, id);
        id
    }

    /// The operand that strips use for a view of memory: scratch in its place if it is packed.
    pub(crate) fn packed(&mut self, id: OperandId) -> OperandId {
        let Some(Across { l, axis, packing }) = self.across else { return id };
        let (across_var, along_var) = (self.var(l), self.var(axis));
        let operand = &self.kernel.operands[id.0 as usize];
        if !across::packs(packing, operand.role, operand.stride(along_var), operand.stride(across_var)) {
            return id;
        }
        if let Some(&(_, square)) = self.packed.iter().find(|(memory, _)| *memory == id) {
            return square;
        }
        let dtype = operand.dtype;
        let (name, loops) = match packing {
            Packing::Squares { .. } => (format!("{}_square", operand.name), &[l, axis][..]),
            Packing::Rows { .. } => (format!("{}_row", operand.name), &[axis][..]),
        };
        let square = self.scratch(name, dtype, loops);
        self.packed.push((id, square));
        square
    }

    /// The copies that packed operands need, as (from, to): from memory before the strips, or back to memory after.
    pub(crate) fn copies(&self, role: Role) -> Vec<(OperandId, OperandId)> {
        let copies = self.packed.iter().filter(|(memory, _)| self.kernel.operands[memory.0 as usize].role == role);
        copies.map(|&(memory, square)| if role == Role::In { (memory, square) } else { (square, memory) }).collect()
    }

    /// The element type of an operand.
    pub(crate) fn dtype(&self, id: OperandId) -> DType {
        self.kernel.operands[id.0 as usize].dtype
    }

    fn push_operand(&mut self, operand: Operand) -> OperandId {
        self.kernel.operands.push(operand);
        OperandId(self.kernel.operands.len() as u32 - 1)
    }

    /// The parameter that bounds how many values a loop takes at a time: its tile's extent, or its own.
    fn span(&mut self, l: LoopId) -> ParamId {
        match self.tiles.get(&l) {
            Some(&(_, size)) => size,
            None => self.extent_param(l),
        }
    }

    /// A private array indexed by loops, the last contiguous.
    pub(crate) fn scratch(&mut self, name: String, dtype: DType, loops: &[LoopId]) -> OperandId {
        let row: Vec<ParamId> = loops.iter().map(|&l| self.span(l)).collect();
        let n = self.scratch.len() as u32;
        let mut index = smallvec::SmallVec::new();
        for (k, &l) in loops.iter().enumerate() {
            let var = self.var(l);
            let stride = if k + 1 == loops.len() {
                Stride::Element
            } else {
                let inner = row[k + 1..].to_vec();
                let bind = ParamBind::ScratchStride { elements: inner, size: dtype.size() as u32 };
                Stride::Bytes(self.param(format!("{name}_{k}"), bind))
            };
            index.push(Access { var, stride });
        }
        self.scratch.push(ScratchBind { dtype, row, rows: ScratchRows::One });
        let offset = self.param(format!("{name}_at"), ParamBind::ScratchOffset(n));
        self.operands.push(OperandBind::Scratch);
        self.push_operand(Operand { name: name.into(), role: Role::Scratch { offset }, dtype, index })
    }

    /// The working rows of a scan along an enclosing loop, for strips along `axis`.
    pub(crate) fn scan_work(&mut self, name: String, dtype: DType, axis: Option<LoopId>) -> OperandId {
        let row: Vec<ParamId> = axis.iter().map(|&l| self.span(l)).collect();
        self.rows(name, dtype, axis, ScratchBind { dtype: DType::F64, row, rows: ScratchRows::Scan })
    }

    /// The working rows of a reduction over an enclosing loop, for strips along `axis`.
    pub(crate) fn work(
        &mut self,
        name: String,
        dtype: DType,
        states: u8,
        over: LoopId,
        axis: Option<LoopId>,
    ) -> OperandId {
        let row: Vec<ParamId> = axis.iter().map(|&l| self.span(l)).collect();
        let extent = self.extent_param(over);
        self.rows(name, dtype, axis, ScratchBind { dtype: DType::F64, row, rows: ScratchRows::Work { states, extent } })
    }

    /// An operand of working rows.
    fn rows(&mut self, name: String, dtype: DType, axis: Option<LoopId>, bind: ScratchBind) -> OperandId {
        let n = self.scratch.len() as u32;
        self.scratch.push(bind);
        let offset = self.param(format!("{name}_at"), ParamBind::ScratchOffset(n));
        let row = self.param(format!("{name}_row"), ParamBind::ScratchRow(n));
        let mut index = smallvec::SmallVec::new();
        if let Some(l) = axis {
            index.push(Access { var: self.var(l), stride: Stride::Element });
        }
        self.operands.push(OperandBind::Scratch);
        self.push_operand(Operand { name: name.into(), role: Role::Work { offset, row }, dtype, index })
    }
}
