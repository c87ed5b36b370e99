//! Seeded inputs: splitmix64 with the Box-Muller transform.
//!
//! Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014); Box and Muller, "A note on the
//! generation of random normal deviates" (1958).

use crate::failure::Result;
use fuseloom::{Array, Element};

/// A generator of numbers that are the same in every run.
pub(crate) struct Random {
    state: u64,
    /// The second normal of a pair, and whether it waits.
    spare: Option<f64>,
}

/// An element made of an `f64`.
pub(crate) trait FromF64: Element {
    fn from_f64(value: f64) -> Self;
}

impl FromF64 for f32 {
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
}

impl FromF64 for f64 {
    fn from_f64(value: f64) -> f64 {
        value
    }
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { state: seed, spare: None }
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Of mean 0 and variance 1.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.unit()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// An array of normals.
    pub(crate) fn normals<T: FromF64>(&mut self, shape: &[usize]) -> Result<Array> {
        self.array(shape, |random| T::from_f64(random.normal()))
    }

    /// An array of elements that `element` makes in C order. It lies where results would, as other systems' inputs lie where
    /// they put them.
    pub(crate) fn array<T: Element>(
        &mut self,
        shape: &[usize],
        mut element: impl FnMut(&mut Random) -> T,
    ) -> Result<Array> {
        let elements = (0..shape.iter().product()).map(|_| element(self)).collect();
        Ok(Array::new(elements, shape)?.copy()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normals_are_normal_and_the_same_again() {
        let draw = |seed| {
            let array = Random::new(seed).normals::<f64>(&[100_000]);
            array.and_then(|array| Ok(array.to_vec::<f64>()?)).unwrap()
        };
        let x = draw(1);
        let mean = x.iter().sum::<f64>() / 1e5;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        assert_eq!(x, draw(1));
        assert_ne!(x, draw(2));
        // The first numbers of splitmix64 with seed 0, as in the reference implementation.
        let mut random = Random::new(0);
        assert_eq!([random.bits(), random.bits()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }
}
