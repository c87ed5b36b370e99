//! Layered drawings of acyclic graphs.
//!
//! Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981): nodes get
//! layers, edges over several layers become chains of bends, each layer is ordered by the medians of its neighbours, and
//! coordinates come from repeated least squares under the order (isotonic regression by pooling).

/// A node to be placed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) pin: Pin,
}

/// Which layer a node must be in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pin {
    Free,
    /// The first.
    Top,
    /// The last.
    Bottom,
}

/// An edge downwards; the ends may lie beside the centres of the nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) from_dx: f64,
    pub(super) to_dx: f64,
}

/// A drawing: its left upper corner is the origin.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// Of each node.
    pub(super) centers: Vec<(f64, f64)>,
    /// The points of each edge from its upper end to its lower end.
    pub(super) routes: Vec<Vec<(f64, f64)>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Between the nodes of a layer.
const BESIDE: f64 = 14.0;
/// Between a bend and what is beside it.
const BESIDE_BEND: f64 = 7.0;
/// Sweeps over the layers that order them.
const ORDERING: usize = 12;
/// Sweeps over the layers that move nodes towards their neighbours.
const MOVING: usize = 16;
/// Bends of a drawing; where there would be more, long edges are straight.
const BENDS: usize = 12_000;

/// Lays out a graph whose edges all go from a node with a smaller number in `order` to one with a larger; others are drawn
/// straight. `gap` is the space between layers.
pub(super) fn layout(nodes: &[Node], edges: &[Edge], order: &[u32], gap: f64) -> Layout {
    if nodes.is_empty() {
        return Layout { routes: edges.iter().map(|_| Vec::new()).collect(), ..Layout::default() };
    }
    let down: Vec<bool> = edges.iter().map(|edge| order[edge.from] < order[edge.to]).collect();
    let layer_of = layers(nodes, edges, &down, order);
    let mut drawing = Drawing::new(nodes, edges, &down, &layer_of);
    drawing.order();
    drawing.place();
    drawing.finish(nodes, edges, &layer_of, gap)
}

/// The layer of each node: below all it depends on; what depends on nothing directly above its first use.
fn layers(nodes: &[Node], edges: &[Edge], down: &[bool], order: &[u32]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..nodes.len()).collect();
    sorted.sort_by_key(|&node| order[node]);
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (edge, _) in edges.iter().zip(down).filter(|(_, down)| **down) {
        above[edge.to].push(edge.from);
        below[edge.from].push(edge.to);
    }
    let top = usize::from(nodes.iter().any(|node| node.pin == Pin::Top));
    let mut layer = vec![0usize; nodes.len()];
    for &node in &sorted {
        let deepest = above[node].iter().map(|&other| layer[other] + 1).max().unwrap_or(0);
        layer[node] = if nodes[node].pin == Pin::Top { 0 } else { deepest.max(top) };
    }
    for &node in sorted.iter().rev() {
        let first_use = below[node].iter().map(|&other| layer[other]).min();
        if let (true, Pin::Free, Some(first_use)) = (above[node].is_empty(), nodes[node].pin, first_use) {
            layer[node] = first_use.saturating_sub(1).max(top);
        }
    }
    let free = |node: &usize| nodes[*node].pin != Pin::Bottom;
    let last = sorted.iter().copied().filter(free).map(|node| layer[node]).max().map_or(0, |last| last + 1);
    for node in (0..nodes.len()).filter(|&node| nodes[node].pin == Pin::Bottom) {
        layer[node] = last;
    }
    layer
}

/// Nodes and bends, by layers.
struct Drawing {
    layers: Vec<Vec<usize>>,
    widths: Vec<f64>,
    bend: Vec<bool>,
    /// Of each node or bend those in the layer above, with how far the edge's lower end is right of its upper end's centre.
    above: Vec<Vec<(usize, f64)>>,
    below: Vec<Vec<(usize, f64)>>,
    x: Vec<f64>,
    /// The bends of each edge.
    chains: Vec<Vec<usize>>,
}

impl Drawing {
    fn new(nodes: &[Node], edges: &[Edge], down: &[bool], layer_of: &[usize]) -> Drawing {
        let count = layer_of.iter().max().map_or(0, |last| last + 1);
        let mut drawing = Drawing {
            layers: vec![Vec::new(); count],
            widths: nodes.iter().map(|node| node.width).collect(),
            bend: vec![false; nodes.len()],
            above: vec![Vec::new(); nodes.len()],
            below: vec![Vec::new(); nodes.len()],
            x: Vec::new(),
            chains: Vec::new(),
        };
        for (node, &layer) in layer_of.iter().enumerate() {
            drawing.layers[layer].push(node);
        }
        // The edges that leave a node at one place share their bends.
        let mut shared: hashbrown::HashMap<(usize, u64, usize), usize> = hashbrown::HashMap::new();
        for (edge, &down) in edges.iter().zip(down) {
            let (first, last) = (layer_of[edge.from], layer_of[edge.to]);
            let mut chain = Vec::new();
            if down && first < last && drawing.widths.len() - nodes.len() + (last - first) <= BENDS {
                let (mut at, mut dx) = (edge.from, edge.from_dx);
                for (layer, in_layer) in drawing.layers.iter_mut().enumerate().take(last).skip(first + 1) {
                    let key = (edge.from, edge.from_dx.to_bits(), layer);
                    let bend = *shared.entry(key).or_insert_with(|| {
                        let bend = drawing.widths.len();
                        drawing.widths.push(2.0);
                        drawing.bend.push(true);
                        drawing.above.push(vec![(at, dx)]);
                        drawing.below.push(Vec::new());
                        drawing.below[at].push((bend, -dx));
                        in_layer.push(bend);
                        bend
                    });
                    chain.push(bend);
                    (at, dx) = (bend, 0.0);
                }
                drawing.above[edge.to].push((at, dx - edge.to_dx));
                drawing.below[at].push((edge.to, edge.to_dx - dx));
            }
            drawing.chains.push(chain);
        }
        drawing.x = vec![0.0; drawing.widths.len()];
        drawing
    }

    /// Orders each layer by the medians of its neighbours, downwards and upwards in turn; keeps the best.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.layers.clone());
        for sweep in 0..ORDERING {
            if best.0 == 0 {
                break;
            }
            let downwards = sweep % 2 == 0;
            let mut place = vec![0usize; self.widths.len()];
            let at: Vec<usize> =
                if downwards { (0..self.layers.len()).collect() } else { (0..self.layers.len()).rev().collect() };
            for layer in at {
                let near = if downwards { &self.above } else { &self.below };
                let median = |vertex: usize, k: usize| {
                    let mut places: Vec<usize> = near[vertex].iter().map(|(other, _)| place[*other]).collect();
                    places.sort_unstable();
                    match places.len() {
                        0 => k as f64,
                        n if n % 2 == 1 => places[n / 2] as f64,
                        n => (places[n / 2 - 1] + places[n / 2]) as f64 / 2.0,
                    }
                };
                let mut keyed: Vec<(f64, usize)> =
                    self.layers[layer].iter().enumerate().map(|(k, &vertex)| (median(vertex, k), vertex)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.layers[layer] = keyed.into_iter().map(|(_, vertex)| vertex).collect();
                for (k, &vertex) in self.layers[layer].iter().enumerate() {
                    place[vertex] = k;
                }
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
            }
        }
        self.layers = best.1;
    }

    /// How many pairs of edges between neighbouring layers cross, by merge counting with a tree of sums.
    fn crossings(&self) -> usize {
        let mut place = vec![0usize; self.widths.len()];
        for layer in &self.layers {
            for (k, &vertex) in layer.iter().enumerate() {
                place[vertex] = k;
            }
        }
        let between = |layer: &[usize], width: usize| {
            let mut sums = vec![0usize; width + 1];
            let (mut crossings, mut seen) = (0, 0);
            for &vertex in layer {
                let mut ends: Vec<usize> = self.below[vertex].iter().map(|(other, _)| place[*other]).collect();
                ends.sort_unstable();
                for &end in &ends {
                    let (mut k, mut before) = (end + 1, 0);
                    while k > 0 {
                        before += sums[k];
                        k &= k - 1;
                    }
                    crossings += seen - before;
                }
                for end in ends {
                    seen += 1;
                    let mut k = end + 1;
                    while k <= width {
                        sums[k] += 1;
                        k += k & k.wrapping_neg();
                    }
                }
            }
            crossings
        };
        self.layers.windows(2).map(|pair| between(&pair[0], pair[1].len())).sum()
    }

    /// Gives every node and bend its x.
    fn place(&mut self) {
        for layer in 0..self.layers.len() {
            let mut at = 0.0;
            for k in 0..self.layers[layer].len() {
                let vertex = self.layers[layer][k];
                if k > 0 {
                    at += self.distance(self.layers[layer][k - 1], vertex);
                }
                self.x[vertex] = at;
            }
        }
        for sweep in 0..MOVING {
            let last = sweep + 2 >= MOVING;
            let layers: Vec<usize> =
                if sweep % 2 == 0 { (0..self.layers.len()).collect() } else { (0..self.layers.len()).rev().collect() };
            for layer in layers {
                let wish = |vertex: usize| {
                    let (above, below) = (&self.above[vertex], &self.below[vertex]);
                    let near: Vec<&(usize, f64)> = match (sweep % 2 == 0, last) {
                        (_, true) => above.iter().chain(below).collect(),
                        (true, false) => above.iter().collect(),
                        (false, false) => below.iter().collect(),
                    };
                    let sum: f64 = near.iter().map(|(other, dx)| self.x[*other] + dx).sum();
                    let straight = self.bend[vertex] && near.iter().any(|(other, _)| self.bend[*other]);
                    match near.len() {
                        0 => (self.x[vertex], 0.05),
                        n => (sum / n as f64, if straight { 8.0 } else { n as f64 }),
                    }
                };
                let wishes: Vec<(f64, f64)> = self.layers[layer].iter().map(|&vertex| wish(vertex)).collect();
                let gaps: Vec<f64> = self.layers[layer].windows(2).map(|w| self.distance(w[0], w[1])).collect();
                for (&vertex, x) in self.layers[layer].iter().zip(nearest(&wishes, &gaps)) {
                    self.x[vertex] = x;
                }
            }
        }
    }

    /// Between the centres of two neighbours in a layer, at least.
    fn distance(&self, left: usize, right: usize) -> f64 {
        let gap = if self.bend[left] || self.bend[right] { BESIDE_BEND } else { BESIDE };
        (self.widths[left] + self.widths[right]) / 2.0 + gap
    }

    fn finish(self, nodes: &[Node], edges: &[Edge], layer_of: &[usize], gap: f64) -> Layout {
        let left = (0..self.widths.len()).map(|v| self.x[v] - self.widths[v] / 2.0).fold(f64::INFINITY, f64::min);
        let right = (0..self.widths.len()).map(|v| self.x[v] + self.widths[v] / 2.0).fold(0.0f64, f64::max);
        let heights: Vec<f64> = self
            .layers
            .iter()
            .map(|layer| layer.iter().filter_map(|v| nodes.get(*v)).map(|node| node.height).fold(0.0, f64::max))
            .collect();
        let mut tops = Vec::with_capacity(heights.len());
        let mut y = 0.0;
        for height in &heights {
            tops.push(y);
            y += height + gap;
        }
        let centers: Vec<(f64, f64)> =
            (0..nodes.len()).map(|v| (self.x[v] - left, tops[layer_of[v]] + heights[layer_of[v]] / 2.0)).collect();
        let route = |(edge, chain): (&Edge, &Vec<usize>)| {
            let (from, to) = (centers[edge.from], centers[edge.to]);
            let mut points = vec![(from.0 + edge.from_dx, from.1 + nodes[edge.from].height / 2.0)];
            for (&bend, layer) in chain.iter().zip(layer_of[edge.from] + 1..) {
                let x = self.x[bend] - left;
                points.extend([(x, tops[layer]), (x, tops[layer] + heights[layer])]);
            }
            points.push((to.0 + edge.to_dx, to.1 - nodes[edge.to].height / 2.0));
            points
        };
        let routes = edges.iter().zip(&self.chains).map(route).collect();
        Layout { centers, routes, width: right - left, height: (y - gap).max(0.0) }
    }
}

/// The places nearest to the wished ones (weighted squares), in order and at least `gaps` apart.
fn nearest(wishes: &[(f64, f64)], gaps: &[f64]) -> Vec<f64> {
    let mut offsets = Vec::with_capacity(wishes.len());
    let mut offset = 0.0;
    for k in 0..wishes.len() {
        offset += if k > 0 { gaps[k - 1] } else { 0.0 };
        offsets.push(offset);
    }
    // Pools: (mean, weight, members).
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (&(wish, weight), offset) in wishes.iter().zip(&offsets) {
        let mut pool = (wish - offset, weight, 1);
        while let Some(&(mean, weight, members)) = pools.last()
            && mean > pool.0
        {
            pools.pop();
            let sum = weight + pool.1;
            pool = ((mean * weight + pool.0 * pool.1) / sum, sum, members + pool.2);
        }
        pools.push(pool);
    }
    let means = pools.iter().flat_map(|&(mean, _, members)| std::iter::repeat_n(mean, members));
    means.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(count: usize) -> Vec<Node> {
        vec![Node { width: 40.0, height: 20.0, pin: Pin::Free }; count]
    }

    fn edge(from: usize, to: usize) -> Edge {
        Edge { from, to, from_dx: 0.0, to_dx: 0.0 }
    }

    fn drawn(count: usize, edges: &[Edge]) -> Layout {
        layout(&boxes(count), edges, &(0..count as u32).collect::<Vec<_>>(), 30.0)
    }

    #[test]
    fn nothing_overlaps_and_edges_go_down() {
        let mut state = 1u32;
        let mut random = |n: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % n
        };
        let edges: Vec<Edge> = (1..80).flat_map(|to| [edge(random(to), to), edge(random(to), to)]).collect();
        let layout = drawn(80, &edges);
        for a in 0..80 {
            for b in 0..a {
                let ((ax, ay), (bx, by)) = (layout.centers[a], layout.centers[b]);
                assert!((ax - bx).abs() >= 40.0 || (ay - by).abs() >= 20.0, "{a} and {b} overlap");
            }
        }
        for route in &layout.routes {
            assert!(route.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{route:?}");
            assert!(route.iter().all(|(x, y)| *x >= 0.0 && *x <= layout.width && *y <= layout.height), "{route:?}");
        }
    }

    #[test]
    fn a_chain_is_straight_and_crossings_are_undone() {
        let chain = drawn(5, &[edge(0, 1), edge(1, 2), edge(2, 3), edge(3, 4)]);
        assert!(chain.centers.iter().all(|(x, _)| (x - chain.centers[0].0).abs() < 1e-6));
        let crossed = drawn(4, &[edge(0, 3), edge(1, 2)]);
        let left_of = |a: usize, b: usize| crossed.centers[a].0 < crossed.centers[b].0;
        assert_eq!(left_of(0, 1), left_of(3, 2), "{:?}", crossed.centers);
    }

    #[test]
    fn pins_are_at_the_ends() {
        let mut nodes = boxes(4);
        (nodes[0].pin, nodes[1].pin) = (Pin::Top, Pin::Bottom);
        let layout = layout(&nodes, &[edge(0, 3), edge(2, 1), edge(2, 3)], &[0, 9, 1, 2], 10.0);
        assert!(layout.centers[0].1 < layout.centers[2].1 && layout.centers[2].1 < layout.centers[3].1);
        assert!(layout.centers[3].1 < layout.centers[1].1);
    }

    #[test]
    fn wishes_are_met_as_far_as_there_is_room() {
        assert_eq!(nearest(&[(0.0, 1.0), (100.0, 1.0)], &[10.0]), [0.0, 100.0]);
        assert_eq!(nearest(&[(5.0, 1.0), (5.0, 1.0)], &[10.0]), [0.0, 10.0]);
        assert_eq!(nearest(&[(0.0, 3.0), (0.0, 1.0)], &[8.0]), [-2.0, 6.0]);
    }
}
