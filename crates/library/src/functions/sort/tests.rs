//! Sorts against the definition: a stable sort by a comparison of elements.

use crate::{Call, Input, Library, Memory, Operand, Output, Problems};
use fuseloom_lane::{DType, Scalar};
use fuseloom_size::Dim;
use std::cmp::Ordering;

/// The values and positions of problems of `n` elements each, with such of them as are wanted.
fn sorted(x: &[Scalar], n: usize, descending: bool, wanted: [bool; 2]) -> (Option<Vec<Scalar>>, Option<Vec<usize>>) {
    let dtype = x[0].dtype();
    let (extents, size) = ([n], dtype.size());
    let call = Call::of(Library::Sort).with("descending", descending);
    let operand = Operand { dtype, extents: &[Dim::Fixed(n)] };
    let scratch = (call.row().scratch)(&call, &[operand], &wanted).and_then(|bytes| bytes.fixed()).unwrap();
    let (mut from, mut values) = (Memory::zeroed(x.len() * size), Memory::zeroed(x.len() * size));
    let (mut positions, mut scratch) = (Memory::zeroed(x.len() * 8), Memory::zeroed(scratch));
    for (bytes, scalar) in from.bytes_mut().chunks_exact_mut(size).zip(x) {
        bytes.copy_from_slice(&scalar.bits().to_ne_bytes()[..size]);
    }
    let inputs = [Input::new(dtype, &extents, from.bytes())];
    let mut outputs = [
        wanted[0].then(|| Output::new(dtype, &extents, values.bytes_mut())),
        wanted[1].then(|| Output::new(DType::I64, &extents, positions.bytes_mut())),
    ];
    let count = x.len() / n;
    let mut problems =
        Problems { call: &call, count, inputs: &inputs, outputs: &mut outputs, scratch: scratch.bytes_mut() };
    problems.solve().unwrap();
    let scalar = |bytes: &[u8]| {
        let mut bits = [0; 8];
        bits[..size].copy_from_slice(bytes);
        Scalar::from_bits(dtype, u64::from_ne_bytes(bits))
    };
    let values = wanted[0].then(|| values.bytes().chunks_exact(size).map(scalar).collect());
    let position = |bytes: &[u8]| usize::from_ne_bytes(bytes.try_into().unwrap());
    (values, wanted[1].then(|| positions.bytes().chunks_exact(8).map(position).collect()))
}

/// The positions of one problem by the definition.
fn defined(x: &[Scalar], descending: bool) -> Vec<usize> {
    let is_nan = |x: &Scalar| x.dtype().is_float() && x.to_f64().is_nan();
    let less = |a: &Scalar, b: &Scalar| match a.dtype().is_float() {
        true => a.to_f64().partial_cmp(&b.to_f64()).unwrap_or(Ordering::Equal),
        false if a.dtype() == DType::U64 => a.bits().cmp(&b.bits()),
        false => a.to_i64().cmp(&b.to_i64()),
    };
    let mut positions: Vec<usize> = (0..x.len()).collect();
    positions.sort_by(|a, b| {
        let (a, b) = (&x[*a], &x[*b]);
        let order = if descending { less(b, a) } else { less(a, b) };
        is_nan(a).cmp(&is_nan(b)).then(order)
    });
    positions
}

/// Elements with ties, and what is special of the dtype.
fn elements(dtype: DType, n: usize) -> Vec<Scalar> {
    let floats = [0.0, -0.0, 1.0, -1.0, 0.5, -2.75, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-7, -1e-7, 300.0];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut element = || match dtype.is_float() {
        true if next() % 3 > 0 => Scalar::from_f64(dtype, floats[next() as usize % floats.len()]),
        _ if next() % 3 > 0 => Scalar::from_i64(dtype, next() as i64 % 7 - 3),
        _ => Scalar::from_bits(dtype, next() << 33 | next()),
    };
    (0..n).map(|_| element()).collect()
}

#[test]
fn every_dtype_in_either_direction() {
    for dtype in DType::ALL {
        for n in [1, 2, 3, 16, 21, 130, 1000] {
            for descending in [false, true] {
                let x = elements(dtype, 3 * n);
                let expected: Vec<usize> = x.chunks(n).flat_map(|row| defined(row, descending)).collect();
                let value = |(k, position): (usize, &usize)| x[k / n * n + position];
                let in_order: Vec<Scalar> = expected.iter().enumerate().map(value).collect();
                for wanted in [[true, true], [true, false], [false, true], [false, false]] {
                    let (values, positions) = sorted(&x, n, descending, wanted);
                    let what = format!("{dtype} {n} {descending} {wanted:?}");
                    assert_eq!(positions, wanted[1].then(|| expected.clone()), "{what}");
                    let same = |values: Vec<Scalar>| values.iter().zip(&in_order).all(|(a, b)| a.same(*b));
                    assert!(values.is_none_or(same), "{what}");
                }
            }
        }
    }
}

#[test]
fn zeros_keep_their_order_and_their_signs() {
    let zeros = [0.0, -0.0, 1.0, -0.0, 0.0, f64::NAN, -1.0].map(|x| Scalar::from_f64(DType::F32, x));
    for descending in [false, true] {
        let values = sorted(&zeros, 7, descending, [true, false]).0.unwrap();
        let signs: Vec<bool> = values[1..].iter().filter(|x| x.to_f64() == 0.0).map(|x| x.bits() == 0).collect();
        assert_eq!(signs, [true, false, false, true]);
        assert!(values[6].to_f64().is_nan());
    }
}

#[test]
fn without_room_for_pairs_the_order_is_the_same() {
    let x: Vec<u32> = elements(DType::F32, 300).iter().map(|x| x.bits() as u32).collect();
    let order = super::Order::<u32>::of(DType::F32, false);
    let (mut with, mut without) = (vec![0; x.len()], vec![0; x.len()]);
    let mut room = Memory::zeroed(8 * x.len());
    super::sort_positions(&x, &mut with, room.bytes_mut(), order);
    super::sort_positions(&x, &mut without, &mut [], order);
    assert_eq!(with, without);
}
