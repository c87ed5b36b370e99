//! A run as trace events.
//!
//! Source: "Trace Event Format" (the Chromium project), complete events (`"ph": "X"`) and names of threads (`"ph": "M"`).

use crate::report::Report;
use fuseloom_engine::{Result, internal};
use fuseloom_runtime::Span;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// The compiler's track; workers have their numbers.
const COMPILER: usize = 1000;

/// The passes and compilations of a report, and the spans of a run.
pub(super) fn events(report: &Report, spans: &[Span]) -> Result<String> {
    let mut events: Vec<Value> = Vec::new();
    let name = |track: usize, name: String| json!({ "ph": "M", "name": "thread_name", "pid": 1, "tid": track, "args": { "name": name } });
    let mut at = 0.0;
    events.push(name(COMPILER, "compiler".to_string()));
    let mut compiled = |what: String, ms: f64| {
        events.push(complete(&what, "compile", COMPILER, at, ms * 1e3, json!({})));
        at += ms * 1e3;
    };
    for pass in &report.passes {
        compiled(format!("pass {}", pass.name), pass.milliseconds.unwrap_or(0.0));
    }
    let steps = report.plan.as_ref().map_or(&[][..], |plan| plan.steps.as_slice());
    for step in steps {
        if let Some(ms) = step.code.as_ref().and_then(|code| code.milliseconds) {
            compiled(format!("compile {}", step.name), ms);
        }
    }
    let workers: BTreeSet<usize> = spans.iter().map(|span| span.worker.unwrap_or(0)).collect();
    for worker in workers {
        let of_caller = if worker == 0 { " (caller)" } else { "" };
        events.push(name(worker, format!("worker {worker}{of_caller}")));
    }
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    for span in spans {
        let Some(step) = steps.get(span.step) else { continue };
        let (begin, length) = (us(span.begin), us(span.end.saturating_sub(span.begin)));
        events.push(match span.worker {
            None => {
                let traffic = step.traffic.unwrap_or_default();
                let arguments =
                    json!({ "step": span.step, "bytes read": traffic.read, "bytes written": traffic.written });
                complete(&step.name, &step.kind, 0, begin, length, arguments)
            }
            Some(worker) => {
                let what = format!("{} phase {}", step.name, span.phase);
                complete(&what, "phase", worker, begin, length, json!({ "step": span.step }))
            }
        });
    }
    let all = json!({ "traceEvents": events, "displayTimeUnit": "ns" });
    serde_json::to_string(&all).map_err(|error| internal("profile", error.to_string()))
}

fn complete(name: &str, category: &str, track: usize, begin: f64, length: f64, arguments: Value) -> Value {
    json!({ "ph": "X", "name": name, "cat": category, "pid": 1, "tid": track, "ts": begin, "dur": length, "args": arguments })
}
