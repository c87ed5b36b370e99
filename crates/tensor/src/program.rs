//! Programs: compiled once, called with any arrays that fit.

use crate::lower::{Lowered, lower};
use crate::shapes::IntoShape;
use crate::tensor::{Node, Source, Tensor};
use fuseloom_engine::{
    Arguments, Array, Destinations, Error, In, Options, Out, Place, Prepared, Result, Stats, Watched, operation,
};
use fuseloom_explain::{Explain, Profile, explain, profile};
use fuseloom_graph::{Graph, Type, parse, verify};
use fuseloom_lane::DType;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A computation with named inputs, compiled once for each structure of sizes and memory layout it meets, and called as often
/// as one likes, from any thread.
///
/// An extent of an input may be a name; it is then whatever the arrays of a call have there, the same in all inputs.
///
/// ```
/// use fuseloom::prelude::*;
/// let center = Program::new(|b| {
///     let x = b.input("x", f64, ("n", 2));
///     &x - x.mean(0)
/// })?;
/// let points = ndarray::array![[1.0, 10.0], [3.0, 30.0]];
/// let out = center.call_one(&[points.view()])?;
/// assert_eq!(out.view::<f64>()?, ndarray::array![[-1.0, -10.0], [1.0, 10.0]].into_dyn());
///
/// // Into memory of the caller's; nothing is allocated for the result.
/// let mut here = ndarray::Array2::<f64>::zeros((2, 2));
/// center.call_into(&[points.view()], &mut [here.view_mut()])?;
/// assert_eq!(here[[0, 1]], -10.0);
/// # Ok::<(), Error>(())
/// ```
pub struct Program {
    lowered: Lowered,
    prepared: Arc<Prepared>,
}

/// Where a program that is being built declares its inputs.
///
/// ```
/// use fuseloom::prelude::*;
/// let scaled = Program::new(|inputs| inputs.input("x", f32, "n") * inputs.input("factor", f32, ()))?;
/// assert_eq!(scaled.inputs().len(), 2);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Inputs {
    program: u64,
    declared: Lowered,
    mistake: Option<Error>,
}

impl Inputs {
    fn new() -> Inputs {
        static PROGRAMS: AtomicU64 = AtomicU64::new(1);
        let program = PROGRAMS.fetch_add(1, Ordering::Relaxed);
        Inputs { program, declared: Lowered::default(), mistake: None }
    }

    /// Declares the next input: an array of this dtype and shape. The name is letters, digits and `_`.
    ///
    /// A mistake comes back from [`Program::new`], even if the tensor is not used.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// // Extents are numbers and names; the same name is the same extent in all inputs.
    /// let p = Program::new(|b| b.input("x", f32, ("n", 3)).matmul(&b.input("v", f32, 3)) + b.input("y", f32, "n"))?;
    /// assert_eq!(p.outputs()[0].to_string(), "f32[n]");
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn input(&mut self, name: &str, dtype: DType, shape: impl IntoShape) -> Tensor {
        let place = Place::caller();
        let ty = Type { dtype, shape: shape.into_shape().into() };
        match self.declared.graph.input(name, ty.clone()) {
            Ok(id) => {
                self.declared.places.add(id, &place);
                let source = Source::Input { program: self.program, name: name.into() };
                Tensor::from_node(Node { source, inputs: SmallVec::new(), outcome: Ok(smallvec![ty]), place })
            }
            Err(mistake) => {
                let error = operation(&mistake, place.clone());
                self.mistake.get_or_insert(error.clone());
                Tensor::poisoned(Arc::new(error), place)
            }
        }
    }
}

/// What a program gives: a tensor, or a tuple, array or `Vec` of tensors.
///
/// ```
/// use fuseloom::prelude::*;
/// let moments = Program::new(|b| {
///     let x = b.input("x", f64, "n");
///     (x.mean(0), x.var(0))
/// })?;
/// assert_eq!(moments.outputs().len(), 2);
/// # Ok::<(), Error>(())
/// ```
pub trait Outputs {
    /// The tensors in order.
    fn tensors(self) -> Vec<Tensor>;
}

impl Outputs for Tensor {
    fn tensors(self) -> Vec<Tensor> {
        vec![self]
    }
}

impl Outputs for &Tensor {
    fn tensors(self) -> Vec<Tensor> {
        vec![self.clone()]
    }
}

impl Outputs for Vec<Tensor> {
    fn tensors(self) -> Vec<Tensor> {
        self
    }
}

impl<const N: usize> Outputs for [Tensor; N] {
    fn tensors(self) -> Vec<Tensor> {
        self.into()
    }
}

macro_rules! outputs_of_tuples {
    ($($($name:ident)*;)*) => {$(
        impl<$($name: Outputs),*> Outputs for ($($name,)*) {
            fn tensors(self) -> Vec<Tensor> {
                #[expect(non_snake_case, reason = "a type parameter and its value share a name here")]
                let ($($name,)*) = self;
                let mut all = Vec::new();
                $(all.extend($name.tensors());)*
                all
            }
        }
    )*};
}

outputs_of_tuples! {
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}

impl Program {
    /// Builds a program: the closure declares the inputs and gives the outputs. Tensors of data that it uses are kept and used in
    /// every call.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let double = Program::new(|b| b.input("x", f64, "n") * 2.0)?;
    /// assert_eq!(double.call_one(&[[1.0, 2.0].as_slice()])?.to_vec::<f64>()?, [2.0, 4.0]);
    /// assert!(Program::new(|b| b.input("x", f64, 3) + b.input("y", f64, 4)).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The first mistake in an input or on the way to an output; an input of another program among the operands.
    pub fn new<O: Outputs>(build: impl FnOnce(&mut Inputs) -> O) -> Result<Program> {
        Program::with_options(&Options::default(), build)
    }

    /// As [`Program::new`], with options.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let one_thread = Options::new().threads(1);
    /// let p = Program::with_options(&one_thread, |b| b.input("x", f64, "n").sum(0))?;
    /// assert_eq!(p.call_one(&[[1.0, 2.0].as_slice()])?.item::<f64>()?, 3.0);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::new`]; an option that makes no sense.
    pub fn with_options<O: Outputs>(options: &Options, build: impl FnOnce(&mut Inputs) -> O) -> Result<Program> {
        let mut inputs = Inputs::new();
        let outputs = build(&mut inputs).tensors();
        if let Some(mistake) = inputs.mistake {
            return Err(mistake);
        }
        Program::from_lowered(lower(&outputs, inputs.program, inputs.declared)?, options)
    }

    /// A program of a graph as it is. Its inputs are the program's, in the order they were declared.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let graph = fuseloom::graph::parse("graph(%x x: f64[n])\n  %y = exp %x\n  return %y\n")?;
    /// let p = Program::from_graph(graph, &Options::new())?;
    /// assert_eq!(p.call_one(&[[0.0].as_slice()])?.to_vec::<f64>()?, [1.0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The graph does not verify; an option that makes no sense.
    pub fn from_graph(graph: Graph, options: &Options) -> Result<Program> {
        verify(&graph).map_err(|error| Error::Graph { message: error.to_string() })?;
        Program::from_lowered(Lowered { graph, ..Lowered::default() }, options)
    }

    /// A program of the text of a graph ([`graph::text`](fuseloom_graph::text) says how it is written).
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Program::parse("graph(%x x: f64[n])\n  %y = neg %x\n  return %y\n", &Options::new())?;
    /// assert_eq!(p.call_one(&[[1.0, 2.0].as_slice()])?.to_vec::<f64>()?, [-1.0, -2.0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The text is no graph: with line and column; an option that makes no sense.
    pub fn parse(text: &str, options: &Options) -> Result<Program> {
        Program::from_graph(parse(text)?, options)
    }

    fn from_lowered(lowered: Lowered, options: &Options) -> Result<Program> {
        let prepared = lowered.prepare(options)?;
        Ok(Program { lowered, prepared })
    }

    /// The graph as it was recorded.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Program::new(|b| b.input("x", f64, "n").exp())?;
    /// assert!(fuseloom::graph::print(p.graph()).contains("exp"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn graph(&self) -> &Graph {
        &self.lowered.graph
    }

    /// The names and types of the inputs, in order.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Program::new(|b| b.input("x", f64, ("n", 3)).sum(0))?;
    /// let (name, ty) = p.inputs()[0];
    /// assert_eq!((name, ty.to_string().as_str()), ("x", "f64[n,3]"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn inputs(&self) -> Vec<(&str, &Type)> {
        self.prepared.declared(self.declared()).collect()
    }

    /// The types of the outputs, in order.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Program::new(|b| b.input("x", f64, ("n", 3)).sum(1))?;
    /// assert_eq!(p.outputs()[0].to_string(), "f64[n]");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn outputs(&self) -> Vec<&Type> {
        self.lowered.graph.outputs().iter().map(|id| self.lowered.graph.ty(*id)).collect()
    }

    /// How many inputs a call gives; data follows them.
    fn declared(&self) -> usize {
        self.lowered.graph.inputs().len() - self.lowered.data.len()
    }

    /// Calls the program and gives its outputs.
    ///
    /// The inputs are an array, slice, `Vec` or tuple of anything that is an [`Argument`](fuseloom_engine::Argument): `ndarray` arrays and
    /// views, slices, [`Array`]s. They are borrowed, in any memory order.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Program::new(|b| {
    ///     let x = b.input("x", f64, "n");
    ///     (x.min(0), x.max(0))
    /// })?;
    /// let both = p.call(&[[3.0, 1.0, 2.0].as_slice()])?;
    /// assert_eq!((both[0].item::<f64>()?, both[1].item::<f64>()?), (1.0, 3.0));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The wrong number of inputs; one of another dtype or of a shape that does not fit; sizes that do not agree; more memory than
    /// allowed; an index out of range.
    pub fn call<A: Arguments + ?Sized>(&self, inputs: &A) -> Result<Vec<Array>> {
        let mut list: SmallVec<[In<'_>; 8]> = SmallVec::new();
        inputs.inputs(&mut list)?;
        self.complete(&mut list)?;
        self.prepared.call(&self.lowered.places, &list)
    }

    /// [`Program::call`] of a program with one output.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let dot = Program::new(|b| b.input("x", f64, "n").dot(&b.input("y", f64, "n")))?;
    /// assert_eq!(dot.call_one(&[[1.0, 2.0].as_slice(), &[3.0, 4.0]])?.item::<f64>()?, 11.0);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::call`]; the program has another number of outputs.
    pub fn call_one<A: Arguments + ?Sized>(&self, inputs: &A) -> Result<Array> {
        if self.lowered.graph.outputs().len() != 1 {
            return Err(Error::Count {
                what: "outputs",
                names: self.outputs().iter().map(|ty| ty.to_string()).collect::<Vec<_>>().join(", "),
                expected: self.lowered.graph.outputs().len(),
                given: 1,
            });
        }
        Ok(self.call(inputs)?.swap_remove(0))
    }

    /// Calls the program and writes its outputs into memory of the caller's, in any memory order.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let turn = Program::new(|b| b.input("x", f64, ("n", "m")).t() * 1.0)?;
    /// let x = ndarray::array![[1.0, 2.0, 3.0]];
    /// let mut column = ndarray::Array2::<f64>::zeros((3, 1));
    /// turn.call_into(&[x.view()], &mut [column.view_mut()])?;
    /// assert_eq!(column, ndarray::array![[1.0], [2.0], [3.0]]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::call`], of the outputs too. The outputs' contents are unspecified after an error that comes while running.
    pub fn call_into<A, D>(&self, inputs: &A, outputs: &mut D) -> Result<()>
    where
        A: Arguments + ?Sized,
        D: Destinations + ?Sized,
    {
        let mut list: SmallVec<[In<'_>; 8]> = SmallVec::new();
        inputs.inputs(&mut list)?;
        self.complete(&mut list)?;
        let mut into: SmallVec<[Out<'_>; 2]> = SmallVec::new();
        outputs.outputs(&mut into);
        self.prepared.call_into(&self.lowered.places, &list, &mut into)
    }

    /// Checks the number of inputs and adds the data.
    fn complete<'a>(&'a self, list: &mut SmallVec<[In<'a>; 8]>) -> Result<()> {
        let expected = self.declared();
        if list.len() != expected {
            let names: Vec<&str> = self.prepared.declared(expected).map(|(name, _)| name).collect();
            return Err(Error::Count { what: "inputs", names: names.join(", "), expected, given: list.len() });
        }
        self.lowered.complete(list)
    }

    /// What will run, and why, for inputs in C order and of any large size.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Program::new(|b| b.input("x", f32, ("n", 256)).exp().sum(-1))?;
    /// p.explain().assert_kernels(1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn explain(&self) -> Explain {
        explain(&self.prepared, &self.lowered.places, self.lowered.values.clone(), None)
    }

    /// Runs the program several times on these inputs and measures each step. A run that is not profiled pays nothing for this.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Program::new(|b| b.input("x", f64, ("n", 64)).exp().sum(-1))?;
    /// let x = ndarray::Array2::<f64>::zeros((1000, 64));
    /// let profile = p.profile(&[x.view()])?;
    /// assert_eq!(profile.steps()[0].bytes, 1000 * 64 * 8 + 1000 * 8);
    /// println!("{profile}");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::call`]; programs are interpreted here, so that there are no kernels to measure.
    pub fn profile<A: Arguments + ?Sized>(&self, inputs: &A) -> Result<Profile> {
        let mut list: SmallVec<[In<'_>; 8]> = SmallVec::new();
        inputs.inputs(&mut list)?;
        self.complete(&mut list)?;
        profile(&Watched::new(&self.prepared, &self.lowered.places, list)?)
    }

    /// What was compiled and run so far of this program, and of others of the same graph and options.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let p = Program::new(|b| b.input("x", f64, "n") * 2.0)?;
    /// p.call_one(&[[1.0, 2.0].as_slice()])?;
    /// p.call_one(&[[1.0, 2.0, 3.0].as_slice()])?;
    /// assert_eq!(p.stats().plans, 1); // the same serves both sizes
    /// # Ok::<(), Error>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.prepared.stats()
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inputs: Vec<String> = self.inputs().iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        let outputs: Vec<String> = self.outputs().iter().map(|ty| ty.to_string()).collect();
        write!(f, "Program({} -> {})", inputs.join(", "), outputs.join(", "))
    }
}
