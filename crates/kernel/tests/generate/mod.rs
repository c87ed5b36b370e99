//! Random kernels that satisfy every invariant, and memory to run them on.

use fuseloom_kernel::*;
use fuseloom_lane::{Builder, Cmp, DType, Prim, Program, Reduction, Routine, Scalar, ScalarFn, Scan, Table, Value};
use std::sync::Arc;

/// A small generator of random numbers (splitmix64), so that a seed is all a failure needs to be repeated.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True once in `n`.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

/// What a parameter is for, to choose a value that keeps every access in bounds.
#[derive(Clone, Copy)]
enum Purpose {
    Extent,
    LongExtent,
    Stride,
    ScratchStride,
    /// The offset of scratch array number `n`.
    Offset(usize),
}

/// A kernel with arguments for it.
pub(crate) struct Case {
    pub(crate) kernel: Kernel,
    pub(crate) memory: Memory,
}

/// Lane dtypes.
const LANES: [DType; 11] = [
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F32,
    DType::F64,
];

/// The case of a seed: the same in every run.
pub(crate) fn case(seed: u64) -> Case {
    let mut g = Generator {
        rng: Rng(seed),
        kernel: Kernel { name: Label::from("random"), ..Kernel::default() },
        purposes: Vec::new(),
        scope: Vec::new(),
        parallel: Vec::new(),
        axes: Vec::new(),
        readable: Vec::new(),
        scratch: 0,
        long: false,
    };
    for _ in 0..1 + g.rng.below(2) {
        g.phase();
    }
    let memory = g.memory();
    Case { kernel: g.kernel, memory }
}

struct Generator {
    rng: Rng,
    kernel: Kernel,
    purposes: Vec<Purpose>,
    scope: Vec<VarId>,
    parallel: Vec<VarId>,
    /// Axes of strips in the block of items under construction, for later strips to share.
    axes: Vec<(VarId, Range)>,
    /// Operands that hold something.
    readable: Vec<OperandId>,
    scratch: usize,
    /// Whether an extent of several blocks was given out.
    long: bool,
}

impl Generator {
    fn param(&mut self, name: &str, purpose: Purpose) -> ParamId {
        self.purposes.push(purpose);
        // Now and then a name that is no identifier, or not the only one of its kind.
        let name = match self.rng.below(8) {
            0 => format!("{name} 1"),
            1 => String::new(),
            _ => name.to_string(),
        };
        self.kernel.params.push(Label(name));
        ParamId(self.kernel.params.len() as u32 - 1)
    }

    fn var(&mut self) -> VarId {
        self.kernel.vars.push(Label::from("i"));
        VarId(self.kernel.vars.len() as u32 - 1)
    }

    fn phase(&mut self) {
        let private: Vec<bool> = self.kernel.operands.iter().map(|o| matches!(o.role, Role::Scratch { .. })).collect();
        self.readable.retain(|id| !private[id.0 as usize]);
        self.scope.clear();
        self.axes.clear();
        let mut phase = Phase::default();
        for _ in 0..self.rng.below(3) {
            let (var, count) = (self.var(), self.param("n", Purpose::Extent));
            phase.parallel.push(Parallel { var, count });
            self.scope.push(var);
        }
        self.parallel = self.scope.clone();
        phase.body = self.items(0);
        self.kernel.phases.push(phase);
    }

    fn items(&mut self, depth: usize) -> Vec<Item> {
        let mut items = Vec::new();
        for _ in 0..1 + self.rng.below(3) {
            items.push(match self.rng.below(5) {
                4 => self.scan_item(),
                0 if depth < 2 => Item::Loop(self.serial(depth)),
                1 if depth < 2 => Item::Loop(self.reduce_loop()),
                2 if self.rng.one_in(2) => Item::Product(self.product()),
                _ => Item::Strip(self.strip(None, false)),
            });
        }
        items
    }

    fn range(&mut self) -> Range {
        // One is enough, or loops over it would nest.
        let long = !self.long && self.rng.one_in(4);
        match self.rng.below(3) {
            0 if !self.scope.is_empty() => {
                let tile = self.scope[self.rng.below(self.scope.len())];
                let size = self.param("size", Purpose::Extent);
                Range::Tile { tile, size, extent: self.param("m", Purpose::Extent) }
            }
            _ => {
                self.long |= long;
                Range::Full { extent: self.param("m", if long { Purpose::LongExtent } else { Purpose::Extent }) }
            }
        }
    }

    fn serial(&mut self, depth: usize) -> Loop {
        let (range, var) = (self.range(), self.var());
        let outer = std::mem::take(&mut self.axes);
        self.scope.push(var);
        let body = self.items(depth + 1);
        self.scope.pop();
        self.axes = outer;
        Loop { var, range, kind: LoopKind::Serial, body }
    }

    fn reduce_loop(&mut self) -> Loop {
        let (range, var) = (self.range(), self.var());
        let outer = std::mem::take(&mut self.axes);
        // Axes come from outside, so that the strips' ranges do not depend on this loop.
        let axes: Vec<(VarId, Range)> = (0..2)
            .map(|_| {
                let r = self.range();
                (self.var(), r)
            })
            .collect();
        self.scope.push(var);
        let two_pass = self.rng.one_in(4);
        let mut body = Vec::new();
        for _ in 0..1 + self.rng.below(2) {
            let axis = if self.rng.one_in(4) { None } else { Some(axes[self.rng.below(2)]) };
            self.axes = axes.clone();
            body.push(Item::Strip(self.strip(Some((var, axis)), two_pass)));
        }
        self.scope.pop();
        self.axes = outer;
        Loop { var, range, kind: LoopKind::Reduce, body }
    }

    fn product(&mut self) -> Product {
        let around = self.scope.clone();
        let [rows, columns, depth] = [(); 3].map(|()| {
            let range = if self.rng.one_in(4) { Range::One } else { self.range() };
            (self.var(), range)
        });
        let dtype = self.rng.pick(&LANES);
        let mut side = |along: [VarId; 2]| {
            let may: Vec<VarId> = around.iter().copied().chain(along).collect();
            let fits = |id: &&OperandId| {
                let operand = self.kernel.operand(**id);
                operand.dtype == dtype && operand.index.iter().all(|access| may.contains(&access.var))
            };
            match self.readable.iter().find(fits) {
                Some(&id) if self.rng.one_in(2) => id,
                _ => self.operand(Role::In, dtype, &[], &may),
            }
        };
        let (a, b) = (side([rows.0, depth.0]), side([depth.0, columns.0]));
        let mut must = vec![rows.0, columns.0];
        let c = if self.rng.one_in(2) {
            let offset = self.offset();
            self.operand(Role::Scratch { offset }, dtype, &must, &around)
        } else {
            must.extend(&self.parallel);
            self.operand(Role::Out, dtype, &must, &around)
        };
        self.readable.push(c);
        Product { a, b, c, rows, columns, depth }
    }

    /// An operand indexed by some of the variables: all of `must`, and some of `may`.
    fn operand(&mut self, role: Role, dtype: DType, must: &[VarId], may: &[VarId]) -> OperandId {
        let private = matches!(role, Role::Scratch { .. });
        let mut vars = must.to_vec();
        for &var in may {
            if !vars.contains(&var) && self.rng.one_in(2) {
                vars.push(var);
            }
        }
        let mut operand = Operand { name: Label::from("x"), role, dtype, index: Default::default() };
        for var in vars {
            let stride = if self.rng.one_in(3) {
                Stride::Element
            } else {
                Stride::Bytes(self.param("stride", if private { Purpose::ScratchStride } else { Purpose::Stride }))
            };
            operand.index.push(Access { var, stride });
        }
        self.kernel.operands.push(operand);
        OperandId(self.kernel.operands.len() as u32 - 1)
    }

    fn offset(&mut self) -> ParamId {
        self.scratch += 1;
        self.param("at", Purpose::Offset(self.scratch - 1))
    }

    /// An `Out` or scratch operand to write to. `axis` must index it, variables of `around` may.
    fn target(&mut self, dtype: DType, axis: Option<VarId>, around: &[VarId]) -> OperandId {
        let mut must: Vec<VarId> = axis.into_iter().collect();
        if self.rng.one_in(2) {
            let offset = self.offset();
            return self.operand(Role::Scratch { offset }, dtype, &must, around);
        }
        must.extend(&self.parallel);
        self.operand(Role::Out, dtype, &must, around)
    }

    /// A strip that scans along its axis, or along a loop of its own.
    fn scan_item(&mut self) -> Item {
        let along_loop = self.rng.one_in(2);
        let outer = std::mem::take(&mut self.axes);
        let (range, var) = (self.range(), self.var());
        let axis = if along_loop {
            let range = self.range();
            self.scope.push(var);
            if self.rng.one_in(4) { None } else { Some((self.var(), range)) }
        } else {
            Some((var, range))
        };
        let around = self.scope.clone();
        let mut scope = around.clone();
        scope.extend(axis.map(|(var, _)| var));
        let mut strip = Strip { axis, inputs: vec![], gathers: vec![], program: Program::default(), outputs: vec![] };
        let mut params = Vec::new();
        for _ in 0..1 + self.rng.below(3) {
            let (input, dtype) = self.input(&scope);
            strip.inputs.push(input);
            params.push(dtype);
        }
        let (op, dtype) = (self.rng.pick(&Scan::ALL), self.rng.pick(&LANES[1..]));
        let spans = !along_loop && op != Scan::Linear && self.rng.one_in(4);
        let mut scan = ScanInto {
            op,
            dtype,
            over: var,
            grouping: if spans { ScanGrouping::Spans } else { ScanGrouping::Elements },
            carry: None,
            total: None,
            work: None,
        };
        if along_loop {
            let row = self.param("row", Purpose::Extent);
            let offset = self.offset();
            scan.work = Some(self.operand(Role::Work { offset, row }, DType::F64, &[], &[]));
        } else {
            scan.carry = self.rng.one_in(2).then(|| self.operand(Role::In, dtype, &[], &around));
            scan.total = self.rng.one_in(2).then(|| self.target(dtype, None, &around));
        }
        let twice = self.rng.one_in(4);
        let scans = if twice && !along_loop { 2 } else { 1 };
        for number in 0..scans {
            strip.inputs.push(Input::Scan(number));
            params.push(dtype);
        }
        let mut b = Builder::new(&params);
        let first = params.len() - scans as usize;
        let mut values: Vec<Value> = (0..first as u32).map(Value).collect();
        let mut results = Vec::new();
        for number in 0..scans {
            let value = self.inst(&mut b, &values);
            values.push(value);
            for _ in 0..op.arity() {
                results.push(self.value(&mut b, &values, dtype));
            }
            let more = ScanInto { carry: None, total: None, ..scan };
            strip.outputs.push(Output::Scan(if number == 0 { scan } else { more }));
            values.push(Value(first as u32 + number));
        }
        for _ in 0..self.rng.below(3) {
            let value = self.inst(&mut b, &values);
            values.push(value);
        }
        let mut written: Vec<OperandId> = scan.total.into_iter().collect();
        for _ in 0..1 + self.rng.below(2) {
            let stored = self.rng.pick(&DType::ALL);
            let id = self.target(stored, axis.map(|(var, _)| var), &around);
            written.push(id);
            strip.outputs.push(Output::Store(id));
            results.push(self.value(&mut b, &values, stored.lane_type()));
        }
        strip.program = b.finish(&results);
        if along_loop {
            self.scope.pop();
        }
        self.axes = outer;
        self.readable.extend(written);
        let item = Item::Strip(strip);
        if along_loop { Item::Loop(Loop { var, range, kind: LoopKind::Serial, body: vec![item] }) } else { item }
    }

    /// A strip; in a reduce loop (its variable and the strip's axis) one that reduces over that.
    fn strip(&mut self, over_loop: Option<(VarId, Option<(VarId, Range)>)>, two_pass: bool) -> Strip {
        let axis = match over_loop {
            Some((_, axis)) => axis,
            None if self.rng.one_in(5) => None,
            None if !self.axes.is_empty() && self.rng.one_in(2) => Some(self.rng.pick(&self.axes)),
            None => {
                let range = self.range();
                let axis = (self.var(), range);
                self.axes.push(axis);
                Some(axis)
            }
        };
        let around = self.scope.clone();
        let mut scope = around.clone();
        scope.extend(axis.map(|(var, _)| var));

        let mut strip = Strip { axis, inputs: vec![], gathers: vec![], program: Program::default(), outputs: vec![] };
        let mut params = Vec::new();
        for _ in 0..1 + self.rng.below(4) {
            let (input, dtype) = self.input(&scope);
            strip.inputs.push(input);
            params.push(dtype);
        }
        let mut b = Builder::new(&params);
        let mut values: Vec<Value> = (0..params.len() as u32).map(Value).collect();
        if self.rng.one_in(6) {
            let dtype = self.rng.pick(&LANES);
            let operand = self.operand(Role::In, dtype, &[], &scope);
            let (extent, stride) = (self.param("extent", Purpose::Extent), self.param("step", Purpose::Stride));
            strip.gathers.push(Gather { operand, extent, stride });
            let index = self.value(&mut b, &values, DType::I64);
            values.push(b.push(Prim::Gather(0), dtype, &[index]));
        }
        for _ in 0..self.rng.below(6) {
            let value = self.inst(&mut b, &values);
            values.push(value);
        }

        let mut results = Vec::new();
        let mut written = Vec::new();
        let mut reduces = false;
        for k in 0..1 + self.rng.below(3) {
            let over_axis = axis.map(|(var, _)| var).filter(|_| over_loop.is_none() || self.rng.one_in(2));
            let output = match (over_loop, over_axis) {
                (Some((over, axis)), _) if k == 0 => {
                    let axis = axis.map(|(var, _)| var);
                    let outside: Vec<VarId> = around[..around.len() - 1].to_vec();
                    let (op, dtype, arity) = self.reduction(two_pass);
                    let row = self.param("row", Purpose::Extent);
                    let offset = self.offset();
                    let work = self.operand(Role::Work { offset, row }, DType::F64, &[], &[]);
                    let reduce = self.reduce(op, dtype, arity, over, axis, &outside, Some(work));
                    reduces = true;
                    Output::Reduce(reduce)
                }
                (_, Some(over)) if self.rng.one_in(2) => {
                    let bare = self.rng.one_in(2);
                    let (op, dtype, arity) = self.reduction(bare);
                    let reduce = self.reduce(op, dtype, arity, over, None, &around, None);
                    written.extend(reduce.into.iter().flatten().copied());
                    reduces = true;
                    Output::Reduce(reduce)
                }
                _ if two_pass => continue,
                _ => {
                    let dtype = self.rng.pick(&DType::ALL);
                    let id = self.target(dtype, axis.map(|(var, _)| var), &around);
                    written.push(id);
                    Output::Store(id)
                }
            };
            match &output {
                Output::Store(id) => {
                    let dtype = self.kernel.operand(*id).dtype.lane_type();
                    results.push(self.value(&mut b, &values, dtype));
                }
                Output::Reduce(r) => {
                    for dtype in &r.op.states(r.dtype)[..usize::from(r.arity)] {
                        results.push(self.value(&mut b, &values, *dtype));
                    }
                }
                Output::Scan(_) => unreachable!("strips that scan are made elsewhere"),
            }
            strip.outputs.push(output);
        }
        assert!(!two_pass || reduces);
        strip.program = b.finish(&results);
        self.readable.extend(written);
        strip
    }

    fn input(&mut self, scope: &[VarId]) -> (Input, DType) {
        let known: Vec<OperandId> = self.readable.clone();
        let known: Vec<OperandId> = known
            .into_iter()
            .filter(|&id| self.kernel.operand(id).index.iter().all(|access| scope.contains(&access.var)))
            .collect();
        match self.rng.below(6) {
            0 => {
                let dtype = self.rng.pick(&LANES);
                self.kernel.literals.push(dtype);
                (Input::Literal(self.kernel.literals.len() as u32 - 1), dtype)
            }
            1 if !scope.is_empty() => (Input::Index(self.rng.pick(scope)), DType::I64),
            2 | 3 if !known.is_empty() => {
                let id = self.rng.pick(&known);
                (Input::Load(id), self.kernel.operand(id).dtype.lane_type())
            }
            _ => {
                let dtype = self.rng.pick(&DType::ALL);
                (Input::Load(self.operand(Role::In, dtype, &[], scope)), dtype.lane_type())
            }
        }
    }

    /// A reduction, its dtype and how many results enter.
    fn reduction(&mut self, bare_moments: bool) -> (Reduction, DType, u8) {
        let float = if self.rng.one_in(2) { DType::F32 } else { DType::F64 };
        if bare_moments {
            return (Reduction::Moments, float, 1);
        }
        let op = self.rng.pick(&Reduction::ALL);
        let dtype = match op {
            Reduction::Any | Reduction::All => DType::Bool,
            Reduction::Moments => float,
            Reduction::Sum | Reduction::Prod => self.rng.pick(&LANES[1..]),
            Reduction::Max | Reduction::Min | Reduction::ArgMax | Reduction::ArgMin => self.rng.pick(&LANES),
        };
        (op, dtype, op.states(dtype).len() as u8)
    }

    #[expect(clippy::too_many_arguments, reason = "a reduction has that many parts")]
    fn reduce(
        &mut self,
        op: Reduction,
        dtype: DType,
        arity: u8,
        over: VarId,
        axis: Option<VarId>,
        outside: &[VarId],
        work: Option<OperandId>,
    ) -> ReduceInto {
        let states = op.states(dtype);
        let bare = usize::from(arity) != states.len();
        let grouping = if !bare && self.rng.one_in(3) { Grouping::Pairs } else { Grouping::Blocks };
        let mut reduce = ReduceInto { op, dtype, arity, over, grouping, into: Default::default(), work };
        for state in states {
            let wanted = !self.rng.one_in(5);
            reduce.into.push(if wanted { Some(self.target(state, axis, outside)) } else { None });
        }
        reduce
    }

    /// A value of a dtype: one at hand, converted, or a constant.
    fn value(&mut self, b: &mut Builder, values: &[Value], dtype: DType) -> Value {
        if self.rng.one_in(8) {
            let scalar = match self.rng.below(4) {
                0 => Scalar::from_bits(dtype, self.rng.next()),
                1 => Scalar::from_f64(dtype, -0.0),
                2 => Scalar::from_f64(dtype, f64::INFINITY),
                _ => Scalar::from_f64(dtype, self.rng.below(1000) as f64 * 0.37 - 50.0),
            };
            return b.constant(scalar);
        }
        let same: Vec<Value> = values.iter().copied().filter(|&v| b.dtype(v) == dtype).collect();
        if !same.is_empty() {
            return self.rng.pick(&same);
        }
        let any = self.rng.pick(values);
        b.convert(dtype, any)
    }

    fn inst(&mut self, b: &mut Builder, values: &[Value]) -> Value {
        let x = self.rng.pick(values);
        let dtype = b.dtype(x);
        let y = self.value(b, values, dtype);
        let mask = self.value(b, values, DType::Bool);
        let kind = self.rng.below(12);
        match kind {
            0 => b.select(mask, x, y),
            1 if dtype != DType::Bool => {
                let cmp = self.rng.pick(&[Cmp::Eq, Cmp::Ne, Cmp::Lt, Cmp::Le]);
                b.compare(cmp, x, y)
            }
            2 if !dtype.is_float() => b.xor(x, y),
            3 if dtype.is_integer() => b.shr(x, y),
            4 if dtype.is_integer() => b.floor_mod(x, y),
            5 if dtype.is_float() => b.fma(x, y, x),
            6 if dtype.is_float() => b.sqrt(x),
            7 if dtype == dtype.unsigned() && dtype != DType::Bool => {
                let bits = (0..16).map(|_| Scalar::from_bits(dtype, self.rng.next()).bits()).collect();
                b.table(&Arc::new(Table { dtype, bits }), x)
            }
            8 if dtype != DType::Bool => {
                let mut f = Builder::new(&[dtype]);
                let twice = f.add(Value(0), Value(0));
                let inner = Routine::Program(Arc::new(f.finish(&[twice])));
                let mut f = Builder::new(&[dtype]);
                let value = f.scalar(inner, dtype, &[Value(0)]);
                let routine = Routine::Program(Arc::new(f.finish(&[value])));
                b.rare(routine, mask, x, &[y])
            }
            9 if dtype == DType::F32 => {
                let function = ScalarFn::by_name("fmod_f32").expect("a named function");
                b.scalar(Routine::Function(function), DType::F32, &[x, y])
            }
            _ if dtype == DType::Bool => b.or(x, y),
            _ => b.add(x, y),
        }
    }

    /// Arguments that keep every access in bounds.
    fn memory(&mut self) -> Memory {
        const BYTES: usize = 1 << 17;
        let mut memory = Memory::default();
        for k in 0..self.purposes.len() {
            memory.params.push(match self.purposes[k] {
                Purpose::Extent => 1 + self.rng.below(5) as i64,
                Purpose::LongExtent => 500 + self.rng.below(600) as i64,
                Purpose::Stride => self.rng.below(33) as i64 - 16,
                Purpose::ScratchStride => self.rng.below(17) as i64,
                Purpose::Offset(n) => n as i64 * (1 << 15),
            });
        }
        for dtype in &self.kernel.literals {
            memory.literals.push(Scalar::from_bits(*dtype, self.rng.next()).bits());
        }
        memory.scratch = vec![0; self.scratch << 15];
        // Every input reads one buffer; every output has its own.
        memory.buffers.push((0..BYTES).map(|_| self.rng.next() as u8).collect());
        for operand in &self.kernel.operands {
            memory.operands.push(match operand.role {
                Role::In => Some((0, BYTES as i64 / 2)),
                Role::Out => {
                    memory.buffers.push(vec![0; BYTES]);
                    Some((memory.buffers.len() - 1, BYTES as i64 / 2))
                }
                Role::Scratch { .. } | Role::Work { .. } => None,
            });
        }
        memory
    }
}
