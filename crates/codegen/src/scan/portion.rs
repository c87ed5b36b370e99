//! A strip that scans, in portions without scans: what enters each, and what is made of the results.

use fuseloom_kernel::{Output, ScanInto, Strip};
use fuseloom_lane::{Inst, Program, Value};

/// What enters a scan, whose first result is number `first`: a strip without outputs.
pub(super) fn entering(strip: &Strip, first: usize, scan: &ScanInto) -> Strip {
    portion(strip, &strip.entering(first, scan), Vec::new())
}

/// What is made of the results of scans: the other outputs.
pub(super) fn rest(strip: &Strip) -> Strip {
    let taken: Vec<Value> = strip.plain_outputs().map(|(first, _)| strip.program.results[first]).collect();
    let outputs = strip.plain_outputs().map(|(_, output)| output.clone()).collect();
    portion(strip, &strip.program.part(&taken), outputs)
}

/// The strip around a part of its program, with the inputs that the part needs.
fn portion(strip: &Strip, program: &Program, outputs: Vec<Output>) -> Strip {
    let count = program.params.len();
    let mut needed = vec![false; count];
    let args = program.insts.iter().flat_map(|inst| &inst.args).chain(&program.results);
    for arg in args.filter(|arg| arg.index() < count) {
        needed[arg.index()] = true;
    }
    let kept = needed.iter().filter(|n| **n).count();
    let mut next = 0;
    let mut renamed: Vec<Value> = Vec::with_capacity(count + program.insts.len());
    for needed in &needed {
        renamed.push(Value(next));
        next += u32::from(*needed);
    }
    renamed.extend((0..program.insts.len()).map(|k| Value((kept + k) as u32)));
    let rename = |value: &Value| renamed[value.index()];
    let of = |k: &usize| needed[*k];
    let program = Program {
        params: (0..count).filter(of).map(|k| program.params[k]).collect(),
        insts: program
            .insts
            .iter()
            .map(|inst| Inst { args: inst.args.iter().map(rename).collect(), ..inst.clone() })
            .collect(),
        results: program.results.iter().map(rename).collect(),
    };
    let inputs = (0..count).filter(of).map(|k| strip.inputs[k]).collect();
    Strip { axis: strip.axis, inputs, gathers: strip.gathers.clone(), program, outputs }
}
