//! What a row of the table says of a function.

use crate::expr::Expr;
use crate::{DType, Scalar};

/// What there is to know of a function.
#[derive(Clone, Copy, Debug)]
pub struct FunctionRow {
    /// Its name in text.
    pub name: &'static str,
    /// What it gives, in a line: of the arguments `x`, `y` and `z`.
    pub doc: &'static str,
    /// The dtypes it has a meaning for. All arguments have one dtype, save where it is masked.
    pub takes: Takes,
    /// Whether it gives `bool`; otherwise the dtype of its last argument.
    pub gives_bool: bool,
    /// Whether the first argument is `bool`, whatever the others are.
    pub masked: bool,
    /// Laws that hold to the bit, NaN payloads apart.
    pub laws: Laws,
    /// What NumPy calls it: names with blanks between them, the usual one first. Beside its functions there are SciPy's, of
    /// `special`, and a few of ours.
    pub numpy_names: &'static str,
    /// NumPy's names of the parameters.
    pub numpy_parameters: &'static str,
    /// The dtype that NumPy computes it in.
    pub promotion: Promotion,
    /// What to do instead where promotion gives a dtype that it has no meaning for.
    pub advice: &'static str,
    pub(super) formula: Formula,
    /// The formula on the bits of `f16` and `bf16`, for what only moves bits. The others are computed in `f32`.
    pub(super) on_bits: Option<Formula>,
}

/// A function of values under construction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Formula {
    Unary(for<'a> fn(Expr<'a>) -> Expr<'a>),
    Binary(for<'a> fn(Expr<'a>, Expr<'a>) -> Expr<'a>),
    Ternary(for<'a> fn(Expr<'a>, Expr<'a>, Expr<'a>) -> Expr<'a>),
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

    /// They, in words.
    pub const fn text(self) -> &'static str {
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

    /// A sentence for whoever gave another.
    pub const fn advice(self) -> &'static str {
        match self {
            Takes::Any => "",
            Takes::Bool => "It takes bool.",
            Takes::Number => "It takes integers and floats.",
            Takes::Float => "It takes floats.",
            Takes::ComputedFloat => "It takes f32 and f64.",
            Takes::Bits => "It takes bool and integers.",
            Takes::Integer => "It takes integers.",
        }
    }
}

/// Which dtype the arguments of a function are cast to together, as NumPy chooses its loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promotion {
    /// Their common dtype.
    Common,
    /// Their common dtype, `i8` for bool: NumPy has no narrower loop.
    AtLeastI8,
    /// Their common dtype if that is a float, else `f64`.
    Double,
    /// The narrowest float that takes each.
    NarrowestFloat,
    /// Their common dtype if that is a float; what is no float is the result as it is.
    FloatOrNothing,
    /// `bool`: whether each is nonzero.
    Truth,
    /// Their common dtype, but integers compare exactly.
    Comparison,
    /// Their common dtype, to which numbers past its ends saturate.
    Limits,
    /// As `AtLeastI8`, and literal exponents may choose another function.
    Power,
    /// The truth of the first, and the common dtype of the others.
    Choice,
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

impl Laws {
    /// None.
    pub const NONE: Laws = Laws {
        commutative: false,
        associative: Associative::No,
        idempotent: false,
        involution: false,
        right_identity: None,
        left_identity: None,
        absorbing: None,
    };

    /// They, in words.
    pub fn text(&self) -> String {
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

// What rows are made with: a formula and the dtypes it takes, and then whatever is not as usual.

pub(super) const fn unary(takes: Takes, formula: for<'a> fn(Expr<'a>) -> Expr<'a>) -> FunctionRow {
    row(takes, Formula::Unary(formula), "x")
}

pub(super) const fn binary(takes: Takes, formula: for<'a> fn(Expr<'a>, Expr<'a>) -> Expr<'a>) -> FunctionRow {
    row(takes, Formula::Binary(formula), "x1, x2")
}

pub(super) const fn ternary(
    takes: Takes,
    formula: for<'a> fn(Expr<'a>, Expr<'a>, Expr<'a>) -> Expr<'a>,
) -> FunctionRow {
    row(takes, Formula::Ternary(formula), "x1, x2, x3")
}

const fn row(takes: Takes, formula: Formula, numpy_parameters: &'static str) -> FunctionRow {
    FunctionRow {
        name: "",
        doc: "",
        takes,
        gives_bool: false,
        masked: false,
        laws: Laws::NONE,
        numpy_names: "",
        numpy_parameters,
        promotion: Promotion::Common,
        advice: takes.advice(),
        formula,
        on_bits: None,
    }
}

impl FunctionRow {
    pub(super) const fn named(self, name: &'static str, doc: &'static str) -> FunctionRow {
        FunctionRow { name, doc, ..self }
    }

    pub(super) const fn numpy(self, numpy_names: &'static str) -> FunctionRow {
        FunctionRow { numpy_names, ..self }
    }

    pub(super) const fn parameters(self, numpy_parameters: &'static str) -> FunctionRow {
        FunctionRow { numpy_parameters, ..self }
    }

    pub(super) const fn promotes(self, promotion: Promotion) -> FunctionRow {
        FunctionRow { promotion, ..self }
    }

    pub(super) const fn or(self, advice: &'static str) -> FunctionRow {
        FunctionRow { advice, ..self }
    }

    pub(super) const fn gives_bool(self) -> FunctionRow {
        FunctionRow { gives_bool: true, ..self }
    }

    pub(super) const fn masked(self) -> FunctionRow {
        FunctionRow { masked: true, ..self }
    }

    pub(super) const fn on_bits(self, formula: Formula) -> FunctionRow {
        FunctionRow { on_bits: Some(formula), ..self }
    }

    pub(super) const fn commutes(mut self) -> FunctionRow {
        self.laws.commutative = true;
        self
    }

    pub(super) const fn associates(mut self, scope: Associative) -> FunctionRow {
        self.laws.associative = scope;
        self
    }

    pub(super) const fn idempotent(mut self) -> FunctionRow {
        self.laws.idempotent = true;
        self
    }

    pub(super) const fn involution(mut self) -> FunctionRow {
        self.laws.involution = true;
        self
    }

    pub(super) const fn identity(mut self, element: Element) -> FunctionRow {
        self.laws.left_identity = Some(element);
        self.right_identity(element)
    }

    pub(super) const fn right_identity(mut self, element: Element) -> FunctionRow {
        self.laws.right_identity = Some(element);
        self
    }

    pub(super) const fn absorbs(mut self, element: Element) -> FunctionRow {
        self.laws.absorbing = Some(element);
        self
    }
}
