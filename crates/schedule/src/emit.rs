//! From a cluster to a kernel step: nest, staging, strips.

mod loops;
mod parts;
mod scan;
mod staging;

use crate::across;
use crate::across::{Across, Packing};
use crate::blocks;
use crate::builder::KernelBuilder;
use crate::cluster::{Cluster, Mode};
use crate::coalesce::coalesce;
use crate::decision::LoopDecision;
use crate::ids::{Id, LoopId, NestId, TaskId};
use crate::index::{LoopIndices, compose};
use crate::nest::{Nest, Node, PhaseNest, Split, nest};
use crate::placement::address;
use crate::reads::ValueRef;
use crate::refusal::Unpacked;
use crate::scope::Scope;
use crate::source::{Source, Sources};
use crate::strip::{ExprId, StripBody, name_of};
use crate::tasks::Tasks;
use crate::touch;
use crate::work::{Reduce, Work};
use fuseloom_graph::Graph;
use fuseloom_kernel::{
    Grouping, Input, Item, KernelStep, Loop, LoopKind, OperandId, Output, Parallel, Phase, Product, Range, ReduceInto,
    Role, TileRule, WorkEstimate,
};
use fuseloom_lane::{DType, Reduction, tree};
use fuseloom_size::{SizeId, SizeTable};
use hashbrown::{HashMap, HashSet};
use parts::{Cut, Partial};

/// Builds the step of a cluster; gives also how its loops run, and why.
pub(crate) fn emit(
    graph: &Graph,
    tasks: &mut Tasks,
    sizes: &mut SizeTable,
    sources: &Sources,
    cluster: &Cluster,
    name: String,
) -> (KernelStep, Vec<LoopDecision>) {
    let mut cluster = coalesce(&Scope { graph, tasks, sources, cluster }, sizes);
    let fused = |task: TaskId| fused_reads(tasks, sources, task);
    let scans = cluster.tasks.iter().any(|t| cluster.scanned(tasks, *t).is_some());
    let cut = match scans {
        true => scan::split(tasks, sizes, &mut cluster, &fused),
        false => parts::split(tasks, sizes, &mut cluster, &fused),
    };
    let split = match cut {
        Cut::Parts(split, size) => Some((split, size)),
        Cut::Refused(..) | Cut::Needless => None,
    };
    let across = across::find(&Scope { graph, tasks, sources, cluster: &cluster }, sizes);
    let layout = nest(&cluster, tasks, &fused, split.map(|(split, _)| split), across.ok().map(|a| a.l));
    // What is packed must be so outside of the loop that reads it again.
    let outside = |a: &Across| layout.phases.iter().all(|phase| phase.tiled.contains(&a.l));
    let across = match across {
        Ok(found) if !outside(&found) => Err(Unpacked::PointByPoint),
        found => found,
    };
    let partials = match split {
        Some((split, _)) if scans => scan::partials(tasks, sizes, &cluster, split),
        Some((split, _)) => parts::partial_states(tasks, sizes, &cluster, split),
        None => HashMap::new(),
    };
    let scope = Scope { graph, tasks, sources, cluster: &cluster };
    let uses = staging::staged_uses(&scope, &layout);
    let mut emitter = Emitter {
        builder: KernelBuilder::new(sizes, cluster.extents.clone(), across.ok()),
        scope: &scope,
        layout: &layout,
        uses,
        staged: HashMap::new(),
        arrays: Vec::new(),
        partials,
        split: split.map(|(split, _)| split),
        across: across.ok(),
    };
    for (n, phase) in layout.phases.iter().enumerate() {
        if let Some((split, size)) = split
            && n != 1
        {
            emitter.builder.tile_by(split.over, size, split.parts);
        }
        emitter.phase(phase);
    }
    let (step, packed) = emitter.builder.finish(name);
    let chosen = loops::Chosen { cut, across, packed: &packed };
    let decisions = loops::decisions(&scope, sizes, &layout, &step, &chosen);
    (step, decisions)
}

/// The producers whose loops a task shares.
fn fused_reads(tasks: &Tasks, sources: &Sources, task: TaskId) -> Vec<TaskId> {
    (0..tasks[task].reads.len())
        .filter_map(|r| match sources[&(task, r)] {
            Source::Fused(producer) => Some(producer),
            Source::Leaf | Source::Memory | Source::Inline(_) => None,
        })
        .collect()
}

struct Emitter<'a> {
    builder: KernelBuilder<'a>,
    scope: &'a Scope<'a>,
    layout: &'a Nest,
    uses: HashMap<ValueRef, Vec<NestId>>,
    /// Where a value of an earlier strip is read from.
    staged: HashMap<ValueRef, OperandId>,
    /// The arrays of scratch that blocks of products use: what lies there, indexed by which loops.
    arrays: Vec<(ValueRef, OperandId, Vec<LoopId>)>,
    partials: HashMap<TaskId, Vec<Partial>>,
    split: Option<Split>,
    across: Option<Across>,
}

impl Emitter<'_> {
    fn phase(&mut self, phase: &PhaseNest) {
        let multiplies = matches!(self.scope.cluster.structure.mode, Mode::Blocks(_));
        let work = touch::work(self.scope, self.builder.sizes, multiplies);
        let mut parallel = Vec::new();
        for &l in &phase.parallel {
            let (var, count) = (self.builder.var(l), self.builder.extent_param(l));
            parallel.push(Parallel { var, count });
        }
        for &l in &phase.tiled {
            let rule = self.tile_rule(l, phase, &work);
            let (var, count) = self.builder.tile(l, rule);
            parallel.push(Parallel { var, count });
        }
        let parallel_loops: HashSet<LoopId> = phase.parallel.iter().copied().collect();
        let mut body = self.items(&phase.body, &parallel_loops);
        if let Some(across) = self.across {
            across::pack(&mut self.builder, across, &mut body);
        }
        self.builder.phase(Phase { parallel, body }, work);
    }

    fn tile_rule(&mut self, l: LoopId, phase: &PhaseNest, work: &WorkEstimate) -> TileRule {
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

    fn items(&mut self, nodes: &[Node], parallel: &HashSet<LoopId>) -> Vec<Item> {
        let mut items = Vec::new();
        for node in nodes {
            match node {
                Node::Loop { l, body, .. } => {
                    let body = self.items(body, parallel);
                    if body.is_empty() {
                        continue;
                    }
                    let (var, range) = (self.builder.var(*l), self.builder.range(*l));
                    let kind = if reduces_over(&body, var) { LoopKind::Reduce } else { LoopKind::Serial };
                    items.push(Item::Loop(Loop { var, range, kind, body }));
                }
                Node::Product { id, task } => {
                    let product = self.product(*id, *task, parallel);
                    items.extend(product.map(Item::Product));
                }
                Node::Strip { id, axis, tasks } => {
                    let body = self.strip(*id, *axis, tasks, parallel);
                    self.push_strip(body, *axis, &mut items);
                }
                Node::Totals { axis, tasks, .. } => {
                    let body = self.totals(*axis, tasks);
                    self.push_strip(body, Some(*axis), &mut items);
                }
                Node::Carries { parts, tasks, .. } => {
                    let body = self.carries(*parts, tasks);
                    self.push_strip(body, Some(*parts), &mut items);
                }
                Node::Combine { id, axis, parts, tasks } => {
                    let body = self.combine(*id, *axis, *parts, tasks, parallel);
                    self.push_strip(body, *axis, &mut items);
                }
            }
        }
        items
    }

    fn push_strip(&mut self, body: StripBody, axis: Option<LoopId>, items: &mut Vec<Item>) {
        if !body.is_idle() {
            let axis = axis.map(|l| (self.builder.var(l), self.builder.range(l)));
            items.push(Item::Strip(body.finish(axis)));
        }
    }

    fn strip(&mut self, id: NestId, axis: Option<LoopId>, tasks: &[TaskId], parallel: &HashSet<LoopId>) -> StripBody {
        let mut body = StripBody::default();
        for &task in tasks {
            let t = &self.scope.tasks[task];
            let at = self.scope.at(self.builder.sizes, task);
            if let Work::Reduce(reduce) = &t.work {
                let reads: Vec<ExprId> = (0..t.reads.len()).map(|r| self.read(&mut body, (task, r), &at)).collect();
                self.reduce(&mut body, (id, axis), (task, reduce), reads, parallel);
                continue;
            }
            if let Some(over) = self.scope.cluster.scanned(self.scope.tasks, task) {
                let expr = self.scan(&mut body, task, (over, axis), &at);
                let value = ValueRef { node: t.node, result: 0 };
                body.define(value, expr);
                if let Some(operand) = self.home(id, value, task, parallel, None) {
                    body.output(Output::Store(operand), vec![expr]);
                }
                continue;
            }
            let staged = &self.staged;
            let mut load = |_: &mut KernelBuilder<'_>, v: ValueRef| staged.get(&v).map(|o| Input::Load(*o));
            let expr = body.compute(self.scope, &mut self.builder, &mut load, (task, false), &at);
            if let Some(place) = t.copies_to() {
                let address = address(self.builder.sizes, place, &at);
                let name = self.scope.tasks.buffers[place.buffer.0 as usize].name.clone();
                let operand = self.builder.operand(Role::Out, &name, t.dtypes[0], address);
                let operand = self.builder.packed(operand);
                body.output(Output::Store(operand), vec![expr]);
                continue;
            }
            let value = ValueRef { node: t.node, result: 0 };
            body.define(value, expr);
            if let Some(operand) = self.home(id, value, task, parallel, None) {
                let operand = self.builder.packed(operand);
                body.output(Output::Store(operand), vec![expr]);
            }
        }
        body
    }

    /// A block of a product; `None` if nobody needs it.
    fn product(&mut self, id: NestId, task: TaskId, parallel: &HashSet<LoopId>) -> Option<Product> {
        let t = &self.scope.tasks[task];
        let at = self.scope.at(self.builder.sizes, task);
        let value = ValueRef { node: t.node, result: 0 };
        let [a, b] = [0, 1].map(|r| {
            let read = &t.reads[r];
            if let (Source::Fused(_), Some(&staged)) = (self.scope.sources[&(task, r)], self.staged.get(&read.value)) {
                return staged;
            }
            let index: LoopIndices = compose(self.builder.sizes, &read.index, &at).collect();
            let address = address(self.builder.sizes, &self.scope.tasks.placed[&read.value], &index);
            let name = name_of(self.scope, read.value);
            self.builder.operand(Role::In, &name, t.dtypes[0], address)
        });
        let c = self.home(id, value, task, parallel, None)?;
        let [rows, columns, depth] =
            blocks::axes(self.scope.tasks, task).map(|axis| match self.scope.cluster.along(task, axis) {
                Some(l) => (self.builder.var(l), self.builder.range(l)),
                None => (self.builder.new_var("one".to_string()), Range::One),
            });
        Some(Product { a, b, c, rows, columns, depth })
    }

    fn read(&mut self, body: &mut StripBody, (task, r): (TaskId, usize), at: &[crate::index::LoopIndex]) -> ExprId {
        let staged = &self.staged;
        let mut load = |_: &mut KernelBuilder<'_>, v: ValueRef| staged.get(&v).map(|o| Input::Load(*o));
        body.read(self.scope, &mut self.builder, &mut load, (task, r, false), at)
    }

    /// The operand that a value is stored to: its memory if it has any, scratch if other strips read it.
    fn home(
        &mut self,
        strip: NestId,
        value: ValueRef,
        task: TaskId,
        parallel: &HashSet<LoopId>,
        over: Option<LoopId>,
    ) -> Option<OperandId> {
        let t = &self.scope.tasks[task];
        let operand = if let Some(place) = self.scope.tasks.placed.get(&value) {
            let at = self.scope.at(self.builder.sizes, task);
            let kept: LoopIndices = t.kept_axes().map(|axis| at[axis.index()]).collect();
            let address = address(self.builder.sizes, place, &kept);
            let name = name_of(self.scope, value);
            self.builder.operand(Role::Out, &name, t.dtypes[value.result as usize], address)
        } else {
            let users = self.uses.get(&value)?;
            let loops = self.scratch_loops(strip, users, task, parallel, over);
            let name = match value.result {
                0 => format!("s{}", value.node.0),
                k => format!("s{}_{k}", value.node.0),
            };
            let dtype = t.dtypes[value.result as usize];
            match self.dead_array(strip, task, dtype, &loops) {
                Some(n) => {
                    self.arrays[n].0 = value;
                    self.arrays[n].1
                }
                None => {
                    let operand = self.builder.scratch(name, dtype, &loops);
                    self.arrays.push((value, operand, loops));
                    operand
                }
            }
        };
        self.staged.insert(value, operand);
        Some(operand)
    }

    /// An array of scratch over the same loops which nothing after this strip reads, if an elementwise task of a block of
    /// products writes: it loads before it stores, and at the same place.
    fn dead_array(&self, strip: NestId, task: TaskId, dtype: DType, loops: &[LoopId]) -> Option<usize> {
        let Mode::Blocks(_) = self.scope.cluster.structure.mode else { return None };
        let dead = |(value, operand, over): &(ValueRef, OperandId, Vec<LoopId>)| {
            let read_later = self.uses.get(value).is_some_and(|users| users.iter().any(|user| *user > strip));
            over == loops && self.builder.dtype(*operand) == dtype && !read_later
        };
        match self.scope.tasks[task].reduced() {
            Some(_) => None,
            None => self.arrays.iter().position(dead),
        }
    }

    /// The loops that index a value's scratch: those it varies along, save the ones that surround both its own strip and all
    /// that read it.
    fn scratch_loops(
        &self,
        strip: NestId,
        users: &[NestId],
        task: TaskId,
        parallel: &HashSet<LoopId>,
        over: Option<LoopId>,
    ) -> Vec<LoopId> {
        let path = &self.layout.paths[&strip];
        // A value reduced over an enclosing loop exists once that loop has ended.
        let mut common = over.and_then(|l| path.iter().position(|(_, m)| *m == l)).unwrap_or(path.len());
        for &user in users {
            let other = &self.layout.paths[&user];
            common = common.min(path.iter().zip(other).take_while(|(a, b)| a == b).count());
        }
        let set = self.scope.cluster.value(self.scope.tasks, task);
        let around: HashSet<LoopId> = path[..common].iter().map(|(_, l)| *l).collect();
        let order = self.scope.cluster.structure.levels.iter().flatten().copied();
        order.filter(|l| set.contains(*l) && !around.contains(l) && !parallel.contains(l)).collect()
    }

    /// A reduction in a strip.
    fn reduce(
        &mut self,
        body: &mut StripBody,
        (strip, axis): (NestId, Option<LoopId>),
        (task, reduce): (TaskId, &Reduce),
        reads: Vec<ExprId>,
        parallel: &HashSet<LoopId>,
    ) {
        let over = self.scope.cluster.along(task, reduce.axis).expect("a reduced axis keeps its loop");
        let values = match (&reduce.combined, reduce.op) {
            (Some(count), _) => {
                let count = self.builder.sizes.dim(count);
                let count = body.size(&mut self.builder, count, reduce.dtype);
                vec![count, reads[0], reads[1]]
            }
            (_, Reduction::ArgMax | Reduction::ArgMin) => vec![reads[0], body.index_of(&mut self.builder, over)],
            _ => reads,
        };
        let split_here = self.split.is_some_and(|s| s.over == over) && self.partials.contains_key(&task);
        let into = match split_here {
            true => self.partial_operands(task, Role::Out),
            false => self.final_states(strip, (task, reduce), parallel, (Some(over) != axis).then_some(over)),
        };
        let output = self.reduce_into((task, reduce), values.len(), (over, axis), Grouping::Blocks, into);
        body.output(output, values);
    }

    fn partial_operands(&mut self, task: TaskId, role: Role) -> Vec<Option<OperandId>> {
        let partials = &self.partials[&task];
        partials.iter().map(|p| Some(self.builder.operand(role, &p.name, p.dtype, p.address.clone()))).collect()
    }

    /// Where the final states of a reduction go: those that are results that someone needs.
    fn final_states(
        &mut self,
        strip: NestId,
        (task, reduce): (TaskId, &Reduce),
        parallel: &HashSet<LoopId>,
        over: Option<LoopId>,
    ) -> Vec<Option<OperandId>> {
        let t = &self.scope.tasks[task];
        let mut into = vec![None; reduce.state_count()];
        for result in 0..t.dtypes.len() as u32 {
            let value = ValueRef { node: t.node, result };
            into[reduce.state_of_result(result)] = self.home(strip, value, task, parallel, over);
        }
        into
    }

    fn reduce_into(
        &mut self,
        (task, reduce): (TaskId, &Reduce),
        arity: usize,
        (over, axis): (LoopId, Option<LoopId>),
        grouping: Grouping,
        into: Vec<Option<OperandId>>,
    ) -> Output {
        let work = (Some(over) != axis).then(|| {
            let label = self.scope.tasks[task].node.0;
            self.builder.work(format!("w{label}"), reduce.dtype, reduce.state_count() as u8, over, axis)
        });
        Output::Reduce(ReduceInto {
            op: reduce.op,
            dtype: reduce.dtype,
            arity: arity as u8,
            over: self.builder.var(over),
            grouping,
            into: into.into(),
            work,
        })
    }

    /// Combines the states of the parts of split reductions.
    fn combine(
        &mut self,
        id: NestId,
        axis: Option<LoopId>,
        parts: LoopId,
        tasks: &[TaskId],
        parallel: &HashSet<LoopId>,
    ) -> StripBody {
        let mut body = StripBody::default();
        for &task in tasks {
            let Work::Reduce(reduce) = &self.scope.tasks[task].work else { continue };
            let states = reduce.op.states(reduce.dtype);
            let operands = self.partial_operands(task, Role::Out);
            let values: Vec<ExprId> = operands
                .into_iter()
                .flatten()
                .zip(&states)
                .map(|(operand, state)| body.input(Input::Load(operand), *state))
                .collect();
            let over = (Some(parts) != axis).then_some(parts);
            let into = self.final_states(id, (task, reduce), parallel, over);
            let output = self.reduce_into((task, reduce), states.len(), (parts, axis), Grouping::Pairs, into);
            body.output(output, values);
        }
        body
    }
}

/// Whether a strip inside reduces over an enclosing loop's variable.
fn reduces_over(items: &[Item], var: fuseloom_kernel::VarId) -> bool {
    items.iter().any(|item| match item {
        Item::Loop(l) => reduces_over(&l.body, var),
        Item::Product(_) => false,
        Item::Strip(strip) => {
            let own = strip.axis.map(|(v, _)| v);
            strip.outputs.iter().any(|output| match output {
                Output::Reduce(r) => r.over == var && own != Some(var),
                Output::Store(_) | Output::Scan(_) => false,
            })
        }
    })
}
