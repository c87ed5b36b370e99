//! Random einsums against what NumPy's documentation says they mean: a loop over every label.

use fuseloom::prelude::*;
use std::collections::BTreeMap;

/// Numbers from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

/// An operand: a letter for each axis, `.` for one that an ellipsis stands for; its shape; its elements.
struct Operand {
    letters: Vec<char>,
    shape: Vec<usize>,
    values: Vec<i64>,
}

struct Case {
    subscripts: String,
    operands: Vec<Operand>,
    /// The letters of the result; digits are the ellipsis's axes, counted from the last.
    output: Vec<char>,
}

/// The letters with a digit for each axis of the ellipsis, its last being `0`.
fn numbered(letters: &[char], broadcast: usize) -> Vec<char> {
    let digits = (0..broadcast).rev().map(|k| char::from(b'0' + k as u8));
    letters.iter().flat_map(|c| if *c == '.' { digits.clone().collect() } else { vec![*c] }).collect()
}

fn case(rng: &mut Random) -> Case {
    let alphabet = ['b', 'a', 'Z', 'k', 'x'];
    let extents: Vec<usize> = alphabet.iter().map(|_| rng.of(&[0, 1, 2, 2, 3, 3, 4, 5])).collect();
    let ellipsis: Vec<usize> = (0..rng.of(&[0, 0, 0, 1, 2])).map(|_| 1 + rng.below(3)).collect();
    let mut operands = Vec::new();
    let mut terms: Vec<Vec<char>> = Vec::new();
    for k in 0..rng.of(&[1, 2, 2, 2, 3, 3, 4]) {
        let mut term: Vec<char> = (0..rng.of(&[0, 1, 1, 2, 2, 3])).map(|_| rng.of(&alphabet)).collect();
        let mut broadcast = 0;
        if !ellipsis.is_empty() && rng.below(3) > 0 {
            broadcast = rng.below(ellipsis.len() + 1);
            term.insert(rng.below(term.len() + 1), '.');
        }
        let letters = numbered(&term, broadcast);
        // A letter stretches in a whole operand or not at all there.
        let ones: Vec<char> = letters.iter().copied().filter(|_| rng.below(12) == 0).collect();
        let extent = |c: &char| match (ones.contains(c), c.to_digit(10)) {
            (true, _) => 1,
            (_, Some(digit)) => ellipsis[ellipsis.len() - 1 - digit as usize],
            (_, None) => extents[alphabet.iter().position(|l| l == c).unwrap()],
        };
        let shape: Vec<usize> = letters.iter().map(extent).collect();
        let count: usize = shape.iter().product();
        let values = (0..count).map(|i| ((7 * i + 3 * k) % 11) as i64 - 5).collect();
        operands.push(Operand { letters, shape, values });
        terms.push(term);
    }
    let all: Vec<char> = terms.iter().flatten().copied().collect();
    let broadcast = operands.iter().map(|x| x.letters.iter().filter(|c| c.is_ascii_digit()).count()).max().unwrap();
    let mut output: Vec<char> = all.iter().copied().filter(|c| *c != '.').collect();
    output.sort_unstable();
    output.dedup();
    let explicit = rng.below(3) > 0;
    if explicit {
        output.retain(|_| rng.below(2) == 0);
        if output.len() > 1 && rng.below(2) == 0 {
            output.reverse();
        }
        output.insert(rng.below(output.len() + 1), '.');
    } else {
        output.retain(|c| all.iter().filter(|other| *other == c).count() == 1);
        output.insert(0, '.');
    }
    let mut spaced = |letters: &[char]| -> String {
        let space = |rng: &mut Random| if rng.below(5) == 0 { " " } else { "" };
        let text = |c: &char| if *c == '.' { "...".to_string() } else { c.to_string() };
        letters.iter().map(|c| text(c) + space(rng)).collect()
    };
    let mut subscripts = terms.iter().map(|term| spaced(term)).collect::<Vec<_>>().join(",");
    if explicit {
        // Where nothing is behind it an ellipsis may be left out.
        let written: Vec<char> = output.iter().copied().filter(|c| *c != '.' || broadcast > 0).collect();
        subscripts += &format!("->{}", spaced(&written));
    }
    Case { subscripts, operands, output: numbered(&output, broadcast) }
}

/// The result's shape and elements: for each index of the result the sum over all other labels of the products.
fn meaning(case: &Case) -> (Vec<usize>, Vec<i64>) {
    let mut extents: BTreeMap<char, usize> = BTreeMap::new();
    for operand in &case.operands {
        for (letter, extent) in operand.letters.iter().zip(&operand.shape) {
            let known = extents.entry(*letter).or_insert(1);
            *known = if *known == 1 { *extent } else { *known };
        }
    }
    let extent = |letter: &char| extents.get(letter).copied().unwrap_or(1);
    let shape: Vec<usize> = case.output.iter().map(extent).collect();
    let summed = extents.keys().copied().filter(|letter| !case.output.contains(letter));
    let letters: Vec<char> = case.output.iter().copied().chain(summed).collect();
    let inner: usize = letters[case.output.len()..].iter().map(extent).product();
    let outer: usize = shape.iter().product();
    let element = |number: usize| -> i64 {
        let mut rest = number;
        let mut at: BTreeMap<char, usize> = BTreeMap::new();
        for letter in letters.iter().rev() {
            at.insert(*letter, rest % extent(letter));
            rest /= extent(letter);
        }
        let factor = |x: &Operand| {
            let offset = |sum, (letter, n): (&char, &usize)| sum * n + if *n == 1 { 0 } else { at[letter] };
            x.values[x.letters.iter().zip(&x.shape).fold(0, offset)]
        };
        case.operands.iter().map(factor).product()
    };
    (shape, (0..outer).map(|k| (k * inner..(k + 1) * inner).map(element).sum()).collect())
}

#[test]
fn random_subscripts_mean_what_numpy_says() {
    let mut rng = Random(7);
    for round in 0..300 {
        let case = case(&mut rng);
        let (shape, values) = meaning(&case);
        let dtype = [i64, f64, f32, i32][round % 4];
        let operand = |x: &Operand| Tensor::from(x.values.clone()).reshape(x.shape.as_slice()).cast(dtype);
        let result = einsum(&case.subscripts, case.operands.iter().map(operand));
        let shapes: Vec<&[usize]> = case.operands.iter().map(|x| x.shape.as_slice()).collect();
        let what = format!("round {round}: {} of {shapes:?} of {dtype}", case.subscripts);
        assert_eq!(result.shape().unwrap_or_else(|e| panic!("{what}: {e}")), shape, "{what}");
        // Sums of products of small whole numbers are exact.
        let found = result.cast(i64).eval().unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(found.to_vec::<i64>().unwrap(), values, "{what}");
    }
}
