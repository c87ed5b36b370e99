//! What a program is called with: arrays of the caller's, borrowed.

use crate::array::Array;
use crate::error::Result;
use fuseloom_runtime::Element;
use ndarray::{ArrayBase, Data, DataMut, Dimension, RawData};
use smallvec::SmallVec;

/// An array that is read, borrowed from the caller. Made of slices, `ndarray` views and [`Array`]s; nothing is copied.
pub use fuseloom_runtime::Input as In;
/// An array that is written, borrowed from the caller. Made of mutable slices and `ndarray` views.
pub use fuseloom_runtime::Output as Out;

/// An array that can be an input of a call.
///
/// ```
/// use fuseloom::prelude::*;
/// // Slices, vectors, `ndarray` arrays and views, `Array`s: all of them are borrowed.
/// let p = Program::new(|b| b.input("x", f64, 2) + b.input("y", f64, 2))?;
/// let (slice, view) = ([1.0, 2.0], ndarray::array![10.0, 20.0]);
/// assert_eq!(p.call_one(&(slice.as_slice(), view.view()))?.to_vec::<f64>()?, [11.0, 22.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait Argument {
    /// It, borrowed.
    ///
    /// # Errors
    /// None of its own; an [`Array`] whose memory was never written.
    fn as_input(&self) -> Result<In<'_>>;
}

/// An array that an output of a call can be written to.
///
/// ```
/// use fuseloom::prelude::*;
/// let p = Program::new(|b| b.input("x", f64, 2) * 2.0)?;
/// let mut twice = [0.0; 2];
/// p.call_into(&[[1.0, 2.0].as_slice()], &mut [twice.as_mut_slice()])?;
/// assert_eq!(twice, [2.0, 4.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait Destination {
    /// It, borrowed.
    fn as_output(&mut self) -> Out<'_>;
}

/// The inputs of a call: an array, slice, `Vec` or tuple of [`Argument`]s, or `()`.
///
/// ```
/// use fuseloom::prelude::*;
/// let p = Program::new(|b| b.input("x", f32, 2) + b.input("k", i32, 2))?;
/// // Of one type in an array; of several in a tuple.
/// assert_eq!(p.call_one(&(vec![0.5f32, 1.5], vec![1i32, 2]))?.to_vec::<f64>()?, [1.5, 3.5]);
/// # Ok::<(), Error>(())
/// ```
pub trait Arguments {
    /// Appends them in order.
    ///
    /// # Errors
    /// As [`Argument::as_input`].
    fn inputs<'a>(&'a self, list: &mut SmallVec<[In<'a>; 8]>) -> Result<()>;
}

/// The outputs of a call: an array, slice, `Vec` or tuple of [`Destination`]s, or `()`.
///
/// ```
/// use fuseloom::prelude::*;
/// let p = Program::new(|b| {
///     let x = b.input("x", f64, 3);
///     (x.sum(0), x.argmax(0))
/// })?;
/// let (mut sum, mut largest) = ([0.0f64], [0i64]);
/// let (sum_to, largest_to) = (ndarray::aview_mut1(&mut sum), ndarray::aview_mut1(&mut largest));
/// let shaped = (sum_to.remove_axis(ndarray::Axis(0)), largest_to.remove_axis(ndarray::Axis(0)));
/// let mut outputs = shaped;
/// p.call_into(&[[1.0, 5.0, 2.0].as_slice()], &mut outputs)?;
/// assert_eq!((sum, largest), ([8.0], [1]));
/// # Ok::<(), Error>(())
/// ```
pub trait Destinations {
    /// Appends them in order.
    fn outputs<'a>(&'a mut self, list: &mut SmallVec<[Out<'a>; 2]>);
}

impl Argument for In<'_> {
    fn as_input(&self) -> Result<In<'_>> {
        Ok(self.clone())
    }
}

impl Argument for Array {
    fn as_input(&self) -> Result<In<'_>> {
        Array::as_input(self)
    }
}

impl<A: Argument + ?Sized> Argument for &A {
    fn as_input(&self) -> Result<In<'_>> {
        (**self).as_input()
    }
}

impl<T: Element> Argument for [T] {
    fn as_input(&self) -> Result<In<'_>> {
        Ok(In::from(self))
    }
}

impl<T: Element> Argument for Vec<T> {
    fn as_input(&self) -> Result<In<'_>> {
        Ok(In::from(self.as_slice()))
    }
}

impl<S, D> Argument for ArrayBase<S, D>
where
    S: Data + RawData<Elem: Element>,
    D: Dimension,
{
    fn as_input(&self) -> Result<In<'_>> {
        Ok(In::from(self.view()))
    }
}

impl<T: Element> Destination for [T] {
    fn as_output(&mut self) -> Out<'_> {
        Out::from(self)
    }
}

impl<T: Element> Destination for Vec<T> {
    fn as_output(&mut self) -> Out<'_> {
        Out::from(self.as_mut_slice())
    }
}

impl<A: Destination + ?Sized> Destination for &mut A {
    fn as_output(&mut self) -> Out<'_> {
        (**self).as_output()
    }
}

impl<S, D> Destination for ArrayBase<S, D>
where
    S: DataMut + RawData<Elem: Element>,
    D: Dimension,
{
    fn as_output(&mut self) -> Out<'_> {
        Out::from(self.view_mut())
    }
}

impl<A: Argument> Arguments for [A] {
    fn inputs<'a>(&'a self, list: &mut SmallVec<[In<'a>; 8]>) -> Result<()> {
        self.iter().try_for_each(|argument| {
            list.push(argument.as_input()?);
            Ok(())
        })
    }
}

impl<A: Argument, const N: usize> Arguments for [A; N] {
    fn inputs<'a>(&'a self, list: &mut SmallVec<[In<'a>; 8]>) -> Result<()> {
        self.as_slice().inputs(list)
    }
}

impl<A: Argument> Arguments for Vec<A> {
    fn inputs<'a>(&'a self, list: &mut SmallVec<[In<'a>; 8]>) -> Result<()> {
        self.as_slice().inputs(list)
    }
}

impl<A: Destination> Destinations for [A] {
    fn outputs<'a>(&'a mut self, list: &mut SmallVec<[Out<'a>; 2]>) {
        list.extend(self.iter_mut().map(Destination::as_output));
    }
}

impl<A: Destination, const N: usize> Destinations for [A; N] {
    fn outputs<'a>(&'a mut self, list: &mut SmallVec<[Out<'a>; 2]>) {
        self.as_mut_slice().outputs(list);
    }
}

impl<A: Destination> Destinations for Vec<A> {
    fn outputs<'a>(&'a mut self, list: &mut SmallVec<[Out<'a>; 2]>) {
        self.as_mut_slice().outputs(list);
    }
}

impl Arguments for () {
    fn inputs<'a>(&'a self, _: &mut SmallVec<[In<'a>; 8]>) -> Result<()> {
        Ok(())
    }
}

impl Destinations for () {
    fn outputs<'a>(&'a mut self, _: &mut SmallVec<[Out<'a>; 2]>) {}
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {$(
        impl<$($name: Argument),*> Arguments for ($($name,)*) {
            fn inputs<'a>(&'a self, list: &mut SmallVec<[In<'a>; 8]>) -> Result<()> {
                #[expect(non_snake_case, reason = "a type parameter and its value share a name here")]
                let ($($name,)*) = self;
                $(list.push($name.as_input()?);)*
                Ok(())
            }
        }

        impl<$($name: Destination),*> Destinations for ($($name,)*) {
            fn outputs<'a>(&'a mut self, list: &mut SmallVec<[Out<'a>; 2]>) {
                #[expect(non_snake_case, reason = "a type parameter and its value share a name here")]
                let ($($name,)*) = self;
                $(list.push($name.as_output());)*
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
