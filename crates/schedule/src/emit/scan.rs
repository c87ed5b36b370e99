//! Scans: a strip along the loop or one inside of it, and the three phases of a long one that threads share.

use super::Emitter;
use super::parts::{Cut, Partial};
use crate::cluster::{Cluster, Mode, stages};
use crate::cost;
use crate::ids::{LoopId, TaskId};
use crate::index::LoopIndex;
use crate::nest::Split;
use crate::placement::Address;
use crate::refusal::Uncut;
use crate::strip::{ExprId, StripBody};
use crate::tasks::Tasks;
use crate::work::Work;
use fuseloom_kernel::{BufferKind, Input, Output, Role, ScanGrouping, ScanInto};
use fuseloom_lane::scan::SPAN;
use fuseloom_lane::{DType, Scan};
use fuseloom_size::{SizeId, SizeOp, SizeTable};
use hashbrown::HashMap;

/// Whether the scans of a cluster are cut into spans: when the outer loops alone are too few to share among threads.
pub(super) fn split(
    tasks: &Tasks,
    sizes: &mut SizeTable,
    cluster: &mut Cluster,
    fused: &dyn Fn(TaskId) -> Vec<TaskId>,
) -> Cut {
    let structure = &cluster.structure;
    let [outer, inner] = &structure.levels[..] else { return Cut::Needless };
    let [over] = inner[..] else { return Cut::Needless };
    let outer = sizes.hint_product(outer.iter().map(|&l| cluster.extents[l]));
    let along = sizes.hint(cluster.extents[over]);
    let all = outer.max(1).saturating_mul(along);
    if outer >= cost::PARALLEL || all < 8 * cost::SMALL || along < 2 * SPAN as i64 {
        return Cut::Needless;
    }
    let stages = stages(cluster, tasks, 0, &cluster.tasks, fused);
    if stages.len() != 1 || !stages[0].shallow.is_empty() || structure.mode != Mode::Rows {
        return Cut::Refused(over, Uncut::MoreThanTheScan);
    }
    let mut after_scan: Vec<TaskId> = Vec::new();
    for &task in &cluster.tasks {
        let scans = cluster.scanned(tasks, task).is_some();
        let follows = fused(task).iter().any(|p| after_scan.contains(p) || cluster.scanned(tasks, *p).is_some());
        if tasks[task].reduced().is_some() {
            return Cut::Refused(over, Uncut::ReducedToo);
        }
        if scans && scan_of(tasks, task).0 == Scan::Linear {
            return Cut::Refused(over, Uncut::Recurrence);
        }
        if scans && follows {
            return Cut::Refused(over, Uncut::ScannedBefore);
        }
        if follows {
            after_scan.push(task);
        }
    }
    let size = sizes.constant(SPAN as i64);
    let round = sizes.constant(SPAN as i64 - 1);
    let up = sizes.add(cluster.extents[over], round);
    let count = sizes.binary(SizeOp::FloorDiv, up, size);
    let parts = cluster.extents.push(count);
    Cut::Parts(Split { over, parts }, size)
}

/// Declares the buffers of the totals of spans, and of what comes before each.
pub(super) fn partials(
    tasks: &mut Tasks,
    sizes: &mut SizeTable,
    cluster: &Cluster,
    split: Split,
) -> HashMap<TaskId, Vec<Partial>> {
    let mut partials = HashMap::new();
    let loops: Vec<LoopId> = cluster.structure.levels[0].iter().copied().chain([split.parts]).collect();
    for &task in &cluster.tasks {
        if cluster.scanned(tasks, task).is_none() {
            continue;
        }
        let (node, dtype) = (tasks[task].node, tasks[task].dtypes[0]);
        let shape: Vec<SizeId> = loops.iter().map(|&l| cluster.extents[l]).collect();
        let strides = sizes.contiguous(&shape, dtype.size());
        let mut strides: Vec<(LoopId, SizeId)> = loops.iter().copied().zip(strides).collect();
        strides.sort_unstable();
        let both = [
            ("p", "what the spans of a scan that threads share come to"),
            ("c", "what the spans before each of a scan that threads share come to"),
        ];
        let both = both.map(|(letter, reason)| {
            let name = format!("{letter}{}", node.0);
            let buffer = tasks.buffer(name.clone(), dtype, shape.clone(), BufferKind::Temporary, reason);
            let address = Address { buffer, offset: sizes.constant(0), strides: strides.clone() };
            Partial { name, dtype, address }
        });
        partials.insert(task, both.into());
    }
    partials
}

/// The scan of a task, and its dtype.
fn scan_of(tasks: &Tasks, task: TaskId) -> (Scan, DType) {
    let task = &tasks[task];
    match &task.work {
        Work::Scan { op, .. } => (*op, task.dtypes[0]),
        work => unreachable!("{work:?} is not a scan"),
    }
}

impl Emitter<'_> {
    /// A scan along loop `over` in a strip along `axis`; gives its result.
    pub(super) fn scan(
        &mut self,
        body: &mut StripBody,
        task: TaskId,
        (over, axis): (LoopId, Option<LoopId>),
        at: &[LoopIndex],
    ) -> ExprId {
        let (op, dtype) = scan_of(self.scope.tasks, task);
        let values: Vec<ExprId> = (0..op.arity()).map(|r| self.read(body, (task, r), at)).collect();
        let node = self.scope.tasks[task].node;
        let work = (Some(over) != axis).then(|| self.builder.scan_work(format!("w{}", node.0), dtype, axis));
        let carry = self.partials.contains_key(&task).then(|| self.partial(task, 1));
        let over = self.builder.var(over);
        body.scan(ScanInto { op, dtype, over, grouping: ScanGrouping::Elements, carry, total: None, work }, values)
    }

    /// The first phase of split scans: what each span comes to.
    pub(super) fn totals(&mut self, axis: LoopId, tasks: &[TaskId]) -> StripBody {
        let mut body = StripBody::default();
        for &task in tasks {
            let (op, dtype) = scan_of(self.scope.tasks, task);
            let at = self.scope.at(self.builder.sizes, task);
            let values: Vec<ExprId> = (0..op.arity()).map(|r| self.read(&mut body, (task, r), &at)).collect();
            let total = Some(self.partial(task, 0));
            let over = self.builder.var(axis);
            let grouping = ScanGrouping::Elements;
            body.scan(ScanInto { op, dtype, over, grouping, carry: None, total, work: None }, values);
        }
        body
    }

    /// The second: what all spans before each come to.
    pub(super) fn carries(&mut self, parts: LoopId, tasks: &[TaskId]) -> StripBody {
        let mut body = StripBody::default();
        for &task in tasks {
            let (op, dtype) = scan_of(self.scope.tasks, task);
            let total = self.partial(task, 0);
            let value = body.input(Input::Load(total), dtype);
            let over = self.builder.var(parts);
            let grouping = ScanGrouping::Spans;
            let before =
                body.scan(ScanInto { op, dtype, over, grouping, carry: None, total: None, work: None }, vec![value]);
            let carry = self.partial(task, 1);
            body.output(Output::Store(carry), vec![before]);
        }
        body
    }

    /// The operand of the totals (0) or carries (1) of a split scan.
    fn partial(&mut self, task: TaskId, which: usize) -> fuseloom_kernel::OperandId {
        let p = &self.partials[&task][which];
        self.builder.operand(Role::Out, &p.name, p.dtype, p.address.clone())
    }
}
