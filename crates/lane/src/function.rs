//! The elementwise functions of the array language: the table, and what is had from it.

mod row;
mod rows;
#[cfg(test)]
mod tests;

pub use row::{Associative, Element, FunctionRow, Laws, Promotion, Takes};

use crate::expr::{Expr, formula};
use crate::math::{erf, exp, hyperbolic, inverse_trig, log, power, root, trig};
use crate::{Builder, DType, Prim, Program, Value, arithmetic, divide, functions, order, storage};
use row::Formula::{self, Ternary, Unary};
use row::{binary, ternary, unary};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use Associative::{Always, Exact};
use Element::{AllBits, NegativeZero, One, Zero};
use Promotion::{AtLeastI8, Choice, Comparison, Double, FloatOrNothing, Limits, NarrowestFloat, Truth};
use Takes::{Any, Bits, Bool, Float, Integer, Number};

macro_rules! table {
    ($($name:ident $text:literal $doc:literal = $row:expr $(,
        $method:ident $parameters:tt: $of:ident $x:tt $others:tt => $results:tt)?;)*
    ) => {
        /// A function of one element of each argument. All arguments have one dtype (the graph inserts casts), save where
        /// said otherwise.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Function { $(#[doc = $doc] $name,)* }

        impl Function {
            /// Every function, in the order of the table.
            pub const ALL: &'static [Function] = &[$(Function::$name,)*];
        }

        static ROWS: [FunctionRow; Function::ALL.len()] = [$($row.named($text, $doc),)*];
    };
}

functions!(table);

/// A function was asked for on a dtype it has no meaning for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnsupportedDType {
    /// The function.
    pub function: Function,
    /// The dtype.
    pub dtype: DType,
}

impl fmt::Display for UnsupportedDType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} has no meaning for {}", self.function, self.dtype)
    }
}

impl std::error::Error for UnsupportedDType {}

impl Function {
    /// Its row in the table.
    pub const fn row(self) -> &'static FunctionRow {
        &ROWS[self as usize]
    }

    /// The function of this name in text.
    pub fn named(name: &str) -> Option<Function> {
        Function::ALL.iter().copied().find(|function| function.row().name == name)
    }

    /// Number of arguments.
    pub const fn arity(self) -> usize {
        match self.row().formula {
            Formula::Unary(_) => 1,
            Formula::Binary(_) => 2,
            Formula::Ternary(_) => 3,
        }
    }

    /// Whether it has a meaning for arguments of this dtype (where the first is a mask, of the others).
    pub fn supports(self, dtype: DType) -> bool {
        self.row().takes.allows(dtype)
    }

    /// The dtype of the result for arguments of `dtype` (where the first is a mask, of the others).
    pub fn result(self, dtype: DType) -> DType {
        if self.row().gives_bool { DType::Bool } else { dtype }
    }

    /// Its cost on one element of `dtype`, in additions, roughly: the primitives it lowers to, weighed. 0 where it has no
    /// meaning.
    pub fn cost(self, dtype: DType) -> u32 {
        self.measure(dtype) >> 1
    }

    /// Whether it divides integers, which processors do one by one.
    pub fn divides_integers(self, dtype: DType) -> bool {
        self.measure(dtype) & 1 == 1
    }

    /// Twice its cost, and 1 more if it divides integers. Remembered.
    fn measure(self, dtype: DType) -> u32 {
        const UNKNOWN: u32 = u32::MAX;
        static KNOWN: [[AtomicU32; DType::ALL.len()]; Function::ALL.len()] =
            [const { [const { AtomicU32::new(UNKNOWN) }; DType::ALL.len()] }; Function::ALL.len()];
        let known = &KNOWN[self as usize][dtype as usize];
        if known.load(Ordering::Relaxed) == UNKNOWN {
            let program = self.program(dtype).unwrap_or_default();
            let divides = program.insts.iter().any(|inst| matches!(inst.prim, Prim::FloorDiv | Prim::FloorMod));
            let cost: u32 = program.insts.iter().map(|inst| weight(&inst.prim)).sum();
            known.store(2 * cost + u32::from(divides), Ordering::Relaxed);
        }
        known.load(Ordering::Relaxed)
    }

    /// The lane program of the function alone, one parameter an argument.
    pub fn program(self, dtype: DType) -> Result<Program, UnsupportedDType> {
        let mut params = vec![dtype.lane_type(); self.arity()];
        if self.row().masked {
            params[0] = DType::Bool;
        }
        let mut b = Builder::new(&params);
        let args: Vec<Value> = (0..params.len() as u32).map(Value).collect();
        let result = self.lower(&mut b, dtype, &args)?;
        Ok(b.finish(&[result]))
    }

    /// Appends its instructions for arguments of the array dtype `dtype` and gives the result.
    ///
    /// `f16` and `bf16` arguments and results are held as `U16` bits ([`DType::lane_type`]): each is widened to `f32`,
    /// computed, and rounded to nearest even.
    pub fn lower(self, b: &mut Builder, dtype: DType, args: &[Value]) -> Result<Value, UnsupportedDType> {
        if !self.supports(dtype) {
            return Err(UnsupportedDType { function: self, dtype });
        }
        debug_assert_eq!(args.len(), self.arity());
        let row = self.row();
        if dtype == dtype.compute_type() {
            return Ok(row.formula.append(b, args));
        }
        if let Some(on_bits) = row.on_bits {
            return Ok(on_bits.append(b, args));
        }
        let widen = |&arg: &Value| formula(b, &[arg], |x| storage::widen(dtype, x[0]));
        let wide: Vec<Value> = args.iter().map(widen).collect();
        let result = row.formula.append(b, &wide);
        Ok(match row.gives_bool {
            true => result,
            false => formula(b, &[result], |x| storage::round(dtype, x[0])),
        })
    }

    /// Appends a conversion between array dtypes: as [`crate::Prim::Convert`], with `f16` and `bf16` held as bits and
    /// rounded once, to nearest even, from any source.
    pub fn lower_cast(b: &mut Builder, from: DType, to: DType, value: Value) -> Value {
        formula(b, &[value], |x| storage::cast(from, to, x[0]))
    }
}

impl Formula {
    /// Appends it to a program.
    fn append(self, b: &mut Builder, args: &[Value]) -> Value {
        formula(b, args, |x: &[Expr<'_>]| match self {
            Formula::Unary(f) => f(x[0]),
            Formula::Binary(f) => f(x[0], x[1]),
            Formula::Ternary(f) => f(x[0], x[1], x[2]),
        })
    }
}

/// What a primitive costs, in additions.
fn weight(prim: &Prim) -> u32 {
    match prim {
        Prim::Const(_) | Prim::Bitcast => 0,
        Prim::Add
        | Prim::Sub
        | Prim::Mul
        | Prim::Fma
        | Prim::RoundEven
        | Prim::Floor
        | Prim::Ceil
        | Prim::Trunc
        | Prim::Compare(_)
        | Prim::Select
        | Prim::And
        | Prim::Or
        | Prim::Xor
        | Prim::Not
        | Prim::Shl
        | Prim::Shr => 1,
        Prim::Convert | Prim::Rare(_) => 2,
        Prim::Div | Prim::Table(_) | Prim::Gather(_) => 4,
        Prim::Sqrt | Prim::Scale2 => 6,
        Prim::FloorDiv | Prim::FloorMod => 8,
        Prim::Scalar(_) => 32,
    }
}
