//! How the rows of the table record what is more than one elementwise function or one reduction.

pub(super) mod arrange;
pub(super) mod attributes;
pub(super) mod create;
pub(super) mod elementwise;
pub(super) mod products;
pub(super) mod reductions;
pub(super) mod scans;

use super::call::Bound;
use super::value::{Outcome, Sequence, Value};
use crate::Tensor;

fn array(tensor: Tensor) -> Outcome<Value> {
    Ok(Value::Tensor(tensor))
}

/// Several results, none of which may carry a mistake: nothing looks at them again one by one.
fn tuple(bound: &Bound, values: impl IntoIterator<Item = Value>) -> Outcome<Value> {
    let values: Vec<Value> = values.into_iter().collect();
    for value in &values {
        if let Value::Tensor(tensor) = value {
            tensor.check()?;
        }
    }
    let items = Sequence::new(values);
    Ok(Value::Tuple(items.ok_or_else(|| bound.mistake("there would be too many results"))?))
}
