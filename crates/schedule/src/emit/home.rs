//! Where a strip stores a value: in its memory, or in scratch for the strips after it.

use super::Emitter;
use crate::cluster::Mode;
use crate::ids::{Id, LoopId, NestId, TaskId};
use crate::index::LoopIndices;
use crate::placement::address;
use crate::reads::ValueRef;
use crate::strip::name_of;
use fuseloom_kernel::{OperandId, Role};
use fuseloom_lane::DType;
use hashbrown::HashSet;

impl Emitter<'_> {
    /// The operand that a value is stored to: its memory if it has any, scratch if other strips read it.
    pub(super) fn home(
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
}
