//! How the rows of the table record what is more than one elementwise function or one reduction.

pub(crate) mod arrange;
pub(crate) mod attributes;
pub(crate) mod create;
pub(crate) mod elementwise;
pub(crate) mod order;
pub(crate) mod products;
pub(crate) mod reductions;
pub(crate) mod scans;

use crate::call::Bound;
use crate::value::{Outcome, Sequence, Value};
use fuseloom_tensor::Tensor;

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
