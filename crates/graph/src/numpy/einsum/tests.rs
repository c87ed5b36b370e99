//! What NumPy 2.4 makes of the same subscripts.

use super::*;
use crate::infer;
use crate::{Op, Type};

fn f64s(shape: &[usize]) -> Type {
    Type::new(DType::F64, shape.iter().copied())
}

/// The shape of a result, or the error.
fn shape_of(found: Result<Einsum, OpError>) -> Result<Vec<usize>, String> {
    let found = found.map_err(|error| error.to_string())?;
    let types: Vec<Type> = found.shapes.iter().map(|shape| Type { dtype: found.dtype, shape: shape.clone() }).collect();
    let inferred =
        infer(&Op::Einsum(found.contraction), &types.iter().map(std::slice::from_ref).collect::<Vec<_>>()).unwrap();
    Ok(inferred.types[0].shape.iter().map(|dim| dim.fixed().unwrap()).collect())
}

fn shape(subscripts: &str, shapes: &[&[usize]]) -> Result<Vec<usize>, String> {
    let types: Vec<Type> = shapes.iter().map(|shape| f64s(shape)).collect();
    shape_of(einsum(subscripts, &types.iter().collect::<Vec<_>>()))
}

/// The shapes of operands.
type Shapes = &'static [&'static [usize]];

#[test]
fn shapes_are_numpys() {
    let cases: &[(&str, Shapes, &[usize])] = &[
        ("ij,jk->ik", &[&[2, 3], &[3, 4]], &[2, 4]),
        ("bij,bjk->bik", &[&[5, 2, 3], &[5, 3, 4]], &[5, 2, 4]),
        ("i,i->", &[&[3], &[3]], &[]),
        ("i,j->ij", &[&[3], &[2]], &[3, 2]),
        ("ii->", &[&[3, 3]], &[]),
        ("ij->ji", &[&[2, 3]], &[3, 2]),
        ("...i", &[&[2, 3]], &[2, 3]),
        ("...ii->...i", &[&[2, 3, 3]], &[2, 3]),
        ("...ij,...jk", &[&[2, 1, 3, 4], &[5, 4, 2]], &[2, 5, 3, 2]),
        ("ij,jk", &[&[2, 1], &[3, 4]], &[2, 4]),
        ("bA", &[&[2, 3]], &[3, 2]),
        ("i j, j k -> i k", &[&[2, 3], &[3, 4]], &[2, 4]),
        ("", &[&[]], &[]),
        ("->", &[&[]], &[]),
        (",->", &[&[], &[]], &[]),
        ("ij,", &[&[2, 3], &[]], &[2, 3]),
        ("i,i->i", &[&[1], &[3]], &[3]),
        ("i...j->...", &[&[2, 7, 3]], &[7]),
        ("...,...->...", &[&[2, 3], &[3]], &[2, 3]),
        ("ij,ij", &[&[2, 3], &[2, 3]], &[]),
        ("ij->...", &[&[2, 3]], &[]),
        ("i->...i", &[&[3]], &[3]),
        ("...i->i", &[&[3]], &[3]),
        ("ijk,jk", &[&[2, 3, 4], &[3, 4]], &[2]),
        ("i,i->i", &[&[1], &[1]], &[1]),
    ];
    for (subscripts, operands, expected) in cases {
        assert_eq!(shape(subscripts, operands), Ok(expected.to_vec()), "{subscripts}");
    }
}

#[test]
fn relatives_have_numpys_shapes() {
    let two =
        |f: fn(&Type, &Type) -> Result<Einsum, OpError>, x: &[usize], y: &[usize]| shape_of(f(&f64s(x), &f64s(y)));
    assert_eq!(two(matmul, &[3, 2, 1, 4], &[2, 4, 5]), Ok(vec![3, 2, 1, 5]));
    assert_eq!(two(matmul, &[3], &[3]), Ok(vec![]));
    assert_eq!(two(matmul, &[3], &[2, 3, 4]), Ok(vec![2, 4]));
    assert_eq!(two(matmul, &[2, 4, 3], &[3]), Ok(vec![2, 4]));
    assert_eq!(two(dot, &[2, 3], &[4, 3, 5]), Ok(vec![2, 4, 5]));
    assert_eq!(two(dot, &[2, 3], &[]), Ok(vec![2, 3]));
    assert_eq!(two(dot, &[2, 3], &[3]), Ok(vec![2]));
    assert_eq!(two(inner, &[2, 3], &[4, 3]), Ok(vec![2, 4]));
    let paired = |l: &[i64], r: &[i64]| shape_of(tensordot(&f64s(&[2, 3, 4]), &f64s(&[3, 4, 5]), l, r));
    assert_eq!(paired(&[1, 2], &[0, 1]), Ok(vec![2, 5]));
    assert_eq!(paired(&[-1], &[1]), Ok(vec![2, 3, 3, 5]));
    assert_eq!(paired(&[], &[]), Ok(vec![2, 3, 4, 3, 4, 5]));
}

#[test]
fn dtypes_promote() {
    let of = |dtypes: &[DType]| {
        let types: Vec<Type> = dtypes.iter().map(|d| Type::new(*d, [3usize])).collect();
        einsum("i,i", &types.iter().collect::<Vec<_>>()).unwrap().dtype
    };
    assert_eq!(of(&[DType::I8, DType::U8]), DType::I16);
    assert_eq!(of(&[DType::Bool, DType::Bool]), DType::Bool);
    assert_eq!(of(&[DType::F16, DType::I32]), DType::F64);
    assert_eq!(of(&[DType::I8, DType::I8]), DType::I8);
}

#[test]
fn mistakes_are_named_and_mended() {
    let (m, n, v): (&[usize], &[usize], &[usize]) = (&[2, 3], &[4, 3], &[5]);
    let cases: &[(&str, &[&[usize]], &str)] = &[
        (
            "ij,jk->ik",
            &[m, n],
            "einsum `ij,jk->ik` of f64[2,3], f64[4,3]: the label `j` is 3 in operand 0 and 4 in operand 1. \
             Did you mean `ij,kj->ik`?",
        ),
        (
            "ij,j->i",
            &[m, v],
            "einsum `ij,j->i` of f64[2,3], f64[5]: the label `j` is 3 in operand 0 and 5 in operand 1",
        ),
        ("ii->i", &[m], "einsum `ii->i` of f64[2,3]: the label `i` is 2 and 3 in operand 0"),
        ("ii->i", &[&[1, 3]], "einsum `ii->i` of f64[1,3]: the label `i` is 1 and 3 in operand 0"),
        (
            "...,...->...",
            &[m, v],
            "einsum `...,...->...` of f64[2,3], f64[5]: the label `...` is 3 in operand 0 and 5 in operand 1",
        ),
        (
            "ij,jk->il",
            &[m, n],
            "einsum `ij,jk->il`: the output has the label `l`, which no operand has. The operands' labels are `i`, `j`, `k`.",
        ),
        (
            "ij->ii",
            &[m],
            "einsum `ij->ii`: the label `i` is twice in the output. Each axis of the result needs a label of its own.",
        ),
        ("ij,jk->ik", &[m], "einsum `ij,jk->ik`: it is written for 2 operands but was given 1"),
        (
            "i->i",
            &[m],
            "einsum `i->i`: operand 0 is f64[2,3], of 2 axes, and has 1 label. An ellipsis `...` stands for axes without a label.",
        ),
        ("ijk->", &[m], "einsum `ijk->`: operand 0 is f64[2,3], of 2 axes, and has 3 labels"),
        (
            "...i->i",
            &[m],
            "einsum `...i->i`: the output has no ellipsis, and the operands' stands for 1 axis. Write `...` in the output too, or sum over labels.",
        ),
        ("i1", &[m], "einsum `i1`: `1` at column 2. Labels are letters a to z and A to Z."),
        ("..i", &[m], "einsum `..i`: `.` that is no ellipsis at column 1. An ellipsis is `...`, once an operand."),
        (
            "...i...",
            &[m],
            "einsum `...i...`: `.` that is no ellipsis at column 5. An ellipsis is `...`, once an operand.",
        ),
        ("ij - >i", &[m], "einsum `ij - >i`: `-` at column 4. Labels are letters a to z and A to Z."),
        ("i->i->i", &[v], "einsum `i->i->i`: a second `->` at column 5. There is one result."),
        ("i,->i,", &[v, &[]], "einsum `i,->i,`: a comma in the output at column 6. There is one result."),
    ];
    for (subscripts, operands, message) in cases {
        assert_eq!(shape(subscripts, operands), Err((*message).to_string()), "{subscripts}");
    }
}

#[test]
fn relatives_name_their_mistakes() {
    let two = |f: fn(&Type, &Type) -> Result<Einsum, OpError>, x: &[usize], y: &[usize]| {
        shape_of(f(&f64s(x), &f64s(y))).unwrap_err()
    };
    assert_eq!(
        two(matmul, &[2, 3], &[4, 3]),
        "matmul `...ij,...jk->...ik` of f64[2,3], f64[4,3]: the label `j` is 3 in operand 0 and 4 in operand 1. \
         Did you mean to transpose one of them?"
    );
    // What is summed over does not stretch.
    assert!(two(matmul, &[2, 1], &[3, 4]).contains("the label `j` is 1 in operand 0 and 3 in operand 1"));
    assert!(two(dot, &[2, 1], &[3, 4]).contains("the label `b` is 1 in operand 0 and 3 in operand 1"));
    assert_eq!(
        two(matmul, &[], &[3]),
        "matmul: operand 0 is f64[], and both must have an axis. Multiply by it with `*` instead."
    );
    assert!(two(matmul, &[2, 2, 3], &[3, 3, 4]).contains("the label `...` is 2 in operand 0 and 3 in operand 1"));
    let paired = shape_of(tensordot(&f64s(&[2, 3]), &f64s(&[3]), &[0, 1], &[0])).unwrap_err();
    assert_eq!(paired, "tensordot: 2 axes of the first are paired with 1 of the second");
}

#[test]
fn names_agree_later_and_do_not_stretch() {
    let x = Type::new(DType::F32, [Dim::from("n"), Dim::Fixed(3)]);
    let y = Type::new(DType::F32, [Dim::from("m"), Dim::Fixed(1)]);
    let found = einsum("ij,ij->ij", &[&x, &y]).unwrap();
    assert_eq!(found.contraction.to_string(), "ab,a->ab");
    assert_eq!(found.shapes[1].as_slice(), [Dim::from("m")]);
}
