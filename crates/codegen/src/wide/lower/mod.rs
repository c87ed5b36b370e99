//! Lane programs to straight-line vector code.
//!
//! A step has `v` lanes. A value of `s` bytes a lane is in *pieces*: registers of as many lanes as fit, so `v * s / width` of
//! them, or part of one. A bool is a mask: bits of a mask register with AVX-512, and with AVX2 all-ones or all-zeros lanes of
//! some size. A mask has a form for each size of lanes it meets, made when asked for.
//!
//! | | |
//! |---|---|
//! | [`float`], [`integer`] | arithmetic |
//! | [`mask`] | comparisons, selection, logic |
//! | [`convert`] | between dtypes and between numbers of lanes |
//! | [`convert64`] | those of 64-bit integers that have no instruction |
//! | [`divide64`] | their division |
//! | [`memory`] | loads and stores of streams |
//! | [`gather`] | reads at computed indices |
//! | [`reduce`], [`cells`] | the lanes of reductions, and what they hand on |
//! | [`extreme`] | the largest and the smallest of several rows |
//! | [`call`] | what no sequence does: a function on the lanes of a frame |

mod call;
mod cells;
mod convert;
mod convert64;
mod divide64;
mod extreme;
mod float;
mod gather;
mod integer;
mod mask;
mod memory;
mod reduce;

pub(crate) use reduce::{GROUP, Part, Pass, RESULTS, lower_part};

use super::arguments::Port;
use super::cell::Cells;
use super::code::{self, Family};
use super::target::Size;
use super::vector::{Arg, Bank, Body, Inst, Invariant, InvariantKind, Op, Site, Virtual};
use super::{Strip, Target};
use crate::strip::run::Source;
use fuseloom_lane::{Cmp, DType, Inst as LaneInst, Prim, Routine, Scalar, Value};
use hashbrown::HashMap;
use smallvec::{SmallVec, smallvec};

/// A register or an invariant.
type Piece = Arg<Virtual>;
/// The pieces of a value, low lanes first.
type Pieces = SmallVec<[Piece; 4]>;

/// What all bodies of a strip share.
#[derive(Default, Debug)]
pub(crate) struct Shared {
    /// The invariants.
    pub(crate) invariants: Vec<InvariantKind>,
    numbers: HashMap<InvariantKind, Invariant>,
    /// Where routines are called.
    pub(crate) sites: Vec<Site>,
    /// What reductions keep between bodies.
    pub(crate) cells: Cells,
}

impl Shared {
    /// For the bodies of a strip.
    pub(crate) fn new(target: Target, strip: &Strip<'_>) -> Shared {
        Shared { cells: Cells::of(target, strip), ..Shared::default() }
    }

    /// The vector registers there are for bodies and invariants.
    pub(crate) fn registers(&self, target: Target) -> usize {
        target.registers() - self.cells.registers
    }

    /// The invariant of a kind.
    fn invariant(&mut self, kind: InvariantKind) -> Invariant {
        let next = Invariant(self.invariants.len() as u32);
        let found = *self.numbers.entry(kind.clone()).or_insert(next);
        if found == next {
            self.invariants.push(kind);
        }
        found
    }

    /// A constant in every lane.
    fn scalar(&mut self, size: usize, bits: u64) -> Invariant {
        let bits = match size {
            1 => (bits & 0xff) * 0x0101_0101,
            2 => (bits & 0xffff) * 0x0001_0001,
            4 => bits & 0xffff_ffff,
            _ => bits,
        };
        self.invariant(InvariantKind::Repeated { size: size.max(4) as u8, bits })
    }
}

/// A value of the program.
#[derive(Clone, Debug)]
enum Computed {
    /// Lanes of any dtype but bool.
    Lanes(Pieces),
    /// A bool in one or more forms, by [`Lower::form`].
    Mask(SmallVec<[(usize, Pieces); 2]>),
    /// Equal in all lanes.
    Uniform(Invariant),
}

/// A body under construction.
pub(crate) struct Lower<'a, 'p> {
    target: Target,
    strip: &'a Strip<'p>,
    shared: &'a mut Shared,
    body: Body,
    v: usize,
    /// The first lane of the step at hand.
    lane: usize,
    /// Whether only some lanes have elements.
    tail: bool,
    values: Vec<Option<Computed>>,
    present: Vec<((usize, usize, usize), Piece)>,
}

/// The code of one iteration: `copies` steps of `v` lanes one after another. In a tail, of one step, only the first lanes
/// have elements.
pub(crate) fn lower(
    target: Target,
    strip: &Strip<'_>,
    shared: &mut Shared,
    v: usize,
    copies: usize,
    tail: bool,
) -> Body {
    let mut body = Body::default();
    for copy in 0..copies {
        let values = vec![None; strip.plan.values()];
        let lane = copy * v;
        let mut lower = Lower { target, strip, shared, body, v, lane, tail, values, present: Vec::new() };
        lower.step();
        body = lower.body;
    }
    body.prune()
}

impl Lower<'_, '_> {
    fn step(&mut self) {
        let program = self.strip.plan.program;
        for (k, value) in self.strip.uniforms.iter().enumerate() {
            let invariant = self.shared.invariant(InvariantKind::Uniform(k as u32));
            self.values[value.index()] = Some(Computed::Uniform(invariant));
        }
        for (k, source) in self.strip.sources.iter().enumerate() {
            let value = match *source {
                Source::Stream(number) => self.load(Port::Load(number), self.strip.loads[number]),
                Source::Index => Computed::Lanes(self.index()),
                Source::Uniform => continue,
            };
            self.values[k] = Some(value);
        }
        // What is left over is less than a line or two.
        let strip = self.strip;
        if !self.tail {
            strip.ahead.iter().enumerate().for_each(|(number, &load)| self.ask(number, strip.loads[load]));
        }
        for (value, inst) in program.iter() {
            if self.values[value.index()].is_some() || !self.strip.plan.is_live(value) {
                continue;
            }
            let computed = match &inst.prim {
                Prim::Const(scalar) => Computed::Uniform(self.constant(*scalar)),
                _ if self.strip.plan.is_uniform(value) => continue,
                _ => self.inst(inst),
            };
            self.values[value.index()] = Some(computed);
        }
        for (number, (result, stream)) in self.strip.stores.iter().enumerate() {
            self.store(number, program.results[*result], *stream);
        }
    }

    /// One instruction of the program.
    fn inst(&mut self, inst: &LaneInst) -> Computed {
        let dtype = inst.dtype;
        let args = &inst.args[..];
        let from = args.last().map_or(dtype, |&a| self.dtype(a));
        let size = dtype.size();
        Computed::Lanes(match &inst.prim {
            Prim::And | Prim::Or | Prim::Xor | Prim::Not if dtype == DType::Bool => {
                return self.logic_of_masks(&inst.prim, args);
            }
            Prim::Compare(cmp) => return self.compare(*cmp, args[0], args[1]),
            Prim::Select => return self.select(dtype, args[0], args[1], args[2]),
            Prim::Convert => return self.convert(from, dtype, args[0]),
            Prim::Rare(routine) => return self.rare(routine, dtype, args),
            Prim::Scalar(Routine::Function(_)) => return self.call(&inst.prim, dtype, args),
            Prim::Scalar(Routine::Program(program)) => {
                let args = args.iter().map(|a| self.values[a.index()].clone()).collect::<Option<_>>();
                let args = args.unwrap_or_else(|| unreachable!("arguments are computed before"));
                return self.inline_values(program, args).swap_remove(0);
            }
            Prim::Gather(number) => return self.gather(*number, dtype, args[0]),
            Prim::Table(_) => return self.call(&inst.prim, dtype, args),
            Prim::FloorDiv | Prim::FloorMod if size == 8 => {
                return self.floor_div_long(&inst.prim, dtype, args[0], args[1]);
            }
            Prim::FloorDiv => self.floor_div(dtype, args[0], args[1], false),
            Prim::FloorMod => self.floor_div(dtype, args[0], args[1], true),
            Prim::Add | Prim::Sub | Prim::Mul | Prim::Div | Prim::Sqrt if dtype.is_float() => {
                self.float(&inst.prim, dtype, args)
            }
            Prim::Fma => self.fma(dtype, args),
            Prim::RoundEven => self.round(dtype, args[0], 0),
            Prim::Floor => self.round(dtype, args[0], 1),
            Prim::Ceil => self.round(dtype, args[0], 2),
            Prim::Trunc => self.round(dtype, args[0], 3),
            Prim::Scale2 => self.scale2(dtype, args[0], args[1]),
            Prim::Add => self.map2(size, args, true, code::by_size(&code::PADD, size)),
            Prim::Sub => self.map2(size, args, false, code::by_size(&code::PSUB, size)),
            Prim::Mul => self.multiply(size, args[0], args[1]),
            Prim::And => self.map2(size, args, true, if size == 8 { code::PAND_Q } else { code::PAND }),
            Prim::Or => self.map2(size, args, true, if size == 8 { code::POR_Q } else { code::POR }),
            Prim::Xor => self.map2(size, args, true, if size == 8 { code::PXOR_Q } else { code::PXOR }),
            Prim::Not => self.complement(args[0]),
            Prim::Shl => self.shift(dtype, true, args[0], args[1]),
            Prim::Shr => self.shift(dtype, false, args[0], args[1]),
            Prim::Bitcast => self.pieces(args[0]),
            Prim::Const(_) | Prim::Div | Prim::Sqrt => {
                unreachable!("the verifier admits no {:?} of {dtype}", inst.prim)
            }
        })
    }

    /// A program's instructions in place; gives its results.
    fn inline_values(&mut self, program: &fuseloom_lane::Program, args: Vec<Computed>) -> Vec<Computed> {
        let plan = crate::lanes::Plan::new(program, &vec![false; program.params.len()], &[]);
        let strip = Strip::of_program(&plan);
        let mut values: Vec<Option<Computed>> = args.into_iter().map(Some).collect();
        values.resize(plan.values(), None);
        let mut inner = Lower {
            target: self.target,
            strip: &strip,
            shared: self.shared,
            body: std::mem::take(&mut self.body),
            v: self.v,
            lane: self.lane,
            tail: self.tail,
            values,
            present: std::mem::take(&mut self.present),
        };
        for (value, inst) in program.iter().filter(|(value, _)| plan.is_live(*value)) {
            let computed = match &inst.prim {
                Prim::Const(scalar) => Computed::Uniform(inner.constant(*scalar)),
                _ => inner.inst(inst),
            };
            inner.values[value.index()] = Some(computed);
        }
        let results = program.results.iter().map(|r| inner.values[r.index()].clone()).collect::<Option<_>>();
        (self.body, self.present) = (inner.body, inner.present);
        results.unwrap_or_else(|| unreachable!("a result is live"))
    }

    fn dtype(&self, value: Value) -> DType {
        self.strip.plan.program.dtype(value)
    }

    /// The value of a constant.
    fn constant_of(&self, value: Value) -> Option<Scalar> {
        match self.strip.plan.program.inst(value).map(|inst| &inst.prim) {
            Some(Prim::Const(scalar)) => Some(*scalar),
            _ => None,
        }
    }

    fn constant(&mut self, scalar: Scalar) -> Invariant {
        match scalar.dtype() {
            DType::Bool => self.shared.scalar(8, if scalar.bits() != 0 { u64::MAX } else { 0 }),
            dtype => self.shared.scalar(dtype.size(), scalar.bits()),
        }
    }

    /// An invariant of lanes of `size` bytes as a piece.
    fn repeated(&mut self, size: usize, bits: u64) -> Piece {
        let invariant = self.shared.scalar(size, bits);
        Arg::Invariant(invariant, self.reg(size))
    }

    /// Bytes of a full register.
    fn width(&self) -> usize {
        self.target.width()
    }

    /// Lanes of `size` bytes in a piece.
    fn lanes(&self, size: usize) -> usize {
        self.v.min(self.width() / size)
    }

    /// Pieces of a value of lanes of `size` bytes.
    fn count(&self, size: usize) -> usize {
        self.v / self.lanes(size)
    }

    /// The register of a piece of lanes of `size` bytes.
    fn reg(&self, size: usize) -> Size {
        Size::of(self.lanes(size) * size)
    }

    /// The pieces of a value other than a bool.
    fn pieces(&self, value: Value) -> Pieces {
        let size = self.dtype(value).size();
        match &self.values[value.index()] {
            Some(Computed::Lanes(pieces)) => Pieces::from_slice(pieces),
            Some(Computed::Uniform(invariant)) => {
                smallvec![Arg::Invariant(*invariant, self.reg(size)); self.count(size)]
            }
            Some(Computed::Mask(_)) | None => unreachable!("{value} is computed, and no bool"),
        }
    }

    /// Applies an instruction of two arguments to corresponding pieces.
    fn map2(&mut self, size: usize, args: &[Value], commutes: bool, family: Family) -> Pieces {
        let (a, b) = (self.pieces(args[0]), self.pieces(args[1]));
        let reg = self.reg(size);
        let mut pieces = Pieces::new();
        for (&a, &b) in a.iter().zip(&b) {
            pieces.push(self.binary(family, reg, a, b, commutes));
        }
        pieces
    }

    /// An instruction of two arguments; where they may be swapped an invariant comes last, to be read from memory.
    fn binary(&mut self, family: Family, reg: Size, a: Piece, b: Piece, commutes: bool) -> Piece {
        let swap = commutes && matches!(a, Arg::Invariant(..));
        let args = if swap { [b, a] } else { [a, b] };
        // A constant may come as one of lanes of another size.
        let args = args.map(|arg| if matches!(arg, Arg::Invariant(..)) { resized(arg, reg) } else { arg });
        self.plain(family, reg, reg, &args)
    }

    /// An instruction whose form is that of size `form` and which gives a register of size `to`.
    fn plain(&mut self, family: Family, form: Size, to: Size, args: &[Piece]) -> Piece {
        let op = Op::Plain(family.code(self.target, form));
        let number = self.push(Bank::Vector, |to_| {
            let mut inst = Inst::new(op, Some((to_, to)), SmallVec::from_slice(args));
            inst.folds = Some(family.broadcast);
            inst
        });
        Arg::Reg(number, to)
    }

    /// The same with an immediate byte; no argument is read from memory.
    fn plain_with(&mut self, family: Family, form: Size, to: Size, args: &[Piece], immediate: u8) -> Piece {
        let piece = self.plain(family, form, to, args);
        let inst = self.last();
        (inst.immediate, inst.folds) = (Some(immediate), None);
        piece
    }

    /// Adds an instruction that writes a new register.
    fn push(&mut self, bank: Bank, inst: impl FnOnce(Virtual) -> Inst<Virtual>) -> Virtual {
        let to = self.body.register(bank);
        self.body.insts.push(inst(to));
        to
    }

    /// The instruction added last.
    fn last(&mut self) -> &mut Inst<Virtual> {
        self.body.insts.last_mut().unwrap_or_else(|| unreachable!("an instruction was just added"))
    }

    /// A piece in a register: an invariant is loaded.
    fn in_register(&mut self, piece: Piece) -> Piece {
        match piece {
            Arg::Invariant(_, size) => {
                let to = self
                    .push(Bank::Vector, |to| Inst::new(Op::LoadInvariant(size), Some((to, size)), smallvec![piece]));
                Arg::Reg(to, size)
            }
            _ => piece,
        }
    }

    /// All zeros.
    fn zero(&mut self, size: Size) -> Piece {
        let to = self.push(Bank::Vector, |to| Inst::new(Op::Zero, Some((to, size)), smallvec![]));
        Arg::Reg(to, size)
    }

    /// The step's indices.
    fn index(&mut self) -> Pieces {
        let (lanes, size) = (self.lanes(8), self.reg(8));
        let mut pieces = Pieces::new();
        for piece in 0..self.count(8) {
            let lane = (self.lane + piece * lanes) as u32;
            let base = self.push(Bank::Vector, |to| Inst::new(Op::Index { lane, size }, Some((to, size)), smallvec![]));
            let mut bytes = Box::new([0u8; 64]);
            for (k, chunk) in bytes.chunks_mut(8).enumerate() {
                chunk.copy_from_slice(&(k as u64).to_le_bytes());
            }
            let numbers = self.shared.invariant(InvariantKind::Full(bytes));
            pieces.push(self.plain(code::PADD_Q, size, size, &[Arg::Reg(base, size), Arg::Invariant(numbers, size)]));
        }
        pieces
    }
}

/// The same part of a register, or of an invariant, seen as another size.
fn resized(piece: Piece, size: Size) -> Piece {
    match piece {
        Arg::Reg(register, _) => Arg::Reg(register, size),
        Arg::Invariant(invariant, _) => Arg::Invariant(invariant, size),
        Arg::Mask(_) | Arg::Pinned(..) | Arg::Place(_) | Arg::Anywhere(..) => piece,
    }
}

/// What the float comparison instruction takes for a comparison: ordered and quiet, save that unequal holds for a NaN.
fn float_predicate(cmp: Cmp) -> u8 {
    match cmp {
        Cmp::Eq => 0x00,
        Cmp::Ne => 0x04,
        Cmp::Lt => 0x11,
        Cmp::Le => 0x12,
    }
}
