//! Phases that do nothing but call one assembled strip along tiles.
//!
//! The nest of such a phase takes no time beside its strip, but Cranelift would take longer over it than everything else takes
//! over the kernel. So it is not compiled: a [`Walk`] says where the strip's arguments come from, and [`run`], a function of this
//! library, goes through the points by it. The phase's entry is a few instructions that name the two.
//!
//! Phases with more in them, and those around short strips, are compiled ([`crate::phase`]).

use super::arguments::{Block, Port, StripFunction};
use super::module::{Kind, assemble, put};
use super::{StreamShape, Strip, Target, past};
use crate::function::Functions;
use crate::lanes::Plan;
use crate::strip::run::Source;
use crate::unit::{Assembled, Unit};
use cranelift_codegen::binemit::Reloc;
use cranelift_module::{FuncId, Linkage, ModuleError, ModuleReloc, ModuleRelocTarget};
use fuseloom_kernel::{Input, Item, Kernel, KernelArgs, OperandId, Output, ParamId, Phase, Range, Role, Stride, VarId};
use fuseloom_lane::DType;
use smallvec::SmallVec;

/// Words of a strip's arguments that need no allocation.
const WORDS: usize = 64;
/// Most parallel variables.
const VARIABLES: usize = 6;
/// Bytes of a cache line, and of the largest register.
const LINE: i64 = 64;

/// A phase around one strip.
pub(crate) struct Walk {
    /// The number of values of each parallel variable.
    counts: SmallVec<[ParamId; 2]>,
    /// The parallel variable that counts tiles.
    tile: usize,
    /// The extent of a tile.
    size: ParamId,
    /// The extent of the axis.
    extent: ParamId,
    /// The strip's arguments, as far as they are known: the steps of contiguous streams.
    known: Vec<i64>,
    /// Where the steps of other streams go.
    steps: Vec<(Word, ParamId)>,
    /// The streams.
    bases: Vec<Base>,
    /// How many bytes the parallel variables move the address at a word.
    moves: Vec<(Word, usize, Bytes)>,
    /// Where each uniform value goes.
    uniforms: Vec<(Word, Uniform)>,
    /// The stores that may go past the caches: where their addresses are, and the bytes of an element.
    past: SmallVec<[(Word, i64); 2]>,
    /// Their operands, a bit each.
    mask: u64,
}

/// Where the address of a stream goes, the operand, and how many bytes the axis moves it.
struct Base {
    word: Word,
    operand: usize,
    along: Bytes,
}

/// The number of a word of the strip's arguments.
type Word = usize;

/// An operand at the loop variables.
struct Moving {
    operand: usize,
    dtype: DType,
    /// How many bytes each parallel variable moves it.
    strides: SmallVec<[(usize, Bytes); 2]>,
    /// How many bytes the axis does.
    along: Bytes,
}

/// A number of bytes.
#[derive(Clone, Copy)]
enum Bytes {
    Known(i64),
    Param(ParamId),
}

/// A value that is equal for all elements of a strip.
enum Uniform {
    /// An element of an operand.
    Element(Moving),
    /// A literal of the call.
    Literal(u32, DType),
    /// A parallel variable.
    Index(usize),
}

/// Compiles a phase to an entry that walks; `None` if it is not such a phase.
///
/// # Errors
/// The module refuses a function.
pub(crate) fn phase(
    functions: &mut Functions,
    kernel: &Kernel,
    phase: &Phase,
    name: &str,
) -> Result<Option<FuncId>, Box<ModuleError>> {
    let [Item::Strip(strip)] = phase.body.as_slice() else { return Ok(None) };
    let Some(target) = Target::of(functions.unit.isa) else { return Ok(None) };
    let Some(shape) = Shape::of(kernel, phase, strip) else { return Ok(None) };
    let uniform: Vec<bool> = shape.sources.iter().map(|source| *source == Source::Uniform).collect();
    let plan = Plan::new(&strip.program, &uniform, &[]);
    let strip_of = shape.strip(&plan);
    // What is computed from uniform values is computed by compiled code.
    let given = strip_of.uniforms.iter().all(|value| value.index() < strip.inputs.len());
    if !given {
        return Ok(None);
    }
    if let Some(notes) = &mut functions.unit.notes {
        notes.begin(kernel, strip);
    }
    let assembled = assemble(target, &strip_of)?;
    let callee = put(&mut functions.unit, &mut functions.callees, &assembled, Kind::Strip)?;
    entry(&mut functions.unit, name, shape.walk(&strip_of), callee).map(Some)
}

/// Puts the entry of a phase that walks into the module: it goes on to [`run`] with the walk, which lives as long as the code,
/// and the walk's strip.
fn entry(unit: &mut Unit, name: &str, walk: Walk, strip: FuncId) -> Result<FuncId, Box<ModuleError>> {
    let conv = unit.c_convention();
    let signature = unit.signature(conv, 4);
    let id = unit.declare(name, Linkage::Export, &signature)?;
    let walk = unit.keep(walk) as u64;
    // mov r8, walk
    let mut code = vec![0x49, 0xb8];
    code.extend(walk.to_le_bytes());
    // lea r9, [rip + strip]
    code.extend([0x4c, 0x8d, 0x0d, 0, 0, 0, 0]);
    // The displacement counts from the end of the instruction.
    let (offset, target) = (code.len() as u32 - 4, ModuleRelocTarget::from(strip));
    let strip = ModuleReloc { offset, kind: Reloc::X86PCRel4, name: target, addend: -4 };
    // mov rax, run; jmp rax
    code.extend([0x48, 0xb8]);
    code.extend((run as *const () as u64).to_le_bytes());
    code.extend([0xff, 0xe0]);
    unit.define_bytes(id, name, &Assembled { bytes: &code, length: code.len(), alignment: 16, relocations: &[strip] })?;
    if let Some(notes) = &mut unit.notes {
        notes.remark(&format!("{name}: a function of the library walks through its points"));
    }
    Ok(id)
}

/// What is known of a phase that walks, before its strip is assembled.
struct Shape {
    counts: SmallVec<[ParamId; 2]>,
    tile: usize,
    size: ParamId,
    extent: ParamId,
    sources: Vec<Source>,
    loads: Vec<Moving>,
    /// With the numbers of the results.
    stores: Vec<(usize, Moving)>,
    /// One for each parameter of the program that is uniform, with its number.
    uniforms: Vec<(usize, Uniform)>,
    past: Vec<(usize, OperandId)>,
}

impl Shape {
    fn of(kernel: &Kernel, phase: &Phase, strip: &fuseloom_kernel::Strip) -> Option<Shape> {
        let (axis, Range::Tile { tile, size, extent }) = strip.axis? else { return None };
        let variable = |var: VarId| phase.parallel.iter().position(|index| index.var == var);
        if !strip.gathers.is_empty() || phase.parallel.len() > VARIABLES {
            return None;
        }
        let mut shape = Shape {
            counts: phase.parallel.iter().map(|index| index.count).collect(),
            tile: variable(tile)?,
            size,
            extent,
            sources: Vec::new(),
            loads: Vec::new(),
            stores: Vec::new(),
            uniforms: Vec::new(),
            past: Vec::new(),
        };
        let operand = |id: OperandId| Moving::of(kernel, phase, id, axis);
        for (k, input) in strip.inputs.iter().enumerate() {
            let uniform = match *input {
                Input::Load(id) => match operand(id)? {
                    (moving, true) => {
                        shape.sources.push(Source::Stream(shape.loads.len()));
                        shape.loads.push(moving);
                        continue;
                    }
                    (moving, false) => Uniform::Element(moving),
                },
                Input::Literal(number) => Uniform::Literal(number, kernel.literals[number as usize]),
                Input::Index(var) if var == axis => {
                    shape.sources.push(Source::Index);
                    continue;
                }
                Input::Index(var) => Uniform::Index(variable(var)?),
                Input::Scan(_) => return None,
            };
            shape.sources.push(Source::Uniform);
            shape.uniforms.push((k, uniform));
        }
        let written_only = past::written_only(kernel);
        for (first, output) in strip.outputs.iter().enumerate() {
            match *output {
                Output::Store(id) => {
                    let (moving, true) = operand(id)? else { return None };
                    let alone = 1u64.checked_shl(id.0).is_some_and(|bit| written_only & bit != 0);
                    if alone && matches!(moving.along, Bytes::Known(_)) {
                        shape.past.push((shape.stores.len(), id));
                    }
                    shape.stores.push((first, moving));
                }
                Output::Reduce(_) | Output::Scan(_) => return None,
            }
        }
        Some(shape)
    }

    /// What is assembled.
    fn strip<'p>(&self, plan: &'p Plan<'p>) -> Strip<'p> {
        let of =
            |moving: &Moving| StreamShape { dtype: moving.dtype, strided: matches!(moving.along, Bytes::Param(_)) };
        Strip {
            sources: self.sources.clone(),
            loads: self.loads.iter().map(of).collect(),
            stores: self.stores.iter().map(|(result, moving)| (*result, of(moving))).collect(),
            past: self.past.iter().map(|(store, _)| *store).collect(),
            uniforms: plan.used_uniforms(),
            ..Strip::of_program(plan)
        }
    }

    /// Where everything goes.
    fn walk(self, strip: &Strip<'_>) -> Walk {
        let block = strip.block();
        let word = |offset: i32| (offset / Block::WORD) as usize;
        let past = self.past.iter().map(|(store, _)| {
            let (_, moving) = &self.stores[*store];
            (word(block.base(Port::Store(*store))), moving.dtype.size() as i64)
        });
        let past = past.collect();
        let mut known = vec![0; word(block.bytes() as i32)];
        let (mut steps, mut bases, mut moves) = (Vec::new(), Vec::new(), Vec::new());
        let loads = self.loads.into_iter().enumerate().map(|(k, moving)| (Port::Load(k), moving));
        let stores = self.stores.into_iter().enumerate().map(|(k, (_, moving))| (Port::Store(k), moving));
        for (port, Moving { operand, strides, along, .. }) in loads.chain(stores) {
            let base = word(block.base(port));
            match along {
                Bytes::Known(bytes) => known[word(block.step(port))] = bytes,
                Bytes::Param(id) => steps.push((word(block.step(port)), id)),
            }
            bases.push(Base { word: base, operand, along });
            moves.extend(strides.into_iter().map(|(variable, bytes)| (base, variable, bytes)));
        }
        // Both ascend; what nothing uses is not given.
        let mut used = strip.uniforms.iter().enumerate().peekable();
        let mut uniforms = Vec::new();
        for (k, uniform) in self.uniforms {
            if let Some((number, _)) = used.next_if(|(_, value)| value.index() == k) {
                uniforms.push((word(block.uniform(number as u32)), uniform));
            }
        }
        Walk {
            counts: self.counts,
            tile: self.tile,
            size: self.size,
            extent: self.extent,
            known,
            steps,
            bases,
            moves,
            uniforms,
            past,
            mask: self.past.iter().fold(0, |mask, (_, id)| mask | 1 << id.0),
        }
    }
}

impl Moving {
    /// An operand of a phase's strip, and whether it moves along the axis; `None` if it is not one of the caller's.
    fn of(kernel: &Kernel, phase: &Phase, id: OperandId, axis: VarId) -> Option<(Moving, bool)> {
        let operand = kernel.operand(id);
        match operand.role {
            Role::In | Role::Out => {}
            Role::Scratch { .. } | Role::Work { .. } => return None,
        }
        let dtype = operand.dtype.lane_type();
        let bytes = |stride: Stride| match stride {
            Stride::Element => Bytes::Known(dtype.size() as i64),
            Stride::Bytes(param) => Bytes::Param(param),
        };
        let strides = phase.parallel.iter().enumerate();
        let strides = strides.filter_map(|(k, index)| Some((k, bytes(operand.stride(index.var)?)))).collect();
        let along = operand.stride(axis).map(bytes);
        let moving = Moving { operand: id.0 as usize, dtype, strides, along: along.unwrap_or(Bytes::Known(0)) };
        Some((moving, along.is_some()))
    }
}

/// The arguments of a call, as far as a walk reads them.
#[derive(Clone, Copy)]
struct Given<'a> {
    args: &'a KernelArgs,
}

impl Given<'_> {
    fn param(self, id: ParamId) -> i64 {
        // SAFETY: the caller of the entry gives every parameter of the kernel.
        unsafe { *self.args.params.add(id.0 as usize) }
    }

    fn bytes(self, bytes: Bytes) -> i64 {
        match bytes {
            Bytes::Known(bytes) => bytes,
            Bytes::Param(id) => self.param(id),
        }
    }

    /// The address of an operand's first element.
    fn operand(self, number: usize) -> i64 {
        // SAFETY: the caller of the entry gives the address of every operand.
        unsafe { *self.args.operands.add(number) as i64 }
    }

    /// 8 bytes of a uniform value; of a bool all ones or zeros.
    fn uniform(self, uniform: &Uniform, digits: &[i64]) -> i64 {
        let (bits, dtype) = match uniform {
            Uniform::Index(k) => return digits[*k],
            Uniform::Literal(number, dtype) => {
                // SAFETY: the caller of the entry gives every literal of the kernel.
                (unsafe { *self.args.literals.add(*number as usize) }, *dtype)
            }
            Uniform::Element(moving) => {
                let mut bytes = [0; 8];
                let step =
                    |at: i64, (k, bytes): &(usize, Bytes)| at.wrapping_add(digits[*k].wrapping_mul(self.bytes(*bytes)));
                let from = moving.strides.iter().fold(self.operand(moving.operand), step) as *const u8;
                // SAFETY: the kernel reads this element of the operand at this point, and the caller of the entry gives operands
                // that have all elements which are read. `bytes` is no operand, and no dtype is longer.
                unsafe { std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), moving.dtype.size()) };
                (u64::from_le_bytes(bytes), moving.dtype)
            }
        };
        repeated(bits, dtype) as i64
    }
}

/// 8 bytes of a value; of a bool all ones or zeros.
fn repeated(bits: u64, dtype: DType) -> u64 {
    match dtype {
        DType::Bool => {
            if bits & 0xff == 0 {
                0
            } else {
                u64::MAX
            }
        }
        _ => match dtype.size() {
            1 => (bits & 0xff) * 0x0101_0101_0101_0101,
            2 => (bits & 0xffff) * 0x0001_0001_0001_0001,
            4 => (bits & 0xffff_ffff) * 0x0000_0001_0000_0001,
            _ => bits,
        },
    }
}

/// Runs the points `begin..end` of a phase: an [`Entry`](fuseloom_kernel::Entry) with the walk and its strip.
///
/// # Safety
/// What an entry's caller sees to for `args`; `strip` is the function that was assembled with `walk`.
unsafe extern "C" fn run(
    args: *const KernelArgs,
    _scratch: *mut u8,
    begin: u64,
    end: u64,
    walk: *const Walk,
    strip: StripFunction,
) {
    // SAFETY: the caller of an entry gives arguments that live as long as the call, and code that names a walk lives in memory
    // that owns it.
    let (given, walk) = unsafe { (Given { args: &*args }, &*walk) };
    let mut digits = [0i64; VARIABLES];
    let digits = &mut digits[..walk.counts.len()];
    let mut rest = begin;
    for (digit, count) in digits.iter_mut().zip(&walk.counts).rev() {
        if rest == 0 {
            break;
        }
        // There is a point, so no count is 0; whatever a caller does, nothing here divides by 0.
        let count = given.param(*count).max(1) as u64;
        (*digit, rest) = ((rest % count) as i64, rest / count);
    }
    let mut words: SmallVec<[i64; WORDS]> = SmallVec::from_slice(&walk.known);
    let words = words.as_mut_slice();
    let put = |words: &mut [i64], offset: i32, value: i64| words[(offset / Block::WORD) as usize] = value;
    put(words, Block::STATUS, given.args.status as i64);
    for (word, step) in &walk.steps {
        words[*word] = given.param(*step);
    }
    let (size, extent) = (given.param(walk.size), given.param(walk.extent));
    let call = |words: &mut [i64], count: i64| {
        put(words, Block::COUNT, count);
        // SAFETY: `words` are the arguments that the strip reads: its streams lie within operands as the kernel has them at this
        // point, for elements up to `count`, which the caller of the entry answers for.
        unsafe { strip(words.as_mut_ptr().cast()) };
    };
    for _ in begin..end {
        let start = digits[walk.tile].wrapping_mul(size);
        let count = start.wrapping_add(size).min(extent).wrapping_sub(start);
        if count > 0 {
            put(words, Block::START, start);
            put(words, Block::BEGIN, 0);
            put(words, Block::PAST, 0);
            for Base { word, operand, along } in &walk.bases {
                words[*word] = given.operand(*operand).wrapping_add(given.bytes(*along).wrapping_mul(start));
            }
            for (word, variable, bytes) in &walk.moves {
                words[*word] = words[*word].wrapping_add(digits[*variable].wrapping_mul(given.bytes(*bytes)));
            }
            for (word, uniform) in &walk.uniforms {
                words[*word] = given.uniform(uniform, digits);
            }
            if walk.mask != 0
                && given.args.past & walk.mask == walk.mask
                && let Some(lead) = walk.lead(words, count)
            {
                if lead != 0 {
                    call(words, lead);
                    put(words, Block::BEGIN, lead);
                }
                put(words, Block::PAST, 1);
            }
            call(words, count);
        }
        for (digit, count) in digits.iter_mut().zip(&walk.counts).rev() {
            *digit += 1;
            if *digit < given.param(*count) {
                break;
            }
            *digit = 0;
        }
    }
}

impl Walk {
    /// The number of the element, of `count`, at which a register of every stream that may go past the caches is aligned, if
    /// there is one ([`past::aligned`]).
    fn lead(&self, words: &[i64], count: i64) -> Option<i64> {
        let (first, size) = self.past.first()?;
        let lead = (words[*first].wrapping_neg() & (LINE - 1)) / size;
        let aligned = |(word, size): &(Word, i64)| words[*word].wrapping_add(lead * size) & (LINE - 1) == 0;
        (lead < count && self.past.iter().all(aligned)).then_some(lead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_value_fills_eight_bytes() {
        assert_eq!(repeated(0xff12, DType::U8), 0x1212_1212_1212_1212);
        assert_eq!(repeated(0x1_1234, DType::BF16), 0x1234_1234_1234_1234);
        assert_eq!(repeated(0x1_3f80_0000, DType::F32), 0x3f80_0000_3f80_0000);
        assert_eq!(repeated(u64::MAX, DType::I64), u64::MAX);
        assert_eq!((repeated(0x100, DType::Bool), repeated(1, DType::Bool)), (0, u64::MAX));
    }

    #[test]
    fn registers_of_all_that_is_written_past_the_caches_are_aligned_at_one_element() {
        let walk = Walk {
            counts: SmallVec::new(),
            tile: 0,
            size: ParamId(0),
            extent: ParamId(0),
            known: Vec::new(),
            steps: Vec::new(),
            bases: Vec::new(),
            moves: Vec::new(),
            uniforms: Vec::new(),
            past: [(0, 4), (2, 8)].into_iter().collect(),
            mask: 3,
        };
        let lead = |first: i64, second: i64, count: i64| walk.lead(&[first, 4, second, 8], count);
        assert_eq!(lead(128, 256, 10), Some(0));
        assert_eq!(lead(128 - 8, 256 - 16, 10), Some(2));
        assert_eq!(lead(128 - 8, 256 - 16, 2), None);
        assert_eq!(lead(128 - 8, 256, 10), None);
        assert_eq!(lead(128 - 6, 256 - 16, 10), None);
    }
}
