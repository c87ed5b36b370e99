//! The systems that compete: fuseloom in four ways, and `ndarray`.

use super::workloads::Workload;
use crate::failure::{Failure, Result};
use fuseloom::{Array, DType, Destination, Options, Out, Program};
use ndarray::ArrayD;
use std::rc::Rc;
use std::time::Instant;

/// One system with one workload.
pub(crate) struct Contender {
    pub(crate) system: &'static str,
    /// The first call, with recording and compiling, in seconds.
    pub(crate) cold: f64,
    /// Makes that many calls and gives the seconds they took.
    pub(crate) call: Box<dyn FnMut(u64) -> Result<f64>>,
    /// How it was compiled, of fuseloom.
    pub(crate) program: Option<Rc<Program>>,
    /// Whether calls must be timed one by one.
    pub(crate) singly: bool,
    /// By how many bytes a call makes its process grow, of other systems that tell.
    pub(crate) grown: Option<usize>,
}

impl Contender {
    /// A system that is not fuseloom.
    pub(crate) fn other(
        system: &'static str,
        cold: f64,
        call: impl FnMut(u64) -> Result<f64> + 'static,
        grown: Option<usize>,
    ) -> Contender {
        Contender { system, cold, call: Box::new(call), program: None, singly: false, grown }
    }

    fn ours(
        system: &'static str,
        cold: f64,
        call: impl FnMut(u64) -> Result<f64> + 'static,
        program: &Rc<Program>,
    ) -> Contender {
        Contender { system, cold, call: Box::new(call), program: Some(Rc::clone(program)), singly: false, grown: None }
    }
}

/// A program for a workload, its first result, and the seconds both took.
pub(crate) fn first_call(
    workload: &Workload,
    inputs: &[Array],
    options: &Options,
) -> Result<(Rc<Program>, Array, f64)> {
    let start = Instant::now();
    let program = Program::with_options(options, |b| {
        let input = |(k, array): (usize, &Array)| b.input(&format!("x{k}"), array.dtype(), array.shape());
        let tensors: Vec<_> = inputs.iter().enumerate().map(input).collect();
        (workload.record)(&tensors)
    })?;
    let result = program.call_one(inputs)?;
    Ok((Rc::new(program), result, start.elapsed().as_secs_f64()))
}

/// Calls whose results are dropped each time, so that the pool uses their memory again.
pub(crate) fn returning(system: &'static str, program: &Rc<Program>, inputs: &[Array], cold: f64) -> Contender {
    let (called, inputs) = (Rc::clone(program), inputs.to_vec());
    let call = move |calls| {
        let start = Instant::now();
        for _ in 0..calls {
            drop(called.call_one(&inputs)?);
        }
        Ok(start.elapsed().as_secs_f64())
    };
    Contender::ours(system, cold, call, program)
}

/// Calls after each of which the pool is emptied, so that every result is memory the system has to find.
pub(crate) fn fresh(program: &Rc<Program>, inputs: &[Array], cold: f64) -> Contender {
    let (called, inputs) = (Rc::clone(program), inputs.to_vec());
    let call = move |calls| {
        let mut seconds = 0.0;
        for _ in 0..calls {
            fuseloom::trim_memory()?;
            let start = Instant::now();
            let result = called.call_one(&inputs)?;
            seconds += start.elapsed().as_secs_f64();
            drop(result);
        }
        Ok(seconds)
    };
    Contender { singly: true, ..Contender::ours("fused-fresh", cold, call, program) }
}

/// Calls into memory of the caller's.
pub(crate) fn into(program: &Rc<Program>, inputs: &[Array], result: &Array) -> Result<Contender> {
    let (called, inputs) = (Rc::clone(program), inputs.to_vec());
    let mut memory = Memory::like(result)?;
    let mut call = move |calls| {
        let start = Instant::now();
        for _ in 0..calls {
            called.call_into(&inputs, &mut [&mut memory])?;
        }
        Ok::<f64, Failure>(start.elapsed().as_secs_f64())
    };
    let cold = call(1)?;
    Ok(Contender::ours("into", cold, call, program))
}

/// The workload in plain Rust.
pub(crate) fn plain(workload: &Workload, inputs: &[Array]) -> Result<(Contender, Array)> {
    let (function, inputs) = (workload.plain, inputs.to_vec());
    let start = Instant::now();
    let result = function(&inputs)?;
    let cold = start.elapsed().as_secs_f64();
    let call = move |calls| {
        let start = Instant::now();
        for _ in 0..calls {
            drop(function(&inputs)?);
        }
        Ok(start.elapsed().as_secs_f64())
    };
    Ok((Contender::other("ndarray", cold, call, None), result))
}

/// The caller's memory for one result.
enum Memory {
    F32(ArrayD<f32>),
    F64(ArrayD<f64>),
    I32(ArrayD<i32>),
    I64(ArrayD<i64>),
}

impl Memory {
    fn like(array: &Array) -> Result<Memory> {
        let shape = array.shape();
        match array.dtype() {
            DType::F32 => Ok(Memory::F32(ArrayD::zeros(shape))),
            DType::F64 => Ok(Memory::F64(ArrayD::zeros(shape))),
            DType::I32 => Ok(Memory::I32(ArrayD::zeros(shape))),
            DType::I64 => Ok(Memory::I64(ArrayD::zeros(shape))),
            other @ (DType::Bool
            | DType::I8
            | DType::I16
            | DType::U8
            | DType::U16
            | DType::U32
            | DType::U64
            | DType::F16
            | DType::BF16) => Err(format!("no workload gives {other}").into()),
        }
    }
}

impl Destination for Memory {
    fn as_output(&mut self) -> Out<'_> {
        match self {
            Memory::F32(array) => array.as_output(),
            Memory::F64(array) => array.as_output(),
            Memory::I32(array) => array.as_output(),
            Memory::I64(array) => array.as_output(),
        }
    }
}
