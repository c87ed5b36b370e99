//! From kernels back to the lines they were written on.

use super::StepProfile;
use crate::report::{BufferKindReport, NodeReport, Report};
use std::collections::BTreeMap;

/// What one line of the caller's program, or one place of an expression, takes.
///
/// ```
/// use fuseloom::prelude::*;
/// for line in Tensor::from(vec![1.0f32; 10_000]).exp().profile()?.lines() {
///     println!("{:.3} ms in {}", line.milliseconds, line.place);
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct LineProfile {
    /// The line: `src/main.rs:12`.
    pub place: String,
    /// Its share of the kernels it takes part in, in milliseconds: by the elements that its operations compute, each by its price.
    /// An estimate: fused operations have no time of their own.
    pub milliseconds: f64,
    /// The bytes of the buffers that hold its values.
    pub bytes: u64,
}

/// The lines of a program, the most expensive first.
pub(super) fn of_report(report: &Report, steps: &[StepProfile]) -> Vec<LineProfile> {
    let mut lines: BTreeMap<&str, (f64, u64)> = BTreeMap::new();
    let Some(plan) = &report.plan else { return Vec::new() };
    for (step, profile) in plan.steps.iter().zip(steps) {
        let nodes: Vec<&NodeReport> = step.nodes.iter().filter_map(|id| report.optimized.get(*id as usize)).collect();
        let all: f64 = nodes.iter().map(|node| weight(report, node)).sum();
        for node in nodes {
            let part = if all > 0.0 { weight(report, node) / all } else { 0.0 };
            for place in &node.places {
                let (ms, _) = lines.entry(place).or_default();
                *ms += profile.milliseconds * part / node.places.len() as f64;
            }
        }
    }
    for buffer in plan.buffers.iter().filter(|buffer| buffer.kind != BufferKindReport::Input) {
        let places =
            buffer.nodes.iter().filter_map(|id| report.optimized.get(*id as usize)).flat_map(|node| &node.places);
        let mut places: Vec<&str> = places.map(String::as_str).collect();
        places.dedup();
        for place in places {
            let (_, bytes) = lines.entry(place).or_default();
            *bytes += buffer.bytes.known().unwrap_or(0);
        }
    }
    let line = |(place, (milliseconds, bytes)): (&str, (f64, u64))| LineProfile {
        place: place.to_string(),
        milliseconds,
        bytes,
    };
    let mut lines: Vec<LineProfile> = lines.into_iter().map(line).collect();
    lines.sort_by(|a, b| b.milliseconds.total_cmp(&a.milliseconds).then_with(|| a.place.cmp(&b.place)));
    lines
}

/// What a node takes beside others: the bytes it goes over (those of its inputs, where it reduces), by the price of its operation.
fn weight(report: &Report, node: &NodeReport) -> f64 {
    let bytes = |node: &NodeReport| node.bytes.known().unwrap_or(1) as f64;
    let inputs = node.inputs.iter().filter_map(|id| report.optimized.get(*id as usize)).map(bytes);
    let over = inputs.fold(bytes(node), f64::max);
    over * f64::from(node.cost)
}
