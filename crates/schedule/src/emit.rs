//! From a cluster to a kernel step: nest, staging, strips.

mod home;
mod loops;
mod parts;
mod reduce;
mod scan;
mod staging;
mod tiles;

use crate::across;
use crate::across::Across;
use crate::blocks;
use crate::builder::KernelBuilder;
use crate::cluster::{Cluster, Mode};
use crate::coalesce::coalesce;
use crate::decision::LoopDecision;
use crate::ids::{LoopId, NestId, TaskId};
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
use crate::work::Work;
use fuseloom_graph::Graph;
use fuseloom_kernel::{
    Input, Item, KernelStep, Loop, LoopKind, OperandId, Output, Parallel, Phase, Product, Range, Role,
};
use fuseloom_size::SizeTable;
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
