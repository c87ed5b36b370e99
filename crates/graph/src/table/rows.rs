//! The rows.

use super::{Arity, Associative, Class, Element, Gives, Laws, Row, Takes, function_row, scan_row};
use crate::{Op, Reduce};

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

const fn scan(name: &'static str, arity: usize, takes: Takes, doc: &'static str) -> Row {
    row(name, arity, Class::Scan, takes, doc)
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

/// The rows of [`crate::Op::Map`], in the order of [`fuseloom_lane::Function::ALL`].
pub(super) static FUNCTIONS: [Row; 70] = [
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

/// The rows of [`crate::Op::Reduce`], each beside its reduction: the array and the function that looks one up are one list.
macro_rules! reductions {
    ($($name:ident $({ $field:ident: $value:expr })? => $row:expr,)*) => {
        /// Every reduction, with the degrees of freedom that it has where none are given, and its row.
        pub(super) static REDUCTIONS: &[(Reduce, Row)] = &[$((Reduce::$name $({ $field: $value })?, $row),)*];

        /// The row of a reduction.
        pub fn reduce_row(reduce: Reduce) -> &'static Row {
            match reduce {
                $(Reduce::$name $({ $field: _ })? => {
                    static ROW: Row = $row;
                    &ROW
                })*
            }
        }
    };
}

reductions! {
    Sum => reduction("sum", Number, "the sum over axes, along the tree"),
    Prod => reduction("prod", Number, "the product over axes, along the tree"),
    Max => reduction("max", Any, "the largest over axes; a NaN wins"),
    Min => reduction("min", Any, "the smallest over axes; a NaN wins"),
    Any => reduction("any", Bool, "whether any is true"),
    All => reduction("all", Bool, "whether all are true"),
    ArgMax => reduction("argmax", Takes::Any, "the index of the first largest along one axis; the first NaN wins")
        .gives(Gives::I64),
    ArgMin => reduction("argmin", Takes::Any, "the index of the first smallest along one axis; the first NaN wins")
        .gives(Gives::I64),
    CountNonzero => reduction("count_nonzero", Takes::Any, "how many differ from zero").gives(Gives::I64),
    Mean => reduction("mean", Float, "the sum divided by the number of elements"),
    Var { ddof: 0 } => reduction("var", Float, "`M2 / max(n - ddof, 0)`"),
    Std { ddof: 0 } => reduction("std", Float, "the square root of `var`"),
    Moments => reduction("moments", ComputedFloat, "the mean and the sum of squared deviations from it (M2) along one axis")
        .results(2),
}

/// The rows of [`crate::Op::Scan`], in the order of [`fuseloom_lane::Scan::ALL`].
pub(super) static SCANS: [Row; 5] = [
    scan("cumsum", 1, Number, "the sum of the elements up to each along an axis, in blocks"),
    scan("cumprod", 1, Number, "the product of the elements up to each along an axis, in blocks"),
    scan("cummax", 1, Any, "the largest of the elements up to each along an axis; a NaN wins"),
    scan("cummin", 1, Any, "the smallest of the elements up to each along an axis; a NaN wins"),
    scan("recurrence", 2, Number, "`r[0] = y[0]`, `r[k] = x[k] * r[k-1] + y[k]` along an axis"),
];

/// The rows of the other operations, each beside its pattern: the array and the function that looks one up are one list.
macro_rules! others {
    ($($pattern:pat => $row:expr,)*) => {
        /// The rows of operations that have one each.
        pub(super) static OTHERS: &[Row] = &[$($row,)*];

        impl Op {
            /// Its row in the table.
            pub fn row(&self) -> &'static Row {
                match self {
                    Op::Map(function) => function_row(*function),
                    Op::Reduce { op, .. } => reduce_row(*op),
                    Op::Scan { op, .. } => scan_row(*op),
                    $($pattern => {
                        static ROW: Row = $row;
                        &ROW
                    })*
                }
            }
        }
    };
}

others! {
    Op::Input(_) => row("input", 0, Class::Source, Any, "an array the caller provides, by name").gives(Gives::Given),
    Op::Constant(_) => row("constant", 0, Class::Source, Any, "a 0-d constant").gives(Gives::Given),
    Op::Extent(_) => row("extent", 0, Class::Source, Any, "the value of a dim, 0-d").gives(Gives::I64),
    Op::Iota(_) => row("iota", 0, Class::Source, Any, "`0, 1, ..., n-1`").gives(Gives::I64),
    Op::Cast(_) => row("cast", 1, Class::Elementwise, Any, "converted, elementwise").gives(Gives::Given),
    Op::DivMod => row("divmod", 2, Class::Elementwise, Number, "`floor_divide(x, y)` and `remainder(x, y)`").results(2),
    Op::Permute(_) => row("permute", 1, Class::View, Any, "axis `k` of the result is axis `axes[k]` of the input"),
    Op::Slice(_) => row("slice", 1, Class::View, Any, "a strided window of each axis"),
    Op::Broadcast(_) => row("broadcast", 1, Class::View, Any, "repeated to a shape: axes align at the last, extent 1 stretches"),
    Op::Reshape(_) => row("reshape", 1, Class::View, Any, "the same elements in C order under another shape"),
    Op::Concat { .. } => row("concat", 1, Class::Arrange, Any, "one after another along an axis").or_more(),
    Op::Pad { .. } => row("pad", 2, Class::Arrange, Any, "elements before and after along each axis, filled with the 0-d second input"),
    Op::CombineMoments { .. } => row("combine_moments", 2, Class::Reduction, ComputedFloat, "means and M2s of equal groups, combined along an axis").results(2),
    Op::Take { .. } => row("take", 2, Class::Arrange, Any, "an axis of the first input read at the indices of the second"),
    Op::Einsum(_) => row("einsum", 1, Class::Contraction, Any, "sums of products over labels that axes share; bool is any of and").or_more(),
    Op::Result(_) => row("result", 1, Class::Projection, Any, "one result of an operation with several"),
}
