//! What is known of a lane program before any of it is computed: what some result depends on, and what is equal in every lane.

use fuseloom_lane::{Inst, Prim, Program, Scalar, Value};

/// A lane program under evaluation: what is known of it before the loop.
#[derive(Clone)]
pub(crate) struct Plan<'p> {
    /// The program.
    pub(crate) program: &'p Program,
    /// Values that some result depends on, and gathers.
    pub(super) live: Vec<bool>,
    /// Values equal in every lane of every step.
    pub(super) uniform: Vec<bool>,
}

impl<'p> Plan<'p> {
    /// Finds what is live and what is uniform; `uniform[k]` says so of parameter `k`, and `moving[g]` that the base of gather
    /// `g` is another in every lane.
    pub(crate) fn new(program: &'p Program, uniform: &[bool], moving: &[bool]) -> Plan<'p> {
        let count = program.params.len() + program.insts.len();
        let mut live = vec![false; count];
        for r in &program.results {
            live[r.index()] = true;
        }
        let values: Vec<(Value, &Inst)> = program.iter().collect();
        for (value, inst) in values.iter().rev() {
            // An index out of range is reported whether or not the element is used.
            live[value.index()] |= matches!(inst.prim, Prim::Gather(_));
            if live[value.index()] {
                for arg in &inst.args {
                    live[arg.index()] = true;
                }
            }
        }
        let mut uniform = uniform.to_vec();
        for (_, inst) in values {
            let same = inst.args.iter().all(|a| uniform[a.index()]);
            let moves = matches!(inst.prim, Prim::Gather(g) if moving.get(usize::from(g)) == Some(&true));
            uniform.push(same && !moves);
        }
        Plan { program, live, uniform }
    }

    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.live.len()
    }

    /// Whether something in the loop reads at computed indices.
    pub(crate) fn gathers(&self) -> bool {
        self.program.iter().any(|(value, inst)| matches!(inst.prim, Prim::Gather(_)) && !self.is_uniform(value))
    }

    /// Whether some result depends on a value.
    pub(crate) fn is_live(&self, value: Value) -> bool {
        self.live[value.index()]
    }

    /// Whether a value is equal in every lane of every step.
    pub(crate) fn is_uniform(&self, value: Value) -> bool {
        self.uniform[value.index()]
    }

    /// The uniform values, other than constants, that what is not uniform uses or that are results.
    pub(crate) fn used_uniforms(&self) -> Vec<Value> {
        let mut used = vec![false; self.values()];
        for (value, inst) in self.program.iter() {
            if self.is_live(value) && !self.is_uniform(value) {
                inst.args.iter().for_each(|a| used[a.index()] = true);
            }
        }
        self.program.results.iter().for_each(|r| used[r.index()] = true);
        let all = (0..self.values() as u32).map(Value);
        all.filter(|&value| {
            let constant = constant_of(self.program, value).is_some();
            used[value.index()] && self.is_uniform(value) && !constant
        })
        .collect()
    }
}

/// The value of a constant.
pub(crate) fn constant_of(program: &Program, value: Value) -> Option<Scalar> {
    match program.inst(value).map(|inst| &inst.prim) {
        Some(Prim::Const(scalar)) => Some(*scalar),
        _ => None,
    }
}
