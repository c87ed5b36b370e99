//! Functions of each element.

use crate::operand::Operand;
use crate::record::{record, record_map};
use crate::tensor::Tensor;
use fuseloom_engine::Place;
use fuseloom_lane::{DType, Function, functions};

// The methods are in the table of functions, each with an example.
macro_rules! methods {
    ($($function:ident $text:literal $doc:literal = $row:expr $(,
        $name:ident($($parameter:ident),*): $of:ident $x:tt $others:tt => $results:tt)?;)*
    ) => {
        impl Tensor {
            $($(
                #[doc = concat!(
                    "`x.", stringify!($name), "(", stringify!($($parameter),*), ")`: ", $doc, ".\n\n",
                    "```\nuse fuseloom::prelude::*;\nlet x = Tensor::from(", stringify!($x), ");\n",
                    "assert_eq!(x.", stringify!($name), stringify!($others), ".eval()?.to_vec::<", stringify!($of),
                    ">()?, ", stringify!($results), ");\n# Ok::<(), Error>(())\n```"
                )]
                #[track_caller]
                pub fn $name(&self, $($parameter: impl Operand),*) -> Tensor {
                    record_map(Function::$function, &[self.operand(), $($parameter.operand()),*], Place::caller())
                }
            )?)*
        }
    };
}

functions!(methods);

impl Tensor {
    /// The same as [`Tensor::power`]. The literal exponents -1, 0.5, 1 and 2 record `reciprocal`, `sqrt`, the tensor itself
    /// and `square`.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![2.0, 4.0]);
    /// assert_eq!(x.pow(-1.0).eval()?.to_vec::<f64>()?, [0.5, 0.25]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn pow(&self, exponent: impl Operand) -> Tensor {
        self.power(exponent)
    }

    /// Converted to another dtype. Float to integer saturates, and NaN becomes 0; to bool is `x != 0`.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.9, -2.5, 1e30, f64::NAN]);
    /// assert_eq!(x.cast(i32).eval()?.to_vec::<i32>()?, [1, -2, i32::MAX, 0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Tensor {
        record(Place::caller(), |r| r.cast(self, dtype))
    }

    /// The same as [`Tensor::cast`], under NumPy's name.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 3, 1).astype(f32).eval()?.to_vec::<f32>()?, [0.0, 1.0, 2.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn astype(&self, dtype: DType) -> Tensor {
        self.cast(dtype)
    }

    /// [`Tensor::floor_divide`] and [`Tensor::remainder`] in one.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let (quotient, rest) = Tensor::from(vec![7, -7]).divmod(3);
    /// assert_eq!((quotient.eval()?.to_vec::<i32>()?, rest.eval()?.to_vec::<i32>()?), (vec![2, -3], vec![1, 2]));
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn divmod(&self, divisor: impl Operand) -> (Tensor, Tensor) {
        let place = Place::caller();
        let terms = [self.operand(), divisor.operand()];
        // Each half is what the whole records; the optimizer computes them together.
        (record_map(Function::FloorDivide, &terms, place.clone()), record_map(Function::Remainder, &terms, place))
    }
}

/// `yes` where `condition` is nonzero, `no` elsewhere: NumPy's `where`, whose name Rust has taken.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![-1.0f32, 2.0]);
/// assert_eq!(where_(x.lt(0.0), 0.0, &x).eval()?.to_vec::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn where_(condition: impl Operand, yes: impl Operand, no: impl Operand) -> Tensor {
    record_map(Function::Select, &[condition.operand(), yes.operand(), no.operand()], Place::caller())
}

/// The larger of two; a NaN wins.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![1.0, 5.0]);
/// assert_eq!(maximum(&x, 2.0).eval()?.to_vec::<f64>()?, [2.0, 5.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn maximum(left: impl Operand, right: impl Operand) -> Tensor {
    record_map(Function::Maximum, &[left.operand(), right.operand()], Place::caller())
}

/// The smaller of two; a NaN wins.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![1.0, 5.0]);
/// assert_eq!(minimum(3.0, &x).eval()?.to_vec::<f64>()?, [1.0, 3.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn minimum(left: impl Operand, right: impl Operand) -> Tensor {
    record_map(Function::Minimum, &[left.operand(), right.operand()], Place::caller())
}
