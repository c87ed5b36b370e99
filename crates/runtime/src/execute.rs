//! Running bound plans.

use crate::expected::{Expected, check_all, expectations};
use crate::float_control::DefaultFloats;
use crate::layout::is_contiguous;
use crate::library::{self, Array, Batch};
use crate::pool::Block;
use crate::product::LIBRARY;
use crate::workers::Team;
use crate::{Input, Output, Pool, RuntimeError, Span, Watch, Workers, copy, machine, product};
use fuseloom_kernel::{
    Binding, BoundBatched, BoundKernel, BoundLibrary, BoundPhase, BoundPlan, BoundStep, BufferId, BufferKind,
    CompiledKernel, CopyStep, Kernel, KernelArgs, Place, Plan, Role, Status, Step,
};
use fuseloom_lane::DType;
use fuseloom_library::Call;
use smallvec::SmallVec;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A plan bound to sizes and strides, with its machine code: ready to run, from any number of threads at once.
#[derive(Debug)]
pub struct Executable {
    plan: Arc<Plan>,
    binding: Binding,
    bound: BoundPlan,
    inputs: Vec<Option<Expected>>,
    outputs: Vec<Option<Expected>>,
    steps: Vec<Ready>,
    /// The longest phase, in nanoseconds on one thread: whether threads are worth their scratch.
    longest: f64,
}

#[derive(Debug)]
enum Ready {
    /// `past`: the operands that are better written past the caches.
    Kernel {
        operands: Vec<Option<Location>>,
        bound: BoundKernel,
        code: CompiledKernel,
        longest: f64,
        past: u64,
    },
    Copy {
        from: Location,
        to: Location,
        bytes: usize,
    },
    Library {
        call: Call,
        inputs: Vec<(Location, DType)>,
        outputs: Vec<Option<(Location, DType)>>,
        bound: BoundLibrary,
    },
}

/// A place and a byte offset from its start.
#[derive(Clone, Copy, Debug)]
struct Location {
    place: Place,
    offset: i64,
}

/// The memory of one run.
struct Memory<'a> {
    inputs: &'a [Input<'a>],
    outputs: &'a [Output<'a>],
    arena: NonNull<u8>,
    /// The scratch of thread 0; the others' follow, `scratch_stride` bytes apart.
    scratch: NonNull<u8>,
    scratch_stride: usize,
}

impl Executable {
    /// Binds a plan and takes its code: one entry for each step, `None` for library steps.
    ///
    /// Strides in the binding must be canonical, as [`Input::strides`] and [`Output::strides`] give them; `binding.threads` is the
    /// most threads a run uses. Fails if the plan does not bind, or plan and code do not fit together.
    ///
    /// The code is trusted: each of its entries must be what `codegen` makes of the step's kernel.
    pub fn new(plan: Arc<Plan>, code: &[Option<CompiledKernel>], binding: Binding) -> Result<Executable, RuntimeError> {
        let bound = plan.bind(&binding)?;
        Executable::from_bound(plan, bound, code, binding)
    }

    /// As [`Executable::new`], for a plan already bound; `bound` is what `plan.bind(&binding)` gave.
    fn from_bound(
        plan: Arc<Plan>,
        bound: BoundPlan,
        code: &[Option<CompiledKernel>],
        binding: Binding,
    ) -> Result<Executable, RuntimeError> {
        let inputs = expectations(&plan, &bound, &binding.input_strides, |kind| match kind {
            BufferKind::Input(n) => Some(n),
            BufferKind::Output(_) | BufferKind::Temporary | BufferKind::InPlace(_) => None,
        })?;
        let outputs = expectations(&plan, &bound, &binding.output_strides, |kind| match kind {
            BufferKind::Output(n) => Some(n),
            BufferKind::Input(_) | BufferKind::Temporary | BufferKind::InPlace(_) => None,
        })?;
        let mut executable = Executable { plan, binding, bound, inputs, outputs, steps: Vec::new(), longest: 0.0 };
        let (expected, actual) = (executable.plan.steps.len(), code.len());
        if actual != expected || executable.bound.steps.len() != expected {
            return Err(RuntimeError::Count { what: "steps with code", expected, actual });
        }
        for (step, code) in code.iter().enumerate() {
            let ready = executable.ready(step, code.as_ref())?;
            let longest = match &ready {
                Ready::Kernel { longest, .. } => *longest,
                Ready::Copy { bytes, .. } => copy::nanoseconds(*bytes),
                Ready::Library { bound, .. } => library::nanoseconds(bound),
            };
            executable.longest = executable.longest.max(longest);
            executable.steps.push(ready);
        }
        Ok(executable)
    }

    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What the plan is bound to.
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// The plan's numbers: shapes, places, peak bytes.
    pub fn bound(&self) -> &BoundPlan {
        &self.bound
    }

    /// Runs the plan. Inputs and outputs are those of the plan, in order, with the dtypes, shapes and strides it is bound to; that
    /// is checked. Temporaries and scratch come from the pool.
    ///
    /// Fails with [`RuntimeError::OutOfMemory`] or [`RuntimeError::IndexOutOfRange`]; what the outputs hold then is unspecified.
    pub fn run(
        &self,
        inputs: &[Input<'_>],
        outputs: &mut [Output<'_>],
        pool: &Pool,
        workers: &Workers,
    ) -> Result<(), RuntimeError> {
        self.run_with(inputs, outputs, pool, workers, None)
    }

    /// [`Executable::run`] while recording when each worker was at which phase. That takes two looks at the clock for every chunk
    /// of work.
    pub fn run_watched(
        &self,
        inputs: &[Input<'_>],
        outputs: &mut [Output<'_>],
        pool: &Pool,
        workers: &Workers,
        watch: &Watch,
    ) -> Result<(), RuntimeError> {
        self.run_with(inputs, outputs, pool, workers, Some(watch))
    }

    fn run_with(
        &self,
        inputs: &[Input<'_>],
        outputs: &mut [Output<'_>],
        pool: &Pool,
        workers: &Workers,
        watch: Option<&Watch>,
    ) -> Result<(), RuntimeError> {
        check_all("inputs", "input", &self.inputs, inputs.iter().map(|i| &i.array))?;
        check_all("outputs", "output", &self.outputs, outputs.iter().map(|o| &o.array))?;
        let threads = (self.binding.threads as usize).clamp(1, workers.threads());
        let threads = if workers.may_pay(self.longest) { threads } else { 1 };
        let arena: Block = pool.block(self.bound.arena_bytes)?;
        let scratch_stride = self.bound.scratch_bytes.next_multiple_of(128);
        let of_library = self.steps.iter().map(|step| match step {
            Ready::Library { bound, .. } => bound.scratch(threads),
            Ready::Kernel { .. } | Ready::Copy { .. } => 0,
        });
        let of_kernels = scratch_stride.saturating_mul(threads);
        let scratch: Block = pool.block(of_library.fold(of_kernels, usize::max))?;
        let memory = Memory { inputs, outputs, arena: arena.start(), scratch: scratch.start(), scratch_stride };
        {
            let _floats = DefaultFloats::enter();
            for (number, step) in self.steps.iter().enumerate() {
                let begin = watch.map(Watch::now);
                match step {
                    Ready::Kernel { operands, bound, code, longest, past } => {
                        let team = workers.team_for(*longest, threads);
                        let watch = watch.map(|watch| (watch, number));
                        let run = Run { operands, bound, code, past: *past, watch };
                        let status = run.on(&memory, team.as_ref());
                        self.check_status(number, status)?;
                    }
                    Ready::Copy { from, to, bytes } => {
                        let team = workers.team_for(copy::nanoseconds(*bytes), threads);
                        let (from, to) = (memory.address(*from), memory.address(*to));
                        if let (Some(from), Some(to)) = (NonNull::new(from), NonNull::new(to)) {
                            // SAFETY: `ready` checked that both are contiguous buffers of this size; inputs are borrowed,
                            // outputs uniquely, and the arena is ours.
                            unsafe { copy::copy(from, to, *bytes, team.as_ref()) };
                        }
                    }
                    Ready::Library { call, inputs, outputs, bound } => {
                        let team = workers.team_for(library::nanoseconds(bound), threads);
                        let array = |&(location, dtype): &(Location, DType)| {
                            NonNull::new(memory.address(location)).map(|first| Array { first, dtype })
                        };
                        let inputs = inputs.iter().filter_map(array).collect();
                        let outputs = outputs.iter().map(|output| output.as_ref().and_then(array)).collect();
                        let batch = Batch { call, bound, inputs, outputs, scratch: memory.scratch };
                        // SAFETY: `ready` checked that these are contiguous buffers, and `Plan::bind` that the arrays lie inside;
                        // inputs are borrowed, outputs uniquely, and the arena is ours; buffers begin where elements may, and
                        // offsets are whole elements. There is scratch for as many threads as the team has at most.
                        let solved = unsafe { batch.solve(team.as_ref()) };
                        solved.map_err(|failure| RuntimeError::Unsolved {
                            step: number,
                            unsolved: failure.of(call, &bound.batch),
                        })?;
                    }
                }
                if let (Some(watch), Some(begin)) = (watch, begin) {
                    watch.record(Span { step: number, phase: 0, worker: None, begin, end: watch.now() });
                }
            }
        }
        for output in outputs {
            if let Some(flag) = &mut output.written {
                **flag = true;
            }
        }
        Ok(())
    }

    /// Resolves a step's buffers and checks that its parts fit together.
    fn ready(&self, step: usize, code: Option<&CompiledKernel>) -> Result<Ready, RuntimeError> {
        let fault = |problem| RuntimeError::Step { step, problem };
        match (&self.plan.steps[step], &self.bound.steps[step]) {
            (Step::Kernel(of_plan), BoundStep::Kernel(bound)) => {
                let code = code.ok_or(fault("it has no machine code"))?;
                let phases = of_plan.kernel.phases.len();
                if code.entries.len() != phases || bound.phases.len() != phases {
                    return Err(fault("its code has another number of phases"));
                }
                if bound.operands.len() != of_plan.kernel.operands.len()
                    || bound.params.len() != of_plan.kernel.params.len()
                    || bound.literals.len() != of_plan.kernel.literals.len()
                {
                    return Err(fault("its kernel has other operands, parameters or literals"));
                }
                if bound.scratch_bytes > self.bound.scratch_bytes {
                    return Err(fault("it needs more scratch than the plan has"));
                }
                let locate = |operand: &Option<(BufferId, i64)>| match *operand {
                    Some((buffer, offset)) => self.location(buffer, offset).map(Some),
                    None => Some(None),
                };
                let operands: Option<Vec<_>> = bound.operands.iter().map(locate).collect();
                let operands = operands.ok_or(fault("an operand names no buffer"))?;
                let longest = bound.phases.iter().map(|p| p.nanoseconds).fold(0.0, f64::max);
                let past = self.past(&of_plan.kernel, bound, &operands);
                Ok(Ready::Kernel { operands, bound: bound.clone(), code: code.clone(), longest, past })
            }
            (Step::Copy(_), &BoundStep::Copy(CopyStep { from, to })) => {
                let bytes =
                    self.contiguous_bytes(from).ok_or(fault("it copies from a buffer that is not contiguous"))?;
                if self.contiguous_bytes(to) != Some(bytes) {
                    return Err(fault("it copies to a buffer that is not contiguous or of another size"));
                }
                let (Some(from), Some(to)) = (self.location(from, 0), self.location(to, 0)) else {
                    return Err(fault("a copy names no buffer"));
                };
                Ok(Ready::Copy { from, to, bytes })
            }
            (Step::Library(of_plan), BoundStep::Library(bound)) => {
                let place = |array: &BoundBatched, dtype: DType| {
                    self.contiguous_bytes(array.buffer)?;
                    let offset = i64::try_from(array.offset).ok().filter(|at| at % dtype.size() as i64 == 0)?;
                    Some((self.location(array.buffer, offset)?, dtype))
                };
                let inputs = bound.inputs.iter().zip(&of_plan.inputs);
                let inputs: Option<Vec<_>> = inputs.map(|(array, of_plan)| place(array, of_plan.dtype)).collect();
                let outputs =
                    bound.outputs.iter().zip(&of_plan.outputs).map(|(array, of_plan)| match (array, of_plan) {
                        (Some(array), Some(of_plan)) => place(array, of_plan.dtype).map(Some),
                        (None, None) => Some(None),
                        (Some(_), None) | (None, Some(_)) => None,
                    });
                let outputs: Option<Vec<_>> = outputs.collect();
                let (Some(inputs), Some(outputs)) = (inputs, outputs) else {
                    return Err(fault("an array of a library is in no buffer that is contiguous"));
                };
                let row = of_plan.call.row();
                if inputs.len() != row.inputs.len() || outputs.len() != row.results {
                    return Err(fault("its function has another number of inputs or results"));
                }
                Ok(Ready::Library { call: of_plan.call.clone(), inputs, outputs, bound: bound.clone() })
            }
            (Step::Kernel(_) | Step::Copy(_) | Step::Library(_), _) => {
                Err(fault("it is bound to a step of another kind"))
            }
        }
    }

    /// The operands that a kernel writes, alone, and that are larger than every cache: a bit for each of the first 64.
    fn past(&self, kernel: &Kernel, bound: &BoundKernel, locations: &[Option<Location>]) -> u64 {
        let large = |k: &usize| {
            let (Some((buffer, _)), Some(location)) = (bound.operands[*k], locations[*k]) else { return false };
            let alone = locations.iter().flatten().filter(|other| other.place == location.place).count() == 1;
            let bytes = self.bound.buffers[buffer.0 as usize].bytes;
            kernel.operands[*k].role == Role::Out && alone && bytes >= machine::caches().last_level()
        };
        (0..locations.len().min(64)).filter(large).fold(0, |past, k| past | 1 << k)
    }

    /// `None` if there is no such buffer, input or output.
    fn location(&self, buffer: BufferId, offset: i64) -> Option<Location> {
        let buffer = self.bound.buffers.get(buffer.0 as usize)?;
        match buffer.place {
            Place::Input(n) => self.inputs.get(n as usize)?.as_ref().map(drop)?,
            Place::Output(n) => self.outputs.get(n as usize)?.as_ref().map(drop)?,
            Place::Arena(start) => {
                if start.checked_add(buffer.bytes)? > self.bound.arena_bytes {
                    return None;
                }
            }
        }
        Some(Location { place: buffer.place, offset })
    }

    /// The size of a buffer if it lies in C order.
    fn contiguous_bytes(&self, buffer: BufferId) -> Option<usize> {
        let bytes = self.bound.buffers.get(buffer.0 as usize)?.bytes;
        let expected = match self.bound.buffers[buffer.0 as usize].place {
            Place::Input(n) => self.inputs.get(n as usize)?.as_ref()?,
            Place::Output(n) => self.outputs.get(n as usize)?.as_ref()?,
            Place::Arena(_) => return Some(bytes),
        };
        is_contiguous(&expected.shape, &expected.strides, expected.dtype).then_some(bytes)
    }

    fn check_status(&self, step: usize, status: Status) -> Result<(), RuntimeError> {
        if status == Status::OK {
            return Ok(());
        }
        let kernel = match &self.plan.steps[step] {
            Step::Kernel(k) => k.kernel.name.to_string(),
            Step::Copy(_) => "copy".to_string(),
            Step::Library(step) => step.call.to_string(),
        };
        Err(match status {
            Status::INDEX_OUT_OF_RANGE => RuntimeError::IndexOutOfRange { step, kernel },
            Status::OUT_OF_MEMORY => RuntimeError::OutOfMemory { bytes: product::WORKING_BYTES },
            Status(code) => RuntimeError::UnknownStatus { step, kernel, code },
        })
    }
}

impl Memory<'_> {
    /// The address of a location; it may lie outside its buffer when no element is touched.
    fn address(&self, location: Location) -> *mut u8 {
        let start = match location.place {
            Place::Input(n) => self.inputs[n as usize].array.first.as_ptr(),
            Place::Output(n) => self.outputs[n as usize].array.first.as_ptr(),
            Place::Arena(offset) => self.arena.as_ptr().wrapping_add(offset),
        };
        start.wrapping_offset(location.offset as isize)
    }
}

/// What the threads of a team share.
struct Shared<'a> {
    args: &'a KernelArgs,
    scratch: NonNull<u8>,
    scratch_stride: usize,
}

// SAFETY: the arguments are read only; the operands are written in parts that phases keep apart; each thread has its own
// scratch; the status word is written by any thread, all of them with a word that says the same kind of thing.
unsafe impl Sync for Shared<'_> {}

/// A kernel that is ready to run.
struct Run<'a> {
    operands: &'a [Option<Location>],
    bound: &'a BoundKernel,
    code: &'a CompiledKernel,
    past: u64,
    watch: Option<(&'a Watch, usize)>,
}

impl Run<'_> {
    /// Runs the phases one after another.
    fn on(&self, memory: &Memory<'_>, team: Option<&Team<'_>>) -> Status {
        let pointers: SmallVec<[*mut u8; 16]> =
            self.operands.iter().map(|l| l.map_or(null_mut(), |l| memory.address(l))).collect();
        let status = AtomicU64::new(Status::OK.0);
        let args = KernelArgs {
            operands: pointers.as_ptr(),
            params: self.bound.params.as_ptr(),
            literals: self.bound.literals.as_ptr(),
            status: status.as_ptr(),
            written: null_mut(),
            library: &LIBRARY,
            past: self.past,
        };
        let shared = Shared { args: &args, scratch: memory.scratch, scratch_stride: memory.scratch_stride };
        let shared = &shared;
        for (number, (&entry, phase)) in self.code.entries.iter().zip(&self.bound.phases).enumerate() {
            let run = move |member: usize, begin: u64, end: u64| {
                let scratch = shared.scratch.as_ptr().wrapping_add(member * shared.scratch_stride);
                // SAFETY: the entry is the code of this phase (`Executable::new`). Its operands lie inside buffers of the sizes
                // that `Plan::bind` checked them against: inputs and outputs were compared with the binding, and they are
                // borrowed for the run; the arena and `member`'s scratch are ours and large enough.
                unsafe { entry(shared.args, scratch, begin, end) };
                if shared.args.past != 0 {
                    complete_stores();
                }
            };
            let watched = self.watch.map(|(watch, step)| {
                move |worker: usize, first: u64, last: u64| {
                    let begin = watch.now();
                    run(worker, first, last);
                    watch.record(Span { step, phase: number, worker: Some(worker), begin, end: watch.now() });
                }
            });
            let run: &(dyn Fn(usize, u64, u64) + Sync) = match &watched {
                Some(watched) => watched,
                None => &run,
            };
            match team_for(phase, team) {
                Some(team) => team.run(phase.points, phase.grain, run),
                None if phase.points > 0 => run(0, 0, phase.points),
                None => {}
            }
        }
        Status(status.load(Ordering::Relaxed))
    }
}

/// Stores past the caches are not in order with those that tell others that they are done, unless this is between them.
fn complete_stores() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of x86-64.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// The team, if a phase is large enough for it. (A team stands only if some phase is.)
fn team_for<'a, 't>(phase: &BoundPhase, team: Option<&'a Team<'t>>) -> Option<&'a Team<'t>> {
    team.filter(|_| phase.points > 1 && phase.nanoseconds > SMALL_PHASE)
}

/// Nanoseconds of work below which a phase is not handed to a team that is awake anyway.
const SMALL_PHASE: f64 = 1000.0;

#[cfg(test)]
mod tests;
