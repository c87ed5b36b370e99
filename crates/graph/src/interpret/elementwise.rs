//! Elementwise operations: lane programs over whole columns, a chunk at a time.

use super::array::ArrayValue;
use super::{InterpretError, internal};
use fuseloom_lane::{Builder, DType, Function, Lanes, Program, Scalar, Value, interpret};

/// Elements that the lane interpreter works on at once.
const CHUNK: usize = 1 << 13;

/// A function of arrays of one shape.
pub(super) fn map(function: Function, args: &[&ArrayValue]) -> Result<ArrayValue, InterpretError> {
    let dtype = args.last().ok_or_else(|| internal("a function of nothing"))?.dtype;
    let program = function.program(dtype).map_err(|error| internal(error.to_string()))?;
    Ok(run(&program, function.result(dtype), args))
}

/// A conversion.
pub(super) fn cast(x: &ArrayValue, to: DType) -> ArrayValue {
    if x.dtype == to {
        return x.clone();
    }
    let mut b = Builder::new(&[x.dtype.lane_type()]);
    let result = Function::lower_cast(&mut b, x.dtype, to, Value(0));
    run(&b.finish(&[result]), to, &[x])
}

/// At most so many words does a function of `args` arrays need to work on `count` elements: a chunk of each, and of the values of
/// its program a part of that.
pub(super) fn work(function: Option<Function>, dtype: DType, args: usize, count: usize) -> usize {
    // A conversion, or a division with its remainder, is no longer than this.
    const SHORT: usize = 256;
    let program = function.and_then(|function| function.program(dtype).ok());
    let values = program.map_or(SHORT, |program| program.params.len() + program.insts.len());
    let lanes = count.min(CHUNK);
    (args + 2) * lanes + values * lanes.min(256)
}

fn run(program: &Program, result: DType, args: &[&ArrayValue]) -> ArrayValue {
    let shape = args[0].shape.clone();
    let count = args[0].data.len();
    let mut data = Vec::with_capacity(count);
    for first in (0..count).step_by(CHUNK) {
        let last = count.min(first + CHUNK);
        let params: Vec<Lanes> = args.iter().map(|x| x.data[first..last].to_vec()).collect();
        // No elementwise function gathers.
        let results = interpret(program, &params, last - first, &mut |_, _| Scalar::zero(result));
        data.extend_from_slice(&results[0]);
    }
    ArrayValue { dtype: result, shape, data }
}
