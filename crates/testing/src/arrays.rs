//! Arrays for the inputs of random graphs, and memory they lie in.

use crate::random::Rng;
use fuseloom_graph::{ArrayValue, Graph, Op, Sizes};
use fuseloom_lane::{DType, Kind, Scalar};
use fuseloom_runtime::Layout;
use fuseloom_schedule::AxisStride;

/// An array for each input. The elements of one depend on its name and the seed alone, so that a graph keeps them while it
/// shrinks. None where a size has no value.
pub fn inputs(graph: &Graph, sizes: &Sizes, seed: u64) -> Option<Vec<ArrayValue>> {
    let array = |id| {
        let node = graph.node(id);
        let name = if let Op::Input(name) = &node.op { name } else { "" };
        let mut rng = Rng::labelled(seed, name);
        let shape = node.ty().shape.iter().map(|dim| dim.eval(sizes)).collect::<Option<Vec<usize>>>()?;
        let dtype = node.ty().dtype;
        // One array in four is tame, so that sums do not always end at NaN.
        let wild = rng.of(&[0, 5, 5, 40]);
        let data = (0..shape.iter().product()).map(|_| element(dtype, wild, &mut rng).bits()).collect();
        Some(ArrayValue { dtype, shape, data })
    };
    graph.inputs().iter().map(|id| array(*id)).collect()
}

/// A number; `wild` times in a hundred one at the edges of its dtype.
fn element(dtype: DType, wild: usize, rng: &mut Rng) -> Scalar {
    if rng.below(100) >= wild {
        return match dtype.kind() {
            Kind::Float if rng.below(2) == 0 => Scalar::from_f64(dtype, rng.bits() as i64 as f64 / 2f64.powi(61)),
            Kind::Float | Kind::Signed => Scalar::from_f64(dtype, rng.below(64) as f64 / 4.0 - 8.0),
            Kind::Unsigned | Kind::Bool => {
                Scalar::from_i64(dtype, rng.below(9) as i64 - i64::from(dtype == DType::Bool))
            }
        };
    }
    let floats =
        [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e30, -1e-30, 1e-40, 65504.0, 1e300];
    let bits = dtype.size() as u32 * 8;
    match (dtype.kind(), rng.below(3)) {
        (Kind::Float, 0 | 1) => Scalar::from_f64(dtype, rng.of(&floats)),
        // The extremes of integers, and their neighbours.
        (Kind::Signed | Kind::Unsigned, 0 | 1) => {
            let edge = rng.of(&[0, 1, 1 << (bits - 1), (1 << (bits - 1)) - 1, u64::MAX]);
            Scalar::from_bits(dtype, edge.wrapping_add(rng.below(3) as u64).wrapping_sub(1))
        }
        _ => Scalar::from_bits(dtype, rng.bits()),
    }
}

/// An array in memory.
#[derive(Clone, Debug)]
pub struct Laid {
    /// The element type.
    pub dtype: DType,
    /// All of the memory.
    pub memory: Vec<u8>,
    /// Where the first element is, and how far apart the others are.
    pub layout: Layout,
}

/// What memory holds where nobody wrote.
const UNWRITTEN: u8 = 0xa5;

impl Laid {
    /// In C order.
    pub fn contiguous(array: &ArrayValue) -> Laid {
        let layout = Layout::contiguous(&array.shape, array.dtype).expect("the array exists");
        let memory = array.data.iter().flat_map(|bits| bits.to_le_bytes()[..array.dtype.size()].to_vec()).collect();
        Laid { dtype: array.dtype, memory, layout }
    }

    /// In some other order, with gaps, backwards, or repeated along some axes. An array that is repeated changes: one of the
    /// elements that share a place is there ([`Laid::read`]).
    pub fn strided(array: &ArrayValue, rng: &mut Rng) -> Laid {
        let mut laid = Laid::blank(array.dtype, &array.shape, true, rng);
        laid.write(array);
        laid
    }

    /// Memory for an array, not written; some axes repeated, if that is allowed.
    pub fn blank(dtype: DType, shape: &[usize], repeats: bool, rng: &mut Rng) -> Laid {
        let size = dtype.size();
        let mut strides = vec![0i64; shape.len()];
        let (mut span, mut offset) = (1, 0);
        let order = if rng.once_in(3) { (0..shape.len()).rev().collect() } else { rng.permutation(shape.len()) };
        // From the axis whose elements are nearest.
        for axis in order {
            if repeats && rng.once_in(5) {
                continue;
            }
            let step = span * rng.of(&[1, 1, 1, 2, 3]);
            let reach = step * shape[axis].saturating_sub(1);
            span = (step * shape[axis]).max(span);
            strides[axis] = (step * size) as i64;
            if rng.once_in(4) {
                strides[axis] = -strides[axis];
                offset += reach;
            }
        }
        let before = rng.of(&[0, 0, 1, 5]);
        let bytes = (before + span + rng.below(3)) * size;
        let layout = Layout::strided(shape, &strides, (before + offset) * size, dtype, bytes);
        let layout = layout.unwrap_or_else(|error| panic!("{shape:?} {strides:?} in {bytes}: {error}"));
        let memory = vec![if dtype == DType::Bool { 0 } else { UNWRITTEN }; bytes];
        Laid { dtype, memory, layout }
    }

    fn write(&mut self, array: &ArrayValue) {
        let size = self.dtype.size();
        for (place, bits) in self.places().into_iter().zip(&array.data) {
            self.memory[place..place + size].copy_from_slice(&bits.to_le_bytes()[..size]);
        }
    }

    /// The array that is there.
    pub fn read(&self) -> ArrayValue {
        let size = self.dtype.size();
        let bits = |place: usize| {
            let mut word = [0; 8];
            word[..size].copy_from_slice(&self.memory[place..place + size]);
            u64::from_le_bytes(word)
        };
        let data = self.places().into_iter().map(bits).collect();
        ArrayValue { dtype: self.dtype, shape: self.layout.shape().to_vec(), data }
    }

    /// The byte at which each element starts, in C order.
    fn places(&self) -> Vec<usize> {
        let mut places = vec![self.layout.offset() as i64];
        for (extent, stride) in self.layout.shape().iter().zip(self.layout.strides()) {
            places = places.iter().flat_map(|p| (0..*extent as i64).map(move |k| p + k * stride)).collect();
        }
        places.into_iter().map(|p| p as usize).collect()
    }

    /// What the scheduler is told of it.
    pub fn class(&self) -> fuseloom_schedule::StrideClass {
        if self.layout.is_contiguous(self.dtype) {
            return fuseloom_schedule::StrideClass::Contiguous;
        }
        let size = self.dtype.size() as i64;
        let class = |stride: &i64| match *stride {
            0 => AxisStride::Zero,
            stride if stride == size => AxisStride::Element,
            _ => AxisStride::Other,
        };
        fuseloom_schedule::StrideClass::Strided(self.layout.strides().iter().map(class).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_gives_back_what_it_holds() {
        let mut rng = Rng::new(3);
        for _ in 0..500 {
            let shape: Vec<usize> = (0..rng.below(5)).map(|_| rng.below(4)).collect();
            let data: Vec<u64> = (0..shape.iter().product::<usize>() as u64).collect();
            let array = ArrayValue { dtype: rng.of(&[DType::I16, DType::U64]), shape, data };
            assert_eq!(Laid::contiguous(&array).read(), array);
            let mut laid = Laid::blank(array.dtype, &array.shape, false, &mut rng);
            laid.write(&array);
            assert_eq!(laid.read(), array);
            let repeated = Laid::strided(&array, &mut rng);
            assert_eq!(repeated.read().shape, array.shape);
        }
    }
}
