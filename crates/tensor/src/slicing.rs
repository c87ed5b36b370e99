//! Slices as they are written: `s![1..;2, .., NewAxis, -1]`.

use crate::axes::saturate;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

/// One entry of a slice; see [`s!`](crate::s).
///
/// ```
/// use fuseloom::{SliceItem, prelude::*};
/// assert_eq!(s![1..;2, -1], [SliceItem::Window { start: Some(1), stop: None, step: 2 }, SliceItem::Index(-1)]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SliceItem {
    /// One element: the axis goes. Negative counts from the end.
    Index(i64),
    /// NumPy's `start:stop:step`; negative bounds count from the end, and bounds past an end mean that end.
    Window {
        /// The first element; by default the first in the direction of the step.
        start: Option<i64>,
        /// The element before which to stop; by default there is none.
        stop: Option<i64>,
        /// The distance between elements.
        step: i64,
    },
    /// A new axis of extent 1 ([`NewAxis`]).
    New,
    /// All axes that the other entries leave ([`Ellipsis`]); at most once.
    Rest,
}

/// A new axis of extent 1, NumPy's `np.newaxis`, in [`s!`](crate::s).
///
/// ```
/// use fuseloom::prelude::*;
/// assert_eq!(zeros((3, 4), f32).slice(s![.., NewAxis]).shape()?, [3, 1, 4]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewAxis;

/// As many whole axes as remain, NumPy's `...`, in [`s!`](crate::s). (`..` is one whole axis, NumPy's `:`.)
///
/// ```
/// use fuseloom::prelude::*;
/// assert_eq!(zeros((2, 3, 4), f32).slice(s![Ellipsis, 0]).shape()?, [2, 3]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ellipsis;

/// Slices of an array, one entry an axis: an index, a range, a range with a step after `;`, [`NewAxis`] or [`Ellipsis`].
/// Axes at the end that are not mentioned are whole.
///
/// | here | NumPy |
/// |---|---|
/// | `s![1..3]` | `[1:3]` |
/// | `s![..;2]` | `[::2]` |
/// | `s![..;-1]` | `[::-1]` |
/// | `s![.., 0]` | `[:, 0]` |
/// | `s![.., NewAxis, ..]` | `[:, None, :]` |
/// | `s![Ellipsis, -1]` | `[..., -1]` |
///
/// ```
/// use fuseloom::prelude::*;
/// let x = arange(0, 12, 1).reshape((3, 4));
/// assert_eq!(x.slice(s![1.., ..;2]).eval()?.to_vec::<i64>()?, [4, 6, 8, 10]);
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! s {
    ($($item:expr $(; $step:expr)?),* $(,)?) => {{
        #[allow(clippy::reversed_empty_ranges, reason = "a negative bound counts from the end")]
        let items = [$($crate::SliceItem::from($item)$(.step($step))?),*];
        items
    }};
}

impl SliceItem {
    /// The window with another step.
    ///
    /// ```
    /// use fuseloom::{SliceItem, prelude::*};
    /// let every_other = SliceItem::from(..).step(2);
    /// assert_eq!(arange(0, 6, 1).slice([every_other]).eval()?.to_vec::<i64>()?, [0, 2, 4]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step(self, by: i64) -> SliceItem {
        match self {
            SliceItem::Window { start, stop, .. } => SliceItem::Window { start, stop, step: by },
            SliceItem::Index(_) | SliceItem::New | SliceItem::Rest => self,
        }
    }
}

impl From<NewAxis> for SliceItem {
    fn from(_: NewAxis) -> SliceItem {
        SliceItem::New
    }
}

impl From<Ellipsis> for SliceItem {
    fn from(_: Ellipsis) -> SliceItem {
        SliceItem::Rest
    }
}

impl From<RangeFull> for SliceItem {
    fn from(_: RangeFull) -> SliceItem {
        window(None, None)
    }
}

fn window(start: Option<i64>, stop: Option<i64>) -> SliceItem {
    SliceItem::Window { start, stop, step: 1 }
}

/// The bound past an included last element; past -1, the last of all, there is none.
fn past(last: i64) -> Option<i64> {
    (last != -1).then(|| last.saturating_add(1))
}

macro_rules! slice_item_from_integers {
    ($($int:ty),*) => {$(
        impl From<$int> for SliceItem {
            fn from(index: $int) -> SliceItem {
                SliceItem::Index(saturate(index))
            }
        }

        impl From<Range<$int>> for SliceItem {
            fn from(range: Range<$int>) -> SliceItem {
                window(Some(saturate(range.start)), Some(saturate(range.end)))
            }
        }

        impl From<RangeFrom<$int>> for SliceItem {
            fn from(range: RangeFrom<$int>) -> SliceItem {
                window(Some(saturate(range.start)), None)
            }
        }

        impl From<RangeTo<$int>> for SliceItem {
            fn from(range: RangeTo<$int>) -> SliceItem {
                window(None, Some(saturate(range.end)))
            }
        }

        impl From<RangeInclusive<$int>> for SliceItem {
            fn from(range: RangeInclusive<$int>) -> SliceItem {
                window(Some(saturate(*range.start())), past(saturate(*range.end())))
            }
        }

        impl From<RangeToInclusive<$int>> for SliceItem {
            fn from(range: RangeToInclusive<$int>) -> SliceItem {
                window(None, past(saturate(range.end)))
            }
        }
    )*};
}

slice_item_from_integers!(i32, i64, isize, usize);
