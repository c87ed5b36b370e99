//! The table of operations: one row each, which the printer, the parser, inference, the interpreter, the fuzzer and the
//! documentation read.

use crate::{Op, OpError, Reduce};
use fuseloom_lane::{DType, Function, Scalar};
use std::fmt::Write;

/// An operation's row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row {
    /// Its name in text.
    pub name: &'static str,
    /// How many inputs it takes.
    pub arity: Arity,
    /// How many results it has.
    pub results: usize,
    /// What kind of operation it is.
    pub class: Class,
    /// The dtypes it takes.
    pub takes: Takes,
    /// The dtype it gives.
    pub gives: Gives,
    /// Laws that hold to the bit (NaN payloads apart).
    pub laws: Laws,
    /// What it means, in a line.
    pub doc: &'static str,
}

/// How many inputs an operation takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arity {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

/// The kinds of operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Takes nothing.
    Source,
    /// Element `i` of the result depends on elements `i` of the inputs.
    Elementwise,
    /// Index arithmetic: elements of the input at other places.
    View,
    /// Elements of the inputs at places that depend on the place: several inputs, or data.
    Arrange,
    /// Combines elements along axes.
    Reduction,
    /// Chooses a result.
    Projection,
}

/// The dtypes that an operation takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// All.
    Any,
    /// `bool`.
    Bool,
    /// Integers and floats.
    Number,
    /// Floats.
    Float,
    /// `f32` and `f64`, the floats that are computed in.
    ComputedFloat,
    /// `bool` and integers.
    Bits,
    /// Integers.
    Integer,
}

/// The dtype that an operation gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gives {
    /// The dtype of its inputs (of the last, where they differ by rule: `select`).
    Same,
    /// `bool`.
    Bool,
    /// `i64`.
    I64,
    /// What its attribute says.
    Given,
}

/// Laws that hold to the bit, NaN payloads apart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Laws {
    /// `f(x, y) = f(y, x)`
    pub commutative: bool,
    /// `f(f(x, y), z) = f(x, f(y, z))`
    pub associative: Associative,
    /// `f(x, x) = x`, or of one argument `f(f(x)) = f(x)`
    pub idempotent: bool,
    /// `f(f(x)) = x`
    pub involution: bool,
    /// The `e` with `f(x, e) = x`
    pub right_identity: Option<Element>,
    /// The `e` with `f(e, x) = x`
    pub left_identity: Option<Element>,
    /// The `e` with `f(x, e) = f(e, x) = e` for integers and bool (of floats NaN breaks it)
    pub absorbing: Option<Element>,
}

/// For which dtypes an operation is associative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Associative {
    /// For none.
    No,
    /// For integers and bool.
    Exact,
    /// For all.
    Always,
}

/// An element that a law speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Element {
    /// 0; `false`.
    Zero,
    /// The zero that changes nothing when added: -0.0 of floats, else 0.
    NegativeZero,
    /// 1; `true`.
    One,
    /// All bits set: -1, the largest unsigned number, `true`.
    AllBits,
}

impl Element {
    /// It in a dtype.
    pub fn scalar(self, dtype: DType) -> Scalar {
        match self {
            Element::Zero => Scalar::zero(dtype),
            Element::NegativeZero if dtype.is_float() => Scalar::from_f64(dtype, -0.0),
            Element::NegativeZero => Scalar::zero(dtype),
            Element::One => Scalar::one(dtype),
            Element::AllBits => Scalar::from_bits(dtype, u64::MAX),
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Element::Zero => "0",
            Element::NegativeZero => "-0",
            Element::One => "1",
            Element::AllBits => "all bits",
        }
    }
}

impl Arity {
    /// Whether `given` inputs are right.
    pub fn check(self, op: &'static str, given: usize) -> Result<(), OpError> {
        match self {
            Arity::Exactly(expected) if given != expected => Err(OpError::Arity { op, expected, given }),
            Arity::AtLeast(expected) if given < expected => Err(OpError::Arity { op, expected, given }),
            Arity::Exactly(_) | Arity::AtLeast(_) => Ok(()),
        }
    }
}

impl Takes {
    /// Whether a dtype is among them.
    pub fn allows(self, dtype: DType) -> bool {
        match self {
            Takes::Any => true,
            Takes::Bool => dtype == DType::Bool,
            Takes::Number => dtype != DType::Bool,
            Takes::Float => dtype.is_float(),
            Takes::ComputedFloat => matches!(dtype, DType::F32 | DType::F64),
            Takes::Bits => !dtype.is_float(),
            Takes::Integer => dtype.is_integer(),
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Takes::Any => "any",
            Takes::Bool => "bool",
            Takes::Number => "integers, floats",
            Takes::Float => "floats",
            Takes::ComputedFloat => "f32, f64",
            Takes::Bits => "bool, integers",
            Takes::Integer => "integers",
        }
    }
}

impl Gives {
    const fn text(self) -> &'static str {
        match self {
            Gives::Same => "the same",
            Gives::Bool => "bool",
            Gives::I64 => "i64",
            Gives::Given => "as given",
        }
    }
}

const NO_LAWS: Laws = Laws {
    commutative: false,
    associative: Associative::No,
    idempotent: false,
    involution: false,
    right_identity: None,
    left_identity: None,
    absorbing: None,
};

const fn row(name: &'static str, arity: usize, class: Class, takes: Takes, doc: &'static str) -> Row {
    Row { name, arity: Arity::Exactly(arity), results: 1, class, takes, gives: Gives::Same, laws: NO_LAWS, doc }
}

const fn map(name: &'static str, arity: usize, takes: Takes, doc: &'static str) -> Row {
    row(name, arity, Class::Elementwise, takes, doc)
}

const fn test(name: &'static str, arity: usize, takes: Takes, doc: &'static str) -> Row {
    map(name, arity, takes, doc).gives(Gives::Bool)
}

const fn reduction(name: &'static str, takes: Takes, doc: &'static str) -> Row {
    row(name, 1, Class::Reduction, takes, doc)
}

impl Row {
    const fn gives(mut self, gives: Gives) -> Row {
        self.gives = gives;
        self
    }

    const fn results(mut self, results: usize) -> Row {
        self.results = results;
        self
    }

    const fn or_more(mut self) -> Row {
        if let Arity::Exactly(n) = self.arity {
            self.arity = Arity::AtLeast(n);
        }
        self
    }

    const fn commutes(mut self) -> Row {
        self.laws.commutative = true;
        self
    }

    const fn associates(mut self, scope: Associative) -> Row {
        self.laws.associative = scope;
        self
    }

    const fn idempotent(mut self) -> Row {
        self.laws.idempotent = true;
        self
    }

    const fn involution(mut self) -> Row {
        self.laws.involution = true;
        self
    }

    const fn identity(mut self, element: Element) -> Row {
        self.laws.left_identity = Some(element);
        self.right_identity(element)
    }

    const fn right_identity(mut self, element: Element) -> Row {
        self.laws.right_identity = Some(element);
        self
    }

    const fn absorbs(mut self, element: Element) -> Row {
        self.laws.absorbing = Some(element);
        self
    }
}

use Associative::{Always, Exact};
use Element::{AllBits, NegativeZero, One, Zero};
use Takes::{Any, Bits, Bool, ComputedFloat, Float, Integer, Number};

/// The rows of [`Op::Map`], in the order of [`Function::ALL`].
static FUNCTIONS: [Row; 70] = [
    map("neg", 1, Number, "`-x`; integers wrap").involution(),
    map("abs", 1, Any, "`|x|`; the most negative integer stays itself").idempotent(),
    map("sign", 1, Number, "-1, 0 or 1; zeros and NaN stay").idempotent(),
    map("add", 2, Any, "`x + y`; bool is or").commutes().associates(Exact).identity(NegativeZero),
    map("sub", 2, Number, "`x - y`").right_identity(Zero),
    map("mul", 2, Any, "`x * y`; bool is and").commutes().associates(Exact).identity(One).absorbs(Zero),
    map("div", 2, Float, "`x / y`").right_identity(One),
    map("floor_divide", 2, Number, "the quotient rounded down; by an integer 0 it is 0"),
    map("remainder", 2, Number, "`x - floor_divide(x, y) * y`, signed as `y`; by an integer 0 it is 0"),
    map("fmod", 2, Number, "the remainder signed as `x`"),
    map("power", 2, Number, "`x ** y`; integers wrap"),
    map("square", 1, Number, "`x * x`"),
    map("reciprocal", 1, Float, "`1 / x`"),
    map("maximum", 2, Any, "the larger; a NaN wins").commutes().associates(Always).idempotent(),
    map("minimum", 2, Any, "the smaller; a NaN wins").commutes().associates(Always).idempotent(),
    map("fmax", 2, Any, "the larger; a NaN loses").commutes().associates(Always).idempotent(),
    map("fmin", 2, Any, "the smaller; a NaN loses").commutes().associates(Always).idempotent(),
    map("clip", 3, Any, "`minimum(maximum(x, y), z)`"),
    map("copysign", 2, Float, "the magnitude of `x` with the sign of `y`"),
    map("floor", 1, Float, "rounded down").idempotent(),
    map("ceil", 1, Float, "rounded up").idempotent(),
    map("trunc", 1, Float, "rounded toward zero").idempotent(),
    map("rint", 1, Float, "rounded to nearest, ties to even").idempotent(),
    map("sqrt", 1, Float, "the square root"),
    map("rsqrt", 1, Float, "`1 / sqrt(x)`"),
    map("cbrt", 1, Float, "the cube root"),
    map("exp", 1, Float, "e to the `x`"),
    map("exp2", 1, Float, "2 to the `x`"),
    map("expm1", 1, Float, "`exp(x) - 1`"),
    map("log", 1, Float, "the natural logarithm"),
    map("log2", 1, Float, "the logarithm to base 2"),
    map("log10", 1, Float, "the logarithm to base 10"),
    map("log1p", 1, Float, "`log(1 + x)`"),
    map("hypot", 2, Float, "`sqrt(x*x + y*y)` without undue overflow").commutes(),
    map("sin", 1, Float, "sine"),
    map("cos", 1, Float, "cosine"),
    map("tan", 1, Float, "tangent"),
    map("asin", 1, Float, "inverse sine"),
    map("acos", 1, Float, "inverse cosine"),
    map("atan", 1, Float, "inverse tangent"),
    map("atan2", 2, Float, "the angle of the point `(y, x)`, the inputs in the order y, x of C"),
    map("sinh", 1, Float, "hyperbolic sine"),
    map("cosh", 1, Float, "hyperbolic cosine"),
    map("tanh", 1, Float, "hyperbolic tangent"),
    map("asinh", 1, Float, "inverse hyperbolic sine"),
    map("acosh", 1, Float, "inverse hyperbolic cosine"),
    map("atanh", 1, Float, "inverse hyperbolic tangent"),
    map("erf", 1, Float, "the error function"),
    map("sigmoid", 1, Float, "`1 / (1 + exp(-x))`"),
    test("equal", 2, Any, "`x == y`").commutes(),
    test("not_equal", 2, Any, "`x != y`").commutes(),
    test("less", 2, Any, "`x < y`"),
    test("less_equal", 2, Any, "`x <= y`"),
    test("greater", 2, Any, "`x > y`"),
    test("greater_equal", 2, Any, "`x >= y`"),
    test("is_nan", 1, Float, "whether it is NaN"),
    test("is_inf", 1, Float, "whether it is an infinity"),
    test("is_finite", 1, Float, "whether it is neither infinite nor NaN"),
    test("signbit", 1, Float, "whether the sign bit is set; clear for NaN"),
    map("logical_and", 2, Bool, "both").commutes().associates(Exact).idempotent().identity(One).absorbs(Zero),
    map("logical_or", 2, Bool, "either").commutes().associates(Exact).idempotent().identity(Zero).absorbs(One),
    map("logical_xor", 2, Bool, "one but not both").commutes().associates(Exact).identity(Zero),
    map("logical_not", 1, Bool, "not").involution(),
    map("bitwise_and", 2, Bits, "and of the bits")
        .commutes()
        .associates(Exact)
        .idempotent()
        .identity(AllBits)
        .absorbs(Zero),
    map("bitwise_or", 2, Bits, "or of the bits")
        .commutes()
        .associates(Exact)
        .idempotent()
        .identity(Zero)
        .absorbs(AllBits),
    map("bitwise_xor", 2, Bits, "exclusive or of the bits").commutes().associates(Exact).identity(Zero),
    map("bitwise_not", 1, Bits, "complement of the bits").involution(),
    map("left_shift", 2, Integer, "`x << y`; a count negative or past the width gives 0").right_identity(Zero),
    map("right_shift", 2, Integer, "`x >> y`; a count negative or past the width gives 0, or -1 for a negative `x`")
        .right_identity(Zero),
    map("select", 3, Any, "`x ? y : z`, where `x` is bool"),
];

/// The rows of [`Op::Reduce`].
static REDUCTIONS: [Row; 13] = [
    reduction("sum", Number, "the sum over axes, along the tree"),
    reduction("prod", Number, "the product over axes, along the tree"),
    reduction("max", Any, "the largest over axes; a NaN wins"),
    reduction("min", Any, "the smallest over axes; a NaN wins"),
    reduction("any", Bool, "whether any is true"),
    reduction("all", Bool, "whether all are true"),
    reduction("argmax", Any, "the index of the first largest along one axis; the first NaN wins").gives(Gives::I64),
    reduction("argmin", Any, "the index of the first smallest along one axis; the first NaN wins").gives(Gives::I64),
    reduction("count_nonzero", Any, "how many differ from zero").gives(Gives::I64),
    reduction("mean", Float, "the sum divided by the number of elements"),
    reduction("var", Float, "`M2 / max(n - ddof, 0)`"),
    reduction("std", Float, "the square root of `var`"),
    reduction("moments", ComputedFloat, "the mean and the sum of squared deviations from it (M2) along one axis")
        .results(2),
];

/// The rows of the other operations.
static OTHERS: [Row; 15] = [
    row("input", 0, Class::Source, Any, "an array the caller provides, by name").gives(Gives::Given),
    row("constant", 0, Class::Source, Any, "a 0-d constant").gives(Gives::Given),
    row("extent", 0, Class::Source, Any, "the value of a dim, 0-d").gives(Gives::I64),
    row("iota", 0, Class::Source, Any, "`0, 1, ..., n-1`").gives(Gives::I64),
    row("cast", 1, Class::Elementwise, Any, "converted, elementwise").gives(Gives::Given),
    row("divmod", 2, Class::Elementwise, Number, "`floor_divide(x, y)` and `remainder(x, y)`").results(2),
    row("permute", 1, Class::View, Any, "axis `k` of the result is axis `axes[k]` of the input"),
    row("slice", 1, Class::View, Any, "a strided window of each axis"),
    row("broadcast", 1, Class::View, Any, "repeated to a shape: axes align at the last, extent 1 stretches"),
    row("reshape", 1, Class::View, Any, "the same elements in C order under another shape"),
    row("concat", 1, Class::Arrange, Any, "one after another along an axis").or_more(),
    row("pad", 2, Class::Arrange, Any, "elements before and after along each axis, filled with the 0-d second input"),
    row("combine_moments", 2, Class::Reduction, ComputedFloat, "means and M2s of equal groups, combined along an axis")
        .results(2),
    row("take", 2, Class::Arrange, Any, "an axis of the first input read at the indices of the second"),
    row("result", 1, Class::Projection, Any, "one result of an operation with several"),
];

const _: () = assert!(FUNCTIONS.len() == Function::ALL.len(), "every function has a row");

/// The row of an elementwise function.
pub fn function_row(function: Function) -> &'static Row {
    &FUNCTIONS[function as usize]
}

/// The row of a reduction.
pub fn reduce_row(reduce: Reduce) -> &'static Row {
    let position = match reduce {
        Reduce::Sum => 0,
        Reduce::Prod => 1,
        Reduce::Max => 2,
        Reduce::Min => 3,
        Reduce::Any => 4,
        Reduce::All => 5,
        Reduce::ArgMax => 6,
        Reduce::ArgMin => 7,
        Reduce::CountNonzero => 8,
        Reduce::Mean => 9,
        Reduce::Var { .. } => 10,
        Reduce::Std { .. } => 11,
        Reduce::Moments => 12,
    };
    &REDUCTIONS[position]
}

/// Every row: sources and views first, then functions, then reductions.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    OTHERS.iter().chain(&FUNCTIONS).chain(&REDUCTIONS)
}

impl Op {
    /// Its row in the table.
    pub fn row(&self) -> &'static Row {
        let position = match self {
            Op::Map(function) => return function_row(*function),
            Op::Reduce { op, .. } => return reduce_row(*op),
            Op::Input(_) => 0,
            Op::Constant(_) => 1,
            Op::Extent(_) => 2,
            Op::Iota(_) => 3,
            Op::Cast(_) => 4,
            Op::DivMod => 5,
            Op::Permute(_) => 6,
            Op::Slice(_) => 7,
            Op::Broadcast(_) => 8,
            Op::Reshape(_) => 9,
            Op::Concat { .. } => 10,
            Op::Pad { .. } => 11,
            Op::CombineMoments { .. } => 12,
            Op::Take { .. } => 13,
            Op::Result(_) => 14,
        };
        &OTHERS[position]
    }

    /// Its name in text.
    pub fn name(&self) -> &'static str {
        self.row().name
    }
}

/// The table as Markdown: what the documentation shows.
pub fn markdown() -> String {
    let mut text = String::from("| op | inputs | takes | gives | laws | meaning |\n|---|---|---|---|---|---|\n");
    for row in rows() {
        let Row { name, arity, results, takes, gives, laws, doc, class: _ } = row;
        let inputs = match arity {
            Arity::Exactly(n) => n.to_string(),
            Arity::AtLeast(n) => format!("{n} or more"),
        };
        let gives = match results {
            1 => gives.text().to_string(),
            n => format!("{} ({n} results)", gives.text()),
        };
        // A `|` would end the cell.
        let doc = doc.replace('|', "\\|");
        let takes = if *arity == Arity::Exactly(0) { "" } else { takes.text() };
        writeln!(text, "| `{name}` | {inputs} | {takes} | {gives} | {} | {doc} |", laws.text())
            .expect("a string takes all");
    }
    text
}

impl Laws {
    fn text(&self) -> String {
        let mut laws: Vec<String> = Vec::new();
        if self.commutative {
            laws.push("commutative".into());
        }
        match self.associative {
            Associative::No => {}
            Associative::Exact => laws.push("associative (integers, bool)".into()),
            Associative::Always => laws.push("associative".into()),
        }
        if self.idempotent {
            laws.push("idempotent".into());
        }
        if self.involution {
            laws.push("involution".into());
        }
        match (self.left_identity, self.right_identity) {
            (Some(e), _) => laws.push(format!("identity {}", e.text())),
            (None, Some(e)) => laws.push(format!("right identity {}", e.text())),
            (None, None) => {}
        }
        if let Some(e) = self.absorbing {
            laws.push(format!("absorbing {} (integers, bool)", e.text()));
        }
        laws.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_where_functions_are() {
        for function in Function::ALL {
            let variant = format!("{function:?}").to_lowercase();
            assert_eq!(function_row(*function).name.replace('_', ""), variant);
        }
    }

    #[test]
    fn rows_agree_with_the_functions() {
        for &function in Function::ALL {
            let row = function_row(function);
            assert_eq!(row.arity, Arity::Exactly(function.arity()), "{}", row.name);
            for dtype in DType::ALL {
                assert_eq!(row.takes.allows(dtype), function.supports(dtype), "{} of {dtype}", row.name);
                if function.supports(dtype) {
                    let gives = if row.gives == Gives::Bool { DType::Bool } else { dtype };
                    assert_eq!(gives, function.result(dtype), "{} of {dtype}", row.name);
                }
            }
        }
    }

    #[test]
    fn names_are_distinct() {
        let mut names: Vec<&str> = rows().map(|row| row.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn markdown_has_a_line_a_row() {
        assert_eq!(markdown().lines().count(), rows().count() + 2);
    }
}
