//! Assertions about a plan, for tests of one's own: when they fail they say why the plan is as it is.

use crate::explain::Explain;
use crate::model::Model;
use crate::report::{BufferKindReport, BufferReport, DecisionReport, NodeReport, PlanReport, Report};
use crate::text::counted;
use fuseloom_engine::{Error, Stage};
use std::collections::BTreeSet;

/// How an assertion names a value of a program.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![1.0f32; 1000]);
/// let e = x.exp();
/// let y = (&e + 1.0).sqrt();
/// y.explain().assert_fused(&e, &y).assert_fused("exp", "sqrt");
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// A value that the explained ones were made of, by the address it was recorded at: a `&Tensor` is one.
    Recorded(usize),
    /// The name of an input, the name of an operation that occurs once (`"exp"`), or a node of the optimized graph as explain
    /// prints it (`"%4"`).
    Text(&'a str),
}

impl<'a> From<&'a str> for Named<'a> {
    fn from(text: &'a str) -> Named<'a> {
        Named::Text(text)
    }
}

/// The node of the optimized graph that has a value; else why there is none.
fn find(explain: &Explain, model: &Model, report: &Report, named: Named<'_>) -> Result<usize, String> {
    match named {
        Named::Recorded(address) => {
            let recorded = explain.values.as_ref().and_then(|values| values.node(address));
            let recorded = recorded.ok_or("the tensor is no part of what is explained")?;
            let kept = model.prepared.optimized.map.get(recorded.index()).copied().flatten();
            let places = model.places(recorded);
            let written = if places.is_empty() { format!("recorded as %{}", recorded.0) } else { places.join(", ") };
            kept.map(|node| node.index()).ok_or_else(|| format!("the optimizer removed the value ({written})"))
        }
        Named::Text(text) => find_text(report, text),
    }
}

fn find_text(report: &Report, text: &str) -> Result<usize, String> {
    let nodes = &report.optimized;
    if let Some(number) = text.strip_prefix('%') {
        let node = number.parse().ok().filter(|node| *node < nodes.len());
        return node.ok_or_else(|| format!("there is no node `{text}`"));
    }
    let inputs = nodes.iter().filter(|node| node.text.contains(&format!("= input {text}:")));
    let by_op = nodes.iter().filter(|node| node.op == text);
    let found: Vec<&NodeReport> = inputs.chain(by_op).collect();
    match found[..] {
        [node] => Ok(node.id as usize),
        [] => Err(format!("there is no input and no operation `{text}` in the optimized graph")),
        [..] => {
            let ids: Vec<String> = found.iter().map(|node| format!("%{}", node.id)).collect();
            Err(format!("`{text}` occurs more than once: say which of {}", ids.join(", ")))
        }
    }
}

/// Assertions panic if they do not hold, if the program has a mistake, and where programs are interpreted: there is no plan then.
impl Explain {
    /// Asserts how many kernels run.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32; 5000]).reshape((100, 50));
    /// let softmax = (&x - x.max(keepdims(1))).exp();
    /// (&softmax / softmax.sum(keepdims(1))).explain().assert_kernels(1);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Panics
    /// There are more or fewer: with why kernels were kept apart.
    #[track_caller]
    pub fn assert_kernels(&self, kernels: usize) -> &Explain {
        let (_, _, plan) = self.asserted();
        let there = plan.steps.iter().filter(|step| step.kind == "kernel").count();
        if there != kernels {
            let why = refusals(&plan, |_| true);
            panic!("expected {}, but {there} run{why}\n\n{self}", counted(kernels, "kernel"));
        }
        self
    }

    /// Asserts that no more than this many bytes exist at once on one thread, inputs apart.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32; 100_000]).reshape((1000, 100));
    /// // The result alone; the sums are kept in a small scratch.
    /// (&x / x.sum(keepdims(1))).explain().assert_peak_bytes(1000 * 100 * 4 + 10_000);
    /// ```
    ///
    /// # Panics
    /// It takes more: with the largest buffers and why they exist. It depends on named dims.
    #[track_caller]
    pub fn assert_peak_bytes(&self, most: usize) -> &Explain {
        let (_, _, plan) = self.asserted();
        let Some(peak) = plan.peak else { panic!("the peak depends on named dims\n\n{self}") };
        if peak.bytes > most {
            let mut buffers: Vec<_> = plan.buffers.iter().filter(|b| b.kind != BufferKindReport::Input).collect();
            buffers.sort_by_key(|buffer| std::cmp::Reverse(buffer.bytes.known()));
            let line = |buffer: &&BufferReport| {
                let reason = buffer.reason.as_deref().unwrap_or("a result");
                format!("\n  {} takes {} bytes: {reason}", buffer.name, buffer.bytes)
            };
            let largest: String = buffers.iter().take(5).map(line).collect();
            panic!("expected at most {most} bytes at once, but it takes {}{largest}\n\n{self}", peak.bytes);
        }
        self
    }

    /// Asserts that nothing but the results is written to memory and read back: there are no temporary buffers.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Tensor::from(vec![1.0; 600]).reshape((200, 3));
    /// let differences = p.expand_dims(1) - p.expand_dims(0);
    /// differences.square().sum(-1).explain().assert_no_temporaries();
    /// ```
    ///
    /// # Panics
    /// There are some: with why each exists.
    #[track_caller]
    pub fn assert_no_temporaries(&self) -> &Explain {
        let (_, report, plan) = self.asserted();
        let temporaries: Vec<String> = plan
            .buffers
            .iter()
            .filter(|buffer| buffer.kind == BufferKindReport::Temporary)
            .map(|buffer| stored(&report, buffer))
            .collect();
        assert!(temporaries.is_empty(), "expected no temporaries, but{}\n\n{self}", temporaries.concat());
        self
    }

    /// Asserts that values are not stored in a temporary buffer.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Tensor::from(vec![1.0; 600]).reshape((200, 3));
    /// let differences = p.expand_dims(1) - p.expand_dims(0);
    /// differences.square().sum(-1).explain().assert_no_materialized([&differences]);
    /// ```
    ///
    /// # Panics
    /// One is: with why. There is no such value.
    #[track_caller]
    pub fn assert_no_materialized<'a, V: Into<Named<'a>>>(&self, values: impl IntoIterator<Item = V>) -> &Explain {
        let (model, report, plan) = self.asserted();
        for value in values {
            let node = self.found(value.into(), model, &report);
            let holds = |nodes: &[u32]| nodes.contains(&(node as u32));
            let temporary = plan.buffers.iter().find(|b| b.kind == BufferKindReport::Temporary && holds(&b.nodes));
            if let Some(buffer) = temporary {
                panic!("expected {} to have no buffer, but{}\n\n{self}", name(&report, node), stored(&report, buffer));
            }
        }
        self
    }

    /// Asserts that two values are computed in one kernel.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32; 5000]).reshape((100, 50));
    /// let e = x.exp();
    /// let y = e.sum(1);
    /// y.explain().assert_fused(&e, &y);
    /// ```
    ///
    /// # Panics
    /// They are not: with what was decided about them and what lies between. There is no such value.
    #[track_caller]
    pub fn assert_fused<'a>(&self, a: impl Into<Named<'a>>, b: impl Into<Named<'a>>) -> &Explain {
        let (model, report, plan) = self.asserted();
        let [a, b] = [self.found(a.into(), model, &report), self.found(b.into(), model, &report)];
        let steps = [a, b].map(|node| steps(&report, node));
        if steps[0].intersection(&steps[1]).next().is_some() {
            return self;
        }
        let (a_name, b_name) = (name(&report, a), name(&report, b));
        for (node, of_node) in [(a, &steps[0]), (b, &steps[1])] {
            assert!(!of_node.is_empty(), "{} is not computed by any kernel\n\n{self}", name(&report, node));
        }
        let between = between(&report, a, b);
        let why = refusals(&plan, |decision| {
            between.contains(&(decision.producer as usize)) && between.contains(&(decision.consumer as usize))
        });
        let listed = |steps: &BTreeSet<usize>| steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        let (first, second) = (listed(&steps[0]), listed(&steps[1]));
        panic!("expected one kernel for\n  {a_name} (step {first}) and\n  {b_name} (step {second}){why}\n\n{self}");
    }

    #[track_caller]
    fn asserted(&self) -> (&Model, Report, PlanReport) {
        let fault = |error: Error| -> ! { panic!("{error}") };
        let (model, mut report) = self.brief(Stage::Plan).unwrap_or_else(|error| fault(error));
        match report.plan.take() {
            Some(plan) => (model, report, plan),
            None => panic!("there is no plan: {self}"),
        }
    }

    #[track_caller]
    fn found(&self, named: Named<'_>, model: &Model, report: &Report) -> usize {
        find(self, model, report, named).unwrap_or_else(|message| panic!("{message}\n\n{self}"))
    }
}

/// `%4 = exp %3: f32[8] (src/main.rs:12)`
fn name(report: &Report, node: usize) -> String {
    let node = &report.optimized[node];
    if node.places.is_empty() { node.text.clone() } else { format!("{} ({})", node.text, node.places.join(", ")) }
}

/// `t4 stores %4 = ...: why`
fn stored(report: &Report, buffer: &BufferReport) -> String {
    let values: Vec<String> = buffer.nodes.iter().map(|node| name(report, *node as usize)).collect();
    let values = if values.is_empty() { "partial results".to_string() } else { values.join(", ") };
    let reason = buffer.reason.as_deref().unwrap_or_default();
    format!("\n  {} stores {values} in {} bytes: {reason}", buffer.name, buffer.bytes)
}

/// The steps that compute a node; of a view those that compute what it is a view of.
fn steps(report: &Report, node: usize) -> BTreeSet<usize> {
    let of_node = &report.optimized[node];
    match of_node.inputs[..] {
        [input, ..] if of_node.steps.is_empty() => steps(report, input as usize),
        [] | [..] => of_node.steps.iter().copied().collect(),
    }
}

/// Two nodes with all that lies on a way from one to the other; if there is none, with all that they share below.
fn between(report: &Report, a: usize, b: usize) -> BTreeSet<usize> {
    let (first, last) = (a.min(b), a.max(b));
    let mut below = vec![false; report.optimized.len()];
    below[last] = true;
    for node in report.optimized[..=last].iter().rev().filter(|node| node.id as usize <= last) {
        if below[node.id as usize] {
            node.inputs.iter().for_each(|input| below[*input as usize] = true);
        }
    }
    if !below[first] {
        return [first, last].into();
    }
    let mut above = vec![false; report.optimized.len()];
    above[first] = true;
    for node in &report.optimized[first..=last] {
        above[node.id as usize] |= node.inputs.iter().any(|input| above[*input as usize]);
    }
    (first..=last).filter(|node| below[*node] && above[*node]).collect()
}

/// What was refused, of what concerns; all of it if nothing does.
fn refusals(plan: &PlanReport, concerns: impl Fn(&DecisionReport) -> bool) -> String {
    let refused: Vec<_> = plan.decisions.iter().filter(|decision| !decision.taken).collect();
    let concerned: Vec<_> = refused.iter().filter(|decision| concerns(decision)).copied().collect();
    let shown = if concerned.is_empty() { refused } else { concerned };
    shown.iter().map(|decision| format!("\n  {decision}")).collect()
}
