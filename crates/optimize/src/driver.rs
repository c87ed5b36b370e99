//! Runs the passes: the only place that times them, shows them, checks what they leave and repeats them.

use crate::contraction::ContractionReport;
use crate::error::Error;
use crate::pass::{Given, Pass, Work};
use crate::walk::Rewrite;
use fuseloom_graph::{Graph, NodeId};
use std::time::{Duration, Instant};

/// Rounds of the simplifying passes after which the driver stops even if something still changes.
pub const MAX_ROUNDS: usize = 12;

/// What the driver may do.
#[derive(Clone, Copy, Default)]
pub struct Passes<'a> {
    /// Names of passes that are skipped.
    pub off: &'a [&'a str],
    /// Called after each run of a pass.
    pub hook: Option<&'a dyn Fn(&Run<'_>)>,
    /// Whether the graph is verified after each run of a pass; always done where debug assertions are on.
    pub verify: bool,
    /// What is known of the sizes.
    pub given: Given,
}

impl std::fmt::Debug for Passes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hook = self.hook.map(|_| "..");
        f.debug_struct("Passes")
            .field("off", &self.off)
            .field("hook", &hook)
            .field("verify", &self.verify)
            .field("given", &self.given)
            .finish()
    }
}

/// One run of a pass, as the hook sees it.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The pass.
    pub pass: &'static str,
    /// The round it ran in, from 0; passes that run once are in round 0.
    pub round: usize,
    /// The graph before.
    pub before: &'a Graph,
    /// The graph after; the same one if nothing changed.
    pub after: &'a Graph,
    /// Whether anything changed.
    pub changed: bool,
    /// For each node of the graph before the node after it that has its value, if one has; `None` if nothing changed.
    pub map: Option<&'a [Option<NodeId>]>,
    /// How long it took.
    pub duration: Duration,
}

/// What became of a graph.
#[derive(Clone, Debug)]
pub struct Optimized {
    /// The canonical graph.
    pub graph: Graph,
    /// For each node of the graph that was given the node of this one that has its value, if one has.
    pub map: Vec<Option<NodeId>>,
    /// For each node of this graph the node of the given one it was built for: where its source place is found.
    pub origins: Vec<NodeId>,
    /// What each pass did, in the order of [`crate::PASSES`], all rounds together; passes that are off are left out.
    pub passes: Vec<PassReport>,
    /// How many rounds of the simplifying passes ran.
    pub rounds: usize,
    /// The order of each contraction, with what its steps cost.
    pub contractions: Vec<ContractionReport>,
}

/// What a pass did, over all rounds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PassReport {
    /// The pass.
    pub name: &'static str,
    /// Whether it changed anything.
    pub changed: bool,
    /// Nodes in the graph before its first run.
    pub before: usize,
    /// Nodes in the graph after its last run.
    pub after: usize,
    /// What was done, and how often.
    pub facts: Vec<(&'static str, usize)>,
    /// How long its runs took together.
    pub duration: Duration,
}

impl PassReport {
    /// The facts as lines of text: `x * 1 => x (3 times)`. The same in every run.
    pub fn lines(&self) -> Vec<String> {
        let line = |(fact, count): &(&str, usize)| match count {
            1 => (*fact).to_string(),
            n => format!("{fact} ({n} times)"),
        };
        self.facts.iter().map(line).collect()
    }
}

/// Runs passes over a graph: the required ones in order, then the others in rounds until one changes nothing.
pub(crate) fn run(passes: &'static [Pass], graph: &Graph, options: &Passes<'_>) -> Result<Optimized, Error> {
    for name in options.off {
        match passes.iter().find(|pass| pass.name == *name) {
            Some(pass) if pass.required => return Err(Error::RequiredPass { name: pass.name }),
            Some(_) => {}
            None => {
                let known = passes.iter().filter(|pass| !pass.required).map(|pass| pass.name).collect();
                return Err(Error::UnknownPass { name: (*name).to_string(), known });
            }
        }
    }
    let on = |pass: &&Pass| !options.off.contains(&pass.name);
    let mut state = State::new(graph, passes.iter().filter(on));
    let mut required = passes.iter().filter(|pass| pass.required).peekable();
    while let Some(pass) = required.next() {
        // The last of them makes the graph canonical, and the others keep it so.
        state.canonical = required.peek().is_none();
        state.run(pass, 0, options)?;
    }
    let mut rounds = 0;
    loop {
        let mut changed = false;
        for pass in passes.iter().filter(on).filter(|pass| !pass.required) {
            changed |= state.run(pass, rounds, options)?;
        }
        rounds += 1;
        if !changed || rounds == MAX_ROUNDS {
            break;
        }
    }
    // What the last pass of the last round left behind.
    for pass in passes.iter().filter(on).filter(|pass| pass.last_too) {
        state.run(pass, rounds, options)?;
    }
    let State { graph, map, origins, reports: passes, contractions, .. } = state;
    Ok(Optimized { graph, map, origins, passes, rounds, contractions })
}

struct State {
    graph: Graph,
    /// Whether what the next pass leaves has to be canonical.
    canonical: bool,
    map: Vec<Option<NodeId>>,
    origins: Vec<NodeId>,
    reports: Vec<PassReport>,
    contractions: Vec<ContractionReport>,
}

impl State {
    fn new<'p>(graph: &Graph, passes: impl Iterator<Item = &'p Pass>) -> State {
        let nodes = graph.nodes().len();
        let report = |pass: &Pass| PassReport {
            name: pass.name,
            changed: false,
            before: nodes,
            after: nodes,
            facts: Vec::new(),
            duration: Duration::ZERO,
        };
        State {
            graph: graph.clone(),
            canonical: false,
            map: graph.ids().map(Some).collect(),
            origins: graph.ids().collect(),
            reports: passes.map(report).collect(),
            contractions: Vec::new(),
        }
    }

    /// Runs a pass and says whether it changed anything.
    fn run(&mut self, pass: &Pass, round: usize, options: &Passes<'_>) -> Result<bool, Error> {
        let start = Instant::now();
        let outcome = match pass.work {
            Work::Graph(run) => run(&self.graph),
            Work::Given(run) => run(&self.graph, &options.given),
        };
        let duration = start.elapsed();
        let rewrite = outcome.map_err(|refusal| Error::Refused {
            pass: pass.name,
            node: refusal.node,
            source: Box::new(refusal.source),
        })?;
        let changed = rewrite.is_some();
        let after = rewrite.as_ref().map_or(&self.graph, |rewrite| &rewrite.graph);
        if let Some(rewrite) = &rewrite {
            check_outputs(pass.name, &self.graph, &rewrite.graph)?;
            if options.verify || cfg!(debug_assertions) {
                verify(pass, &rewrite.graph, self.canonical)?;
            }
        }
        if let Some(hook) = options.hook {
            let map = rewrite.as_ref().map(|rewrite| rewrite.map.as_slice());
            hook(&Run { pass: pass.name, round, before: &self.graph, after, changed, map, duration });
        }
        self.report(pass.name, after.nodes().len(), rewrite.as_ref(), duration, round);
        if let Some(rewrite) = rewrite {
            self.adopt(rewrite);
        }
        Ok(changed)
    }

    fn report(
        &mut self,
        name: &'static str,
        after: usize,
        rewrite: Option<&Rewrite>,
        duration: Duration,
        round: usize,
    ) {
        let before = self.graph.nodes().len();
        let Some(report) = self.reports.iter_mut().find(|report| report.name == name) else { return };
        if round == 0 {
            report.before = before;
        }
        report.after = after;
        report.duration += duration;
        let Some(rewrite) = rewrite else { return };
        report.changed = true;
        for &(fact, count) in &rewrite.facts {
            match report.facts.iter_mut().find(|(known, _)| *known == fact) {
                Some((_, sum)) => *sum += count,
                None => report.facts.push((fact, count)),
            }
        }
    }

    fn adopt(&mut self, rewrite: Rewrite) {
        for to in &mut self.map {
            *to = to.and_then(|id| rewrite.map[id.index()]);
        }
        let origin =
            |report: ContractionReport| ContractionReport { node: self.origins[report.node.index()], ..report };
        self.contractions.extend(rewrite.contractions.into_iter().map(origin));
        self.origins = rewrite.origins.iter().map(|id| self.origins[id.index()]).collect();
        self.graph = rewrite.graph;
    }
}

/// A pass may change how an output is computed, never what type it has.
fn check_outputs(pass: &'static str, before: &Graph, after: &Graph) -> Result<(), Error> {
    let ty = |graph: &Graph, k: usize| graph.outputs().get(k).map(|id| Box::new(graph.ty(*id).clone()));
    let count = before.outputs().len().max(after.outputs().len());
    let differs = (0..count).find(|&k| ty(before, k) != ty(after, k));
    match differs {
        None => Ok(()),
        Some(output) => Err(Error::OutputType { pass, output, before: ty(before, output), after: ty(after, output) }),
    }
}

fn verify(pass: &Pass, graph: &Graph, canonical: bool) -> Result<(), Error> {
    let malformed = |message: String| Error::Malformed { pass: pass.name, message };
    fuseloom_graph::verify(graph).map_err(|error| malformed(error.to_string()))?;
    if canonical { crate::canonical(graph).map_err(malformed) } else { Ok(()) }
}
