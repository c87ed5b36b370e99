//! Evaluating text on arrays, as numexpr does.

use crate::expression::Expression;
use fuseloom_engine::{Argument, Array, Error, In, Options, Recent, Result};
use fuseloom_graph::Type;
use fuseloom_lane::DType;
use fuseloom_tensor::Program;
use smallvec::SmallVec;
use std::sync::{Arc, OnceLock};

/// Evaluated texts that are kept compiled.
const KEPT: usize = 256;

/// Arrays with their names: an array, slice or `Vec` of pairs, or a tuple of pairs where the arrays are of several types.
///
/// ```
/// use fuseloom::evaluate;
/// let (x, k) = (vec![1.0f64, 2.0], vec![3i64, 4]);
/// // Of one type in an array, of several in a tuple, of one input the pair itself in an array.
/// assert_eq!(evaluate("x.sum()", &[("x", &x)])?.item::<f64>()?, 3.0);
/// assert_eq!(evaluate("x * k", &(("x", &x), ("k", &k)))?.to_vec::<f64>()?, [3.0, 8.0]);
/// # Ok::<(), fuseloom::Error>(())
/// ```
pub trait NamedInputs {
    /// The names and the arrays, borrowed.
    ///
    /// # Errors
    /// As [`Argument::as_input`].
    fn named(&self) -> Result<SmallVec<[(&str, In<'_>); 4]>>;
}

impl<N: AsRef<str>, A: Argument> NamedInputs for [(N, A)] {
    fn named(&self) -> Result<SmallVec<[(&str, In<'_>); 4]>> {
        self.iter().map(|(name, array)| Ok((name.as_ref(), array.as_input()?))).collect()
    }
}

impl<N: AsRef<str>, A: Argument, const COUNT: usize> NamedInputs for [(N, A); COUNT] {
    fn named(&self) -> Result<SmallVec<[(&str, In<'_>); 4]>> {
        self.as_slice().named()
    }
}

impl<N: AsRef<str>, A: Argument> NamedInputs for Vec<(N, A)> {
    fn named(&self) -> Result<SmallVec<[(&str, In<'_>); 4]>> {
        self.as_slice().named()
    }
}

impl<I: NamedInputs + ?Sized> NamedInputs for &I {
    fn named(&self) -> Result<SmallVec<[(&str, In<'_>); 4]>> {
        (**self).named()
    }
}

impl NamedInputs for () {
    fn named(&self) -> Result<SmallVec<[(&str, In<'_>); 4]>> {
        Ok(SmallVec::new())
    }
}

macro_rules! tuples {
    ($($($array:ident)*;)*) => {$(
        impl<$($array: Argument),*> NamedInputs for ($((&str, $array),)*) {
            fn named(&self) -> Result<SmallVec<[(&str, In<'_>); 4]>> {
                #[expect(non_snake_case, reason = "a type parameter and its value share a name here")]
                let ($($array,)*) = self;
                let mut list = SmallVec::new();
                $(list.push(($array.0, $array.1.as_input()?));)*
                Ok(list)
            }
        }
    )*};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

/// A text compiled for arrays of some types.
#[derive(Debug)]
struct Evaluated {
    text: String,
    options: Options,
    /// Of everything given, in that order.
    inputs: Vec<(String, DType, Vec<usize>)>,
    /// Which of them the program takes, in its order.
    used: Vec<usize>,
    program: Program,
}

impl Evaluated {
    fn fits(&self, text: &str, inputs: &[(&str, In<'_>)], options: &Options) -> bool {
        let same = |((name, dtype, shape), (given, array)): (&(String, DType, Vec<usize>), &(&str, In<'_>))| {
            name == given && *dtype == array.dtype() && shape == array.shape()
        };
        self.inputs.len() == inputs.len()
            && self.text == text
            && self.inputs.iter().zip(inputs).all(same)
            && self.options == *options
    }

    fn new(text: &str, inputs: &[(&str, In<'_>)], options: &Options) -> Result<Evaluated> {
        let ty = |array: &In<'_>| Type::new(array.dtype(), array.shape().iter().copied());
        let types: Vec<(&str, Type)> = inputs.iter().map(|(name, array)| (*name, ty(array))).collect();
        let program = Expression::parse(text)?.program(&types, options)?;
        let position = |name: &str| inputs.iter().position(|(given, _)| *given == name);
        let used = program.inputs().iter().filter_map(|(name, _)| position(name)).collect();
        let inputs = inputs.iter().map(|(name, array)| (name.to_string(), array.dtype(), array.shape().to_vec()));
        Ok(Evaluated { text: text.into(), options: options.clone(), inputs: inputs.collect(), used, program })
    }
}

/// Evaluates text in NumPy's syntax ([`Expression`]) on arrays: numexpr's `evaluate`, with all of NumPy's broadcasting,
/// reductions and slices.
///
/// A text that was evaluated lately on arrays of the same names, dtypes and shapes is neither parsed nor compiled again.
///
/// ```
/// use fuseloom::evaluate;
///
/// let (a, b) = (vec![1.0f64, 2.0], vec![10.0, 20.0]);
/// let out = evaluate("a*b + 1", &[("a", &a), ("b", &b)])?;
/// assert_eq!(out.to_vec::<f64>()?, [11.0, 41.0]);
///
/// // Of several types: a tuple of pairs.
/// let indices = vec![1i64, 0];
/// let out = evaluate("np.where(i == 0, -a, a[i])", &(("a", &a), ("i", &indices)))?;
/// assert_eq!(out.to_vec::<f64>()?, [2.0, -2.0]);
/// # Ok::<(), fuseloom::Error>(())
/// ```
///
/// # Errors
/// A mistake in the text, with its column; a text of several results; what [`Program::call`] refuses.
pub fn evaluate(text: &str, inputs: &(impl NamedInputs + ?Sized)) -> Result<Array> {
    evaluate_with(text, inputs, &Options::default())
}

/// [`evaluate`] with options.
///
/// ```
/// use fuseloom::{Options, evaluate_with};
/// let x = vec![1.0f64, 2.0];
/// let options = Options::new().threads(1).memory_limit(1 << 20);
/// assert_eq!(evaluate_with("x**2", &[("x", &x)], &options)?.to_vec::<f64>()?, [1.0, 4.0]);
/// # Ok::<(), fuseloom::Error>(())
/// ```
///
/// # Errors
/// As [`evaluate`]; an option that makes no sense.
pub fn evaluate_with(text: &str, inputs: &(impl NamedInputs + ?Sized), options: &Options) -> Result<Array> {
    let mut results = evaluate_all(text, inputs, options)?;
    match (results.pop(), results.len()) {
        (Some(only), 0) => Ok(only),
        (_, others) => Err(Error::Count {
            what: "result",
            names: "evaluate_all gives several".into(),
            expected: 1,
            given: others + 1,
        }),
    }
}

/// Evaluates a text of several results, `x.min(0), x.max(0)`, and gives them in order.
///
/// ```
/// use fuseloom::{Options, evaluate_all};
/// let x = vec![3.0f64, 1.0, 2.0];
/// let both = evaluate_all("x.min(), x.max()", &[("x", &x)], &Options::new())?;
/// assert_eq!((both[0].item::<f64>()?, both[1].item::<f64>()?), (1.0, 3.0));
/// # Ok::<(), fuseloom::Error>(())
/// ```
///
/// # Errors
/// As [`evaluate_with`], however many results there are.
pub fn evaluate_all(text: &str, inputs: &(impl NamedInputs + ?Sized), options: &Options) -> Result<Vec<Array>> {
    static CACHE: OnceLock<Recent<Evaluated>> = OnceLock::new();
    let cache = CACHE.get_or_init(|| Recent::new(KEPT));
    let inputs = inputs.named()?;
    let evaluated = match cache.find(|entry| entry.fits(text, &inputs, options)) {
        Some(evaluated) => evaluated,
        None => {
            let evaluated = Arc::new(Evaluated::new(text, &inputs, options)?);
            cache.insert(Arc::clone(&evaluated));
            evaluated
        }
    };
    let arguments: SmallVec<[In<'_>; 4]> = evaluated.used.iter().map(|k| inputs[*k].1.clone()).collect();
    evaluated.program.call(arguments.as_slice())
}
