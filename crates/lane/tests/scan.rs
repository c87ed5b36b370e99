//! Scans: the two ways in which the definition is written agree, and what it promises holds.

use fuseloom_lane::scan::{BLOCK, ROW, Running, SPAN, scan_rows};
use fuseloom_lane::{DType, Lanes, Scan};

fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f32 / (1u32 << 31) as f32
    };
    (0..n).map(|_| (next() - 0.5) * f32::powi(2.0, (next() * 12.0) as i32)).collect()
}

fn bits(x: &[f32]) -> Lanes {
    x.iter().map(|v| u64::from(v.to_bits())).collect()
}

/// The formula, word for word.
fn formula(x: &[f32]) -> Vec<f32> {
    const AROUND: [usize; 7] = [2, 4, 8, ROW, BLOCK, SPAN, usize::MAX];
    const UNIT: [usize; 7] = [1, 2, 4, 8, ROW, BLOCK, SPAN];
    // `within[i][k]`: the scan at k counted from the start of the unit around level i.
    let mut within: Vec<Vec<f32>> = vec![x.to_vec()];
    for level in 0..7 {
        let mut next = Vec::new();
        for (k, &value) in within[level].iter().enumerate() {
            let start = k - k % UNIT[level];
            let inside = !start.is_multiple_of(AROUND[level]);
            next.push(if inside { next[start - 1] + value } else { value });
        }
        within.push(next);
    }
    within.swap_remove(7)
}

#[test]
fn all_ways_follow_the_formula() {
    for n in [0, 1, 2, 3, 15, 16, 17, 31, 100, 511, 512, 513, 1040, 5000, SPAN - 1, SPAN + 700, 2 * SPAN + 3] {
        let x = numbers(n, n as u64);
        let expected = bits(&formula(&x));
        assert_eq!(scan_rows(Scan::Sum, DType::F32, &[bits(&x)], 1, n), expected, "{n} at once");
        if n <= 5000 {
            let mut running = Running::new(Scan::Sum, DType::F32);
            let each: Lanes = bits(&x).iter().map(|&x| running.push(&[vec![x]])[0]).collect();
            assert_eq!(each, expected, "{n} one by one");
        }
    }
}

#[test]
fn a_span_begins_with_what_came_before() {
    let x = numbers(SPAN + 40, 5);
    let whole = scan_rows(Scan::Sum, DType::F32, &[bits(&x)], 1, x.len());
    let mut running = Running::after(Scan::Sum, DType::F32, vec![whole[SPAN - 1]]);
    for (k, &x) in bits(&x[SPAN..]).iter().enumerate() {
        assert_eq!(running.push(&[vec![x]]), [whole[SPAN + k]], "{k}");
    }
}

#[test]
fn prefixes_depend_on_nothing_after_them_and_never_decrease() {
    let x: Vec<f32> = numbers(3000, 9).iter().map(|x| x.abs()).collect();
    let whole = scan_rows(Scan::Sum, DType::F32, &[bits(&x)], 1, x.len());
    for n in [1, 17, 600, 2999] {
        assert_eq!(scan_rows(Scan::Sum, DType::F32, &[bits(&x[..n])], 1, n), whole[..n]);
    }
    assert!(whole.windows(2).all(|w| f32::from_bits(w[0] as u32) <= f32::from_bits(w[1] as u32)));
}

#[test]
fn rows_are_apart() {
    let (rows, n) = (3, 700);
    for scan in Scan::ALL {
        let columns: Vec<Lanes> = (0..scan.arity()).map(|c| bits(&numbers(rows * n, c as u64))).collect();
        let all = scan_rows(scan, DType::F32, &columns, rows, n);
        for row in 0..rows {
            let one: Vec<Lanes> = columns.iter().map(|c| c[row * n..][..n].to_vec()).collect();
            assert_eq!(scan_rows(scan, DType::F32, &one, 1, n), all[row * n..][..n], "{scan:?}");
        }
    }
}

#[test]
fn extrema_and_recurrences_are_what_they_say() {
    let f = |x: f32| u64::from(x.to_bits());
    let x = [1.0, 3.0, 2.0, f32::NAN, 5.0].map(f).to_vec();
    let largest = scan_rows(Scan::Max, DType::F32, std::slice::from_ref(&x), 1, 5);
    assert_eq!(largest[..3], [1.0, 3.0, 3.0].map(f));
    assert!(largest[3..].iter().all(|x| f32::from_bits(*x as u32).is_nan()));
    let (a, b) = ([9.0, 0.5, -1.0].map(f).to_vec(), [-0.0, 4.0, 1.0].map(f).to_vec());
    assert_eq!(scan_rows(Scan::Linear, DType::F32, &[a, b], 1, 3), [-0.0, 4.0, -3.0].map(f));
    let wraps = scan_rows(Scan::Prod, DType::U8, &[vec![16, 16, 3]], 1, 3);
    assert_eq!(wraps, [16, 0, 0]);
}
