//! A tensor: a cheap handle on what was recorded.

use fuseloom_engine::{Array, Error, Place, Result};
use fuseloom_graph::{Op, Type};
use fuseloom_lane::DType;
use smallvec::{SmallVec, smallvec};
use std::fmt;
use std::sync::Arc;

/// An array that is described, not computed: a handle to a node of a graph of operations.
///
/// Operators and methods record; [`Tensor::eval`] computes. A tensor is cheap to clone, `Send` and `Sync`, and generic over
/// neither element type nor rank. Names, broadcasting, promotion and axes are NumPy's.
///
/// Recording never fails and never panics: a mistake makes a tensor that carries it, with the line of the caller that made
/// it, through everything computed from it. [`Tensor::check`], [`Tensor::shape`], [`Tensor::eval`] and
/// [`Program::new`](crate::Program::new) return it.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![1.0f32, 2.0, 3.0, 4.0]).reshape((2, 2));
/// let z = (&x - x.mean(0)) / x.std(0);
/// assert_eq!(z.eval()?.to_vec::<f32>()?, [-1.0, -1.0, 1.0, 1.0]);
///
/// let wrong = (&x + zeros((3, 2), f32)).exp();
/// let message = wrong.check().unwrap_err().to_string();
/// assert!(message.starts_with("cannot add f32[2,2] and f32[3,2]: axis 0 is 2 against 3"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor(Arc<Node>);

/// What a tensor points to.
pub(crate) struct Node {
    pub(crate) source: Source,
    /// The operands; none of a mistake.
    pub(crate) inputs: SmallVec<[Tensor; 3]>,
    /// The types of the results, nearly always one; or the first mistake that led here.
    pub(crate) outcome: Result<SmallVec<[Type; 1]>, Arc<Error>>,
    pub(crate) place: Place,
}

/// Where a node's value comes from.
pub(crate) enum Source {
    /// An operation on the inputs.
    Op(Op),
    /// Data.
    Data(Array),
    /// An input of the program that is being built.
    Input {
        /// The program's number.
        program: u64,
        /// The input's name.
        name: Arc<str>,
    },
    /// Nowhere: a mistake.
    Nothing,
}

impl Tensor {
    pub(crate) fn from_node(node: Node) -> Tensor {
        Tensor(Arc::new(node))
    }

    /// A tensor that carries a mistake.
    pub(crate) fn poisoned(error: Arc<Error>, place: Place) -> Tensor {
        Tensor::from_node(Node { source: Source::Nothing, inputs: SmallVec::new(), outcome: Err(error), place })
    }

    pub(crate) fn data(array: Array, place: Place) -> Tensor {
        let shape = array.shape().iter().map(|&extent| extent.into()).collect();
        let outcome = Ok(smallvec![Type { dtype: array.dtype(), shape }]);
        Tensor::from_node(Node { source: Source::Data(array), inputs: SmallVec::new(), outcome, place })
    }

    pub(crate) fn node(&self) -> &Node {
        &self.0
    }

    /// The node's address: its identity.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// The types of all results.
    pub(crate) fn outcome(&self) -> Result<&SmallVec<[Type; 1]>, &Arc<Error>> {
        self.0.outcome.as_ref()
    }

    /// Its type.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!((ones((2, 3), f32) + 1).ty()?.to_string(), "f32[2,3]");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The first mistake that was made on the way here.
    pub fn ty(&self) -> Result<&Type> {
        match self.outcome() {
            Ok(types) => Ok(&types[0]),
            Err(error) => Err(Error::clone(error)),
        }
    }

    /// Whether everything on the way here was recorded without a mistake.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert!(ones(3, f32).exp().check().is_ok());
    /// assert!((ones(3, f32) + ones(4, f32)).exp().check().is_err());
    /// ```
    ///
    /// # Errors
    /// The first mistake: of two operands that carry one, the left one's.
    pub fn check(&self) -> Result<()> {
        self.ty().map(|_| ())
    }

    /// The extents of the axes. Extents that are named, or follow from named ones, are known only when a program is called:
    /// [`Tensor::ty`] shows them.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!((ones((4, 1), f32) + ones(3, f32)).shape()?, [4, 3]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The first mistake; an extent that is not a number.
    pub fn shape(&self) -> Result<Vec<usize>> {
        let ty = self.ty()?;
        let extents: Option<Vec<usize>> = ty.shape.iter().map(|dim| dim.fixed()).collect();
        extents.ok_or_else(|| Error::Setting {
            name: "shape".into(),
            message: format!("{ty} has extents that are known only when the program is called"),
        })
    }

    /// The element type.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!((ones(3, i32) + ones(3, f32)).dtype()?, f64); // as NumPy promotes
    /// assert_eq!((ones(3, f32) + 0.5).dtype()?, f32); // numbers are weak
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The first mistake.
    pub fn dtype(&self) -> Result<DType> {
        Ok(self.ty()?.dtype)
    }

    /// The number of axes.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(ones((2, 3, 4), f32).ndim()?, 3);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The first mistake.
    pub fn ndim(&self) -> Result<usize> {
        Ok(self.ty()?.rank())
    }

    /// Where it was recorded.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let sum = ones(3, f32) + 1;
    /// assert_eq!(sum.place().line(), line!() - 1);
    /// ```
    pub fn place(&self) -> Place {
        self.0.place.clone()
    }
}

/// Prints the type and the place, or the mistake; computes nothing.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ty() {
            Ok(ty) => write!(f, "Tensor({ty} from {})", self.place()),
            Err(error) => write!(f, "Tensor({error})"),
        }
    }
}

impl Drop for Node {
    /// Unlinks a long chain in a loop, where the drops of the fields would nest and overflow the stack.
    fn drop(&mut self) {
        let mut orphans = std::mem::take(&mut self.inputs);
        while let Some(tensor) = orphans.pop() {
            if let Some(mut node) = Arc::into_inner(tensor.0) {
                orphans.append(&mut node.inputs);
            }
        }
    }
}
