//! Builds lane programs, one instruction at a time.

use crate::{Cmp, DType, Inst, Prim, Program, Routine, Scalar, Table, Value};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// Builds a program; equal instructions become one value.
#[derive(Default)]
pub struct Builder {
    program: Program,
    seen: HashMap<Inst, Value>,
}

impl Builder {
    /// A builder for a program with these parameters.
    pub fn new(params: &[DType]) -> Builder {
        Builder { program: Program { params: params.to_vec(), ..Program::default() }, seen: HashMap::new() }
    }

    /// Adds a parameter. All parameters come before the first instruction.
    pub fn param(&mut self, dtype: DType) -> Value {
        assert!(self.program.insts.is_empty(), "parameters come before instructions");
        self.program.params.push(dtype);
        Value(self.program.params.len() as u32 - 1)
    }

    /// The dtype of a value.
    pub fn dtype(&self, value: Value) -> DType {
        self.program.dtype(value)
    }

    /// The instruction that computes a value; `None` for a parameter.
    pub fn inst(&self, value: Value) -> Option<&Inst> {
        self.program.inst(value)
    }

    /// Ends the program with these results.
    pub fn finish(mut self, results: &[Value]) -> Program {
        self.program.results = results.to_vec();
        debug_assert_eq!(self.program.verify(), Ok(()));
        self.program
    }

    /// Adds an instruction, or gives the value of an equal earlier one.
    pub fn push(&mut self, prim: Prim, dtype: DType, args: &[Value]) -> Value {
        let inst = Inst { prim, dtype, args: SmallVec::from_slice(args) };
        if let Some(&value) = self.seen.get(&inst) {
            return value;
        }
        let value = Value((self.program.params.len() + self.program.insts.len()) as u32);
        self.program.insts.push(inst.clone());
        self.seen.insert(inst, value);
        value
    }

    fn same(&mut self, prim: Prim, args: &[Value]) -> Value {
        let dtype = self.dtype(args[0]);
        self.push(prim, dtype, args)
    }

    /// A constant.
    pub fn constant(&mut self, value: Scalar) -> Value {
        self.push(Prim::Const(value), value.dtype(), &[])
    }

    /// A float constant, rounded to `dtype`.
    pub fn float(&mut self, dtype: DType, value: f64) -> Value {
        self.constant(Scalar::from_f64(dtype, value))
    }

    /// An integer constant, wrapped to `dtype`.
    pub fn int(&mut self, dtype: DType, value: i64) -> Value {
        self.constant(Scalar::from_i64(dtype, value))
    }

    /// `a + b`
    pub fn add(&mut self, a: Value, b: Value) -> Value {
        self.same(Prim::Add, &[a, b])
    }

    /// `a - b`
    pub fn sub(&mut self, a: Value, b: Value) -> Value {
        self.same(Prim::Sub, &[a, b])
    }

    /// `a * b`
    pub fn mul(&mut self, a: Value, b: Value) -> Value {
        self.same(Prim::Mul, &[a, b])
    }

    /// `a / b` of floats
    pub fn div(&mut self, a: Value, b: Value) -> Value {
        self.same(Prim::Div, &[a, b])
    }

    /// Floored integer quotient
    pub fn floor_div(&mut self, a: Value, b: Value) -> Value {
        self.same(Prim::FloorDiv, &[a, b])
    }

    /// Floored integer remainder
    pub fn floor_mod(&mut self, a: Value, b: Value) -> Value {
        self.same(Prim::FloorMod, &[a, b])
    }

    /// `sqrt(a)`
    pub fn sqrt(&mut self, a: Value) -> Value {
        self.same(Prim::Sqrt, &[a])
    }

    /// `a * b + c`, rounded once
    pub fn fma(&mut self, a: Value, b: Value, c: Value) -> Value {
        self.same(Prim::Fma, &[a, b, c])
    }

    /// To integral, ties to even
    pub fn round_even(&mut self, a: Value) -> Value {
        self.same(Prim::RoundEven, &[a])
    }

    /// To integral, downward
    pub fn floor(&mut self, a: Value) -> Value {
        self.same(Prim::Floor, &[a])
    }

    /// To integral, upward
    pub fn ceil(&mut self, a: Value) -> Value {
        self.same(Prim::Ceil, &[a])
    }

    /// To integral, toward zero
    pub fn trunc(&mut self, a: Value) -> Value {
        self.same(Prim::Trunc, &[a])
    }

    /// A comparison, to bool
    pub fn compare(&mut self, cmp: Cmp, a: Value, b: Value) -> Value {
        self.push(Prim::Compare(cmp), DType::Bool, &[a, b])
    }

    /// `mask ? a : b`
    pub fn select(&mut self, mask: Value, a: Value, b: Value) -> Value {
        let dtype = self.dtype(a);
        self.push(Prim::Select, dtype, &[mask, a, b])
    }

    /// Bitwise and
    pub fn and(&mut self, a: Value, b: Value) -> Value {
        self.same(Prim::And, &[a, b])
    }

    /// Bitwise or
    pub fn or(&mut self, a: Value, b: Value) -> Value {
        self.same(Prim::Or, &[a, b])
    }

    /// Bitwise exclusive or
    pub fn xor(&mut self, a: Value, b: Value) -> Value {
        self.same(Prim::Xor, &[a, b])
    }

    /// Bitwise complement
    pub fn not(&mut self, a: Value) -> Value {
        self.same(Prim::Not, &[a])
    }

    /// Shift left
    pub fn shl(&mut self, a: Value, count: Value) -> Value {
        self.same(Prim::Shl, &[a, count])
    }

    /// Shift right, by the signedness of `a`
    pub fn shr(&mut self, a: Value, count: Value) -> Value {
        self.same(Prim::Shr, &[a, count])
    }

    /// Conversion; none when the dtype is already right
    pub fn convert(&mut self, to: DType, a: Value) -> Value {
        if self.dtype(a) == to { a } else { self.push(Prim::Convert, to, &[a]) }
    }

    /// The same bits as another dtype; none when the dtype is already right
    pub fn bitcast(&mut self, to: DType, a: Value) -> Value {
        if self.dtype(a) == to { a } else { self.push(Prim::Bitcast, to, &[a]) }
    }

    /// `a * 2^n`
    pub fn scale2(&mut self, a: Value, n: Value) -> Value {
        self.same(Prim::Scale2, &[a, n])
    }

    /// `table[index & (len - 1)]`
    pub fn table(&mut self, table: &Arc<Table>, index: Value) -> Value {
        self.push(Prim::Table(table.clone()), table.dtype, &[index])
    }

    /// `mask ? f(args...) : keep`, `f` off the fast path
    pub fn rare(&mut self, f: Routine, mask: Value, keep: Value, args: &[Value]) -> Value {
        let mut all: SmallVec<[Value; 4]> = SmallVec::from_slice(&[mask, keep]);
        all.extend_from_slice(args);
        let dtype = self.dtype(keep);
        self.push(Prim::Rare(f), dtype, &all)
    }

    /// `f(args...)` lane by lane
    pub fn scalar(&mut self, f: Routine, result: DType, args: &[Value]) -> Value {
        self.push(Prim::Scalar(f), result, args)
    }

    /// Copies another program's instructions in, its parameters bound to `args`, and gives its results.
    pub fn inline(&mut self, program: &Program, args: &[Value]) -> SmallVec<[Value; 4]> {
        let mut map: Vec<Value> = args.to_vec();
        for (_, inst) in program.iter() {
            let args: SmallVec<[Value; 3]> = inst.args.iter().map(|a| map[a.index()]).collect();
            map.push(self.push(inst.prim.clone(), inst.dtype, &args));
        }
        program.results.iter().map(|r| map[r.index()]).collect()
    }
}
