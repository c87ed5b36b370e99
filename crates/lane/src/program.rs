//! Lane programs: typed, straight-line SSA over a closed set of primitives.
//!
//! A program takes parameters and gives results. Value `k` is parameter `k` while `k < params.len()`, and instruction
//! `k - params.len()` after that; an instruction names only values before it. There are no branches: what must stay off the
//! fast path is behind [`Prim::Rare`] or [`Prim::Scalar`].
//!
//! Every primitive is total (nothing traps) and has one meaning to the bit on every back end, NaN payloads apart.

use crate::{DType, Scalar};
use smallvec::SmallVec;
use std::fmt;
use std::sync::Arc;

/// A value of a lane program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Value(pub u32);

impl Value {
    /// Position in the parameters followed by the instructions.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// A comparison. On floats all are false for a NaN, save `Ne`, which is true.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cmp {
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
    /// `a < b`, by the signedness of the dtype
    Lt,
    /// `a <= b`, by the signedness of the dtype
    Le,
}

/// The closed set of primitives.
///
/// "int" below is any of `i8..i64, u8..u64`, "float" is `f32` or `f64`; all operands and the result have the same dtype
/// unless said otherwise.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Prim {
    /// A constant. No arguments.
    Const(Scalar),
    /// Float: one IEEE rounding. Int: wraps.
    Add,
    /// Float: one IEEE rounding. Int: wraps.
    Sub,
    /// Float: one IEEE rounding. Int: wraps.
    Mul,
    /// Float only.
    Div,
    /// Int only, rounding toward minus infinity; `x / 0` is 0 and `MIN / -1` is `MIN`.
    FloorDiv,
    /// Int only, with the sign of the divisor: `x - floor_div(x, y) * y`; `x % 0` is 0.
    FloorMod,
    /// Float only, correctly rounded.
    Sqrt,
    /// Float only: `a * b + c` with one rounding.
    Fma,
    /// Float only: to an integral value, ties to even, keeping the sign of zero.
    RoundEven,
    /// Float only.
    Floor,
    /// Float only.
    Ceil,
    /// Float only.
    Trunc,
    /// Int or float, to `Bool`.
    Compare(Cmp),
    /// `mask ? a : b` with a `Bool` first argument; any dtype.
    Select,
    /// Int or bool.
    And,
    /// Int or bool.
    Or,
    /// Int or bool.
    Xor,
    /// Int or bool.
    Not,
    /// Int; the count is the second argument, of the same dtype, read as unsigned; at or past the width the result is 0.
    Shl,
    /// Int; arithmetic for signed, logical for unsigned; the count is read as unsigned; at or past the width the result
    /// is 0, or -1 for a negative number.
    Shr,
    /// Between any two of bool, int and float. Int to int wraps or extends by the signedness of the source; int to float and
    /// float to float round to nearest even; float to int truncates and saturates, NaN to 0; to bool is `x != 0` (so NaN is
    /// true); bool is 0 or 1.
    Convert,
    /// The same bits as another int or float dtype of the same size.
    Bitcast,
    /// `a * 2^n` with one rounding, for any `n`; `a` float, `n` the signed int of the same size.
    Scale2,
    /// `table[index & (len - 1)]`; the index is an unsigned int of the same size as the element.
    Table(Arc<Table>),
    /// `mask ? f(x...) : keep`, arguments `mask, keep, x...`. A back end tests the mask once a vector and skips `f` when no
    /// lane needs it.
    Rare(Routine),
    /// `f(x...)` on every lane, one at a time.
    Scalar(Routine),
    /// A checked read `table[index]` of gather operand `n` of the strip; the index is `i64`. An index outside
    /// `0..extent` sets the kernel's status word and reads 0.
    Gather(u16),
}

/// A lookup table whose length is a power of two.
#[derive(PartialEq, Eq, Hash, Debug)]
pub struct Table {
    /// The dtype of the elements.
    pub dtype: DType,
    /// Their bits.
    pub bits: Vec<u64>,
}

/// What [`Prim::Rare`] and [`Prim::Scalar`] run: both the interpreter and compiled code run this very thing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Routine {
    /// A lane program with one result.
    Program(Arc<Program>),
    /// A named Rust function.
    Function(ScalarFn),
}

/// A Rust function of up to three arguments over bits (zero-extended to 64).
#[derive(Clone, Copy)]
pub struct ScalarFn {
    /// Its name in text; equality and hashing go by it.
    pub name: &'static str,
    /// The dtypes of its arguments.
    pub params: &'static [DType],
    /// The dtype of its result.
    pub result: DType,
    /// The function; arguments it does not have are passed as 0.
    pub call: extern "C" fn(u64, u64, u64) -> u64,
}

impl PartialEq for ScalarFn {
    fn eq(&self, other: &ScalarFn) -> bool {
        self.name == other.name
    }
}

impl Eq for ScalarFn {}

impl std::hash::Hash for ScalarFn {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for ScalarFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// One instruction.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Inst {
    /// What it does.
    pub prim: Prim,
    /// The dtype of its result.
    pub dtype: DType,
    /// Its arguments.
    pub args: SmallVec<[Value; 3]>,
}

/// A lane program: parameters, instructions in order, results.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Program {
    /// The dtype of each parameter.
    pub params: Vec<DType>,
    /// The instructions; the value of instruction `k` is `Value(params.len() + k)`.
    pub insts: Vec<Inst>,
    /// The results, which may name parameters.
    pub results: Vec<Value>,
}

/// What is wrong with a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The value at fault.
    pub value: Value,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.value, self.message)
    }
}

impl std::error::Error for VerifyError {}

impl Program {
    /// The dtype of a value.
    pub fn dtype(&self, value: Value) -> DType {
        match self.params.get(value.index()) {
            Some(&dtype) => dtype,
            None => self.insts[value.index() - self.params.len()].dtype,
        }
    }

    /// The instruction that computes a value; `None` for a parameter.
    pub fn inst(&self, value: Value) -> Option<&Inst> {
        value.index().checked_sub(self.params.len()).map(|k| &self.insts[k])
    }

    /// Every value with its instruction, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Value, &Inst)> {
        let first = self.params.len() as u32;
        self.insts.iter().enumerate().map(move |(k, inst)| (Value(first + k as u32), inst))
    }

    /// The part of the program that some of its values need: all parameters, the instructions those values depend on, and
    /// the values as results.
    pub fn part(&self, results: &[Value]) -> Program {
        let first = self.params.len();
        let mut needed = vec![false; first + self.insts.len()];
        for result in results {
            needed[result.index()] = true;
        }
        for (value, inst) in self.iter().collect::<Vec<_>>().into_iter().rev() {
            if needed[value.index()] {
                inst.args.iter().for_each(|arg| needed[arg.index()] = true);
            }
        }
        let mut renamed: Vec<Value> = (0..first as u32).map(Value).collect();
        let mut insts = Vec::new();
        for (value, inst) in self.iter() {
            renamed.push(Value((first + insts.len()) as u32));
            if needed[value.index()] {
                let args = inst.args.iter().map(|arg| renamed[arg.index()]).collect();
                insts.push(Inst { args, ..inst.clone() });
            }
        }
        let results = results.iter().map(|result| renamed[result.index()]).collect();
        Program { params: self.params.clone(), insts, results }
    }

    /// Whether some of its values depend on a parameter.
    pub fn depends(&self, results: &[Value], param: usize) -> bool {
        let part = self.part(results);
        let param = Value(param as u32);
        part.results.contains(&param) || part.insts.iter().any(|inst| inst.args.contains(&param))
    }

    /// Checks that arguments come earlier, that dtypes are as [`Prim`] says, and that no storage dtype is computed in.
    pub fn verify(&self) -> Result<(), VerifyError> {
        let fail = |value: Value, message: String| Err(VerifyError { value, message });
        for (k, &dtype) in self.params.iter().enumerate() {
            if dtype != dtype.lane_type() {
                return fail(Value(k as u32), format!("{dtype} is a storage type; a lane holds {}", dtype.lane_type()));
            }
        }
        for (value, inst) in self.iter() {
            if let Some(&arg) = inst.args.iter().find(|a| **a >= value) {
                return fail(value, format!("uses {arg}, which does not come earlier"));
            }
            let args: SmallVec<[DType; 4]> = inst.args.iter().map(|&a| self.dtype(a)).collect();
            if let Err(message) = check_inst(inst, &args) {
                return fail(value, message);
            }
        }
        for &r in &self.results {
            if r.index() >= self.params.len() + self.insts.len() {
                return fail(r, "a result that no instruction computes".to_string());
            }
        }
        Ok(())
    }
}

/// The dtype rules of the primitives.
fn check_inst(inst: &Inst, args: &[DType]) -> Result<(), String> {
    let Inst { prim, dtype, .. } = inst;
    let dtype = *dtype;
    if dtype != dtype.lane_type() {
        return Err(format!("{dtype} is a storage type"));
    }
    let same = |n: usize| args.len() == n && args.iter().all(|&a| a == dtype);
    let int = dtype.is_integer();
    let float = dtype.is_float();
    let ok = match prim {
        Prim::Const(s) => args.is_empty() && s.dtype() == dtype,
        Prim::Add | Prim::Sub | Prim::Mul => same(2) && (int || float),
        Prim::Div => same(2) && float,
        Prim::FloorDiv | Prim::FloorMod | Prim::Shl | Prim::Shr => same(2) && int,
        Prim::Sqrt | Prim::RoundEven | Prim::Floor | Prim::Ceil | Prim::Trunc => same(1) && float,
        Prim::Fma => same(3) && float,
        Prim::Compare(_) => dtype == DType::Bool && args.len() == 2 && args[0] == args[1] && args[0] != DType::Bool,
        Prim::Select => args.len() == 3 && args[0] == DType::Bool && args[1] == dtype && args[2] == dtype,
        Prim::And | Prim::Or | Prim::Xor => same(2) && !float,
        Prim::Not => same(1) && !float,
        Prim::Convert => args.len() == 1,
        Prim::Bitcast => {
            args.len() == 1 && args[0].size() == dtype.size() && dtype != DType::Bool && args[0] != DType::Bool
        }
        Prim::Scale2 => float && args.len() == 2 && args[0] == dtype && args[1] == dtype.signed(),
        Prim::Table(t) => {
            t.dtype == dtype && t.bits.len().is_power_of_two() && args.len() == 1 && args[0] == dtype.unsigned()
        }
        Prim::Rare(f) => args.len() >= 2 && args[0] == DType::Bool && args[1] == dtype && f.check(&args[2..], dtype),
        Prim::Scalar(f) => f.check(args, dtype),
        Prim::Gather(_) => args.len() == 1 && args[0] == DType::I64,
    };
    if ok { Ok(()) } else { Err(format!("{prim:?} does not take {args:?} to {dtype}")) }
}

impl Routine {
    fn check(&self, args: &[DType], result: DType) -> bool {
        match self {
            Routine::Program(p) => {
                p.params == args && p.results.len() == 1 && p.dtype(p.results[0]) == result && p.verify().is_ok()
            }
            Routine::Function(f) => f.params == args && f.result == result && args.len() <= 3,
        }
    }
}
