use super::LIBRARY;
use fuseloom_kernel::{Matrix, ProductCall, Status};
use fuseloom_lane::DType;

/// A matrix of small whole numbers in a buffer, with gaps, transposed or run through backwards by `layout`.
struct Laid<T> {
    memory: Vec<T>,
    first: i64,
    row: i64,
    column: i64,
}

impl<T: Copy> Laid<T> {
    fn new(rows: i64, columns: i64, layout: usize, value: impl Fn(i64, i64) -> T, fill: T) -> Laid<T> {
        let (row, column) = match layout % 4 {
            0 => (columns, 1),
            1 => (1, rows),
            2 => (2 * columns, 2),
            _ => (-columns, 1),
        };
        let first = (-row * (rows - 1)).max(0);
        let reach = first + row.max(0) * (rows - 1).max(0) + column * (columns - 1).max(0) + 1;
        let mut laid = Laid { memory: vec![fill; reach.max(1) as usize], first, row, column };
        for i in 0..rows {
            for j in 0..columns {
                let at = laid.place(i, j);
                laid.memory[at] = value(i, j);
            }
        }
        laid
    }

    fn place(&self, i: i64, j: i64) -> usize {
        (self.first + i * self.row + j * self.column) as usize
    }

    fn matrix(&mut self) -> Matrix {
        let size = size_of::<T>() as i64;
        let first = self.memory.as_mut_ptr().wrapping_offset(self.first as isize).cast();
        Matrix { first, row: self.row * size, column: self.column * size }
    }
}

/// Compares a product with its definition, for whole numbers that floats hold exactly.
fn check<T: Copy + PartialEq + std::fmt::Debug>(dtype: DType, from: impl Fn(i64) -> T, to: impl Fn(i64) -> T) {
    let a_at = |i: i64, k: i64| (i * 7 + k * 3) % 11 - 5;
    let b_at = |k: i64, j: i64| (k * 5 + j * 2) % 13 - 6;
    for (rows, columns, depth) in [(1, 1, 1), (5, 7, 3), (64, 3, 130), (3, 100, 70), (33, 65, 40), (4, 4, 0), (0, 3, 2)]
    {
        for layout in 0..12 {
            let mut a = Laid::new(rows, depth, layout, |i, k| from(a_at(i, k)), from(0));
            let mut b = Laid::new(depth, columns, layout / 2, |k, j| from(b_at(k, j)), from(0));
            let mut c = Laid::new(rows, columns, layout / 3, |_, _| from(99), from(77));
            let (a, b, to_c) = (a.matrix(), b.matrix(), c.matrix());
            let call = ProductCall { dtype: ProductCall::code(dtype), rows, columns, depth, a, b, c: to_c };
            // SAFETY: the matrices lie in these buffers.
            let status = unsafe { (LIBRARY.product)(&call) };
            assert_eq!(status, Status::OK.0);
            for i in 0..rows {
                for j in 0..columns {
                    let sum = (0..depth).map(|k| a_at(i, k) * b_at(k, j)).sum();
                    let context = format!("{dtype} {rows}x{columns}x{depth} layout {layout} at {i}, {j}");
                    assert_eq!(c.memory[c.place(i, j)], to(sum), "{context}");
                }
            }
            let gaps = c.memory.iter().filter(|x| **x == from(77)).count();
            assert!(gaps + (rows * columns) as usize >= c.memory.len(), "it wrote between the elements");
        }
    }
}

#[test]
fn products_are_exact_where_their_sums_are() {
    check(DType::F32, |x| x as f32, |x| x as f32);
    check(DType::F64, |x| x as f64, |x| x as f64);
    check(DType::I8, |x| x as i8, |x| x as i8);
    check(DType::U16, |x| x as u16, |x| x as u16);
    check(DType::I32, |x| x as i32, |x| x as i32);
    check(DType::U64, |x| x as u64, |x| x as u64);
}

#[test]
fn bools_multiply_by_and_and_add_by_or() {
    let (mut a, mut b, mut c) = ([1u8, 0, 0, 1], [0u8, 1, 1, 1], [9u8; 4]);
    let square = |memory: &mut [u8; 4]| Matrix { first: memory.as_mut_ptr(), row: 2, column: 1 };
    let (a, b, to) = (square(&mut a), square(&mut b), square(&mut c));
    let call = ProductCall { dtype: ProductCall::code(DType::Bool), rows: 2, columns: 2, depth: 2, a, b, c: to };
    // SAFETY: the matrices lie in these arrays.
    assert_eq!(unsafe { (LIBRARY.product)(&call) }, Status::OK.0);
    assert_eq!(c, [0, 1, 1, 1]);
}

#[test]
fn what_it_cannot_multiply_is_a_fault() {
    let mut x = [0u16; 1];
    let one = Matrix { first: x.as_mut_ptr().cast(), row: 2, column: 2 };
    let call =
        ProductCall { dtype: ProductCall::code(DType::F16), rows: 1, columns: 1, depth: 1, a: one, b: one, c: one };
    // SAFETY: the matrices lie in this array; nothing is done.
    assert_eq!(unsafe { (LIBRARY.product)(&call) }, Status::LIBRARY_FAULT.0);
}
