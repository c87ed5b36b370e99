//! Random texts through the parser and the recorder of expressions: none may panic, and none may take long.
//!
//! Some texts are made by the grammar, some are cases of the comparison with NumPy, some are words in a row, some are any
//! characters; and of each kind many are damaged afterward. Those that record are evaluated now and then, fused and not.

use crate::random::Rng;
use fuseloom::{Array, Expression, Known, Options, Tensor, evaluate_all};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// What is done.
#[derive(Clone, Debug)]
pub struct ExpressionFuzz {
    /// The first seed; the others follow it.
    pub seed: u64,
    /// How many texts at most.
    pub texts: u64,
    /// For how long at most.
    pub time: Duration,
    /// One in so many of the texts that record is evaluated.
    pub evaluate_one_in: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct ExpressionReport {
    /// All texts.
    pub texts: u64,
    /// Texts that parsed.
    pub parsed: u64,
    /// Texts that recorded.
    pub recorded: u64,
    /// Texts that were evaluated, to results or to an error.
    pub evaluated: u64,
    /// The longest that one took, and its seed.
    pub slowest: (Duration, u64),
    /// What was found: the seed, the text and what is wrong.
    pub faults: Vec<(u64, String, String)>,
}

/// What one text came to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Nothing,
    Parsed,
    Recorded,
    Evaluated,
}

/// Elements that a result may have to be evaluated.
const MOST_ELEMENTS: usize = 1 << 16;

impl ExpressionFuzz {
    /// Runs; `begin` is told each seed before its text is made.
    pub fn run(&self, mut begin: impl FnMut(u64)) -> ExpressionReport {
        let start = Instant::now();
        let words = Words::new();
        let inputs = inputs();
        let mut report = ExpressionReport::default();
        for seed in (0..self.texts).map(|k| self.seed.wrapping_add(k)) {
            // Clocks cost about as much as a short text.
            if seed % 64 == 0 && start.elapsed() >= self.time {
                break;
            }
            begin(seed);
            let text = words.text(seed);
            let evaluate = seed % self.evaluate_one_in.max(1) == 0;
            let begun = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| run(&text, &inputs, evaluate)));
            let took = begun.elapsed();
            report.texts += 1;
            if took > report.slowest.0 {
                report.slowest = (took, seed);
            }
            match outcome {
                Ok(Ok(reached)) => {
                    report.parsed += u64::from(reached >= Reached::Parsed);
                    report.recorded += u64::from(reached >= Reached::Recorded);
                    report.evaluated += u64::from(reached >= Reached::Evaluated);
                }
                Ok(Err(wrong)) => report.faults.push((seed, text, wrong)),
                Err(_) => report.faults.push((seed, text, "it panics".into())),
            }
        }
        report
    }
}

/// The text of a seed.
pub fn text(seed: u64) -> String {
    Words::new().text(seed)
}

fn inputs() -> Vec<(&'static str, Array)> {
    let floats =
        |shape: &[usize]| (0..shape.iter().product::<usize>()).map(|k| k as f32 * 0.75 - 3.0).collect::<Vec<f32>>();
    let array = |shape: &[usize]| Array::new(floats(shape), shape).unwrap_or_else(|_| Array::from(vec![0.0f32]));
    vec![
        ("x", array(&[3, 4])),
        ("y", array(&[4])),
        ("z", array(&[2, 3, 4])),
        ("sq", array(&[3, 3])),
        ("e", array(&[0, 3])),
        ("s", array(&[])),
        ("a", Array::from(ndarray::array![[3i32, -7, 0, 5], [1, 2, 3, 4], [9, 8, 7, 6]])),
        ("b", Array::from(ndarray::array![5i8, -128, 127, 3])),
        ("u", Array::from(ndarray::array![0u8, 7, 200, 255])),
        ("i", Array::from(ndarray::array![2i64, 0, -1])),
        ("m", Array::from(ndarray::arr2(&[[true, false, true, true], [false; 4], [true; 4]]))),
        ("w", Array::from(ndarray::array![1.0f64, f64::NAN, f64::INFINITY, -0.0])),
    ]
}

/// Parses, records and, if asked to, evaluates a text; what is wrong if that is.
fn run(text: &str, inputs: &[(&'static str, Array)], evaluate: bool) -> Result<Reached, String> {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => return shown(&error.annotated()).map(|()| Reached::Nothing),
    };
    let tensors: Vec<(&str, Tensor)> =
        inputs.iter().map(|(name, array)| (*name, Tensor::from(array.clone()))).collect();
    let recorded = match expression.record(&tensors) {
        Ok(recorded) => recorded,
        Err(error) => return shown(&error.annotated()).map(|()| Reached::Parsed),
    };
    if recorded.is_empty() {
        return Err("it recorded nothing".into());
    }
    let small = |tensor: &Tensor| {
        let shape = tensor.shape().map_err(|error| format!("recording gave a mistake: {error}"))?;
        Ok::<bool, String>(
            shape.iter().try_fold(1usize, |all, n| all.checked_mul(*n)).is_some_and(|n| n <= MOST_ELEMENTS),
        )
    };
    let mut all_small = true;
    for tensor in &recorded {
        all_small &= small(tensor)?;
    }
    if !evaluate || !all_small {
        return Ok(Reached::Recorded);
    }
    let options = Options::new().threads(1).memory_limit(1 << 24);
    let run = |fusion: bool| evaluate_all(text, inputs, &options.clone().fusion(fusion));
    let types = |arrays: &[Array]| arrays.iter().map(|a| (a.dtype(), a.shape().to_vec())).collect::<Vec<_>>();
    match (run(true), run(false)) {
        (Ok(fused), Ok(eager)) if types(&fused) == types(&eager) => Ok(Reached::Evaluated),
        (Ok(_), Ok(_)) => Err("fused and eager have other types".into()),
        // Eager may need memory that fused does not.
        (Err(error), _) | (_, Err(error)) => shown(&error.to_string()).map(|()| Reached::Evaluated),
    }
}

/// A message must say something, and not all that it was given.
fn shown(message: &str) -> Result<(), String> {
    match message.len() {
        0 => Err("its message is empty".into()),
        1..=4000 => Ok(()),
        length => Err(format!("its message is {length} bytes long")),
    }
}

/// What texts are made of.
struct Words {
    /// `np.sum(a, axis=None)` and the like.
    written: Vec<String>,
    /// Expressions that are compared with NumPy.
    cases: Vec<&'static str>,
}

const ATOMS: &[&str] = &[
    "x",
    "x",
    "y",
    "y",
    "z",
    "sq",
    "e",
    "s",
    "a",
    "b",
    "u",
    "i",
    "m",
    "w",
    "0",
    "1",
    "2",
    "-1",
    "3",
    "0.5",
    "1e300",
    "7",
    "True",
    "False",
    "None",
    "...",
    "np.pi",
    "np.inf",
    "np.nan",
    "np.float32",
    "np.int8",
    "np.newaxis",
    "'ij,jk->ik'",
    "'f4'",
    "x.T",
    "x.shape",
    "unknown",
    "300",
    "1_000",
    "0xff",
    "9223372036854775808",
    "-128",
];

const SYMBOLS: &[&str] =
    &["+", "-", "*", "/", "//", "%", "@", "**", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">="];

const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    ";",
    "\n",
    "=",
    "+=",
    "**=",
    ".",
    "~",
    "-",
    "not ",
    " and ",
    "if ",
    "lambda ",
    "{",
    "}",
    "'",
    "\"",
    "\\",
    "#",
    "np.",
    ".sum",
    ".reshape",
    "(0)",
    "[None]",
    "[::-1]",
    "axis=",
    "keepdims=True",
    "\u{2212}",
    "\u{3b1}",
    "\u{1f9f5}",
    "\0",
    "\t",
    "\u{feff}",
    "!",
    "?",
    "$",
    "&&",
    ":=",
    "->",
];

const AXES: &[&str] = &["0", "1", "-1", "2", "-2", "7", "(0, 1)", "None", "()", "(0, 0)", "1.5", "x"];
const SUBSCRIPTS: &[&str] =
    &["'ij->ji'", "'ij,jk->ik'", "'ii'", "'i,i'", "'...j,j'", "'ij,ij->'", "'a,b,c'", "'ij'", "''", "'->'", "'i..j'"];
const DTYPES: &[&str] = &["np.float32", "np.float16", "'i4'", "bool", "np.uint64", "'nothing'", "x.dtype", "int"];

impl Words {
    fn new() -> Words {
        let cases = include_str!("../../fuseloom/tests/data/expressions.txt");
        let cases = cases.split("\n\n").skip(1).filter_map(|case| case.lines().next()).collect();
        Words { written: Expression::known().flat_map(|known: Known| known.written).collect(), cases }
    }

    fn text(&self, seed: u64) -> String {
        let mut rng = Rng::new(seed);
        let mut text = String::new();
        match rng.weighted(&[6, 4, 2, 1, 1]) {
            0 => self.statements(&mut rng, &mut text),
            1 => text = rng.of(&self.cases).replace("\\n", "\n"),
            2 => (0..rng.below(24)).for_each(|_| self.piece(&mut rng, &mut text)),
            3 => text.extend((0..rng.below(40)).filter_map(|_| char::from_u32(rng.bits() as u32 % 0x11_0000))),
            _ => {
                let piece = rng.of(PIECES);
                text = format!("x{}", piece.repeat(1 << rng.below(9)));
            }
        }
        for _ in 0..rng.of(&[0usize, 0, 1, 1, 2, 5]) {
            damage(&mut rng, &mut text);
        }
        text
    }

    fn piece(&self, rng: &mut Rng, out: &mut String) {
        match rng.below(4) {
            0 => out.push_str(rng.of(ATOMS)),
            1 => out.push_str(rng.of(SYMBOLS)),
            2 => out.push_str(rng.of(PIECES)),
            _ => {
                let written = &self.written[rng.below(self.written.len())];
                out.push_str(written.split('(').next().unwrap_or(written));
            }
        }
    }

    fn statements(&self, rng: &mut Rng, out: &mut String) {
        for _ in 0..rng.of(&[0, 0, 0, 1, 1, 2]) {
            out.push_str(rng.of(&["x", "t", "u", "t, v", "s"]));
            out.push_str(rng.of(&[" = ", " = ", " = ", " += ", " **= "]));
            self.expression(rng, 3, out);
            out.push_str(rng.of(&["\n", "; "]));
        }
        self.expression(rng, 4, out);
    }

    fn expression(&self, rng: &mut Rng, depth: usize, out: &mut String) {
        if depth == 0 || rng.once_in(5) {
            return out.push_str(rng.of(ATOMS));
        }
        match rng.weighted(&[6, 2, 8, 4, 2, 1]) {
            0 => {
                self.expression(rng, depth - 1, out);
                out.push_str(rng.of(&[" ", ""]));
                out.push_str(rng.of(SYMBOLS));
                out.push(' ');
                self.expression(rng, depth - 1, out);
            }
            1 => {
                out.push_str(rng.of(&["-", "~", "+", "--", "("]));
                self.expression(rng, depth - 1, out);
                if out.ends_with(|c: char| c.is_alphanumeric()) && rng.once_in(2) {
                    out.push(')');
                }
            }
            2 => self.call(rng, depth, out),
            3 => {
                self.expression(rng, depth - 1, out);
                out.push('[');
                for k in 0..1 + rng.below(3) {
                    out.push_str(if k > 0 { ", " } else { "" });
                    self.index(rng, depth, out);
                }
                out.push(']');
            }
            4 => {
                let [open, close] = rng.of(&[["(", ")"], ["[", "]"]]);
                out.push_str(open);
                for k in 0..rng.below(4) {
                    out.push_str(if k > 0 { ", " } else { "" });
                    self.expression(rng, depth - 1, out);
                }
                out.push_str(close);
            }
            _ => {
                self.expression(rng, depth - 1, out);
                out.push_str(rng.of(&[".T", ".shape", ".dtype", ".ndim", ".mT", ".size", ".foo"]));
            }
        }
    }

    fn index(&self, rng: &mut Rng, depth: usize, out: &mut String) {
        let numbers = ["", "0", "1", "-1", "2", "-3", "9", "99999999999999999999"];
        match rng.below(4) {
            0 => out.push_str(rng.of(&["None", "...", ":", "0", "-1", "i", "[0, 2]", "np.newaxis"])),
            1 => self.expression(rng, depth - 1, out),
            _ => {
                out.push_str(rng.of(&numbers));
                out.push(':');
                out.push_str(rng.of(&numbers));
                if rng.once_in(2) {
                    out.push(':');
                    out.push_str(rng.of(&["1", "-1", "2", "-2", "0", ""]));
                }
            }
        }
    }

    /// A call as it is declared, with some arguments left out.
    fn call(&self, rng: &mut Rng, depth: usize, out: &mut String) {
        let written = &self.written[rng.below(self.written.len())];
        let Some((name, parameters)) = written.split_once('(') else {
            // x.T
            return out.push_str(written);
        };
        match name.strip_prefix("x.") {
            Some(method) => {
                self.expression(rng, depth - 1, out);
                out.push('.');
                out.push_str(method);
            }
            None => out.push_str(name),
        }
        out.push('(');
        let mut first = true;
        for parameter in parameters.trim_end_matches(')').split(", ").filter(|p| !p.is_empty()) {
            let (name, optional) = match parameter.split_once('=') {
                Some((name, _)) => (name, true),
                None => (parameter, false),
            };
            if (optional && !rng.once_in(3)) || rng.once_in(40) {
                continue;
            }
            out.push_str(if first { "" } else { ", " });
            first = false;
            if optional && !rng.once_in(8) {
                out.push_str(name);
                out.push('=');
            }
            match name {
                "axis" | "axes" | "axis1" | "axis2" => out.push_str(rng.of(AXES)),
                "dtype" => out.push_str(rng.of(DTYPES)),
                "subscripts" => out.push_str(rng.of(SUBSCRIPTS)),
                "keepdims" => out.push_str(rng.of(&["True", "False"])),
                _ => self.expression(rng, depth - 1, out),
            }
        }
        out.push(')');
    }
}

/// A character lost, doubled, exchanged or put in, or a part doubled or lost.
fn damage(rng: &mut Rng, text: &mut String) {
    let mut chars: Vec<char> = text.chars().collect();
    let at = rng.below(chars.len() + 1);
    let end = (at + 1 + rng.below(6)).min(chars.len());
    match rng.below(6) {
        0 if at < chars.len() => drop(chars.remove(at)),
        1 if at + 1 < chars.len() => chars.swap(at, at + 1),
        2 if at < end => {
            let part: Vec<char> = chars[at..end].to_vec();
            chars.splice(at..at, part);
        }
        3 if at < end => drop(chars.drain(at..end)),
        4 => drop(chars.splice(at..at, rng.of(PIECES).chars())),
        _ => chars.insert(at, char::from(32 + rng.below(95) as u8)),
    }
    *text = chars.into_iter().collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_panics_or_hangs() {
        let fuzz = ExpressionFuzz { seed: 1, texts: 6000, time: Duration::from_secs(60), evaluate_one_in: 300 };
        let report = fuzz.run(|_| {});
        assert!(report.faults.is_empty(), "{:#?}", report.faults);
        // Otherwise it would test nothing.
        assert!(report.parsed * 3 > report.texts && report.recorded * 12 > report.texts, "{report:?}");
        assert!(report.evaluated > 0 && report.parsed < report.texts && report.recorded < report.parsed, "{report:?}");
    }
}
