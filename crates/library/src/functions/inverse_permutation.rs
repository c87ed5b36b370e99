//! `inverse_permutation(p)`: `y[p[k]] = k`, so that `x[p][y]` is `x` again. Of the order that sorts an array it is the rank of
//! each element.

use crate::row::no_scratch;
use crate::{Failure, Problems, Row};
use bytemuck::AnyBitPattern;
use fuseloom_lane::{DType, Takes};
use smallvec::smallvec;

pub(super) const ROW: Row = Row {
    name: "inverse_permutation",
    doc: "`y[x[k]] = k` along the last axis, where `x` has each of `0, 1, ..., n-1` once",
    flags: &[],
    inputs: &[(Takes::Integer, 1)],
    results: 1,
    gives: "i64",
    types: |_, inputs| Ok(smallvec![(DType::I64, inputs[0].extents.into())]),
    scratch: no_scratch,
    nanoseconds: |elements| 2.0 * elements[0] as f64,
    failures: &["an index is out of range for the axis", "an index is there twice"],
    run,
};

const OUT_OF_RANGE: usize = 0;
const TWICE: usize = 1;

/// What stands where no index has been put yet.
const NOWHERE: i64 = -1;

fn run(problems: &mut Problems<'_, '_>) -> Result<(), Failure> {
    match problems.inputs[0].dtype {
        DType::I8 => solve::<i8>(problems),
        DType::I16 => solve::<i16>(problems),
        DType::I32 => solve::<i32>(problems),
        DType::I64 => solve::<i64>(problems),
        DType::U16 => solve::<u16>(problems),
        DType::U32 => solve::<u32>(problems),
        DType::U64 => solve::<u64>(problems),
        _ => solve::<u8>(problems),
    }
}

fn solve<T: AnyBitPattern + TryInto<usize>>(problems: &mut Problems<'_, '_>) -> Result<(), Failure> {
    let [Some(places)] = problems.outputs else { return Ok(()) };
    for problem in 0..problems.count {
        let indices = problems.inputs[0].problem::<T>(problem);
        invert(indices, places.problem(problem)).map_err(|why| Failure { problem, why })?;
    }
    Ok(())
}

fn invert<T: Copy + TryInto<usize>>(indices: &[T], places: &mut [i64]) -> Result<(), usize> {
    places.fill(NOWHERE);
    for (k, &index) in indices.iter().enumerate() {
        let place = index.try_into().ok().and_then(|index: usize| places.get_mut(index)).ok_or(OUT_OF_RANGE)?;
        if *place != NOWHERE {
            return Err(TWICE);
        }
        *place = k as i64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inverse(indices: &[i64]) -> Result<Vec<i64>, usize> {
        let mut places = vec![7; indices.len()];
        invert(indices, &mut places).map(|()| places)
    }

    #[test]
    fn each_index_finds_its_place() {
        assert_eq!(inverse(&[2, 0, 1]), Ok(vec![1, 2, 0]));
        assert_eq!(inverse(&[]), Ok(vec![]));
    }

    #[test]
    fn what_is_no_permutation_is_refused() {
        assert_eq!(inverse(&[0, 3, 1]), Err(OUT_OF_RANGE));
        assert_eq!(inverse(&[0, -1]), Err(OUT_OF_RANGE));
        assert_eq!(inverse(&[i64::MIN]), Err(OUT_OF_RANGE));
        assert_eq!(inverse(&[1, 1, 0]), Err(TWICE));
        assert_eq!(invert(&[u64::MAX], &mut [0]), Err(OUT_OF_RANGE));
    }
}
