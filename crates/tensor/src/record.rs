//! Recording: from an operation as it is written to the explicit nodes of a graph, by NumPy's implicit rules.

use crate::operand::{Number, Term};
use crate::tensor::{Node, Source, Tensor};
use fuseloom_engine::{Error, Place, operation};
use fuseloom_graph::numpy::{self, How, Resolved};
use fuseloom_graph::{Inferred, Op, OpError, Shape, Type, infer, table};
use fuseloom_lane::{DType, Function, Scalar};
use smallvec::SmallVec;
use std::sync::Arc;

/// Why nothing was recorded.
pub enum Slip {
    /// A mistake in this operation.
    Now(OpError),
    /// An operand carries one.
    Before(Arc<Error>),
}

impl From<OpError> for Slip {
    fn from(mistake: OpError) -> Slip {
        Slip::Now(mistake)
    }
}

impl From<&Arc<Error>> for Slip {
    fn from(error: &Arc<Error>) -> Slip {
        Slip::Before(Arc::clone(error))
    }
}

/// Records what `build` records, as written at `place`; a slip becomes a tensor that carries it.
pub fn record(place: Place, build: impl FnOnce(&Recorder) -> Result<Tensor, Slip>) -> Tensor {
    let recorder = Recorder { place };
    match build(&recorder) {
        Ok(tensor) => tensor,
        Err(slip) => poison(slip, recorder.place),
    }
}

pub(crate) fn poison(slip: Slip, place: Place) -> Tensor {
    let error = match slip {
        Slip::Now(mistake) => Arc::new(operation(&mistake, place.clone())),
        Slip::Before(error) => error,
    };
    Tensor::poisoned(error, place)
}

/// Records an elementwise function.
pub fn record_map(function: Function, terms: &[Term], place: Place) -> Tensor {
    record(place, |r| r.map(function, terms))
}

/// What records nodes: it knows the place they are written at.
pub struct Recorder {
    place: Place,
}

impl Recorder {
    /// An operation on operands that suit it as they are.
    pub fn op(&self, op: Op, inputs: &[&Tensor]) -> Result<Tensor, Slip> {
        let mut types: SmallVec<[&[Type]; 3]> = SmallVec::new();
        for input in inputs {
            types.push(input.outcome()?);
        }
        let Inferred { types, .. } = infer(&op, &types)?;
        let inputs = inputs.iter().map(|&input| input.clone()).collect();
        Ok(Tensor::from_node(Node { source: Source::Op(op), inputs, outcome: Ok(types), place: self.place.clone() }))
    }

    /// A constant of a shape.
    pub fn full(&self, value: Scalar, shape: &Shape) -> Result<Tensor, Slip> {
        let constant = self.op(Op::Constant(value), &[])?;
        if shape.is_empty() { Ok(constant) } else { self.op(Op::Broadcast(shape.clone()), &[&constant]) }
    }

    /// Conversion; nothing where the dtype is right.
    pub fn cast(&self, x: &Tensor, dtype: DType) -> Result<Tensor, Slip> {
        if self.ty(x)?.dtype == dtype { Ok(x.clone()) } else { self.op(Op::Cast(dtype), &[x]) }
    }

    /// Another shape; nothing where the shape is right.
    pub fn reshape(&self, x: &Tensor, shape: Shape) -> Result<Tensor, Slip> {
        if self.ty(x)?.shape == shape { Ok(x.clone()) } else { self.op(Op::Reshape(shape), &[x]) }
    }

    /// A tensor's type.
    pub fn ty<'t>(&self, x: &'t Tensor) -> Result<&'t Type, Slip> {
        Ok(&x.outcome()?[0])
    }

    /// An elementwise function on operands that are promoted and broadcast first.
    pub fn map(&self, function: Function, terms: &[Term]) -> Result<Tensor, Slip> {
        let mut operands: SmallVec<[numpy::Operand; 3]> = SmallVec::new();
        let mut types: SmallVec<[&Type; 3]> = SmallVec::new();
        for term in terms {
            operands.push(match term {
                Term::Tensor(tensor) => {
                    let ty = self.ty(tensor)?;
                    types.push(ty);
                    numpy::Operand::Array(ty.dtype)
                }
                Term::Number(number) => weak(*number),
            });
        }
        let shape = numpy::broadcast_types(table::function_row(function).name, &types)?;
        let resolved = numpy::resolve(function, &operands)?;
        let prepared = |k: usize| self.prepare(&terms[k], k, &resolved, &shape);
        match resolved.how {
            How::Apply(function) => {
                let inputs = (0..function.arity()).map(prepared).collect::<Result<SmallVec<[Tensor; 3]>, Slip>>()?;
                self.op(Op::Map(function), &inputs.iter().collect::<SmallVec<[&Tensor; 3]>>())
            }
            How::First => prepared(0),
            How::Always(truth) => self.full(Scalar::from_i64(DType::Bool, i64::from(truth)), &shape),
            How::Unsigned { function, signed, if_negative } => {
                let compared = self.op(Op::Map(function), &[&prepared(0)?, &prepared(1)?])?;
                let negative = self.map(Function::Less, &[terms[signed].clone(), Term::Number(Number::Int(0))])?;
                let instead = Term::Number(Number::Bool(if_negative));
                self.map(Function::Select, &[Term::Tensor(negative), instead, Term::Tensor(compared)])
            }
        }
    }

    /// Two operands promoted and broadcast as for an addition, for the operation `name`.
    pub fn alike(&self, name: &'static str, terms: &[Term]) -> Result<[Tensor; 2], Slip> {
        let mut operands: SmallVec<[numpy::Operand; 2]> = SmallVec::new();
        let mut types: SmallVec<[&Type; 2]> = SmallVec::new();
        for term in terms {
            operands.push(match term {
                Term::Tensor(tensor) => {
                    let ty = self.ty(tensor)?;
                    types.push(ty);
                    numpy::Operand::Array(ty.dtype)
                }
                Term::Number(number) => weak(*number),
            });
        }
        let shape = numpy::broadcast_types(name, &types)?;
        let resolved = numpy::resolve(Function::Add, &operands)?;
        Ok([self.prepare(&terms[0], 0, &resolved, &shape)?, self.prepare(&terms[1], 1, &resolved, &shape)?])
    }

    /// Operand `k` in the dtype and the shape that the function takes.
    fn prepare(&self, term: &Term, k: usize, resolved: &Resolved, shape: &Shape) -> Result<Tensor, Slip> {
        match term {
            Term::Tensor(tensor) => {
                let cast = self.cast(tensor, resolved.casts[k])?;
                match numpy::broadcast_target(&self.ty(&cast)?.shape, shape) {
                    Some(target) => self.op(Op::Broadcast(target), &[&cast]),
                    None => Ok(cast),
                }
            }
            Term::Number(_) => {
                let value = resolved.constants[k].unwrap_or(Scalar::zero(resolved.casts[k]));
                self.full(value, shape)
            }
        }
    }
}

/// A host number as dtype rules see it.
pub(crate) fn weak(number: Number) -> numpy::Operand {
    match number {
        Number::Bool(value) => numpy::Operand::Bool(value),
        Number::Int(value) => numpy::Operand::Int(value),
        Number::Float(value) => numpy::Operand::Float(value),
    }
}
