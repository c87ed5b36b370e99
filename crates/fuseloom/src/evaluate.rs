//! Computing tensors.

use crate::lower::{Lowered, lower};
use crate::outside::locate;
use crate::pipeline::prepare;
use crate::run::{Watched, layouts};
use crate::tensor::Source;
use crate::{Array, Error, Explain, Options, Result, Tensor};
use smallvec::SmallVec;

impl Tensor {
    /// Computes the tensor. Compiling is cached by structure: the same expression on other data compiles nothing.
    ///
    /// The value is not kept: evaluating again computes again.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32, 4.0, 9.0]);
    /// assert_eq!((x.sqrt() + 1.0).eval()?.to_vec::<f32>()?, [2.0, 3.0, 4.0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The first mistake on the way here; an input of a program, which has no value outside it; an index out of range; no memory.
    pub fn eval(&self) -> Result<Array> {
        self.eval_with(&Options::default())
    }

    /// [`Tensor::eval`] with options.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0, 2.0, 3.0]);
    /// let eager = Options::new().fusion(false).threads(1);
    /// assert_eq!((&x * 2.0 - 1.0).eval_with(&eager)?.to_vec::<f64>()?, [1.0, 3.0, 5.0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::eval`]; an option that makes no sense; more memory than it allows.
    pub fn eval_with(&self, options: &Options) -> Result<Array> {
        Ok(eval_all_with(std::slice::from_ref(self), options)?.swap_remove(0))
    }

    /// What will run when it is evaluated, and why; computes nothing. A mistake on the way here is what it then shows.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32; 8000]).reshape((1000, 8));
    /// let plan = (&x - x.mean(0)).explain().to_string();
    /// assert!(plan.contains("kernel k0, reads 32000 bytes") && plan.contains("\ndecisions\n"));
    /// ```
    pub fn explain(&self) -> Explain {
        self.explain_with(&Options::default())
    }

    /// [`Tensor::explain`] with options.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32; 1000]);
    /// let eager = (&x * 2.0 + 1.0).explain_with(&Options::new().fusion(false));
    /// assert_eq!(eager.kernels()?, 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn explain_with(&self, options: &Options) -> Explain {
        explain_all_with(std::slice::from_ref(self), options)
    }
}

/// Computes several tensors at once: what they share is computed once, and they may share kernels.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = arange(0, 4, 1);
/// let all = eval_all(&[x.sum(..), x.max(..)])?;
/// assert_eq!((all[0].item::<i64>()?, all[1].item::<i64>()?), (6, 3));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`Tensor::eval`], of the first tensor that has one.
pub fn eval_all(tensors: &[Tensor]) -> Result<Vec<Array>> {
    eval_all_with(tensors, &Options::default())
}

/// [`eval_all`] with options.
///
/// ```
/// use fuseloom::{eval_all_with, prelude::*};
/// let x = arange(0, 4, 1);
/// let all = eval_all_with(&[x.sum(..), x.max(..)], &Options::new().threads(1))?;
/// assert_eq!(all.len(), 2);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`Tensor::eval_with`].
pub fn eval_all_with(tensors: &[Tensor], options: &Options) -> Result<Vec<Array>> {
    // Data is computed already.
    let given = |tensor: &Tensor| match &tensor.node().source {
        Source::Data(array) => Some(array.clone()),
        Source::Op(_) | Source::Input { .. } | Source::Nothing => None,
    };
    let given: Vec<Option<Array>> = tensors.iter().map(given).collect();
    let wanted: Vec<Tensor> =
        tensors.iter().zip(&given).filter(|(_, given)| given.is_none()).map(|(tensor, _)| tensor.clone()).collect();
    let mut computed = if wanted.is_empty() { Vec::new() } else { compute(&wanted, options)? }.into_iter();
    let missing = || Error::Internal { stage: "eval", message: "an output is missing".into() };
    given.into_iter().map(|given| given.or_else(|| computed.next()).ok_or_else(missing)).collect()
}

/// What will run when these tensors are evaluated at once, and why; computes nothing.
///
/// ```
/// use fuseloom::{explain_all_with, prelude::*};
/// let x = Tensor::from(vec![1.0f32; 5000]).reshape((100, 50));
/// // Both run over all of x, so one kernel reads it once.
/// let explain = explain_all_with(&[x.sum(1), x.max(1)], &Options::new());
/// assert_eq!(explain.kernels()?, 1);
/// # Ok::<(), Error>(())
/// ```
pub fn explain_all_with(tensors: &[Tensor], options: &Options) -> Explain {
    let explain = |lowered: Lowered| {
        let inputs = lowered.data.iter().map(Array::as_input).collect::<Result<SmallVec<[_; 8]>>>()?;
        let explain = prepare(&lowered, options)?.explain(&lowered.places, Some(layouts(&inputs)?));
        Ok(explain.with_tensors(lowered.visited))
    };
    lower(tensors, 0, Lowered::default()).and_then(explain).unwrap_or_else(|error| Explain::of(Err(error)))
}

fn compute(tensors: &[Tensor], options: &Options) -> Result<Vec<Array>> {
    let lowered = lower(tensors, 0, Lowered::default())?;
    let prepared = prepare(&lowered, options)?;
    let inputs = lowered.data.iter().map(Array::as_input).collect::<Result<SmallVec<[_; 8]>>>()?;
    prepared.call(&inputs).map_err(|error| locate(error, &prepared, &lowered.places, &inputs))
}

/// Calls with a tensor bound to its data, to be watched.
pub(crate) fn with_watched<R>(tensor: &Tensor, use_it: impl FnOnce(Watched<'_>) -> Result<R>) -> Result<R> {
    let lowered = lower(std::slice::from_ref(tensor), 0, Lowered::default())?;
    let prepared = prepare(&lowered, &Options::default())?;
    let inputs = lowered.data.iter().map(Array::as_input).collect::<Result<SmallVec<[_; 8]>>>()?;
    use_it(Watched::new(&prepared, &lowered.places, inputs)?)
}
