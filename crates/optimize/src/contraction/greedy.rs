//! Orders for networks too large to search whole: the best of several random greedy ones, parts of which are then put in their
//! cheapest order.
//!
//! A greedy order contracts the pair whose result is smallest against its operands; noise lets restarts differ (Gray and
//! Kourtis, "Hyper-optimized tensor network contraction", 2021). The noise is a fixed sequence, so that a network always has
//! the same order.

use super::network::{LabelSet, Network, Path, Uses};
use super::optimal::optimal;

/// Operands that are ordered at once: of more so many after one another, and then their results. It bounds the time.
const AT_ONCE: usize = 256;
/// Restarts at most.
const RESTARTS: usize = 32;
/// Pairs that all restarts may look at together.
const MOST_PAIRS: usize = 400_000;
/// Values that are put in their cheapest order together.
const WINDOW: usize = 6;
/// Operands up to which parts are put in order.
const REFINED: usize = 200;

/// An order, the same for the same network.
pub(crate) fn greedy(network: &Network) -> Path {
    let n = network.operands.len();
    if n <= AT_ONCE {
        return best(network);
    }
    let mut uses = Uses::new(network);
    let mut path = Path::with_capacity(n - 1);
    let mut left: Vec<(usize, LabelSet)> = network.operands.iter().cloned().enumerate().collect();
    while left.len() > 1 {
        let mut results = Vec::with_capacity(left.len().div_ceil(AT_ONCE));
        for block in left.chunks(AT_ONCE) {
            let operands: Vec<LabelSet> = block.iter().map(|(_, labels)| labels.clone()).collect();
            let output = uses.replace(&operands);
            let first = n + path.len();
            let value = |k: usize| block.get(k).map_or_else(|| first + k - block.len(), |(value, _)| *value);
            let order = best(&Network { operands, output: output.clone(), ..network.clone() });
            path.extend(order.iter().map(|(a, b)| (value(*a), value(*b))));
            // The last step's result, or the only operand.
            results.push((value((block.len() + order.len()).saturating_sub(1)), output));
        }
        left = results;
    }
    path
}

/// The best of some greedy orders, put right in part.
fn best(network: &Network) -> Path {
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let mut left = MOST_PAIRS;
    let mut best: Option<(f64, Path)> = None;
    for restart in 0..RESTARTS {
        // The first is without noise; the others weigh the operands' sizes and their luck differently.
        let weight = if restart == 0 { 1.0 } else { 2.0 * noise.next() };
        let heat = if restart == 0 { 0.0 } else { noise.next() };
        let (path, looked) = one(network, weight, heat, &mut noise);
        let seconds = network.seconds(&path);
        if best.as_ref().is_none_or(|(least, _)| seconds < *least) {
            best = Some((seconds, path));
        }
        left = left.saturating_sub(looked);
        if left < looked {
            break;
        }
    }
    let (seconds, path) = best.unwrap_or_default();
    if network.operands.len() > REFINED {
        return path;
    }
    let refined = refine(network, &path);
    if network.seconds(&refined) < seconds { refined } else { path }
}

/// Numbers in 0..1 (xorshift64*, Vigna 2016).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A pair that may be contracted next.
struct Candidate {
    score: f64,
    pair: (usize, usize),
}

/// One greedy order, and how many pairs it looked at.
fn one(network: &Network, weight: f64, heat: f64, noise: &mut Noise) -> (Path, usize) {
    let n = network.operands.len();
    let mut uses = Uses::new(network);
    let mut values: Vec<LabelSet> = network.operands.clone();
    let mut sizes: Vec<f64> = values.iter().map(|labels| network.size(labels)).collect();
    let mut live: Vec<usize> = (0..n).collect();
    let mut path = Path::with_capacity(n.saturating_sub(1));
    let mut looked = 0;
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut consider =
        |a: usize, b: usize, values: &[LabelSet], sizes: &[f64], uses: &Uses, all: &mut Vec<Candidate>| {
            let size = network.size(&uses.result(&values[a], &values[b]));
            let score = size - weight * (sizes[a] + sizes[b]);
            // Of scores of any magnitude the logarithm is disturbed.
            let magnitude = score.signum() * score.abs().ln_1p();
            let luck = if heat > 0.0 { -heat * (-noise.next().max(1e-300).ln()).ln() } else { 0.0 };
            all.push(Candidate { score: magnitude - luck, pair: (a, b) });
        };
    for (k, &a) in live.iter().enumerate() {
        for &b in &live[k + 1..] {
            looked += 1;
            if values[a].meets(&values[b]) {
                consider(a, b, &values, &sizes, &uses, &mut candidates);
            }
        }
    }
    while live.len() > 1 {
        looked += candidates.len();
        let least = candidates.iter().min_by(|x, y| x.score.total_cmp(&y.score).then(x.pair.cmp(&y.pair)));
        let (a, b) = match least {
            Some(candidate) => candidate.pair,
            None => {
                // Nothing shares a label: the two smallest.
                live.sort_by(|x, y| sizes[*x].total_cmp(&sizes[*y]).then(x.cmp(y)));
                (live[0].min(live[1]), live[0].max(live[1]))
            }
        };
        let result = uses.contract(&values[a], &values[b]);
        sizes.push(network.size(&result));
        values.push(result);
        path.push((a, b));
        live.retain(|value| *value != a && *value != b);
        candidates.retain(|c| ![c.pair.0, c.pair.1].iter().any(|value| *value == a || *value == b));
        let new = values.len() - 1;
        looked += live.len();
        for &other in &live {
            if values[other].meets(&values[new]) {
                consider(other, new, &values, &sizes, &uses, &mut candidates);
            }
        }
        live.push(new);
    }
    (path, looked)
}

/// Puts every part of the tree with up to [`WINDOW`] values in its cheapest order, from the leaves up.
fn refine(network: &Network, path: &Path) -> Path {
    let n = network.operands.len();
    let labels = network.values(path);
    let mut tree: Vec<Option<(usize, usize)>> = vec![None; n];
    tree.extend(path.iter().map(|pair| Some(*pair)));
    let mut steps: Vec<LabelSet> = labels;
    for root in n..n + path.len() {
        // The values below the root that are largest are opened first: their order matters most.
        let mut parts = vec![root];
        while parts.len() < WINDOW {
            let open = parts.iter().copied().filter(|value| tree[*value].is_some());
            let Some(next) = open.max_by(|x, y| network.size(&steps[*x]).total_cmp(&network.size(&steps[*y]))) else {
                break;
            };
            parts.retain(|value| *value != next);
            let Some((a, b)) = tree[next] else { break };
            parts.extend([a, b]);
        }
        if parts.len() < 3 {
            continue;
        }
        parts.sort_unstable();
        let part = Network {
            operands: parts.iter().map(|value| steps[*value].clone()).collect(),
            output: steps[root].clone(),
            extents: network.extents.clone(),
            element: network.element,
            library: network.library,
        };
        // The steps inside keep their places: as many as there were.
        let mut places = inner_steps(&tree, root, &parts);
        places.sort_unstable();
        let new = optimal(&part);
        let inside = part.values(&new);
        let value = |k: usize| if k < parts.len() { parts[k] } else { places[k - parts.len()] };
        for (k, (a, b)) in new.iter().enumerate() {
            tree[places[k]] = Some((value(*a), value(*b)));
            steps[places[k]] = inside[parts.len() + k].clone();
        }
    }
    in_order(&tree, n)
}

/// The steps of a tree from a root down to some values.
fn inner_steps(tree: &[Option<(usize, usize)>], root: usize, parts: &[usize]) -> Vec<usize> {
    let mut steps = Vec::new();
    let mut open = vec![root];
    while let Some(value) = open.pop() {
        if let (Some((a, b)), false) = (tree[value], parts.contains(&value)) {
            steps.push(value);
            open.extend([a, b]);
        }
    }
    steps
}

/// A tree, whose root is its last value, as a path: each step after its operands.
fn in_order(tree: &[Option<(usize, usize)>], operands: usize) -> Path {
    let mut number: Vec<Option<usize>> = (0..tree.len()).map(|k| (k < operands).then_some(k)).collect();
    let mut path = Path::new();
    let mut open = vec![tree.len() - 1];
    while let Some(&value) = open.last() {
        let Some((a, b)) = tree[value].filter(|_| number[value].is_none()) else {
            open.pop();
            continue;
        };
        match (number[a], number[b]) {
            (Some(x), Some(y)) => {
                path.push((x.min(y), x.max(y)));
                number[value] = Some(operands + path.len() - 1);
                open.pop();
            }
            (x, y) => {
                open.extend(x.is_none().then_some(a));
                open.extend(y.is_none().then_some(b));
            }
        }
    }
    path
}
