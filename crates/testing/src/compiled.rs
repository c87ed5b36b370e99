//! Running machine code: through the facade as a user does, and with every phase cut among threads however small it is.

use crate::arrays::Laid;
use crate::plan::output_types;
use crate::random::Rng;
use fuseloom::{Array, Destination, Element, In, Options, Out, Program};
use fuseloom_codegen::{CodeCache, Isa};
use fuseloom_graph::{ArrayValue, Graph, Sizes, Type};
use fuseloom_kernel::{Binding, Plan, Step};
use fuseloom_lane::DType;
use fuseloom_runtime::{Buffer, Executable, Input, Layout, Output, Pool, Workers};
use half::{bf16, f16};
use ndarray::{ArrayD, IxDyn, Slice};
use std::sync::{Arc, OnceLock};

fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| Pool::new(64 << 20))
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn buffers(memory: &[Laid]) -> Result<Vec<Buffer>, String> {
    memory.iter().map(|laid| pool().copy_of_bytes(laid.dtype, &laid.memory).map_err(words)).collect()
}

fn inputs<'a>(buffers: &'a [Buffer], memory: &'a [Laid]) -> Result<Vec<In<'a>>, String> {
    let pairs = buffers.iter().zip(memory);
    pairs.map(|(buffer, laid)| In::from_buffer(buffer, &laid.layout).map_err(words)).collect()
}

/// Compiles a graph and calls it on arrays in memory: results in new arrays, or with `into` in given ones, whose memory order
/// is random.
pub fn call(
    graph: &Graph,
    sizes: &Sizes,
    memory: &[Laid],
    options: &Options,
    into: Option<Rng>,
) -> Result<Vec<ArrayValue>, String> {
    // Names are bound by inputs that have them as an extent.
    let (mut graph, mut memory) = (graph.clone(), memory.to_vec());
    for (name, value) in sizes {
        graph.input(&format!("extent_{name}"), Type::new(DType::Bool, [&**name])).map_err(words)?;
        memory.push(Laid::contiguous(&ArrayValue { dtype: DType::Bool, shape: vec![*value], data: vec![0; *value] }));
    }
    let types = output_types(&graph, sizes)?;
    let program = Program::from_graph(graph, options).map_err(words)?;
    let buffers = buffers(&memory)?;
    let inputs = inputs(&buffers, &memory)?;
    let Some(mut rng) = into else {
        let arrays = program.call(&inputs).map_err(words)?;
        return arrays.iter().map(value).collect();
    };
    let mut places: Vec<Box<dyn Given>> = types.iter().map(|(dtype, shape)| given(*dtype, shape, &mut rng)).collect();
    let mut outputs: Vec<&mut dyn Destination> = places.iter_mut().map(|place| place.destination()).collect();
    program.call_into(&inputs, &mut outputs).map_err(words)?;
    Ok(places.iter().map(|place| place.read()).collect())
}

/// The instruction set that `FUSELOOM_ISA` names, else the machine's widest.
fn isa() -> Result<Isa, String> {
    match std::env::var("FUSELOOM_ISA") {
        Ok(name) => Isa::by_name(&name).ok_or_else(|| format!("there is no instruction set {name}")),
        Err(_) => Ok(Isa::default()),
    }
}

/// Compiles a plan for contiguous outputs and runs it on so many threads, every point of a phase on its own.
pub fn run_threaded(
    plan: &Plan,
    graph: &Graph,
    sizes: &Sizes,
    memory: &[Laid],
    threads: usize,
) -> Result<Vec<ArrayValue>, String> {
    static CODE: OnceLock<CodeCache> = OnceLock::new();
    static WORKERS: [OnceLock<Workers>; 8] = [const { OnceLock::new() }; 8];
    let code = CODE.get_or_init(|| CodeCache::new(512));
    let workers = WORKERS[threads.min(7)].get_or_init(|| Workers::new(threads));
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        if let Step::Kernel(step) = step {
            // What takes a second is worth any number of threads.
            step.work.iter_mut().for_each(|work| work.nanoseconds = 1e9);
        }
    }
    let options = fuseloom_codegen::Options { isa: isa()? };
    let code = plan.steps.iter().map(|step| match step {
        Step::Kernel(step) => code.get(&step.kernel, &options).map(Some).map_err(words),
        Step::Copy(_) | Step::Library(_) => Ok(None),
    });
    let code = code.collect::<Result<Vec<_>, _>>()?;
    let (symbols, types) = (plan.symbols.clone(), output_types(graph, sizes)?);
    let symbol = |name: &Arc<str>| sizes.get(name).map(|n| *n as i64).ok_or_else(|| format!("no size {name}"));
    let mut results = Vec::new();
    for (dtype, shape) in &types {
        results.push(pool().buffer(*dtype, shape.iter().product()).map_err(words)?);
    }
    let layouts = types.iter().map(|(dtype, shape)| Layout::contiguous(shape, *dtype));
    let layouts = layouts.collect::<Result<Vec<_>, _>>().map_err(words)?;
    let outputs = results.iter_mut().zip(&layouts).map(|(buffer, layout)| Output::from_buffer(buffer, layout));
    let mut outputs = outputs.collect::<Result<Vec<_>, _>>().map_err(words)?;
    let buffers = buffers(memory)?;
    let inputs = inputs(&buffers, memory)?;
    let binding = Binding {
        symbols: symbols.iter().map(symbol).collect::<Result<_, _>>()?,
        input_strides: inputs.iter().map(|input| Input::strides(input).to_vec()).collect(),
        output_strides: outputs.iter().map(|output| output.strides().to_vec()).collect(),
        threads: threads as u32,
    };
    let executable = Executable::new(Arc::new(plan), &code, binding).map_err(words)?;
    executable.run(&inputs, &mut outputs, pool(), workers).map_err(words)?;
    drop(outputs);
    let array = |(buffer, (dtype, shape)): (&Buffer, &(DType, Vec<usize>))| {
        let array = ArrayValue { dtype: *dtype, shape: shape.clone(), data: Vec::new() };
        let mut laid = Laid::contiguous(&array);
        laid.memory = buffer.as_bytes().to_vec();
        laid.read()
    };
    Ok(results.iter().zip(&types).map(array).collect())
}

/// A Rust type of elements, by its bits.
trait Bits: Element {
    fn bits(self) -> u64;
    fn unwritten() -> Self;
}

macro_rules! bits {
    ($($type:ty: $to:expr, $unwritten:expr;)*) => {$(
        impl Bits for $type {
            fn bits(self) -> u64 {
                ($to)(self)
            }
            fn unwritten() -> $type {
                $unwritten
            }
        }
    )*};
}

bits! {
    bool: u64::from, true;
    i8: |x| u64::from(x as u8), 77;
    i16: |x| u64::from(x as u16), 77;
    i32: |x| u64::from(x as u32), 77;
    i64: |x| x as u64, 77;
    u8: u64::from, 77;
    u16: u64::from, 77;
    u32: u64::from, 77;
    u64: |x| x, 77;
    f16: |x: f16| u64::from(x.to_bits()), f16::from_f32(77.0);
    bf16: |x: bf16| u64::from(x.to_bits()), bf16::from_f32(77.0);
    f32: |x: f32| u64::from(x.to_bits()), 77.0;
    f64: f64::to_bits, 77.0;
}

macro_rules! of_type {
    ($dtype:expr, $f:ident($($argument:expr),*)) => {
        match $dtype {
            DType::Bool => $f::<bool>($($argument),*),
            DType::I8 => $f::<i8>($($argument),*),
            DType::I16 => $f::<i16>($($argument),*),
            DType::I32 => $f::<i32>($($argument),*),
            DType::I64 => $f::<i64>($($argument),*),
            DType::U8 => $f::<u8>($($argument),*),
            DType::U16 => $f::<u16>($($argument),*),
            DType::U32 => $f::<u32>($($argument),*),
            DType::U64 => $f::<u64>($($argument),*),
            DType::F16 => $f::<f16>($($argument),*),
            DType::BF16 => $f::<bf16>($($argument),*),
            DType::F32 => $f::<f32>($($argument),*),
            DType::F64 => $f::<f64>($($argument),*),
        }
    };
}

/// An array as the interpreter holds it.
fn value(array: &Array) -> Result<ArrayValue, String> {
    fn data<T: Bits>(array: &Array) -> Result<Vec<u64>, String> {
        Ok(array.to_vec::<T>().map_err(words)?.into_iter().map(T::bits).collect())
    }
    let data = of_type!(array.dtype(), data(array))?;
    Ok(ArrayValue { dtype: array.dtype(), shape: array.shape().to_vec(), data })
}

/// Memory of a caller's that results are written to.
trait Given {
    fn destination(&mut self) -> &mut dyn Destination;
    fn read(&self) -> ArrayValue;
}

/// A window of an array in another order of its axes.
struct Window<T> {
    whole: ArrayD<T>,
    /// The step of each axis of the whole.
    steps: Vec<isize>,
    /// The axis of the whole that each axis is.
    axes: Vec<usize>,
}

fn given(dtype: DType, shape: &[usize], rng: &mut Rng) -> Box<dyn Given> {
    fn window<T: Bits>(shape: &[usize], rng: &mut Rng) -> Box<dyn Given> {
        let axes = rng.permutation(shape.len());
        let mut steps: Vec<isize> = vec![1; shape.len()];
        let mut whole = vec![0; shape.len()];
        for (axis, at) in axes.iter().enumerate() {
            steps[*at] = rng.of(&[1, 1, 2, 3, -1, -2]);
            whole[*at] = shape[axis] * steps[*at].unsigned_abs();
        }
        Box::new(Window { whole: ArrayD::from_elem(IxDyn(&whole), T::unwritten()), steps, axes })
    }
    of_type!(dtype, window(shape, rng))
}

impl<T: Bits> Given for Window<T> {
    fn destination(&mut self) -> &mut dyn Destination {
        self
    }

    fn read(&self) -> ArrayValue {
        let mut view = self.whole.view();
        view.slice_each_axis_inplace(|axis| Slice::new(0, None, self.steps[axis.axis.index()]));
        let view = view.permuted_axes(self.axes.clone());
        ArrayValue {
            dtype: T::DTYPE,
            shape: view.shape().to_vec(),
            data: view.iter().map(|element| element.bits()).collect(),
        }
    }
}

impl<T: Bits> Destination for Window<T> {
    fn as_output(&mut self) -> Out<'_> {
        let mut view = self.whole.view_mut();
        view.slice_each_axis_inplace(|axis| Slice::new(0, None, self.steps[axis.axis.index()]));
        Out::from(view.permuted_axes(self.axes.clone()))
    }
}
