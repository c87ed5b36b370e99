//! The plan as a drawing: each step a cluster of what it computes, laid out by itself, then clusters and buffers together.

use super::layered::{Edge, Layout, Node, Pin, layout};
use crate::report::{BufferKindReport, BufferReport, NodeReport, PlanReport, Report};
use std::collections::{BTreeMap, BTreeSet};

/// A rectangle by its left upper corner.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What a box stands for. A node is drawn once in each step that computes it or reads through it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum What {
    Step(usize),
    Node { node: u32, step: usize },
    Buffer(usize),
}

impl What {
    /// Its identifier in the page.
    pub(super) fn id(self) -> String {
        match self {
            What::Step(step) => format!("step-{step}"),
            What::Node { node, step } => format!("node-{node}-{step}"),
            What::Buffer(buffer) => format!("buffer-{buffer}"),
        }
    }
}

/// A curve through points, from top to bottom.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Line {
    pub(super) from: What,
    pub(super) to: What,
    pub(super) points: Vec<(f64, f64)>,
}

/// The drawing.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    /// In the order in which a reader walks through them.
    pub(super) boxes: Vec<(What, Rect)>,
    pub(super) lines: Vec<Line>,
}

const MARGIN: f64 = 12.0;
const TITLE: f64 = 24.0;
pub(super) const LINE: f64 = 36.0;
const CHARACTER: f64 = 7.3;
/// Characters of a label.
const LABEL: usize = 26;

/// What a box says: its first line and its second.
pub(super) fn node_label(node: &NodeReport) -> (String, String) {
    let call = node.text.split_once(" = ").map_or(node.text.as_str(), |(_, call)| call);
    let call = call.rsplit_once(": ").map_or(call, |(call, _)| call);
    let call = call.split(" %").next().unwrap_or(call);
    (cut(&format!("%{} {call}", node.id)), cut(&node.types.join(", ")))
}

/// As [`node_label`].
pub(super) fn buffer_label(buffer: &BufferReport) -> (String, String) {
    let shape: Vec<String> = buffer.shape.iter().map(ToString::to_string).collect();
    let kind = match buffer.kind {
        BufferKindReport::Input => "input ",
        BufferKindReport::Output => "output ",
        BufferKindReport::Temporary => "",
    };
    (cut(&format!("{kind}{}", buffer.name)), cut(&format!("{}[{}]", buffer.dtype, shape.join(","))))
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LABEL {
        return text.to_string();
    }
    text.chars().take(LABEL - 1).chain(['\u{2026}']).collect()
}

fn label_width((first, second): &(String, String)) -> f64 {
    first.chars().count().max(second.chars().count()) as f64 * CHARACTER + 16.0
}

/// Draws a plan; without one the whole graph as one step.
pub(super) fn draw(report: &Report) -> Drawing {
    let whole;
    let plan = match &report.plan {
        Some(plan) => plan,
        None => {
            whole = interpreted(report);
            &whole
        }
    };
    let clusters: Vec<Cluster> = plan.steps.iter().map(|step| Cluster::new(report, plan, step.number)).collect();
    // Partial results never leave their step.
    let shown: Vec<usize> = (0..plan.buffers.len())
        .filter(|&k| plan.buffers[k].kind != BufferKindReport::Temporary || !plan.buffers[k].nodes.is_empty())
        .collect();
    let first_write = |buffer: usize| plan.steps.iter().position(|step| step.writes.contains(&buffer));
    let mut nodes = Vec::new();
    let mut order = Vec::new();
    for cluster in &clusters {
        nodes.push(Node { width: cluster.width(), height: cluster.height(), pin: Pin::Free });
        order.push(2 * cluster.step as u32 + 1);
    }
    for &buffer in &shown {
        let width = label_width(&buffer_label(&plan.buffers[buffer])) + 8.0;
        nodes.push(Node { width, height: LINE, pin: Pin::Free });
        order.push(first_write(buffer).map_or(0, |step| 2 * step as u32 + 2));
    }
    let mut edges = Vec::new();
    for (k, cluster) in clusters.iter().enumerate() {
        let ends = [(&cluster.entries, &plan.steps[k].reads, true), (&cluster.exits, &plan.steps[k].writes, false)];
        for (ports, buffers, read) in ends {
            for buffer in buffers {
                let Some(at) = shown.iter().position(|shown| shown == buffer) else { continue };
                let port = ports.iter().position(|(of, _)| of == buffer);
                let dx = port.map_or(0.0, |port| cluster.port(port, read) - cluster.width() / 2.0);
                let buffer = clusters.len() + at;
                edges.push(match read {
                    true => Edge { from: buffer, to: k, from_dx: 0.0, to_dx: dx },
                    false => Edge { from: k, to: buffer, from_dx: dx, to_dx: 0.0 },
                });
            }
        }
    }
    let outer = layout(&nodes, &edges, &order, 34.0);
    assemble(&clusters, &shown, &nodes, &edges, outer)
}

fn assemble(clusters: &[Cluster], shown: &[usize], nodes: &[Node], edges: &[Edge], outer: Layout) -> Drawing {
    let mut drawing =
        Drawing { width: outer.width + 2.0 * MARGIN, height: outer.height + 2.0 * MARGIN, ..Drawing::default() };
    let rect = |k: usize| {
        let ((x, y), node) = (outer.centers[k], nodes[k]);
        let (x, y) = (x - node.width / 2.0 + MARGIN, y - node.height / 2.0 + MARGIN);
        Rect { x, y, width: node.width, height: node.height }
    };
    let what = |k: usize| match shown.get(k.wrapping_sub(clusters.len())) {
        Some(buffer) => What::Buffer(*buffer),
        None => What::Step(clusters[k].step),
    };
    for (edge, points) in edges.iter().zip(outer.routes) {
        let points = points.into_iter().map(|(x, y)| (x + MARGIN, y + MARGIN)).collect();
        drawing.lines.push(Line { from: what(edge.from), to: what(edge.to), points });
    }
    // From top to bottom, each step followed by what is in it.
    let mut reading: Vec<usize> = (0..nodes.len()).collect();
    reading.sort_by(|a, b| {
        let ((ax, ay), (bx, by)) = (outer.centers[*a], outer.centers[*b]);
        ay.total_cmp(&by).then(ax.total_cmp(&bx))
    });
    for k in reading {
        let around = rect(k);
        drawing.boxes.push((what(k), around));
        if let Some(cluster) = clusters.get(k) {
            cluster.draw(around, &mut drawing);
        }
    }
    drawing
}

/// What is inside a step.
struct Cluster {
    step: usize,
    /// The nodes that are drawn in it.
    nodes: Vec<u32>,
    /// The sizes of the entries, the nodes and the exits, in this order.
    sizes: Vec<Node>,
    edges: Vec<Edge>,
    /// For each buffer it reads, the positions of the nodes that do.
    entries: Vec<(usize, Vec<usize>)>,
    /// For each buffer it writes, the positions of the nodes whose values go there.
    exits: Vec<(usize, Vec<usize>)>,
    inner: Layout,
}

impl Cluster {
    fn new(report: &Report, plan: &PlanReport, step: usize) -> Cluster {
        let of_step = &plan.steps[step];
        let holder = |node: u32| {
            let holds = |buffer: &&usize| plan.buffers[**buffer].nodes.contains(&node);
            of_step.reads.iter().find(holds).copied()
        };
        let mut nodes: BTreeSet<u32> = of_step.nodes.iter().copied().collect();
        let mut reads: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
        let mut waiting: Vec<u32> = of_step.nodes.clone();
        while let Some(node) = waiting.pop() {
            for &input in &report.optimized[node as usize].inputs {
                if nodes.contains(&input) {
                    continue;
                }
                match holder(input) {
                    Some(buffer) => {
                        reads.entry(buffer).or_default().insert(node);
                    }
                    None if report.optimized[input as usize].steps.is_empty() => {
                        nodes.insert(input);
                        waiting.push(input);
                    }
                    None => {}
                }
            }
        }
        let nodes: Vec<u32> = nodes.into_iter().collect();
        let at = |node: &u32| nodes.binary_search(node).ok();
        let entries: Vec<(usize, Vec<usize>)> =
            reads.iter().map(|(buffer, users)| (*buffer, users.iter().filter_map(at).collect())).collect();
        let exits = of_step.writes.iter().filter_map(|&buffer| {
            let values: Vec<usize> = plan.buffers[buffer].nodes.iter().filter_map(at).collect();
            (!values.is_empty()).then_some((buffer, values))
        });
        let exits: Vec<(usize, Vec<usize>)> = exits.collect();
        let first = entries.len();
        let mut edges = Vec::new();
        let mut edge = |from: usize, to: usize| edges.push(Edge { from, to, from_dx: 0.0, to_dx: 0.0 });
        for (port, (_, users)) in entries.iter().enumerate() {
            users.iter().for_each(|user| edge(port, first + user));
        }
        for (k, node) in nodes.iter().enumerate() {
            let mut inputs: Vec<usize> = report.optimized[*node as usize].inputs.iter().filter_map(at).collect();
            inputs.sort_unstable();
            inputs.dedup();
            inputs.into_iter().for_each(|input| edge(first + input, first + k));
        }
        for (port, (_, values)) in exits.iter().enumerate() {
            values.iter().for_each(|value| edge(first + value, first + nodes.len() + port));
        }
        let port = |pin| Node { width: 6.0, height: 0.0, pin };
        let sized = |node: &u32| {
            let width = label_width(&node_label(&report.optimized[*node as usize]));
            Node { width, height: LINE, pin: Pin::Free }
        };
        let sizes: Vec<Node> = std::iter::repeat_n(port(Pin::Top), entries.len())
            .chain(nodes.iter().map(sized))
            .chain(std::iter::repeat_n(port(Pin::Bottom), exits.len()))
            .collect();
        let order: Vec<u32> = (0..sizes.len() as u32).collect();
        let inner = layout(&sizes, &edges, &order, 22.0);
        Cluster { step, nodes, sizes, edges, entries, exits, inner }
    }

    fn width(&self) -> f64 {
        (self.inner.width + 2.0 * MARGIN).max(190.0)
    }

    fn height(&self) -> f64 {
        self.inner.height + TITLE + 2.0 * MARGIN
    }

    /// How far the drawing inside is from the left border.
    fn left(&self) -> f64 {
        (self.width() - self.inner.width) / 2.0
    }

    /// How far a port is from the left border.
    fn port(&self, port: usize, entry: bool) -> f64 {
        let at = if entry { port } else { self.entries.len() + self.nodes.len() + port };
        self.inner.centers[at].0 + self.left()
    }

    fn draw(&self, around: Rect, drawing: &mut Drawing) {
        let (x, y) = (around.x + self.left(), around.y + TITLE + MARGIN);
        let what = |k: usize| match k.checked_sub(self.entries.len()) {
            None => What::Buffer(self.entries[k].0),
            Some(k) => match self.nodes.get(k) {
                Some(node) => What::Node { node: *node, step: self.step },
                None => What::Buffer(self.exits[k - self.nodes.len()].0),
            },
        };
        for (edge, points) in self.edges.iter().zip(&self.inner.routes) {
            let mut points: Vec<(f64, f64)> = points.iter().map(|(px, py)| (px + x, py + y)).collect();
            // From border to border.
            if edge.from < self.entries.len() {
                points.insert(0, (points[0].0, around.y));
            }
            if edge.to >= self.entries.len() + self.nodes.len() {
                points.push((points[points.len() - 1].0, around.y + around.height));
            }
            drawing.lines.push(Line { from: what(edge.from), to: what(edge.to), points });
        }
        let mut boxes: Vec<(What, Rect)> = (self.entries.len()..self.entries.len() + self.nodes.len())
            .map(|k| {
                let ((cx, cy), Node { width, height, .. }) = (self.inner.centers[k], self.sizes[k]);
                (what(k), Rect { x: cx - width / 2.0 + x, y: cy - height / 2.0 + y, width, height })
            })
            .collect();
        boxes.sort_by(|(_, a), (_, b)| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
        drawing.boxes.extend(boxes);
    }
}

/// A plan of one step that does everything.
fn interpreted(report: &Report) -> PlanReport {
    PlanReport::whole(report.optimized.iter().map(|node| node.id).collect())
}
