//! Shapes and types.

use crate::Dim;
use fuseloom_lane::DType;
use smallvec::SmallVec;
use std::fmt;

/// Axes a value may have.
pub const MAX_RANK: usize = 32;

/// The extents of the axes, outermost first.
pub type Shape = SmallVec<[Dim; 4]>;

/// The type of a value: element type and shape.
///
/// ```
/// use fuseloom_graph::Type;
/// use fuseloom_lane::DType;
/// let ty = Type::parse("f32[n,4]")?;
/// assert_eq!((ty.dtype, ty.rank(), ty.to_string().as_str()), (DType::F32, 2, "f32[n,4]"));
/// # Ok::<(), fuseloom_graph::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Type {
    /// The element type.
    pub dtype: DType,
    /// The shape; empty for a 0-d value.
    pub shape: Shape,
}

impl Type {
    /// A type from its parts.
    ///
    /// ```
    /// use fuseloom_graph::Type;
    /// use fuseloom_lane::DType;
    /// assert_eq!(Type::new(DType::F32, [2, 3]).to_string(), "f32[2,3]");
    /// assert_eq!(Type::new(DType::I64, ["n"]).to_string(), "i64[n]");
    /// ```
    pub fn new(dtype: DType, shape: impl IntoIterator<Item = impl Into<Dim>>) -> Type {
        Type { dtype, shape: shape.into_iter().map(Into::into).collect() }
    }

    /// The number of axes.
    ///
    /// ```
    /// use fuseloom_graph::Type;
    /// use fuseloom_lane::DType;
    /// assert_eq!(Type::new(DType::F32, [2, 3]).rank(), 2);
    /// ```
    pub fn rank(&self) -> usize {
        self.shape.len()
    }
}

/// `f32[n,4]`; a 0-d value is `f32[]`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[", self.dtype)?;
        for (k, dim) in self.shape.iter().enumerate() {
            if k > 0 {
                write!(f, ",")?;
            }
            write!(f, "{dim}")?;
        }
        write!(f, "]")
    }
}
