//! Runs: from the arrays of a call to a bound program, and through it.

use crate::arguments::{In, Out};
use crate::array::Array;
use crate::error::{Error, Result, running};
use crate::machine::machine;
use crate::outside::first_outside;
use crate::pipeline::{Occasion, Planned, Prepared};
use crate::places::Places;
use crate::sizes::{check_outputs, infer_sizes, output_shapes};
use crate::unsolved::first_unsolved;
use fuseloom_graph::{ArrayValue, InterpretError, Sizes, interpret};
use fuseloom_kernel::{Binding, BoundPlan};
use fuseloom_lane::DType;
use fuseloom_library::Unsolved;
use fuseloom_runtime::{Buffer, Executable, Extents, Layout, Pool, RuntimeError, Span, Strides, Watch, Workers};
use smallvec::SmallVec;
use std::sync::Arc;

/// How often a program that is over the memory limit is cut anew. Each time it aims at an eighth less at least.
const CUTS: usize = 12;

/// A program bound to arrays of some shapes and strides.
#[derive(Debug)]
pub(crate) struct Ready {
    inputs: SmallVec<[Form; 8]>,
    /// Of memory that the caller gives; `None` where results are in C order.
    given: Option<SmallVec<[Form; 2]>>,
    /// The result in C order of each output.
    results: SmallVec<[(DType, Layout); 2]>,
    how: How,
}

// Element by element, without `collect`, which would move the lists once more: a call with few elements notices.
impl Ready {
    /// New memory for the results.
    fn buffers(&self, pool: &Pool) -> Result<SmallVec<[Buffer; 2]>> {
        let mut buffers = SmallVec::new();
        for (dtype, layout) in &self.results {
            buffers.push(pool.buffer(*dtype, layout.elements()).map_err(running)?);
        }
        Ok(buffers)
    }

    /// That memory, to be written.
    fn outputs<'a>(&'a self, buffers: &'a mut [Buffer]) -> Result<SmallVec<[Out<'a>; 2]>> {
        let mut outputs = SmallVec::new();
        for (buffer, (_, layout)) in buffers.iter_mut().zip(&self.results) {
            outputs.push(Out::from_buffer(buffer, layout).map_err(running)?);
        }
        Ok(outputs)
    }
}

/// The dtype, shape and byte strides of an array.
#[derive(PartialEq, Debug)]
struct Form {
    dtype: DType,
    shape: Extents,
    strides: Strides,
}

/// What runs.
enum How {
    Compiled(Box<Compiled>),
    Interpreted { sizes: Sizes },
}

struct Compiled {
    /// What was planned, where it is not the program itself but [what it is for some sizes](Prepared::for_sizes).
    of: Option<Arc<Prepared>>,
    planned: Arc<Planned>,
    executable: Executable,
    workers: Arc<Workers>,
    pool: Pool,
}

impl std::fmt::Debug for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            How::Compiled(_) => f.write_str("Compiled"),
            How::Interpreted { .. } => f.write_str("Interpreted"),
        }
    }
}

/// An array of a call, by its form.
trait Formed {
    fn form(&self) -> (DType, &[usize], &[i64]);
}

impl Formed for In<'_> {
    fn form(&self) -> (DType, &[usize], &[i64]) {
        (self.dtype(), self.shape(), self.strides())
    }
}

impl Formed for Out<'_> {
    fn form(&self) -> (DType, &[usize], &[i64]) {
        (self.dtype(), self.shape(), self.strides())
    }
}

impl Form {
    fn of(array: &impl Formed) -> Form {
        let (dtype, shape, strides) = array.form();
        Form { dtype, shape: shape.into(), strides: strides.into() }
    }

    fn fits(&self, array: &impl Formed) -> bool {
        let (dtype, shape, strides) = array.form();
        self.dtype == dtype && equal(&self.shape, shape) && equal(&self.strides, strides)
    }

    /// The structure of the layout.
    fn layout(&self) -> Result<fuseloom_schedule::StrideClass> {
        use fuseloom_schedule::AxisStride;
        let contiguous = Layout::contiguous(&self.shape, self.dtype).map_err(running)?;
        if contiguous.strides() == self.strides.as_slice() {
            return Ok(fuseloom_schedule::StrideClass::Contiguous);
        }
        let size = self.dtype.size() as i64;
        let class = |&stride: &i64| match stride {
            0 => AxisStride::Zero,
            stride if stride == size => AxisStride::Element,
            _ => AxisStride::Other,
        };
        Ok(fuseloom_schedule::StrideClass::Strided(self.strides.iter().map(class).collect()))
    }
}

/// Whether short slices are equal; a call for each of them would take longer.
fn equal<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

fn all_fit(forms: &[Form], arrays: &[impl Formed]) -> bool {
    forms.len() == arrays.len() && forms.iter().zip(arrays).all(|(form, array)| form.fits(array))
}

/// Why a run ended.
pub(crate) enum Failure {
    /// An index was outside the array it indexes: what is known of it without [looking for it](first_outside).
    Index(Error),
    /// A problem had no solution: it is known which, but not [where it was written](first_unsolved).
    Unsolved(Unsolved),
    /// Anything else.
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Other(error)
    }
}

impl From<RuntimeError> for Failure {
    fn from(error: RuntimeError) -> Failure {
        match error {
            RuntimeError::IndexOutOfRange { .. } => Failure::Index(running(error)),
            RuntimeError::Unsolved { unsolved, .. } => Failure::Unsolved(unsolved),
            other => Failure::Other(running(other)),
        }
    }
}

impl From<InterpretError> for Failure {
    fn from(error: InterpretError) -> Failure {
        match error {
            InterpretError::Unsolved(unsolved) => Failure::Unsolved(unsolved),
            InterpretError::Index { .. } => Failure::Index(error.into()),
            _ => Failure::Other(error.into()),
        }
    }
}

impl Prepared {
    /// Runs on inputs, with new memory for the outputs. An index out of range is shown where `places` has its `take`.
    ///
    /// # Errors
    /// Arrays that are not what the graph declares; sizes that do not agree; an index out of range; too little memory.
    pub fn call(self: &Arc<Self>, places: &Places, inputs: &[In<'_>]) -> Result<Vec<Array>> {
        self.run(inputs).map_err(|failure| self.located(failure, places, inputs))
    }

    /// [`Prepared::call`] into memory of the caller's, whose contents are unspecified after an error that comes while running.
    ///
    /// # Errors
    /// As [`Prepared::call`], of the outputs too.
    pub fn call_into(self: &Arc<Self>, places: &Places, inputs: &[In<'_>], outputs: &mut [Out<'_>]) -> Result<()> {
        self.run_into(inputs, outputs).map_err(|failure| self.located(failure, places, inputs))
    }

    #[cold]
    fn located(&self, failure: Failure, places: &Places, inputs: &[In<'_>]) -> Error {
        match failure {
            Failure::Index(error) => first_outside(self, places, inputs).unwrap_or(error),
            Failure::Unsolved(found) => first_unsolved(self, places, inputs, found),
            Failure::Other(error) => error,
        }
    }

    pub(crate) fn run(self: &Arc<Self>, inputs: &[In<'_>]) -> Result<Vec<Array>, Failure> {
        let ready = match self.bindings.find(|ready| ready.given.is_none() && all_fit(&ready.inputs, inputs)) {
            Some(ready) => ready,
            None => self.bind(inputs, None)?,
        };
        self.count(|counters| &counters.runs);
        match &ready.how {
            How::Compiled(compiled) => {
                let Compiled { executable, workers, pool, .. } = &**compiled;
                let mut buffers = ready.buffers(pool)?;
                executable.run(inputs, &mut ready.outputs(&mut buffers)?, pool, workers)?;
                let mut arrays = Vec::with_capacity(buffers.len());
                for (buffer, (_, layout)) in buffers.into_iter().zip(&ready.results) {
                    arrays.push(Array::from_buffer(buffer, layout.clone()));
                }
                Ok(arrays)
            }
            How::Interpreted { sizes } => {
                let pool = machine()?.pool();
                let values = self.interpret(sizes, inputs)?;
                let array = |(value, (dtype, layout)): (&ArrayValue, &(DType, Layout))| {
                    let buffer = pool.copy_of_bytes(*dtype, &bytes(value)).map_err(running)?;
                    Ok(Array::from_buffer(buffer, layout.clone()))
                };
                values.iter().zip(&ready.results).map(array).collect()
            }
        }
    }

    fn run_into(self: &Arc<Self>, inputs: &[In<'_>], outputs: &mut [Out<'_>]) -> Result<(), Failure> {
        let fits = |ready: &Ready| {
            ready.given.as_ref().is_some_and(|given| all_fit(given, outputs)) && all_fit(&ready.inputs, inputs)
        };
        let ready = match self.bindings.find(fits) {
            Some(ready) => ready,
            None => self.bind(inputs, Some(outputs))?,
        };
        self.count(|counters| &counters.runs);
        match &ready.how {
            How::Compiled(compiled) => {
                let Compiled { executable, workers, pool, .. } = &**compiled;
                executable.run(inputs, outputs, pool, workers)?;
            }
            How::Interpreted { sizes } => {
                for (value, output) in self.interpret(sizes, inputs)?.iter().zip(outputs) {
                    output.copy_from_bytes(&bytes(value))?;
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn bind(self: &Arc<Self>, inputs: &[In<'_>], outputs: Option<&[Out<'_>]>) -> Result<Arc<Ready>> {
        let sizes = infer_sizes(&self.graph, inputs)?;
        let shapes = output_shapes(&self.graph, &sizes)?;
        if let Some(outputs) = outputs {
            check_outputs(&self.graph, &sizes, outputs)?;
        }
        let mut results = SmallVec::new();
        for (id, shape) in self.graph.outputs().iter().zip(&shapes) {
            let dtype = self.graph.ty(*id).dtype;
            results.push((dtype, Layout::contiguous(shape, dtype).map_err(running)?));
        }
        let inputs: SmallVec<[Form; 8]> = inputs.iter().map(Form::of).collect();
        let given: Option<SmallVec<[Form; 2]>> = outputs.map(|outputs| outputs.iter().map(Form::of).collect());
        let how = match machine()?.interpreted() {
            Some(_) => {
                self.check_interpreted(&sizes, &results)?;
                How::Interpreted { sizes }
            }
            None => self.within_limit(&sizes, &inputs, given.as_deref(), &results)?,
        };
        self.count(|counters| &counters.bindings);
        let ready = Arc::new(Ready { inputs, given, results, how });
        self.bindings.insert(Arc::clone(&ready));
        Ok(ready)
    }

    /// What runs within the memory limit; where it is over the limit, what is made for these sizes, cut smaller and smaller.
    fn within_limit(
        self: &Arc<Self>,
        sizes: &Sizes,
        inputs: &[Form],
        given: Option<&[Form]>,
        results: &[(DType, Layout)],
    ) -> Result<How> {
        let (mut peak, limit, over) = match self.executable(sizes, inputs, given, results) {
            Err(over @ Error::MemoryLimit { peak, limit, .. }) => (peak, limit, over),
            how => return Ok(How::Compiled(Box::new(how?))),
        };
        // Cuts are chosen by the buffers alone. What else there is, scratch above all, is known when the plan is bound.
        let mut aim = if sizes.is_empty() { limit.saturating_sub(peak - limit) } else { limit };
        for _ in 0..CUTS {
            let Some(fixed) = self.tightened(sizes, aim)? else { break };
            match fixed.executable(&Sizes::default(), inputs, given, results) {
                Err(Error::MemoryLimit { peak: now, .. }) => peak = now,
                compiled => return Ok(How::Compiled(Box::new(Compiled { of: Some(fixed), ..compiled? }))),
            }
            aim = aim.saturating_sub((peak - limit).max(aim / 8));
        }
        Err(over)
    }

    fn executable(
        self: &Arc<Self>,
        sizes: &Sizes,
        inputs: &[Form],
        given: Option<&[Form]>,
        results: &[(DType, Layout)],
    ) -> Result<Compiled> {
        let layouts = |forms: &[Form]| forms.iter().map(Form::layout).collect::<Result<Vec<_>>>();
        let outputs = given.map(layouts).transpose()?.unwrap_or_default();
        let planned = self.plan(Occasion { inputs: layouts(inputs)?, outputs, hints: hints(sizes) })?;
        let strides = |form: &Form| form.strides.to_vec();
        let symbol = |name: &Arc<str>| {
            let value = sizes.get(name).and_then(|value| i64::try_from(*value).ok());
            value.ok_or_else(|| Error::Constraint(format!("the size {name} has no value")))
        };
        let binding = Binding {
            symbols: planned.plan.symbols.iter().map(symbol).collect::<Result<_>>()?,
            input_strides: inputs.iter().map(strides).collect(),
            output_strides: match given {
                Some(given) => given.iter().map(strides).collect(),
                None => results.iter().map(|(_, layout)| layout.strides().to_vec()).collect(),
            },
            threads: u32::try_from(self.settings.threads).unwrap_or(u32::MAX),
        };
        let kernels = &self.code(&planned)?.kernels;
        let executable = Executable::new(Arc::clone(&planned.plan), kernels, binding).map_err(running)?;
        self.check_memory(&executable)?;
        let machine = machine()?;
        let (workers, pool) = (machine.workers(self.settings.threads), machine.pool().clone());
        Ok(Compiled { of: None, planned, executable, workers, pool })
    }

    /// Refuses what needs more memory than it may use.
    fn check_memory(&self, executable: &Executable) -> Result<()> {
        let (bound, peak) = (executable.bound(), executable.bound().peak_bytes);
        let Some(limit) = self.settings.memory_limit.filter(|limit| peak > *limit) else { return Ok(()) };
        let ours =
            bound.buffers.iter().zip(&executable.plan().buffers).filter_map(|(buffer, decl)| match buffer.place {
                fuseloom_kernel::Place::Input(_) => None,
                fuseloom_kernel::Place::Output(_) | fuseloom_kernel::Place::Arena(_) => {
                    let ty = fuseloom_graph::Type::new(decl.dtype, buffer.shape.iter().copied());
                    Some((format!("{} {ty}", decl.name), buffer.bytes))
                }
            });
        let scratch = bound.scratch_bytes.saturating_mul(self.settings.threads);
        let mut largest: Vec<(String, usize)> = ours.collect();
        if scratch > 0 {
            largest.push((format!("scratch of {} threads", self.settings.threads), scratch));
        }
        largest.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        largest.truncate(3);
        Err(Error::MemoryLimit { peak, limit, largest })
    }

    /// Refuses to interpret what needs more memory than it may use: what the interpreter holds, and the results as arrays.
    fn check_interpreted(&self, sizes: &Sizes, results: &[(DType, Layout)]) -> Result<()> {
        let Some(limit) = self.settings.memory_limit else { return Ok(()) };
        let values = fuseloom_graph::interpret::peak(&self.graph, sizes)?;
        let bytes = |(dtype, layout): &(DType, Layout)| layout.elements().saturating_mul(dtype.size());
        let arrays = results.iter().map(bytes).fold(0, usize::saturating_add);
        let one = results.iter().map(bytes).max().unwrap_or(0);
        let peak = values.bytes.saturating_add(arrays).saturating_add(one);
        if peak <= limit {
            return Ok(());
        }
        let named = |(id, bytes): (fuseloom_graph::NodeId, usize)| {
            let node = self.graph.node(id);
            (format!("{} {}", node.op.row().name, node.types[0]), bytes)
        };
        let mut largest: Vec<(String, usize)> = values.values.into_iter().map(named).collect();
        largest.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        largest.truncate(3);
        Err(Error::MemoryLimit { peak, limit, largest })
    }

    fn interpret(&self, sizes: &Sizes, inputs: &[In<'_>]) -> Result<Vec<ArrayValue>, Failure> {
        let values = inputs.iter().map(value).collect::<Result<Vec<ArrayValue>>>()?;
        Ok(interpret(&self.graph, sizes, &values)?)
    }
}

/// A program bound to the arrays of a call, to be run while somebody watches.
pub struct Watched<'a> {
    prepared: Arc<Prepared>,
    places: &'a Places,
    inputs: SmallVec<[In<'a>; 8]>,
    ready: Arc<Ready>,
}

impl<'a> Watched<'a> {
    /// Binds; an error where programs are interpreted.
    ///
    /// # Errors
    /// As [`Prepared::call`].
    pub fn new(prepared: &Arc<Prepared>, places: &'a Places, inputs: SmallVec<[In<'a>; 8]>) -> Result<Watched<'a>> {
        let ready = prepared.bind(&inputs, None)?;
        let watched = Watched { prepared: Arc::clone(prepared), places, inputs, ready };
        watched.compiled()?;
        Ok(watched)
    }

    fn compiled(&self) -> Result<&Compiled> {
        match &self.ready.how {
            How::Compiled(compiled) => Ok(compiled),
            How::Interpreted { .. } => {
                let reason = machine()?.interpreted().unwrap_or_default();
                Err(Error::Constraint(format!("programs are interpreted here, so there are no kernels: {reason}")))
            }
        }
    }

    /// Runs once, and gives what happened when.
    ///
    /// # Errors
    /// As [`Prepared::call`].
    pub fn run(&self) -> Result<Vec<Span>> {
        let Compiled { executable, workers, pool, .. } = self.compiled()?;
        let mut buffers = self.ready.buffers(pool)?;
        let mut outputs = self.ready.outputs(&mut buffers)?;
        let watch = Watch::new();
        executable.run_watched(&self.inputs, &mut outputs, pool, workers, &watch).map_err(running)?;
        Ok(watch.spans())
    }

    /// What is run, where its nodes were written, its plan, and that bound to the sizes of the arrays.
    ///
    /// # Errors
    /// Programs are interpreted here.
    pub fn bound(&self) -> Result<(&Arc<Prepared>, &Places, &Arc<Planned>, &BoundPlan)> {
        let Compiled { of, planned, executable, .. } = self.compiled()?;
        let (prepared, places) = match of {
            Some(fixed) => (fixed, &fixed.places),
            None => (&self.prepared, self.places),
        };
        Ok((prepared, places, planned, executable.bound()))
    }
}

/// The layouts and byte strides of inputs.
pub fn layouts(inputs: &[In<'_>]) -> Result<(Vec<fuseloom_schedule::StrideClass>, Vec<Vec<i64>>)> {
    let forms: Vec<Form> = inputs.iter().map(Form::of).collect();
    let layouts = forms.iter().map(Form::layout).collect::<Result<_>>()?;
    Ok((layouts, forms.iter().map(|form| form.strides.to_vec()).collect()))
}

/// A typical value of each size: the upper end of its class, so that sizes of one class share a plan.
fn hints(sizes: &Sizes) -> Sizes {
    let class = |&size: &usize| [1, 4, 16, 128, 1 << 10, 1 << 14, 1 << 18].into_iter().find(|end| size <= *end);
    sizes.iter().filter_map(|(name, size)| Some((Arc::clone(name), class(size)?))).collect()
}

/// An input as the interpreter holds arrays.
fn value(input: &In<'_>) -> Result<ArrayValue> {
    let size = input.dtype().size();
    let bits = |element: &[u8]| {
        let mut bits = [0; 8];
        if cfg!(target_endian = "little") { &mut bits[..size] } else { &mut bits[8 - size..] }.copy_from_slice(element);
        u64::from_ne_bytes(bits)
    };
    let data = input.to_bytes().map_err(running)?.chunks_exact(size).map(bits).collect();
    Ok(ArrayValue { dtype: input.dtype(), shape: input.shape().to_vec(), data })
}

/// The elements of an interpreter's array in C order.
fn bytes(value: &ArrayValue) -> Vec<u8> {
    let size = value.dtype.size();
    let bytes = |bits: &u64| {
        let bytes = bits.to_ne_bytes();
        let first = if cfg!(target_endian = "little") { 0 } else { 8 - size };
        bytes.into_iter().skip(first).take(size)
    };
    value.data.iter().flat_map(bytes).collect()
}
