//! The cheapest order by dynamic programming over sets of operands.
//!
//! [`optimal`] tries every way to split every set, outer products among them: 3^n / 2 pairs. [`connected`] only joins sets that
//! share a label, and gives up a set that costs more than a known order or when it has looked at too many pairs (Pfeifer,
//! Haegeman and Verstraete, "Faster identification of optimal contraction sequences for tensor networks", 2014).

use super::network::{LabelSet, Network, Path};
use hashbrown::HashMap;

/// Operands up to which every order is compared.
pub(crate) const ALL_ORDERS: usize = 8;
/// Pairs of sets that [`connected`] looks at before it gives up, and those among them that it prices.
const MOST_PAIRS: usize = 1_000_000;
const MOST_PRICED: usize = 60_000;

/// The cheapest order of up to [`ALL_ORDERS`] operands.
pub(crate) fn optimal(network: &Network) -> Path {
    let n = network.operands.len();
    let full = (1usize << n) - 1;
    let empty = network.output.without(&network.output);
    let mut unions = vec![empty; full + 1];
    for set in 1..=full {
        let first = set.trailing_zeros() as usize;
        unions[set] = unions[set & (set - 1)].union(&network.operands[first]);
    }
    let labels: Vec<LabelSet> = (0..=full)
        .map(|set| match set.count_ones() {
            1 => unions[set].clone(),
            _ => unions[set].both(&unions[full & !set].union(&network.output)),
        })
        .collect();
    let mut best = vec![(f64::INFINITY, 0usize); full + 1];
    for set in 1..=full {
        if set.count_ones() == 1 {
            best[set] = (0.0, 0);
            continue;
        }
        // Each split once: the part with the lowest operand is the left one.
        let (lowest, rest) = (set & set.wrapping_neg(), set & (set - 1));
        let mut part = rest;
        while part > 0 {
            part = (part - 1) & rest;
            let (left, right) = (part | lowest, rest & !part);
            let before = best[left].0 + best[right].0;
            if before < best[set].0 {
                let seconds = before + network.pair(&labels[left], &labels[right], &labels[set]).seconds;
                if seconds < best[set].0 || best[set].1 == 0 {
                    best[set] = (seconds, left);
                }
            } else if best[set].1 == 0 {
                best[set] = (f64::INFINITY, left);
            }
        }
    }
    let mut path = Path::new();
    unfold(full as u64, n, &mut |set| best[set as usize].1 as u64, &mut path);
    path
}

/// Writes the steps that make a set, each after those of its parts; the value that the set is.
fn unfold(set: u64, operands: usize, split: &mut impl FnMut(u64) -> u64, path: &mut Path) -> usize {
    if set.count_ones() <= 1 {
        return set.trailing_zeros() as usize;
    }
    let left = split(set);
    let pair = (unfold(left, operands, split, path), unfold(set & !left, operands, split, path));
    path.push(pair);
    operands + path.len() - 1
}

/// A set of operands that was made.
struct Made {
    set: u64,
    labels: LabelSet,
    seconds: f64,
    left: u64,
}

/// The cheapest order of up to 64 operands among those whose every step joins operands that share a label and whose parts all
/// cost no more than `bound` seconds; `None` if there is none or if it takes too long to find.
pub(crate) fn connected(network: &Network, bound: f64) -> Option<Path> {
    let n = network.operands.len();
    if n > 64 {
        return None;
    }
    let full = u64::MAX >> (64 - n);
    let uses = super::network::Uses::new(network);
    let mut sizes: Vec<Vec<Made>> = vec![Vec::new()];
    let first = |(k, labels): (usize, &LabelSet)| Made { set: 1 << k, labels: labels.clone(), seconds: 0.0, left: 0 };
    sizes.push(network.operands.iter().enumerate().map(first).collect());
    let (mut pairs, mut priced) = (0, 0);
    // An order that costs as much is found too, and the same sum in another order may differ in its last bits.
    let bound = bound * (1.0 + 1e-9);
    for size in 2..=n {
        let mut found: HashMap<u64, usize> = HashMap::new();
        let mut made: Vec<Made> = Vec::new();
        for part in 1..=size / 2 {
            for (k, a) in sizes[part].iter().enumerate() {
                let skip = if 2 * part == size { k + 1 } else { 0 };
                for b in sizes[size - part].iter().skip(skip) {
                    pairs += 1;
                    if pairs > MOST_PAIRS {
                        return None;
                    }
                    if a.set & b.set != 0 {
                        continue;
                    }
                    priced += 1;
                    if priced > MOST_PRICED {
                        return None;
                    }
                    if !a.labels.meets(&b.labels) || a.seconds + b.seconds >= bound {
                        continue;
                    }
                    let set = a.set | b.set;
                    let labels = left_of(network, &uses, set, &a.labels.union(&b.labels));
                    let seconds = a.seconds + b.seconds + network.pair(&a.labels, &b.labels, &labels).seconds;
                    if seconds >= bound {
                        continue;
                    }
                    match found.get(&set) {
                        Some(&at) if made[at].seconds <= seconds => {}
                        Some(&at) => made[at] = Made { set, labels, seconds, left: a.set },
                        None => {
                            found.insert(set, made.len());
                            made.push(Made { set, labels, seconds, left: a.set });
                        }
                    }
                }
            }
        }
        sizes.push(made);
    }
    let splits: HashMap<u64, u64> = sizes.iter().flatten().map(|made| (made.set, made.left)).collect();
    splits.get(&full)?;
    let mut path = Path::new();
    unfold(full, n, &mut |set| splits.get(&set).copied().unwrap_or(set & set.wrapping_neg()), &mut path);
    Some(path)
}

/// Those of a set's labels that the output or an operand outside has.
fn left_of(network: &Network, uses: &super::network::Uses, set: u64, all: &LabelSet) -> LabelSet {
    let inside = (0..network.operands.len()).filter(|k| set >> k & 1 == 1).map(|k| &network.operands[k]);
    uses.outside(all, inside)
}
