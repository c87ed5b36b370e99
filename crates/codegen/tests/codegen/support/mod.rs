//! Running compiled kernels on the memory of the interpreter, and comparing what they leave.

pub(crate) mod build;
pub(crate) mod product;

use fuseloom_codegen::{CodegenError, Isa, Options, compile};
use fuseloom_kernel::{CompiledKernel, InterpretError, Kernel, KernelArgs, Memory, Role, interpret, print};
use fuseloom_lane::DType;

/// The instruction set that `FUSELOOM_ISA` names, else the machine's widest.
pub(crate) fn options() -> Options {
    let isa = std::env::var("FUSELOOM_ISA").ok().map(|name| Isa::by_name(&name).expect("an instruction set"));
    Options { isa: isa.unwrap_or_default() }
}

/// The instruction sets this machine has.
pub(crate) fn isas() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.missing().is_none())
}

/// Compiles a kernel and runs it on a copy of the memory.
pub(crate) fn run(kernel: &Kernel, memory: &Memory) -> Memory {
    let compiled = compile(kernel, &options()).unwrap_or_else(|e| panic!("{e}\n{}", print(kernel)));
    run_compiled(kernel, &compiled, memory, 0)
}

/// Runs a compiled kernel on a copy of the memory; `past` as in [`KernelArgs`].
pub(crate) fn run_compiled(kernel: &Kernel, compiled: &CompiledKernel, memory: &Memory, past: u64) -> Memory {
    let mut after = memory.clone();
    let bases: Vec<*mut u8> = after.buffers.iter_mut().map(|b| b.as_mut_ptr()).collect();
    let operands: Vec<*mut u8> = memory
        .operands
        .iter()
        .map(|place| place.map_or(std::ptr::null_mut(), |(buffer, at)| bases[buffer].wrapping_offset(at as isize)))
        .collect();
    // 64-byte aligned.
    let mut scratch = vec![[0u64; 8]; memory.scratch.len().div_ceil(64) + 1];
    let mut status = 0;
    let args = KernelArgs {
        operands: operands.as_ptr(),
        params: after.params.as_ptr(),
        literals: after.literals.as_ptr(),
        status: &mut status,
        written: std::ptr::null_mut(),
        library: &product::LIBRARY,
        past,
    };
    let base = scratch.as_mut_ptr().cast::<u8>();
    let aligned = base.wrapping_add(base.align_offset(64));
    for (phase, entry) in kernel.phases.iter().zip(&compiled.entries) {
        let points = phase.parallel.iter().map(|p| after.params[p.count.0 as usize].max(0) as u64).product();
        // SAFETY: the kernel passed the verifier, and the interpreter checks every access of the same run.
        unsafe { entry(&args, aligned, 0, points) };
    }
    after.status = status;
    after
}

/// Gives the working rows of every reduction over a loop their place in scratch.
pub(crate) fn place_work(kernel: &Kernel, memory: &mut Memory, columns: usize, extent: usize) {
    for operand in &kernel.operands {
        if let Role::Work { offset, row } = operand.role {
            let bytes = (8 * columns).next_multiple_of(64);
            memory.params[offset.0 as usize] = memory.scratch.len().next_multiple_of(64) as i64;
            memory.params[row.0 as usize] = bytes as i64;
            let rows = fuseloom_kernel::work_rows(3, extent);
            memory.scratch.resize(memory.scratch.len().next_multiple_of(64) + rows * bytes, 0);
        }
    }
}

/// Compiles a kernel, runs it both ways and compares.
pub(crate) fn compare(kernel: &Kernel, memory: &Memory) -> Result<(), String> {
    compare_on(options().isa, kernel, memory)
}

/// As [`compare`], on an instruction set.
pub(crate) fn compare_on(isa: Isa, kernel: &Kernel, memory: &Memory) -> Result<(), String> {
    match compile(kernel, &Options { isa }) {
        Ok(compiled) => compare_compiled(kernel, &compiled, memory),
        // The one thing the verifier lets through that code generation does not take.
        Err(CodegenError::Malformed { reason, .. }) if reason.contains("both elements and subtrees") => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs a kernel both ways and compares every byte of every buffer; two NaNs of one dtype are the same.
pub(crate) fn compare_compiled(kernel: &Kernel, compiled: &CompiledKernel, memory: &Memory) -> Result<(), String> {
    let mut expected = memory.clone();
    match interpret(kernel, &mut expected) {
        // Binding refuses such sizes.
        Err(InterpretError::EmptyReduction { .. }) => return Ok(()),
        result => result.map_err(|e| format!("interpreter: {e}"))?,
    }
    [0, u64::MAX]
        .into_iter()
        .try_for_each(|past| same(kernel, &expected, &run_compiled(kernel, compiled, memory, past)))
}

/// Compares what the interpreter and a compiled kernel left.
fn same(kernel: &Kernel, expected: &Memory, actual: &Memory) -> Result<(), String> {
    if (expected.status != 0) != (actual.status != 0) {
        return Err(format!("status {}, expected {}", actual.status, expected.status));
    }
    for (number, (want, got)) in expected.buffers.iter().zip(&actual.buffers).enumerate() {
        let dtype = kernel.operands.iter().zip(&expected.operands).find_map(|(operand, place)| {
            let here = place.is_some_and(|(buffer, _)| buffer == number);
            (here && operand.role == Role::Out).then_some(operand.dtype)
        });
        let Some(at) = want.iter().zip(got).position(|(w, g)| w != g) else { continue };
        if let Some(dtype) = dtype
            && dtype.is_float()
            && same_floats(dtype, want, got)
        {
            continue;
        }
        let (from, to) = (at.saturating_sub(8), (at + 16).min(want.len()));
        return Err(format!("buffer {number} byte {at}: {:x?}, expected {:x?}", &got[from..to], &want[from..to]));
    }
    Ok(())
}

/// Whether two buffers of floats at multiples of their size differ in NaNs alone.
fn same_floats(dtype: DType, want: &[u8], got: &[u8]) -> bool {
    let size = dtype.size();
    want.chunks(size).zip(got.chunks(size)).all(|(w, g)| w == g || (is_nan(dtype, w) && is_nan(dtype, g)))
}

fn is_nan(dtype: DType, bytes: &[u8]) -> bool {
    let mut bits = [0; 8];
    bits[..bytes.len()].copy_from_slice(bytes);
    bytes.len() == dtype.size() && fuseloom_lane::Scalar::from_bits(dtype, u64::from_le_bytes(bits)).is_nan()
}
