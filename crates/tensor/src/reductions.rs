//! Sums, extrema, statistics: what combines the elements along axes.

use crate::axes::Axes;
use crate::record::{Slip, record};
use crate::tensor::Tensor;
use crate::views::flattened;
use fuseloom_engine::Place;
use fuseloom_graph::{Dim, Op, Reduce, Shape, numpy, table};

// Each method has an example: elements `=>` the result and its type.
macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident = $reduce:ident, $elements:tt => $result:tt as $of:ident;)*) => {
        impl Tensor {
            $(
                $(#[$doc])*
                #[doc = concat!(
                    "\n```\nuse fuseloom::prelude::*;\nlet x = Tensor::from(", stringify!($elements), ");\n",
                    "assert_eq!(x.", stringify!($name), "(0).eval()?.item::<", stringify!($of), ">()?, ", stringify!($result),
                    ");\n# Ok::<(), Error>(())\n```"
                )]
                #[track_caller]
                pub fn $name(&self, axes: impl Into<Axes>) -> Tensor {
                    reduce(self, Reduce::$reduce, axes.into(), Place::caller())
                }
            )*
        }
    };
}

reductions! {
    /// The sum over axes; 0 of no elements. Small integers and bools accumulate in `i64` or `u64`.
    sum = Sum, [1.0, 2.0, 4.0] => 7.0 as f64;
    /// The product over axes; 1 of no elements. Small integers and bools accumulate in `i64` or `u64`.
    prod = Prod, [1.0, 2.0, 4.0] => 8.0 as f64;
    /// The largest over axes; a NaN wins. Of no elements it is an error.
    max = Max, [1.0, 9.0, 4.0] => 9.0 as f64;
    /// The smallest over axes; a NaN wins. Of no elements it is an error.
    min = Min, [3.0, 1.0, 4.0] => 1.0 as f64;
    /// Whether any element is nonzero.
    any = Any, [0.0, 0.0, 4.0] => true as bool;
    /// Whether all elements are nonzero.
    all = All, [0.0, 0.0, 4.0] => false as bool;
    /// How many elements are nonzero, as `i64`.
    count_nonzero = CountNonzero, [0.0, 2.0, 4.0] => 2 as i64;
    /// The arithmetic mean; of integers it is `f64`, of no elements NaN.
    mean = Mean, [1.0, 2.0, 6.0] => 3.0 as f64;
    /// The index of the first largest along one axis, or among all elements in C order for `..`; the first NaN wins.
    argmax = ArgMax, [1.0, 9.0, 4.0] => 1 as i64;
    /// The index of the first smallest along one axis, or among all elements in C order for `..`; the first NaN wins.
    argmin = ArgMin, [3.0, 2.0, 1.0] => 2 as i64;
}

impl Tensor {
    /// The variance, of the elements as a whole population.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 3.0]).var(0).eval()?.item::<f64>()?, 1.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn var(&self, axes: impl Into<Axes>) -> Tensor {
        reduce(self, Reduce::Var { ddof: 0 }, axes.into(), Place::caller())
    }

    /// The variance with a divisor of `n - ddof`: 1 for a sample.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 3.0]).var_ddof(0, 1).eval()?.item::<f64>()?, 2.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn var_ddof(&self, axes: impl Into<Axes>, ddof: i64) -> Tensor {
        reduce(self, Reduce::Var { ddof }, axes.into(), Place::caller())
    }

    /// The standard deviation, of the elements as a whole population.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 3.0]).std(0).eval()?.item::<f64>()?, 1.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn std(&self, axes: impl Into<Axes>) -> Tensor {
        reduce(self, Reduce::Std { ddof: 0 }, axes.into(), Place::caller())
    }

    /// The standard deviation with a divisor of `n - ddof`: 1 for a sample.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 3.0, 5.0]).std_ddof(0, 1).eval()?.item::<f64>()?, 2.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn std_ddof(&self, axes: impl Into<Axes>, ddof: i64) -> Tensor {
        reduce(self, Reduce::Std { ddof }, axes.into(), Place::caller())
    }
}

fn reduce(x: &Tensor, op: Reduce, axes: Axes, place: Place) -> Tensor {
    record(place, |r| {
        let name = table::reduce_row(op).name;
        let before = &r.ty(x)?.shape;
        // The index of an extremum is along one axis: of all elements, along the one they make.
        let all_at_once = matches!(op, Reduce::ArgMax | Reduce::ArgMin) && axes.list.is_none();
        let source = if all_at_once { flattened(r, x)? } else { x.clone() };
        let ty = r.ty(&source)?;
        let along = numpy::reduction_axes(name, axes.list.as_deref(), ty.rank())?;
        let source = r.cast(&source, numpy::reduce_input(op, ty.dtype)?)?;
        let reduced = r.op(Op::Reduce { op, axes: along.clone() }, &[&source])?;
        if !axes.keep {
            return Ok::<Tensor, Slip>(reduced);
        }
        let gone = |k: usize| all_at_once || along.contains(&k);
        let shape: Shape = (0..before.len()).map(|k| if gone(k) { Dim::Fixed(1) } else { before[k].clone() }).collect();
        r.reshape(&reduced, shape)
    })
}
