//! The loops and strips of a cluster, before any code: which strip holds which task, inside which loops.

use crate::blocks::{Segment, segments};
use crate::cluster::{Blocks, Cluster, Mode, Stage, stages};
use crate::ids::{Id, LoopId, NestId, TaskId};
use crate::reads::ValueRef;
use crate::tasks::Tasks;
use hashbrown::HashMap;
use smallvec::SmallVec;

/// A loop or a strip.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// A serial loop; `id` tells apart two loops over the same axis.
    Loop { id: NestId, l: LoopId, body: Vec<Node> },
    /// A block of a product.
    Product { id: NestId, task: TaskId },
    /// Tasks in one strip along a loop, or at one point.
    Strip { id: NestId, axis: Option<LoopId>, tasks: Vec<TaskId> },
    /// The second half of split reductions: combines the partial states along loop `parts`.
    Combine { id: NestId, axis: Option<LoopId>, parts: LoopId, tasks: Vec<TaskId> },
    /// What each span of split scans comes to, in a strip along the loop that they scan.
    Totals { id: NestId, axis: LoopId, tasks: Vec<TaskId> },
    /// What the spans before each come to, in a strip along loop `parts`.
    Carries { id: NestId, parts: LoopId, tasks: Vec<TaskId> },
}

/// A phase: parallel loops around nodes.
#[derive(Clone, Debug)]
pub(crate) struct PhaseNest {
    /// Loops that are parallel one point at a time, outermost first.
    pub(crate) parallel: Vec<LoopId>,
    /// Loops that are parallel tile by tile, the last of the parallel indices.
    pub(crate) tiled: SmallVec<[LoopId; 2]>,
    /// What runs at each point.
    pub(crate) body: Vec<Node>,
}

/// The whole nest.
#[derive(Clone, Debug)]
pub(crate) struct Nest {
    pub(crate) phases: Vec<PhaseNest>,
    /// For each strip the loops around it (node id, loop), outermost first.
    pub(crate) paths: HashMap<NestId, Vec<(NestId, LoopId)>>,
    /// The strip where each task's value comes to be.
    pub(crate) strip_of: HashMap<TaskId, NestId>,
}

/// A reduction that is cut into parts which run in parallel, combined in a second phase; or a scan that is cut into spans,
/// whose totals come first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Split {
    /// The loop that is cut.
    pub(crate) over: LoopId,
    /// The loop that counts the parts.
    pub(crate) parts: LoopId,
}

struct Nesting<'a> {
    cluster: &'a Cluster,
    tasks: &'a Tasks,
    fused: &'a dyn Fn(TaskId) -> Vec<TaskId>,
    next: usize,
}

/// Lays out a cluster. `fused(t)` lists the producers of `t` inside it; `across` is a second loop to tile, for operands that
/// lie along it ([`crate::across`]).
pub(crate) fn nest(
    cluster: &Cluster,
    tasks: &Tasks,
    fused: &dyn Fn(TaskId) -> Vec<TaskId>,
    split: Option<Split>,
    across: Option<LoopId>,
) -> Nest {
    let mut nesting = Nesting { cluster, tasks, fused, next: 0 };
    let outer = &cluster.structure.levels[0];
    let axis = outer.last().copied();
    let others: Vec<LoopId> = outer[..outer.len().saturating_sub(1)].to_vec();
    let all = &cluster.tasks;
    let phases = match (cluster.structure.mode, split) {
        (Mode::Pointwise, _) => {
            let strip = vec![nesting.strip(axis, all.clone())];
            let body = nesting.loops(across.as_slice(), strip);
            let parallel = others.into_iter().filter(|l| Some(*l) != across).collect();
            vec![PhaseNest { parallel, tiled: across.into_iter().chain(axis).collect(), body }]
        }
        (Mode::Blocks(blocks), _) => vec![nesting.blocks(blocks)],
        (_, Some(split)) if all.iter().any(|t| cluster.scanned(tasks, *t).is_some()) => nesting.spans(split, outer),
        (mode, Some(split)) => nesting.split(mode, split, outer, axis, others),
        (Mode::Columns, None) => {
            vec![PhaseNest { parallel: others, tiled: axis.into_iter().collect(), body: nesting.columns(0, all) }]
        }
        (Mode::Rows, None) => {
            let (tiled, body) = nesting.rows(0, all);
            match tiled {
                true => vec![PhaseNest { parallel: others, tiled: axis.into_iter().collect(), body }],
                false => vec![PhaseNest { parallel: outer.clone(), tiled: SmallVec::new(), body }],
            }
        }
    };
    finish(phases)
}

impl Nesting<'_> {
    fn id(&mut self) -> NestId {
        self.next += 1;
        NestId::new(self.next - 1)
    }

    fn strip(&mut self, axis: Option<LoopId>, tasks: Vec<TaskId>) -> Node {
        Node::Strip { id: self.id(), axis, tasks }
    }

    fn strip_unless_empty(&mut self, axis: Option<LoopId>, tasks: Vec<TaskId>, out: &mut Vec<Node>) {
        // A strip that scans does not reduce: what reduces the results comes after it.
        let task = |t: &TaskId| &self.tasks[*t];
        let scans = tasks.iter().any(|t| task(t).scanned().is_some());
        let (later, now): (Vec<TaskId>, Vec<TaskId>) =
            tasks.into_iter().partition(|t| scans && task(t).reduced().is_some());
        for tasks in [now, later] {
            if !tasks.is_empty() {
                let strip = self.strip(axis, tasks);
                out.push(strip);
            }
        }
    }

    fn loops(&mut self, loops: &[LoopId], body: Vec<Node>) -> Vec<Node> {
        loops.iter().rev().fold(body, |body, &l| vec![Node::Loop { id: self.id(), l, body }])
    }

    fn stages(&self, level: usize, items: &[TaskId]) -> Vec<Stage> {
        stages(self.cluster, self.tasks, level, items, self.fused)
    }

    /// A block of rows or a tile of products, and what runs on it.
    fn blocks(&mut self, blocks: Blocks) -> PhaseNest {
        let tiled: SmallVec<[LoopId; 2]> = blocks.rows.into_iter().chain(blocks.columns).collect();
        let mut body = Vec::new();
        let segments = segments(self.cluster, self.tasks).expect("a structure was found, so its parts nest");
        for segment in segments {
            match segment {
                Segment::Product(task) => body.push(Node::Product { id: self.id(), task }),
                Segment::Strips(part) => {
                    let tasks = part.tasks.clone();
                    let mut inner = Nesting { cluster: &part, tasks: self.tasks, fused: self.fused, next: self.next };
                    let (whole, strips) = match part.structure.levels.len() {
                        // Every task runs over all of the tile.
                        1 if blocks.columns.is_some() => (false, vec![inner.strip(blocks.columns, tasks)]),
                        _ => inner.rows(0, &tasks),
                    };
                    let rows = if whole { None } else { blocks.rows };
                    body.extend(inner.loops(rows.as_slice(), strips));
                    self.next = inner.next;
                }
            }
        }
        let parallel = self.cluster.structure.levels[0].iter().copied().filter(|l| !tiled.contains(l)).collect();
        PhaseNest { parallel, tiled, body }
    }

    /// A level in rows. With one deep stage the level's own tasks are strips before and after a loop over the deep part, so
    /// that they are vectorized too; with several, everything runs row by row, to find the row in cache again. For level 0
    /// answers whether the first form was taken (the loop is then the tile's), and leaves the parallel loops out.
    fn rows(&mut self, level: usize, items: &[TaskId]) -> (bool, Vec<Node>) {
        let loops = self.cluster.structure.levels[level].clone();
        let axis = match self.cluster.structure.mode {
            Mode::Blocks(blocks) if level == 0 => blocks.rows,
            Mode::Blocks(_) | Mode::Pointwise | Mode::Rows | Mode::Columns => loops.last().copied(),
        };
        let stages = self.stages(level, items);
        let deep = stages.iter().filter(|s| !s.deep.is_empty()).count();
        let mut body = Vec::new();
        let whole = deep <= 1 && axis.is_some();
        if whole {
            for stage in stages {
                self.strip_unless_empty(axis, stage.shallow, &mut body);
                if !stage.deep.is_empty() {
                    let inner = self.rows(level + 1, &stage.deep).1;
                    let l = axis.expect("a level that is taken whole has a loop");
                    body.push(Node::Loop { id: self.id(), l, body: inner });
                }
            }
        } else {
            for stage in stages {
                self.strip_unless_empty(None, stage.shallow, &mut body);
                if !stage.deep.is_empty() {
                    let inner = self.rows(level + 1, &stage.deep).1;
                    body.extend(inner);
                }
            }
            if level > 0 {
                body = self.loops(&loops[loops.len() - 1..], body);
            }
        }
        if level > 0 {
            body = self.loops(&loops[..loops.len() - 1], body);
        }
        (whole, body)
    }

    /// A level in columns: every strip runs along the outer axis, deeper levels are loops around strips.
    fn columns(&mut self, level: usize, items: &[TaskId]) -> Vec<Node> {
        let axis = self.cluster.structure.levels[0].last().copied();
        let mut body = Vec::new();
        for stage in self.stages(level, items) {
            self.strip_unless_empty(axis, stage.shallow, &mut body);
            for deep in self.passes(level + 1, stage.deep) {
                let inner = self.columns(level + 1, &deep);
                let loops = self.cluster.structure.levels[level + 1].clone();
                body.extend(self.loops(&loops, inner));
            }
        }
        body
    }

    /// The loops that a deep stage in columns needs: moments of a level walk its blocks twice, which strips that keep a value
    /// must not, so these come in a loop of their own before.
    fn passes(&self, level: usize, deep: Vec<TaskId>) -> Vec<Vec<TaskId>> {
        let twice = |task: &TaskId| self.tasks[*task].walks_twice() && self.cluster.task_level(*task) == level;
        let kept = |t: &TaskId| {
            let task = &self.tasks[*t];
            let placed = self.tasks.placed.contains_key(&ValueRef { node: task.node, result: 0 });
            let later = || self.cluster.tasks.iter().any(|u| !deep.contains(u) && (self.fused)(*u).contains(t));
            // (A reduction further in would run twice too.)
            let inner = self.cluster.task_level(*t) > level;
            inner || task.reduced().is_none() && (task.copies_to().is_some() || placed || later())
        };
        if deep.iter().any(twice) && deep.iter().any(kept) {
            let (moments, before) = deep.into_iter().partition(twice);
            vec![before, moments]
        } else if deep.is_empty() {
            Vec::new()
        } else {
            vec![deep]
        }
    }

    /// Three phases: the totals of spans in parallel, what comes before each, and the scans with all that goes with them.
    fn spans(&mut self, split: Split, outer: &[LoopId]) -> Vec<PhaseNest> {
        let all = self.cluster.tasks.clone();
        let scans: Vec<TaskId> =
            all.iter().copied().filter(|t| self.cluster.scanned(self.tasks, *t).is_some()).collect();
        let parallel: Vec<LoopId> = outer.iter().copied().chain([split.parts]).collect();
        let totals = Node::Totals { id: self.id(), axis: split.over, tasks: scans.clone() };
        let carries = Node::Carries { id: self.id(), parts: split.parts, tasks: scans };
        let apply = self.strip(Some(split.over), all);
        vec![
            PhaseNest { parallel: parallel.clone(), tiled: SmallVec::new(), body: vec![totals] },
            PhaseNest { parallel: outer.to_vec(), tiled: SmallVec::new(), body: vec![carries] },
            PhaseNest { parallel, tiled: SmallVec::new(), body: vec![apply] },
        ]
    }

    /// Two phases: parts of the reduction in parallel, then their combination and what follows it.
    fn split(
        &mut self,
        mode: Mode,
        split: Split,
        outer: &[LoopId],
        axis: Option<LoopId>,
        others: Vec<LoopId>,
    ) -> Vec<PhaseNest> {
        let all = &self.cluster.tasks;
        let stages = self.stages(0, all);
        let deep: Vec<TaskId> = stages.iter().flat_map(|s| s.deep.clone()).collect();
        let shallow: Vec<TaskId> = stages.iter().flat_map(|s| s.shallow.clone()).collect();
        let ended: Vec<TaskId> =
            deep.iter().copied().filter(|t| self.cluster.value_level(self.tasks, *t) == 0).collect();
        let columns = mode == Mode::Columns;
        let (parallel, tiled) = match columns {
            true => (others, axis.into_iter().collect()),
            false => (outer.to_vec(), SmallVec::new()),
        };
        let strip_axis = if columns { axis } else { None };
        let first = if columns {
            let mut first = Vec::new();
            for pass in self.passes(1, deep.clone()) {
                let inner = self.columns(1, &pass);
                first.extend(self.loops(&[split.over], inner));
            }
            first
        } else {
            self.rows(1, &deep).1
        };
        let combine = Node::Combine {
            id: self.id(),
            axis: if columns { axis } else { Some(split.parts) },
            parts: split.parts,
            tasks: ended,
        };
        let mut second = if columns { self.loops(&[split.parts], vec![combine]) } else { vec![combine] };
        self.strip_unless_empty(strip_axis, shallow, &mut second);
        let parts = parallel.iter().copied().chain([split.parts]).collect();
        vec![
            PhaseNest { parallel: parts, tiled: tiled.clone(), body: first },
            PhaseNest { parallel, tiled, body: second },
        ]
    }
}

/// Finds the paths of the strips.
fn finish(phases: Vec<PhaseNest>) -> Nest {
    let mut nest = Nest { phases: Vec::new(), paths: HashMap::new(), strip_of: HashMap::new() };
    for phase in &phases {
        walk(&phase.body, &mut Vec::new(), &mut nest);
    }
    nest.phases = phases;
    nest
}

fn walk(nodes: &[Node], path: &mut Vec<(NestId, LoopId)>, nest: &mut Nest) {
    for node in nodes {
        match node {
            Node::Loop { id, l, body } => {
                path.push((*id, *l));
                walk(body, path, nest);
                path.pop();
            }
            Node::Totals { id, .. } | Node::Carries { id, .. } => place(*id, &[], path, nest),
            Node::Product { id, task } => place(*id, &[*task], path, nest),
            Node::Strip { id, tasks, .. } | Node::Combine { id, tasks, .. } => place(*id, tasks, path, nest),
        }
    }
}

/// Notes where a strip or a product stands.
fn place(id: NestId, tasks: &[TaskId], path: &[(NestId, LoopId)], nest: &mut Nest) {
    nest.paths.insert(id, path.to_vec());
    for &task in tasks {
        nest.strip_of.insert(task, id);
    }
}
