//! Computing tensors.

use crate::lower::{Lowered, lower};
use crate::tensor::{Source, Tensor};
use fuseloom_engine::{Array, Error, Options, Result, Watched, layouts};
use fuseloom_explain::{Explain, Named, Profile, explain, mistaken, profile};
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

    /// Evaluates the tensor several times and measures each step, as [`Program::profile`](crate::Program::profile).
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32; 100_000]).reshape((1000, 100));
    /// let profile = (&x - x.mean(0)).profile()?;
    /// assert!(profile.milliseconds() > 0.0);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::eval`]; programs are interpreted here.
    pub fn profile(&self) -> Result<Profile> {
        let lowered = lower(std::slice::from_ref(self), 0, Lowered::default())?;
        let prepared = lowered.prepare(&Options::default())?;
        let mut inputs = SmallVec::new();
        lowered.complete(&mut inputs)?;
        profile(&Watched::new(&prepared, &lowered.places, inputs)?)
    }
}

impl<'a> From<&'a Tensor> for Named<'a> {
    fn from(tensor: &'a Tensor) -> Named<'a> {
        Named::Recorded(tensor.address())
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
    let explained = |lowered: Lowered| {
        let mut inputs = SmallVec::new();
        lowered.complete(&mut inputs)?;
        let layouts = layouts(&inputs)?;
        Ok(explain(&lowered.prepare(options)?, &lowered.places, lowered.values.clone(), Some(layouts)))
    };
    lower(tensors, 0, Lowered::default()).and_then(explained).unwrap_or_else(mistaken)
}

fn compute(tensors: &[Tensor], options: &Options) -> Result<Vec<Array>> {
    let lowered = lower(tensors, 0, Lowered::default())?;
    let prepared = lowered.prepare(options)?;
    let mut inputs = SmallVec::new();
    lowered.complete(&mut inputs)?;
    prepared.call(&lowered.places, &inputs)
}
