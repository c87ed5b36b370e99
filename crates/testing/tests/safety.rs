//! What holds whatever a program does: the code's pages, the process's size, one compilation a kernel, the caller's
//! floating-point state, and the bytes beside every buffer.

use fuseloom::prelude::*;
use fuseloom::{Stats, measure, stats};
use fuseloom_runtime::hostile::{End, Guarded, with_odd_floats};
use fuseloom_testing::stress::{compile_and_drop, executable_memory, graph};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ShapeBuilder};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};

/// The counters and the size of the process are everybody's: these tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn values(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i * 37 % 101) as f32 - 50.25).collect()
}

fn bits(array: &Array) -> Vec<u32> {
    array.to_vec::<f32>().unwrap().iter().map(|x| x.to_bits()).collect()
}

#[test]
fn no_page_is_writable_and_executable() {
    let _turn = alone();
    let done = AtomicBool::new(false);
    let worst = std::thread::scope(|scope| {
        let work = |thread: u64| {
            let x = Array::new(values(600), &[20, 30]).unwrap();
            for round in 0..60 {
                let graph = graph(thread * 17 + round * 3);
                measure::compile(&graph, true).unwrap();
                let program = Program::from_graph(graph, &Options::new()).unwrap();
                program.call(&[&x]).unwrap();
            }
        };
        let threads: Vec<_> = (0..3).map(|thread| scope.spawn(move || work(thread))).collect();
        let watch = scope.spawn(|| {
            let (mut both, mut code) = (Vec::new(), 0);
            while !done.load(Ordering::Relaxed) {
                let (found, executable) = executable_memory();
                both.extend(found);
                code = code.max(executable);
            }
            (both, code)
        });
        for thread in threads {
            thread.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        watch.join().unwrap()
    });
    assert!(worst.0.is_empty(), "{:?}", worst.0);
    assert!(worst.1 > 1 || !cfg!(target_os = "linux"), "compiled code was never seen");
}

#[test]
fn dropped_code_is_given_back() {
    let _turn = alone();
    let Some((before, after)) = compile_and_drop(384, |_| {}).unwrap() else { return };
    // Each cycle that left anything would leave two pages or more.
    let grown = after.resident.saturating_sub(before.resident);
    assert!(grown < 384 * 4096, "{before:?} {after:?}");
    assert!(after.maps < before.maps + 100, "{before:?} {after:?}");
}

/// A chain of operations that the bits of `which` choose, of constants that no other test uses.
fn chain(which: u32, x: Tensor) -> Tensor {
    (0..5).fold(x, |x, bit| if which >> bit & 1 == 0 { (x * 1.0625).abs() } else { (x + 0.59375).sqrt() })
}

#[test]
fn equal_programs_compile_once() {
    let _turn = alone();
    const THREADS: usize = 16;
    let x = Array::from(values(1000));
    let compiled = |before: Stats| stats().kernels_compiled - before.kernels_compiled;
    let start = Barrier::new(THREADS);
    let before = stats();
    let results: Vec<Vec<Vec<u32>>> = std::thread::scope(|scope| {
        let call = |thread: usize| {
            start.wait();
            let mut results = vec![Vec::new(); 64];
            for round in 0..64 {
                // Threads begin at different programs, four of them at each.
                let which = (round + thread / 4 * 16) % 64;
                // 64 programs, 32 different ones.
                let build = |b: &mut fuseloom::Inputs| chain(which as u32 % 32, b.input("x", f32, "n"));
                let program = Program::new(build).unwrap();
                results[which] = bits(&program.call_one(&[&x]).unwrap());
            }
            results
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || call(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(compiled(before), 32);
    for result in &results {
        assert!(*result == results[0]);
    }
    for (first, second) in results[0][..32].iter().zip(&results[0][32..]) {
        assert!(first == second);
    }
}

#[test]
fn callers_keep_their_floating_point_state() {
    let _turn = alone();
    // Subnormals among them, and so many that workers take part.
    let x: Vec<f32> = (0..400_000).map(|i| f32::from_bits(i * 40 + 1)).collect();
    let x = Array::new(x, &[400, 1000]).unwrap();
    let program = Program::with_options(&Options::new().threads(3), |b| {
        let x = b.input("x", f32, ("n", "m"));
        let y = &x * 0.3 + 1.0e-39;
        (y.sum(1), y)
    });
    let program = program.unwrap();
    let usual: Vec<Vec<u32>> = program.call(&[&x]).unwrap().iter().map(bits).collect();
    assert!(usual[1].iter().any(|bits| (1..1 << 23).contains(bits)), "no result is subnormal");
    for _ in 0..20 {
        let (odd, kept) = with_odd_floats(|| program.call(&[&x]).unwrap());
        assert!(kept);
        for (odd, usual) in odd.iter().zip(&usual) {
            assert!(bits(odd) == *usual);
        }
    }

    // After an error too.
    let taken = Program::new(|b| b.input("x", f32, "n").take(b.input("i", i64, "m"), 0)).unwrap();
    let (x, beyond) = (Array::from(values(10)), Array::from(vec![3i64, 10]));
    let (outcome, kept) = with_odd_floats(|| taken.call(&(&x, &beyond)).map(drop));
    assert!(outcome.is_err() && kept);
}

#[test]
fn nothing_beside_a_buffer_is_touched() {
    let _turn = alone();
    // Widths mixed, so that one vector of one dtype is several of another.
    let mixed = Program::new(|b| {
        let (x, y) = (b.input("x", f32, "n"), b.input("y", i8, "n"));
        let sum = &x * 2.0 + y.cast(f32);
        (sum.exp(), (y + 1).cast(f64) * &x, x.lt(0.5))
    });
    let mixed = mixed.unwrap();
    let total = Program::new(|b| b.input("x", f32, "n").sum(..)).unwrap();
    let lengths = (0..=70).chain([127, 128, 129, 255, 511, 512, 513, 1023, 1024, 1025, 4099]);
    for n in lengths {
        for end in [End::Low, End::High] {
            let x = Guarded::new(&values(n), end).unwrap();
            let y = Guarded::new(&(0..n).map(|i| i as i8).collect::<Vec<_>>(), end).unwrap();
            let mut e = Guarded::new(&vec![0f32; n], end).unwrap();
            let mut p = Guarded::new(&vec![0f64; n], end).unwrap();
            let mut l = Guarded::new(&vec![false; n], end).unwrap();
            let mut outputs = (&mut *e.as_mut_slice(), &mut *p.as_mut_slice(), &mut *l.as_mut_slice());
            mixed.call_into(&(x.as_slice(), y.as_slice()), &mut outputs).unwrap();
            for (i, &less) in l.as_slice().iter().enumerate() {
                assert_eq!(less, x.as_slice()[i] < 0.5, "{i} of {n}");
            }
            total.call_one(&[x.as_slice()]).unwrap();
            assert!(e.surroundings_are_whole() && p.surroundings_are_whole() && l.surroundings_are_whole(), "{n}");
        }
    }
}

#[test]
fn nothing_beside_what_is_scanned_is_touched() {
    let _turn = alone();
    let along = Program::new(|b| {
        let (x, y, z) = (b.input("x", f32, "n"), b.input("y", i64, "n"), b.input("z", i8, "n"));
        (x.cumsum(0), x.cummax(0), y.cumsum(0), y.cummin(0), z.cummax(0))
    });
    let along = along.unwrap();
    let columns = Program::new(|b| {
        let x = b.input("x", f32, (3, "n"));
        (x.cumsum(0), x.exp().cummin(0))
    });
    let columns = columns.unwrap();
    for n in (0..=70).chain([127, 128, 129, 511, 512, 513, 1025]) {
        for end in [End::Low, End::High] {
            let x = Guarded::new(&values(n), end).unwrap();
            let y = Guarded::new(&(0..n as i64).collect::<Vec<_>>(), end).unwrap();
            let z = Guarded::new(&(0..n).map(|i| i as i8).collect::<Vec<_>>(), end).unwrap();
            let mut floats = [0; 2].map(|_| Guarded::new(&vec![0f32; n], end).unwrap());
            let mut longs = [0; 2].map(|_| Guarded::new(&vec![0i64; n], end).unwrap());
            let mut bytes = Guarded::new(&vec![0i8; n], end).unwrap();
            let ([sums, most], [totals, least]) = (&mut floats, &mut longs);
            let mut outputs = (
                &mut *sums.as_mut_slice(),
                &mut *most.as_mut_slice(),
                &mut *totals.as_mut_slice(),
                &mut *least.as_mut_slice(),
                &mut *bytes.as_mut_slice(),
            );
            along.call_into(&(x.as_slice(), y.as_slice(), z.as_slice()), &mut outputs).unwrap();
            for i in 0..n {
                assert_eq!(longs[0].as_slice()[i], (i * (i + 1) / 2) as i64, "{i} of {n}");
                assert_eq!(longs[1].as_slice()[i], 0, "{i} of {n}");
                assert_eq!(bytes.as_slice()[i], i.min(127) as i8, "{i} of {n}");
            }
            let whole = floats.iter().all(Guarded::surroundings_are_whole);
            assert!(
                whole && longs.iter().all(Guarded::surroundings_are_whole) && bytes.surroundings_are_whole(),
                "{n}"
            );

            let x = Guarded::new(&values(3 * n), end).unwrap();
            let x = ArrayView2::from_shape((3, n), x.as_slice()).unwrap();
            let mut results = [0; 2].map(|_| Guarded::new(&vec![0f32; 3 * n], end).unwrap());
            let [sums, least] = &mut results;
            let [sums, least] =
                [sums, least].map(|to| ndarray::ArrayViewMut2::from_shape((3, n), to.as_mut_slice()).unwrap());
            columns.call_into(&[x], &mut (sums, least)).unwrap();
            assert!(results.iter().all(Guarded::surroundings_are_whole), "{n}");
        }
    }
}

#[test]
fn nothing_beside_a_view_is_touched() {
    let _turn = alone();
    let line = Program::new(|b| b.input("x", f32, "n") * 3.0 - 1.0).unwrap();
    let rows = Program::new(|b| {
        let x = b.input("x", f32, ("n", "m"));
        let e = (&x - x.max(keepdims(1))).exp();
        (&e / e.sum(keepdims(1)), x.sum(0), x.var(1))
    });
    let rows = rows.unwrap();
    for n in (1..=40).chain([63, 64, 65, 513]) {
        for end in [End::Low, End::High] {
            // Every element but the first and the last is beside one that no view names.
            for step in [2isize, 3, -1, -2] {
                let span = (n - 1) * step.unsigned_abs() + 1;
                let x = Guarded::new(&values(span), end).unwrap();
                let mut y = Guarded::new(&vec![0f32; span], end).unwrap();
                let stride = (step.unsigned_abs(),);
                let mut from = ArrayView1::from_shape((n,).strides(stride), x.as_slice()).unwrap();
                let mut to = ArrayViewMut1::from_shape((n,).strides(stride), y.as_mut_slice()).unwrap();
                if step < 0 {
                    from.invert_axis(ndarray::Axis(0));
                    to.invert_axis(ndarray::Axis(0));
                }
                line.call_into(&[from], &mut [to]).unwrap();
                for (k, &y) in y.as_slice().iter().enumerate() {
                    let expected = if k % step.unsigned_abs() == 0 { x.as_slice()[k] * 3.0 - 1.0 } else { 0.0 };
                    assert_eq!(y, expected, "{k} of {n} by {step}");
                }
            }
            // Rows and columns, as they lie and transposed.
            let x = Guarded::new(&values(3 * n), end).unwrap();
            let x = ArrayView2::from_shape((3, n), x.as_slice()).unwrap();
            for x in [x, x.reversed_axes()] {
                let (n, m) = x.dim();
                let mut e = Guarded::new(&vec![0f32; n * m], end).unwrap();
                let mut s = Guarded::new(&vec![0f32; m], end).unwrap();
                let mut v = Guarded::new(&vec![0f32; n], end).unwrap();
                let e_view = ndarray::ArrayViewMut2::from_shape((n, m), e.as_mut_slice()).unwrap();
                rows.call_into(&[x], &mut (e_view, &mut *s.as_mut_slice(), &mut *v.as_mut_slice())).unwrap();
                assert!(e.surroundings_are_whole() && s.surroundings_are_whole() && v.surroundings_are_whole());
            }
        }
    }
}
