//! Extreme shapes, windows and numbers: an error or the right answer, never a panic.

use fuseloom::{Number, SliceItem, prelude::*};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.next() % from.len() as u64) as usize]
    }

    fn extent(&mut self) -> usize {
        self.pick(&[0, 0, 1, 1, 2, 3, 5, 17, 1 << 31, 1 << 62, usize::MAX])
    }

    fn bound(&mut self) -> i64 {
        self.pick(&[0, 1, -1, 2, -2, 3, 7, -7, 1 << 31, -(1 << 31), 1 << 62, i64::MAX, i64::MIN, i64::MIN + 1])
    }

    fn item(&mut self) -> SliceItem {
        let maybe = |r: &mut Random| if r.next().is_multiple_of(3) { None } else { Some(r.bound()) };
        match self.next() % 8 {
            0 => SliceItem::Index(self.bound()),
            1 => SliceItem::New,
            2 => SliceItem::Rest,
            _ => SliceItem::Window { start: maybe(self), stop: maybe(self), step: self.bound() },
        }
    }

    fn number(&mut self) -> Number {
        match self.next() % 3 {
            0 => Number::Int(self.bound().into()),
            1 => Number::Int(self.pick(&[0, 1, -1, 10])),
            _ => {
                Number::Float(self.pick(&[0.0, -0.0, 0.1, 1e300, -1e-300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]))
            }
        }
    }
}

/// The shape, if there are few elements.
fn small(x: &Tensor) -> Option<Vec<usize>> {
    let shape = x.shape().ok()?;
    let elements = shape.iter().try_fold(1usize, |n, extent| n.checked_mul(*extent));
    (elements.expect("recorded shapes can be counted") <= 4096).then_some(shape)
}

/// Computes what is small enough; anything else must have said so.
fn settle(x: &Tensor) {
    let Ok(shape) = x.shape() else { return };
    let elements =
        shape.iter().try_fold(1usize, |n, extent| n.checked_mul(*extent)).expect("recorded shapes can be counted");
    if elements > 4096 {
        return;
    }
    if let Ok(array) = x.eval_with(&Options::new().memory_limit(1 << 20)) {
        assert_eq!(array.shape(), shape);
        assert!(!array.to_string().is_empty());
    }
}

#[test]
fn slices_and_shapes() {
    let mut random = Random(1);
    for _ in 0..3000 {
        let extents: Vec<usize> = (0..random.next() % 4).map(|_| random.extent()).collect();
        let x = full(extents.as_slice(), 7, random.pick(&[f32, i8, bool, f64]));
        let items: Vec<SliceItem> = (0..random.next() % 5).map(|_| random.item()).collect();
        let part = x.slice(&items);
        settle(&part);
        settle(&part.reshape([random.bound(), random.bound()]));
        settle(&part.reshape([-1i64]).pad([(random.extent(), random.extent())], 1));
        settle(&part.flip(random.bound()).expand_dims([random.bound()]));
        settle(&part.permute([random.bound(), random.bound()]));
        if small(&part).is_some() {
            settle(&(part.sum(random.bound()) + part.max(..)));
            settle(&part.argmin(random.bound()));
        }
        settle(&part.broadcast_to([random.extent(), random.extent()]));
        settle(&concatenate([&part, &x], random.bound()));
        settle(&part.take([random.bound()], random.bound()));
    }
}

#[test]
fn ranges() {
    let mut random = Random(2);
    for _ in 0..2000 {
        settle(&arange(random.number(), random.number(), random.number()));
        settle(&linspace(random.number(), random.number(), random.extent()));
        settle(&iota(random.extent()));
        settle(&eye(random.extent(), u8));
        settle(&(arange(0, 3, 1).cast(random.pick(&[u8, i8, i64, u64, f16])) + random.number()));
        settle(&arange(-3, 3, 1).cast(i8).power(random.number()));
        settle(&arange(-3, 3, 1).clip(random.number(), random.number()));
        settle(&(arange(-3, 3, 1) << random.bound()));
    }
}

#[test]
fn products() {
    let mut random = Random(4);
    for _ in 0..500 {
        let dtype = random.pick(&[f32, f64, i8, f16]);
        let (m, k, n) = (random.extent(), random.extent(), random.extent());
        // Sums of so many products would take forever.
        if k > 17 && m > 0 && n > 0 {
            continue;
        }
        let (a, b) = (full([m, k], 1, dtype), full([k, n], 1, dtype));
        settle(&maximum(a.matmul(&b) + 1, 0));
        if n <= 17 {
            settle(&a.matmul(&b).exp().matmul(&full([n, 3], 1, dtype)).flip(0).t());
        }
    }
}

#[test]
fn slices_are_what_python_makes_of_them() {
    let n = 7i64;
    let x = arange(0, n, 1);
    let mut random = Random(3);
    for _ in 0..500 {
        let mut bound = || if random.next().is_multiple_of(4) { None } else { Some(random.bound()) };
        let (start, stop) = (bound(), bound());
        let step = random.pick(&[1i64, 2, -1, -3, i64::MAX, i64::MIN]);
        let clamp = |bound: i64| {
            let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
            (if bound < 0 { bound.saturating_add(n) } else { bound }).clamp(low, high)
        };
        let (first, past) = if step > 0 { (0, n) } else { (n - 1, -1) };
        let (mut at, stop_at) = (start.map_or(first, clamp), stop.map_or(past, clamp));
        let mut expected = Vec::new();
        while if step > 0 { at < stop_at } else { at > stop_at } {
            expected.push(at);
            at = at.saturating_add(step);
        }
        let part = x.slice([SliceItem::Window { start, stop, step }]);
        assert_eq!(part.eval().unwrap().to_vec::<i64>().unwrap(), expected, "{start:?}:{stop:?}:{step}");
    }
}
