//! What a graph asks of its sizes: every extent has a value that is not negative, and every constraint holds. Whatever
//! runs a graph asks this first, so that all refuse the same sizes, in the same words.

use crate::{Dim, Graph, Op, Sizes};
use fuseloom_size::Value;
use hashbrown::HashSet;

/// Why a graph cannot run with some sizes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SizeError {
    /// A name without a value.
    #[error("{op}: {dim} has no value, since a size in it is not given")]
    Missing {
        /// The operation that has the extent.
        op: &'static str,
        /// The extent.
        dim: Dim,
    },
    /// An extent that does not fit.
    #[error("{op}: {dim} overflows: no array can be that large")]
    Overflow {
        /// The operation that has the extent.
        op: &'static str,
        /// The extent.
        dim: Dim,
    },
    /// An extent below 0.
    #[error("{op}: {dim} is {value}: an extent cannot be negative")]
    Negative {
        /// The operation that has the extent.
        op: &'static str,
        /// The extent.
        dim: Dim,
        /// Its value.
        value: i64,
    },
    /// A [`crate::Constraint`] that does not hold.
    #[error("{0}")]
    Constraint(String),
}

/// The first thing that a graph asks in vain of these sizes, in the order of its nodes, needed or not.
///
/// Starts of windows are no extents: where a window is empty its start does not matter, and where it is not, constraints say
/// where it may be.
pub fn check_sizes(graph: &Graph, sizes: &Sizes) -> Result<(), SizeError> {
    let mut seen: HashSet<&Dim> = HashSet::new();
    for node in graph.nodes() {
        let of_op: &[&[Dim]] = match &node.op {
            Op::Extent(dim) | Op::CombineMoments { count: dim, .. } => &[std::slice::from_ref(dim)],
            Op::Pad { low, high } => &[low, high],
            _ => &[],
        };
        let of_types = node.types.iter().flat_map(|ty| &ty.shape);
        for dim in of_op.iter().copied().flatten().chain(of_types) {
            // Numbers fit, or inference would have refused them.
            if dim.fixed().is_none() && seen.insert(dim) {
                check_extent(node.op.name(), dim, sizes)?;
            }
        }
    }
    graph.constraints().iter().try_for_each(|constraint| constraint.check(sizes).map_err(SizeError::Constraint))
}

/// The value of an extent.
///
/// # Errors
/// All of [`SizeError`] but constraints.
pub(crate) fn check_extent(op: &'static str, dim: &Dim, sizes: &Sizes) -> Result<usize, SizeError> {
    match dim.value(sizes) {
        Some(Value::Exact(value)) => {
            usize::try_from(value).map_err(|_| SizeError::Negative { op, dim: dim.clone(), value })
        }
        Some(Value::Modulo(_) | Value::Unknown) => Err(SizeError::Overflow { op, dim: dim.clone() }),
        None => Err(SizeError::Missing { op, dim: dim.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn refusal(text: &str, sizes: &[(&str, usize)]) -> String {
        let sizes = sizes.iter().map(|(name, value)| ((*name).into(), *value)).collect();
        check_sizes(&parse(text).unwrap(), &sizes).map_or_else(|error| error.to_string(), |()| "none".into())
    }

    #[test]
    fn extents_are_not_negative_wherever_they_stand() {
        let cases = [
            ("pad[0:m-5] %x, %f", "pad: (m-5) is -2: an extent cannot be negative"),
            ("pad[9:m-5] %x, %f", "pad: (m-5) is -2: an extent cannot be negative"),
            ("iota m-5", "iota: (m-5) is -2: an extent cannot be negative"),
            ("extent m-5", "extent: (m-5) is -2: an extent cannot be negative"),
            ("reshape[m-5,4-n] %x", "reshape: (m-5) is -2: an extent cannot be negative"),
            ("broadcast[m-5,n] %x", "broadcast: (m-5) is -2: an extent cannot be negative"),
            ("slice[0 by 1 for m-5] %x", "slice: (m-5) is -2: an extent cannot be negative"),
            ("iota n*4611686018427387904", "iota: (4611686018427387904*n) overflows: no array can be that large"),
            ("iota k", "iota: k has no value, since a size in it is not given"),
        ];
        for (op, message) in cases {
            // Needed or not.
            let text = format!("graph(%x x: f32[n], %f f: f32[], %y y: f32[m]) %p = {op} return %y");
            assert_eq!(refusal(&text, &[("n", 7), ("m", 3)]), message, "{op}");
        }
        let starts = "graph(%x x: f32[n]) %p = slice[n-9 by 1 for max(n-9,0)] %x return %p";
        assert_eq!(refusal(starts, &[("n", 7)]), "none");
    }
}
