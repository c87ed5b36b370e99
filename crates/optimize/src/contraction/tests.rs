//! Orders against enumeration and against another program's.

use super::network::{LabelSet, Network, Path, Uses};
use super::{Search, greedy, optimal, search};
use fuseloom_lane::DType;

/// Numbers from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// A network of subscripts, each letter of the extent that `extents` says.
fn network(subscripts: &str, extent: impl Fn(char) -> usize) -> Network {
    let (operands, output) = subscripts.split_once("->").unwrap();
    let mut letters: Vec<char> = operands.chars().filter(|c| *c != ',').collect();
    letters.sort_unstable();
    letters.dedup();
    let number = |c: char| letters.iter().position(|l| *l == c).unwrap();
    let operands: Vec<Vec<usize>> = operands.split(',').map(|term| term.chars().map(number).collect()).collect();
    let extents = letters.iter().map(|c| extent(*c) as f64).collect();
    Network::new(operands, output.chars().map(number), extents, DType::F32)
}

/// Random subscripts whose operands have distinct labels, none of them alone in its operand and out of the result.
fn random(rng: &mut Random, operands: usize) -> (String, Vec<usize>) {
    let letters = 3 + rng.below(operands + 2);
    let mut terms: Vec<String> = vec![String::new(); operands];
    let mut output = String::new();
    for k in 0..letters {
        let letter = (b'a' + k as u8) as char;
        let homes = 1 + rng.below(3.min(operands));
        for _ in 0..homes {
            let term = &mut terms[rng.below(operands)];
            if !term.contains(letter) {
                term.push(letter);
            }
        }
        let count = terms.iter().filter(|term| term.contains(letter)).count();
        if count == 1 || rng.below(4) == 0 {
            output.push(letter);
        }
    }
    let extents = (0..letters).map(|_| [2, 3, 5, 8, 40, 300][rng.below(6)]).collect();
    (format!("{}->{output}", terms.join(",")), extents)
}

fn of_random(seed: u64, operands: usize) -> (String, Vec<usize>, Network) {
    let (subscripts, extents) = random(&mut Random(seed), operands);
    let network = network(&subscripts, |c| extents[(c as u8 - b'a') as usize]);
    (subscripts, extents, network)
}

/// The seconds of the cheapest of all orders, one pair after another.
fn enumerate(network: &Network, live: &[LabelSet], uses: &Uses) -> f64 {
    if live.len() == 1 {
        return 0.0;
    }
    let mut best = f64::INFINITY;
    for a in 0..live.len() {
        for b in a + 1..live.len() {
            let mut after = uses.clone();
            let result = after.contract(&live[a], &live[b]);
            let seconds = network.pair(&live[a], &live[b], &result).seconds;
            let kept = (0..live.len()).filter(|k| *k != a && *k != b).map(|k| live[k].clone());
            let rest: Vec<LabelSet> = kept.chain([result]).collect();
            best = best.min(seconds + enumerate(network, &rest, &after));
        }
    }
    best
}

fn assert_path(network: &Network, path: &Path) {
    let n = network.operands.len();
    assert_eq!(path.len(), n - 1);
    let mut used: Vec<usize> = path.iter().flat_map(|(a, b)| [*a, *b]).collect();
    assert!(path.iter().enumerate().all(|(k, (a, b))| *a < n + k && *b < n + k));
    used.sort_unstable();
    assert_eq!(used, (0..2 * n - 2).collect::<Vec<_>>());
    assert_eq!(network.values(path).pop().unwrap(), network.output);
}

#[test]
fn no_order_of_up_to_six_operands_is_cheaper() {
    for seed in 0..60 {
        let operands = 3 + seed as usize % if seed < 12 { 4 } else { 3 };
        let (subscripts, _, network) = of_random(seed, operands);
        let (path, how) = search(&network);
        assert_eq!(how, Search::Optimal);
        assert_path(&network, &path);
        let least = enumerate(&network, &network.operands, &Uses::new(&network));
        let found = network.seconds(&path);
        assert!(found <= least * (1.0 + 1e-9), "{subscripts}: {found} against {least}");
    }
}

#[test]
fn no_order_of_another_program_is_cheaper() {
    for seed in 100..160 {
        let (subscripts, extents, network) = of_random(seed, 3 + seed as usize % 4);
        let terms = subscripts.split_once("->").unwrap().0.split(',');
        let shapes: Vec<Vec<usize>> =
            terms.map(|term| term.bytes().map(|l| extents[(l - b'a') as usize]).collect()).collect();
        let Ok((theirs, _)) = opt_einsum_path::contract_path(&subscripts, &shapes, "optimal", None) else { continue };
        // Theirs names positions among what is left, and ours values; a step of theirs may take one or several.
        let mut left: Vec<usize> = (0..network.operands.len()).collect();
        let mut path = Path::new();
        for step in theirs {
            let mut taken: Vec<usize> = step.iter().map(|k| left[*k]).collect();
            left.retain(|value| !taken.contains(value));
            taken.sort_unstable();
            let joined = taken.iter().copied().reduce(|a, b| {
                path.push((a, b));
                network.operands.len() + path.len() - 1
            });
            left.extend(joined);
        }
        assert_path(&network, &path);
        let ours = search(&network).0;
        assert!(network.seconds(&ours) <= network.seconds(&path) * (1.0 + 1e-9), "{subscripts}");
    }
}

#[test]
fn the_other_searches_come_close() {
    let (mut greedily, mut without_outer) = (0.0, 0.0);
    for seed in 200..230 {
        let (_, _, network) = of_random(seed, 7);
        let least = network.seconds(&optimal::optimal(&network));
        let greedy = greedy::greedy(&network);
        assert_path(&network, &greedy);
        greedily += network.seconds(&greedy) / least;
        if let Some(path) = optimal::connected(&network, f64::INFINITY) {
            assert_path(&network, &path);
            let connected = network.seconds(&path);
            assert!(connected >= least * (1.0 - 1e-9));
            without_outer = f64::max(without_outer, connected / least);
        }
    }
    assert!(greedily / 30.0 < 1.2, "{greedily}");
    assert!(without_outer < 3.0, "{without_outer}");
}

/// `ab,bc,cd,...`: its cheapest order is found by a recurrence over intervals.
fn chain(extents: &[usize]) -> Network {
    let operands = (0..extents.len() - 1).map(|k| [k, k + 1]);
    let extents_of = extents.iter().map(|n| *n as f64).collect();
    Network::new(operands, [0, extents.len() - 1], extents_of, DType::F64)
}

#[test]
fn chains_of_matrices_are_in_their_best_order() {
    let mut rng = Random(5);
    let extents: Vec<usize> = (0..25).map(|_| [2, 30, 100, 250, 700][rng.below(5)]).collect();
    let network = chain(&extents);
    let n = network.operands.len();
    let mut best = vec![vec![0.0f64; n + 1]; n + 1];
    for len in 2..=n {
        for first in 0..=n - len {
            let pair = |split: usize| {
                let labels = |a: usize, b: usize| chain(&extents).operands[a].union(&chain(&extents).operands[b - 1]);
                let ends = |a: usize, b: usize| {
                    let keep = Network::new([[a, b]], [], network.extents.clone(), DType::F64).operands[0].clone();
                    labels(a, b).both(&keep)
                };
                let step = network.pair(&ends(first, split), &ends(split, first + len), &ends(first, first + len));
                best[first][split] + best[split][first + len] + step.seconds
            };
            best[first][first + len] = (first + 1..first + len).map(pair).fold(f64::INFINITY, f64::min);
        }
    }
    let (path, how) = search(&network);
    assert_eq!(how, Search::Connected);
    assert!((network.seconds(&path) / best[0][n] - 1.0).abs() < 1e-9);
    let greedy = network.seconds(&greedy::greedy(&network));
    assert!(greedy / best[0][n] < 1.1, "{}", greedy / best[0][n]);
}

#[test]
fn large_networks_have_an_order_and_always_the_same() {
    // A grid of tensors, each with a label to each neighbour; and one of 150 operands that share nothing.
    let side = 12;
    let edge = |a: usize, b: usize| a.min(b) * side * side + a.max(b);
    let mut number = hashbrown::HashMap::new();
    let mut operands = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let at = row * side + column;
            let near = [
                (row > 0, at.wrapping_sub(side)),
                (row + 1 < side, at + side),
                (column > 0, at.wrapping_sub(1)),
                (column + 1 < side, at + 1),
            ];
            let labels: Vec<usize> = near
                .into_iter()
                .filter(|(there, _)| *there)
                .map(|(_, other)| {
                    let next = number.len();
                    *number.entry(edge(at, other)).or_insert(next)
                })
                .collect();
            operands.push(labels);
        }
    }
    let grid = Network::new(operands, [], vec![2.0; number.len()], DType::F32);
    let apart = Network::new((0..150).map(|k| [k]), 0..150, vec![2.0; 150], DType::F32);
    for network in [grid, apart] {
        let (path, how) = search(&network);
        assert_eq!(how, Search::Greedy);
        assert_path(&network, &path);
        assert_eq!(search(&network).0, path);
    }
}

#[test]
fn thousands_of_operands_have_an_order() {
    // A chain; operands that all share one label of the result; a chain that loses its labels late.
    let n = 2000;
    let chain = Network::new((0..n).map(|k| [k, k + 1]), [0, n], vec![2.0; n + 1], DType::F32);
    let batch = Network::new((0..n).map(|_| [0, 1]), [0], vec![2.0; 2], DType::F32);
    let loops = Network::new((0..n).map(|k| [k / 2, n / 2 + k % 300]), [], vec![2.0; n / 2 + 300], DType::F32);
    for network in [chain, batch, loops] {
        let (path, how) = search(&network);
        assert_eq!(how, Search::Greedy);
        assert_path(&network, &path);
    }
}

#[test]
fn no_step_has_more_axes_than_an_array_may_have() {
    let halves = || [(0..20).collect::<Vec<_>>(), (20..40).collect()];
    let network = Network::new(halves().into_iter().chain(halves()), [], vec![1.0; 40], DType::F32);
    let (outer, inner) = (vec![(0, 1), (2, 4), (3, 5)], vec![(0, 2), (1, 3), (4, 5)]);
    assert!(network.seconds(&outer) > 1e6 * network.seconds(&inner));
    let (path, _) = search(&network);
    assert!(network.values(&path).iter().all(|labels| labels.len() <= fuseloom_graph::MAX_RANK));
}
