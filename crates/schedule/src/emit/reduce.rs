//! Reductions in strips, and the second phase of those that are cut into parts.

use super::Emitter;
use crate::ids::{LoopId, NestId, TaskId};
use crate::reads::ValueRef;
use crate::strip::{ExprId, StripBody};
use crate::work::{Reduce, Work};
use fuseloom_kernel::{Grouping, Input, OperandId, Output, ReduceInto, Role};
use fuseloom_lane::Reduction;
use hashbrown::HashSet;

impl Emitter<'_> {
    /// A reduction in a strip.
    pub(super) fn reduce(
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
    pub(super) fn combine(
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
