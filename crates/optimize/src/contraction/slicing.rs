//! Slicing: a contraction whose intermediate values are too large is done for parts of an index, one part after another.
//!
//! A label of the result is cut into windows whose results lie beside each other; one that is summed over into windows whose
//! results are added. A step whose operands lack the label is the same node for every part, so it is done once, and is held
//! until the last.

use super::network::{Network, Path};

/// Parts that all labels together are cut into at most, and the steps of all parts together: what a plan grows to.
const MOST_PARTS: usize = 1024;
const MOST_STEPS: usize = 2048;

/// A label that is cut, and into how many parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cut {
    pub(crate) label: usize,
    pub(crate) parts: usize,
}

/// The labels to cut so that all that exists at once beside the operands is within `limit` bytes, as far as that can be met;
/// none if nothing need be cut. Only labels that `may_cut` allows are.
pub(crate) fn slices(network: &Network, path: &Path, limit: f64, may_cut: impl Fn(usize) -> bool) -> Vec<Cut> {
    let mut cuts: Vec<Cut> = Vec::new();
    let mut now = network.clone();
    let result = network.size(&network.output) * network.element;
    loop {
        let held = peak(&now, path, &cuts, result);
        let parts: usize = cuts.iter().map(|cut| cut.parts).product();
        if held <= limit || parts * 2 > MOST_PARTS || parts * 2 * path.len() > MOST_STEPS {
            return cuts;
        }
        // Of all labels the one that brings most; one of the result costs no additions.
        let halved = |label: usize| {
            let mut half = now.clone();
            half.extents[label] = (half.extents[label] / 2.0).ceil();
            let cuts = with_half(&cuts, label);
            let (left, again) = (peak(&half, path, &cuts, result), 2.0 * half.seconds(path));
            (label, half, cuts, left, again)
        };
        let allowed = (0..now.extents.len()).filter(|label| now.extents[*label] >= 2.0 && may_cut(*label));
        let best = allowed.map(halved).filter(|(_, _, _, left, _)| *left < held).min_by(|x, y| {
            let added = |label: usize| !network.output.contains(label);
            x.3.total_cmp(&y.3).then(added(x.0).cmp(&added(y.0))).then(x.4.total_cmp(&y.4))
        });
        let Some((_, half, more, _, _)) = best else { return cuts };
        (now, cuts) = (half, more);
    }
}

/// The cuts with twice as many parts of a label.
fn with_half(cuts: &[Cut], label: usize) -> Vec<Cut> {
    let mut cuts = cuts.to_vec();
    match cuts.iter_mut().find(|cut| cut.label == label) {
        Some(cut) => cut.parts *= 2,
        None => cuts.push(Cut { label, parts: 2 }),
    }
    cuts
}

/// The most bytes that exist at once: intermediate values, whose extents are those of a part, and a result of so many bytes.
/// Each value is there from its step to the one that reads it, or to the last part if it is the same for all of them. Parts
/// of a label that is summed over are added to the result one after another.
fn peak(network: &Network, path: &Path, cuts: &[Cut], result: f64) -> f64 {
    let n = network.operands.len();
    let values = network.values(path);
    let bytes = |value: usize| network.size(&values[value]) * network.element;
    let of_a_part = |value: usize| cuts.is_empty() || cuts.iter().any(|cut| values[value].contains(cut.label));
    let (mut live, mut most) = (0.0, 0.0f64);
    for (k, (left, right)) in path.iter().enumerate() {
        if k + 1 < path.len() {
            live += bytes(n + k);
        }
        most = most.max(live);
        live -= [*left, *right].into_iter().filter(|v| *v >= n && of_a_part(*v)).map(bytes).sum::<f64>();
    }
    let added = cuts.iter().any(|cut| !network.output.contains(cut.label));
    most + result + if added { bytes(values.len() - 1) } else { 0.0 }
}

/// The windows of an extent cut into parts: where each begins and how long it is. As even as can be.
pub(crate) fn windows(extent: usize, parts: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = parts.clamp(1, extent.max(1));
    (0..parts).map(move |k| {
        let at = |k: usize| (extent as u128 * k as u128 / parts as u128) as usize;
        (at(k), at(k + 1) - at(k))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_lane::DType;

    #[test]
    fn windows_cover_an_extent() {
        assert_eq!(windows(7, 3).collect::<Vec<_>>(), [(0, 2), (2, 2), (4, 3)]);
        assert_eq!(windows(2, 8).collect::<Vec<_>>(), [(0, 1), (1, 1)]);
        assert_eq!(windows(0, 2).collect::<Vec<_>>(), [(0, 0)]);
    }

    #[test]
    fn a_large_intermediate_is_cut_and_a_small_one_is_not() {
        // ab,bc,cd->ad where (ab,bc) is 1000 x 1000.
        let network = Network::new([[0, 1], [1, 2], [2, 3]], [0, 3], vec![1000.0, 10.0, 1000.0, 10.0], DType::F32);
        let path = vec![(0, 1), (2, 3)];
        let result = 4e4;
        assert_eq!(peak(&network, &path, &[], result), 4e6 + result);
        assert_eq!(slices(&network, &path, 5e6, |_| true), []);
        let cuts = slices(&network, &path, 0.6e6, |_| true);
        assert_eq!(cuts, [Cut { label: 0, parts: 8 }]);
        assert_eq!(slices(&network, &path, 0.6e6, |label| label == 2), [Cut { label: 2, parts: 8 }]);
        // What two parts share is held.
        let apart = [Cut { label: 3, parts: 2 }];
        assert_eq!(peak(&network, &path, &apart, result), 4e6 + result);
        // What cannot be met is met as far as it can.
        assert!(slices(&network, &path, 1.0, |_| true).iter().map(|cut| cut.parts).product::<usize>() <= MOST_PARTS);
    }
}
