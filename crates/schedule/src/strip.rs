//! The body of a strip: an expression over loads, literals and indices, lowered to a lane program.

use crate::builder::KernelBuilder;
use crate::ids::{LoopId, TaskId};
use crate::index::{LoopIndex, LoopIndices, compose};
use crate::placement::address;
use crate::reads::ValueRef;
use crate::scope::Scope;
use crate::source::Source;
use crate::work::{Take, Task, Work};
use fuseloom_graph::Op;
use fuseloom_kernel::{Gather, Input, LiteralBind, Output, ParamBind, Range, Role, ScanInto, Strip, VarId};
use fuseloom_lane::{Builder, Cmp, DType, Function, Prim, Scalar, Value};
use fuseloom_size::SizeId;
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::borrow::Cow;

/// A value of the strip under construction.
pub(crate) type ExprId = usize;

/// How a value is made. Loads come first in a lane program, so expressions are collected before any is lowered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Expr {
    Input(Input, DType),
    Map(Function, DType, SmallVec<[ExprId; 3]>),
    Cast(DType, DType, ExprId),
    /// `a * b` or `a + b` of `i64` indices.
    Index(Prim, ExprId, ExprId),
    /// An `i64` constant.
    Constant(i64),
    /// Element `index` of gather number `n`, negative indices counted from `extent`.
    Gather {
        n: u16,
        dtype: DType,
        index: ExprId,
        extent: ExprId,
    },
}

/// A strip under construction.
#[derive(Default)]
pub(crate) struct StripBody {
    exprs: Vec<Expr>,
    seen: HashMap<Expr, ExprId>,
    gathers: Vec<Gather>,
    /// Values of tasks at their own place.
    own: HashMap<ValueRef, ExprId>,
    /// Values computed again at some index.
    again: HashMap<(TaskId, LoopIndices), ExprId>,
    outputs: Vec<(Output, Vec<ExprId>)>,
}

/// How a strip reads a value that another strip (or an earlier point of this one's loop) computed: as an operand.
pub(crate) type Staged<'a> = dyn FnMut(&mut KernelBuilder<'_>, ValueRef) -> Option<Input> + 'a;

impl StripBody {
    fn push(&mut self, expr: Expr) -> ExprId {
        if let Some(&id) = self.seen.get(&expr) {
            return id;
        }
        self.exprs.push(expr.clone());
        self.seen.insert(expr, self.exprs.len() - 1);
        self.exprs.len() - 1
    }

    /// A bound input of the strip.
    pub(crate) fn input(&mut self, input: Input, dtype: DType) -> ExprId {
        self.push(Expr::Input(input, dtype.lane_type()))
    }

    /// What becomes of values.
    pub(crate) fn output(&mut self, output: Output, values: Vec<ExprId>) {
        self.outputs.push((output, values));
    }

    /// A scan of values; gives its result.
    pub(crate) fn scan(&mut self, scan: ScanInto, values: Vec<ExprId>) -> ExprId {
        let number = self.outputs.iter().filter(|(output, _)| matches!(output, Output::Scan(_))).count();
        self.outputs.push((Output::Scan(scan), values));
        self.input(Input::Scan(number as u32), scan.dtype)
    }

    /// Remembers the value of a task at its own place.
    pub(crate) fn define(&mut self, value: ValueRef, expr: ExprId) {
        self.own.insert(value, expr);
    }

    /// A literal that is a number known when sizes are bound.
    pub(crate) fn size(&mut self, builder: &mut KernelBuilder<'_>, size: SizeId, dtype: DType) -> ExprId {
        let n = builder.literal(LiteralBind::Size { size, dtype });
        self.input(Input::Literal(n), dtype)
    }

    /// The value of read `r` of `task`, which runs at index `at`.
    pub(crate) fn read(
        &mut self,
        scope: &Scope<'_>,
        builder: &mut KernelBuilder<'_>,
        staged: &mut Staged<'_>,
        (task, r, inlined): (TaskId, usize, bool),
        at: &[LoopIndex],
    ) -> ExprId {
        let read = &scope.tasks[task].reads[r];
        let dtype = read.value.ty(scope.graph).dtype;
        let index: LoopIndices = compose(builder.sizes, &read.index, at).collect();
        match scope.source(task, r, inlined) {
            Source::Leaf => self.leaf(scope, builder, read.value, &index),
            Source::Memory => {
                let address = address(builder.sizes, &scope.tasks.placed[&read.value], &index);
                let name = name_of(scope, read.value);
                let operand = builder.operand(Role::In, &name, dtype, address);
                let operand = builder.packed(operand);
                self.input(Input::Load(operand), dtype)
            }
            Source::Inline(producer) => self.compute(scope, builder, staged, (producer, true), &index),
            Source::Fused(producer) => {
                if let Some(&expr) = self.own.get(&read.value) {
                    return expr;
                }
                match staged(builder, read.value) {
                    Some(input) => self.input(input, dtype),
                    None => {
                        let own = scope.at(builder.sizes, producer);
                        let expr = self.compute(scope, builder, staged, (producer, false), &own);
                        self.own.insert(read.value, expr);
                        expr
                    }
                }
            }
        }
    }

    /// The value of an elementwise task at an index.
    pub(crate) fn compute(
        &mut self,
        scope: &Scope<'_>,
        builder: &mut KernelBuilder<'_>,
        staged: &mut Staged<'_>,
        (task, inlined): (TaskId, bool),
        at: &[LoopIndex],
    ) -> ExprId {
        let key = inlined.then(|| (task, LoopIndices::from_slice(at)));
        if let Some(expr) = key.as_ref().and_then(|key| self.again.get(key)) {
            return *expr;
        }
        let t = &scope.tasks[task];
        let args: SmallVec<[ExprId; 3]> =
            (0..t.reads.len()).map(|r| self.read(scope, builder, staged, (task, r, inlined), at)).collect();
        let expr = match &t.work {
            Work::Map => self.map(scope, t, args),
            Work::Take(take) => self.gather(scope, builder, (t, take), args[0], at),
            // A copy gives what it reads, and so does a scan of one element.
            Work::Copy(_) | Work::Scan { .. } => args[0],
            Work::Reduce(_) | Work::Product(_) | Work::Library(_) => {
                unreachable!("it is no expression of what it reads at one point")
            }
        };
        if let Some(key) = key {
            self.again.insert(key, expr);
        }
        expr
    }

    /// An elementwise function or a conversion of arguments.
    fn map(&mut self, scope: &Scope<'_>, task: &Task, args: SmallVec<[ExprId; 3]>) -> ExprId {
        let node = scope.graph.node(task.node);
        let from = |k: usize| scope.graph.ty(node.inputs[k]).dtype;
        match &node.op {
            Op::Map(function) => self.push(Expr::Map(*function, from(node.inputs.len() - 1), args)),
            Op::Cast(to) if from(0) == *to => args[0],
            Op::Cast(to) => self.push(Expr::Cast(from(0), *to, args[0])),
            op => unreachable!("{op:?} is not elementwise"),
        }
    }

    fn leaf(
        &mut self,
        scope: &Scope<'_>,
        builder: &mut KernelBuilder<'_>,
        value: ValueRef,
        index: &[LoopIndex],
    ) -> ExprId {
        match &scope.graph.node(value.node).op {
            Op::Constant(scalar) => {
                let n = builder.literal(LiteralBind::Constant(*scalar));
                self.input(Input::Literal(n), scalar.dtype())
            }
            Op::Extent(dim) => {
                let size = builder.sizes.dim(dim);
                self.size(builder, size, DType::I64)
            }
            Op::Iota(_) => match index[0] {
                LoopIndex::Fixed(at) => self.size(builder, at, DType::I64),
                LoopIndex::Along { along: l, step, offset } => {
                    let mut expr = self.index_of(builder, l);
                    if step != 1 {
                        let step = self.push(Expr::Constant(step));
                        expr = self.push(Expr::Index(Prim::Mul, expr, step));
                    }
                    if builder.sizes.known(offset) != Some(0) {
                        let offset = self.size(builder, offset, DType::I64);
                        expr = self.push(Expr::Index(Prim::Add, expr, offset));
                    }
                    expr
                }
            },
            op => unreachable!("{op:?} is not a leaf"),
        }
    }

    /// The value of a loop variable.
    pub(crate) fn index_of(&mut self, builder: &mut KernelBuilder<'_>, l: LoopId) -> ExprId {
        let var = builder.var(l);
        self.input(Input::Index(var), DType::I64)
    }

    fn gather(
        &mut self,
        scope: &Scope<'_>,
        builder: &mut KernelBuilder<'_>,
        (task, take): (&Task, &Take),
        index: ExprId,
        at: &[LoopIndex],
    ) -> ExprId {
        let place = scope.tasks.placed[&take.read.value].view(builder.sizes, &take.read.index, take.rank);
        let zero = builder.sizes.constant(0);
        let element: LoopIndices = (0..take.rank)
            .map(|axis| match axis.cmp(&take.axis) {
                std::cmp::Ordering::Less => at[axis],
                std::cmp::Ordering::Equal => LoopIndex::Fixed(zero),
                std::cmp::Ordering::Greater => at[axis + take.index_rank - 1],
            })
            .collect();
        let stride = place.strides[take.axis];
        let address = address(builder.sizes, &place, &element);
        let dtype = task.dtypes[0];
        let name = name_of(scope, take.read.value);
        let operand = builder.operand(Role::In, &name, dtype, address);
        let extent = builder.param(format!("{name}_len"), ParamBind::Size(take.extent));
        let stride = builder.param(format!("{name}_step"), ParamBind::Size(stride));
        self.gathers.push(Gather { operand, extent, stride });
        let extent = self.size(builder, take.extent, DType::I64);
        self.push(Expr::Gather { n: self.gathers.len() as u16 - 1, dtype, index, extent })
    }

    /// The expressions that outputs depend on: a value that every reader computed again is not.
    fn needed(&self) -> Vec<bool> {
        let mut needed = vec![false; self.exprs.len()];
        for id in self.outputs.iter().flat_map(|(_, ids)| ids) {
            needed[*id] = true;
        }
        for (k, expr) in self.exprs.iter().enumerate().rev() {
            if !needed[k] {
                continue;
            }
            match expr {
                Expr::Input(..) | Expr::Constant(_) => {}
                Expr::Map(_, _, args) => args.iter().for_each(|a| needed[*a] = true),
                Expr::Cast(_, _, arg) => needed[*arg] = true,
                Expr::Index(_, x, y) => [x, y].iter().for_each(|a| needed[**a] = true),
                Expr::Gather { index, extent, .. } => [index, extent].iter().for_each(|a| needed[**a] = true),
            }
        }
        needed
    }

    /// Whether nothing becomes of the strip's values.
    pub(crate) fn is_idle(&self) -> bool {
        self.outputs.is_empty()
    }

    /// Lowers to a strip.
    pub(crate) fn finish(self, axis: Option<(VarId, Range)>) -> Strip {
        let needed = self.needed();
        let mut b = Builder::new(&[]);
        let mut inputs = Vec::new();
        let mut values: Vec<Option<Value>> = vec![None; self.exprs.len()];
        for (k, expr) in self.exprs.iter().enumerate().filter(|(k, _)| needed[*k]) {
            if let Expr::Input(input, dtype) = expr {
                inputs.push(*input);
                values[k] = Some(b.param(*dtype));
            }
        }
        for (k, expr) in self.exprs.iter().enumerate().filter(|(k, _)| needed[*k]) {
            let of = |id: &ExprId| values[*id].expect("arguments come first");
            let value = match expr {
                Expr::Input(..) => continue,
                Expr::Map(function, dtype, args) => {
                    let args: SmallVec<[Value; 3]> = args.iter().map(of).collect();
                    function.lower(&mut b, *dtype, &args).expect("inference admits only dtypes the function has")
                }
                Expr::Cast(from, to, arg) => Function::lower_cast(&mut b, *from, *to, of(arg)),
                Expr::Index(prim, x, y) => b.push(prim.clone(), DType::I64, &[of(x), of(y)]),
                Expr::Constant(value) => b.int(DType::I64, *value),
                Expr::Gather { n, dtype, index, extent } => {
                    let (index, extent) = (of(index), of(extent));
                    let zero = b.constant(Scalar::zero(DType::I64));
                    let negative = b.compare(Cmp::Lt, index, zero);
                    let from_end = b.add(index, extent);
                    let index = b.select(negative, from_end, index);
                    b.push(Prim::Gather(*n), dtype.lane_type(), &[index])
                }
            };
            values[k] = Some(value);
        }
        let results: Vec<Value> = self
            .outputs
            .iter()
            .flat_map(|(_, ids)| ids.iter().map(|id| values[*id].expect("every expression has a value")))
            .collect();
        let program = b.finish(&results);
        let outputs = self.outputs.into_iter().map(|(output, _)| output).collect();
        Strip { axis, inputs, gathers: self.gathers, program, outputs }
    }
}

/// The name of a value's operand in dumps.
pub(crate) fn name_of<'a>(scope: &Scope<'a>, value: ValueRef) -> Cow<'a, str> {
    match scope.tasks.placed.get(&value) {
        Some(place) => Cow::Borrowed(&scope.tasks.buffers[place.buffer.0 as usize].name),
        None => Cow::Owned(format!("s{}", value.node.0)),
    }
}
