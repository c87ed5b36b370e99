//! Running machine code: through the facade as a user does, and with every phase cut among threads however small it is.

use crate::arrays::Laid;
use crate::plan::output_types;
use crate::random::Rng;
use crate::refusal::Refusal;
use fuseloom::{Array, Destination, Element, In, Options, Out, Program};
use fuseloom_codegen::{CodeCache, Isa};
use fuseloom_graph::{ArrayValue, Graph, Sizes, Type};
use fuseloom_kernel::{Binding, Plan, Step};
use fuseloom_lane::DType;
use fuseloom_runtime::hostile::{self, End};
use fuseloom_runtime::{Buffer, Executable, Input, Layout, Output, Pool, Workers};
use half::{bf16, f16};
use ndarray::{ArrayD, IxDyn, Slice};
use std::sync::{Arc, OnceLock};

/// The memory of inputs in blocks of a pool, each up to the end of its block; and where the elements lie there.
struct Placed(Vec<(Buffer, Layout)>);

impl Placed {
    fn new(memory: &[Laid], pool: &Pool) -> Result<Placed, Refusal> {
        let place = |laid: &Laid| {
            // Blocks are a multiple of 64 bytes long.
            let before = laid.memory.len().next_multiple_of(64) - laid.memory.len();
            let bytes = [vec![0; before], laid.memory.clone()].concat();
            let buffer = pool.copy_of_bytes(laid.dtype, &bytes)?;
            let (shape, strides) = (laid.layout.shape(), laid.layout.strides());
            let layout = Layout::strided(shape, strides, before + laid.layout.offset(), laid.dtype, bytes.len())?;
            Ok::<_, Refusal>((buffer, layout))
        };
        memory.iter().map(place).collect::<Result<_, _>>().map(Placed)
    }

    fn inputs(&self) -> Result<Vec<In<'_>>, Refusal> {
        self.0.iter().map(|(buffer, layout)| Ok(In::from_buffer(buffer, layout)?)).collect()
    }
}

/// A graph as a user calls it, with any sizes and memory layouts one after another.
pub struct Called {
    program: Program,
    graph: Graph,
}

impl Called {
    /// Prepares a graph. Names are bound by arrays that have them as an extent, so each gets an input more.
    ///
    /// # Errors
    /// What [`Program::from_graph`] says.
    pub fn new(graph: &Graph, sizes: &Sizes, options: &Options) -> Result<Called, Refusal> {
        let mut graph = graph.clone();
        for name in names(sizes) {
            graph.input(&format!("extent_{name}"), Type::new(DType::Bool, [&**name])).map_err(Refusal::fault)?;
        }
        Ok(Called { program: Program::from_graph(graph.clone(), options)?, graph })
    }

    /// Calls it on arrays in memory, between pages that may not be touched: results in new arrays, or with `into` in given ones,
    /// whose memory order is random.
    ///
    /// # Errors
    /// What the call says.
    pub fn call(
        &self,
        sizes: &Sizes,
        memory: &[Laid],
        end: End,
        into: Option<Rng>,
    ) -> Result<Vec<ArrayValue>, Refusal> {
        let mut memory = memory.to_vec();
        for name in names(sizes) {
            // One element, repeated: sizes may be larger than any memory.
            let layout = Layout::strided(&[sizes[name]], &[0], 0, DType::Bool, 1)?;
            memory.push(Laid { dtype: DType::Bool, memory: vec![0], layout });
        }
        let pool = hostile::pool(end);
        let placed = Placed::new(&memory, &pool)?;
        let inputs = placed.inputs()?;
        let Some(mut rng) = into else {
            let arrays = self.program.call(&inputs)?;
            return arrays.iter().map(value).collect();
        };
        let types = output_types(&self.graph, sizes)?;
        let mut places: Vec<Box<dyn Given>> =
            types.iter().map(|(dtype, shape)| given(*dtype, shape, &mut rng)).collect();
        let mut outputs: Vec<&mut dyn Destination> = places.iter_mut().map(|place| place.destination()).collect();
        self.program.call_into(&inputs, &mut outputs)?;
        Ok(places.iter().map(|place| place.read()).collect())
    }
}

/// The names that have sizes, in one order.
fn names(sizes: &Sizes) -> Vec<&Arc<str>> {
    let mut names: Vec<&Arc<str>> = sizes.keys().collect();
    names.sort();
    names
}

/// The instruction set that `FUSELOOM_ISA` names, else the machine's widest; `None` where programs are interpreted.
pub fn isa() -> Option<Isa> {
    match std::env::var("FUSELOOM_ISA") {
        Ok(name) => Isa::by_name(&name),
        Err(_) => Some(Isa::default()),
    }
}

/// Compiles a plan for contiguous outputs and runs it on so many threads, every point of a phase on its own. Inputs, outputs,
/// temporaries and scratch lie between pages that may not be touched, and are no more than the plan says.
///
/// # Errors
/// What binding and running say; memory beyond the plan's peak is a fault.
pub fn run_threaded(
    plan: &Plan,
    graph: &Graph,
    sizes: &Sizes,
    memory: &[Laid],
    (threads, end): (usize, End),
) -> Result<Vec<ArrayValue>, Refusal> {
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
    let isa = isa().ok_or_else(|| Refusal::fault("there is no such instruction set"))?;
    let code = plan.steps.iter().map(|step| match step {
        Step::Kernel(step) => {
            code.get(&step.kernel, &fuseloom_codegen::Options { isa }).map(Some).map_err(Refusal::fault)
        }
        Step::Copy(_) | Step::Library(_) => Ok(None),
    });
    let code = code.collect::<Result<Vec<_>, _>>()?;
    let (symbols, types) = (plan.symbols.clone(), output_types(graph, sizes)?);
    let symbol =
        |name: &Arc<str>| sizes.get(name).map(|n| *n as i64).ok_or_else(|| Refusal::fault(format!("no size {name}")));
    let layouts = types.iter().map(|(dtype, shape)| Layout::contiguous(shape, *dtype));
    let layouts = layouts.collect::<Result<Vec<_>, _>>()?;
    let placed = Placed::new(memory, &hostile::pool(end))?;
    let inputs = placed.inputs()?;
    let output_strides = layouts.iter().map(|layout| layout.strides().to_vec()).collect();
    let binding = Binding {
        symbols: symbols.iter().map(symbol).collect::<Result<_, _>>()?,
        input_strides: inputs.iter().map(|input| Input::strides(input).to_vec()).collect(),
        output_strides,
        threads: threads as u32,
    };
    let executable = Executable::new(Arc::new(plan), &code, binding)?;
    let pool = hostile::pool(end);
    let mut results = Vec::new();
    for (dtype, shape) in &types {
        results.push(pool.buffer(*dtype, shape.iter().product())?);
    }
    let outputs = results.iter_mut().zip(&layouts).map(|(buffer, layout)| Output::from_buffer(buffer, layout));
    let mut outputs = outputs.collect::<Result<Vec<_>, _>>()?;
    executable.run(&inputs, &mut outputs, &pool, workers)?;
    drop(outputs);
    // Blocks are a multiple of 64 bytes, and scratch of 128 for each thread.
    let (used, peak) = (pool.stats().peak_bytes_in_use, executable.bound().peak_bytes);
    if used > peak + 64 * types.len() + 128 * threads {
        return Err(Refusal::fault(format!("{used} bytes were used, but {peak} were said to be")));
    }
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
fn value(array: &Array) -> Result<ArrayValue, Refusal> {
    fn data<T: Bits>(array: &Array) -> Result<Vec<u64>, Refusal> {
        Ok(array.to_vec::<T>()?.into_iter().map(T::bits).collect())
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
