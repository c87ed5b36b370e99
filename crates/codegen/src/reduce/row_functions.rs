//! What happens to working rows between blocks, as functions that compiled code calls: little of it, but many instructions
//! if every kernel had its own copy.
//!
//! They move rows and decide which tuples combine, in the order of the tree. Combining itself is compiled code
//! ([`super::rows::combine_body`]), and so are the elements.

use crate::unit::Import;
use crate::wide::arguments::{Block, StripFunction};
use fuseloom_lane::tree::LANES;
use std::borrow::Cow;

/// Combines two tuples: `(to, left, right, row, columns)`.
type Combine = unsafe extern "C" fn(*mut u8, *const u8, *const u8, i64, i64);

/// The working rows of one reduction, as compiled code describes them.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct RowsCall {
    /// The address of tuple 0.
    pub(super) base: *mut u8,
    /// Bytes of a row, a multiple of 64.
    pub(super) row: i64,
    /// Columns; a row holds at least 8 bytes for each.
    pub(super) columns: i64,
    /// The states, and how they combine.
    pub(super) shape: Shape,
    /// Combines lanes of a block: a [`Combine`], or a [`StripFunction`] if [`Shape::assembled`] says so.
    pub(super) fold: *const u8,
    /// Combines eight lanes of a block, if there is such a strip.
    pub(super) eight: Option<StripFunction>,
    /// Combines blocks, as [`RowsCall::fold`] lanes.
    pub(super) pair: *const u8,
    /// The bits of each state of a reduction over nothing; only [`super::driver`] asks.
    pub(super) nothing: [u64; 3],
    /// The tuple that the reduction ended with; [`super::driver`] says so.
    pub(super) result: *mut u8,
}

/// What is known of a reduction when code is made for it, in a word.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Shape {
    /// Rows of a tuple, at most 3.
    pub(super) states: u8,
    /// Bytes of an element of each.
    pub(super) sizes: [u8; 3],
    /// Whether it takes the moments of bare elements: then lanes hold sums.
    pub(super) bare: bool,
    /// Whether tuples are combined by assembled strips.
    pub(super) assembled: bool,
    unused: [u8; 2],
}

impl Shape {
    /// Of a reduction with states of such sizes.
    pub(super) fn new(sizes: &[usize], bare: bool, assembled: bool) -> Shape {
        let mut shape = Shape { states: sizes.len() as u8, bare, assembled, ..Shape::default() };
        shape.sizes.iter_mut().zip(sizes).for_each(|(to, &size)| *to = size as u8);
        shape
    }

    /// The word.
    pub(super) fn word(self) -> i64 {
        let [a, b, c] = self.sizes;
        i64::from_ne_bytes([self.states, a, b, c, u8::from(self.bare), u8::from(self.assembled), 0, 0])
    }

    /// Bytes of an element of a state.
    pub(super) fn size(self, state: usize) -> i64 {
        i64::from(self.sizes[state])
    }
}

/// `fill(call, state, size, bits)`: one row of tuple 0 with one value.
pub(super) const FILL: Import = row_function("rows_fill", fill as *const u8, 4);
/// `fold(call, live)`: the lanes of a block into tuple 0.
pub(super) const FOLD: Import = row_function("rows_fold", fold as *const u8, 2);
/// `push(call, number)`: tuple 0 onto a counter of `number` blocks.
pub(super) const PUSH: Import = row_function("rows_push", push as *const u8, 2);
/// `drain(call, number)`: what the counter holds; gives the address of the tuple.
pub(super) const DRAIN: Import =
    Import { name: Cow::Borrowed("rows_drain"), address: drain as *const u8, params: 2, returns: true };
/// `means(call, length, size)`: the means of a block, from the sums in tuple 0.
pub(super) const MEANS: Import = row_function("rows_means", means as *const u8, 3);
/// `moments(call, length, size)`: tuple 0 from the means and the sums of squares in it.
pub(super) const MOMENTS: Import = row_function("rows_moments", moments as *const u8, 3);
/// `store(call, row, to, step, size)`: the elements of a row to where they belong, `step` bytes apart.
pub(super) const STORE: Import = row_function("rows_store", store as *const u8, 5);

/// A function of so many arguments and no result, as compiled code imports it.
const fn row_function(name: &'static str, address: *const u8, params: usize) -> Import {
    Import { name: Cow::Borrowed(name), address, params, returns: false }
}

impl RowsCall {
    /// The address of row number `row`.
    fn row(&self, row: i64) -> *mut u8 {
        self.base.wrapping_offset((row * self.row) as isize)
    }

    /// The address of a lane's tuple.
    fn tuple(&self, lane: i64) -> *mut u8 {
        self.row(lane * i64::from(self.shape.states))
    }

    /// The address of the row of a state of a lane.
    pub(super) fn row_of(&self, lane: i64, state: i64) -> *mut u8 {
        self.row(lane * i64::from(self.shape.states) + state)
    }

    /// The address of the row of a block's means.
    pub(super) fn means(&self) -> *mut u8 {
        self.tuple(LANES as i64)
    }

    /// The address of a level of the counter.
    fn level(&self, level: u32) -> *mut u8 {
        self.row((LANES as i64 + 1 + i64::from(level)) * i64::from(self.shape.states) + 1)
    }

    /// Fills tuple 0 with a reduction over nothing.
    ///
    /// # Safety
    /// As [`fill`]; `nothing` is set.
    pub(super) unsafe fn fill_with_nothing(&self) {
        for (state, &bits) in (0..).zip(&self.nothing[..usize::from(self.shape.states)]) {
            // SAFETY: as the caller promises; tuple 0 has so many states.
            unsafe { fill(self, state, self.shape.size(state as usize), bits) };
        }
    }

    /// Combines tuples: those of sums if `states` is 1.
    ///
    /// # Safety
    /// The three are tuples of the rows, and `function` combines such of so many states.
    unsafe fn combine(&self, function: *const u8, states: u8, to: *mut u8, left: *const u8, right: *const u8) {
        if !self.shape.assembled {
            // SAFETY: what is not assembled is a `Combine`.
            let combine = unsafe { std::mem::transmute::<*const u8, Combine>(function) };
            // SAFETY: as the caller promises.
            unsafe { combine(to, left, right, self.row, self.columns) };
            return;
        }
        if self.columns <= 0 {
            return;
        }
        // SAFETY: what is assembled is a `StripFunction`; the caller promises the rest.
        unsafe {
            let strip = std::mem::transmute::<*const u8, StripFunction>(function);
            self.place(strip, states, to, [left, right]);
        }
    }

    /// Calls a strip that combines tuples.
    ///
    /// # Safety
    /// `to` and those `from` are tuples of the rows, and `strip` combines as many of so many states, at most 9 rows with that of
    /// the result.
    unsafe fn place<const N: usize>(&self, strip: StripFunction, states: u8, to: *mut u8, from: [*const u8; N]) {
        const fn word(offset: i32) -> usize {
            (offset / Block::WORD) as usize
        }
        let mut block = [0i64; word(Block::port(9))];
        block[word(Block::COUNT)] = self.columns;
        let mut ports = (0..9).map(Block::port);
        for tuple in from.into_iter().chain([to.cast_const()]) {
            for (state, base) in (0..usize::from(states)).zip(&mut ports) {
                block[word(base)] = tuple.wrapping_offset((state as i64 * self.row) as isize) as i64;
                block[word(base + Block::WORD)] = self.shape.size(state);
            }
        }
        // SAFETY: the block is that of a strip with such streams.
        unsafe { strip(block.as_mut_ptr().cast()) }
    }
}

/// # Safety
/// `call` describes working rows of [`fuseloom_kernel::work_rows`] rows, private to the caller.
unsafe extern "C" fn fill(call: *const RowsCall, state: i64, size: i64, bits: u64) {
    // SAFETY: as the caller promises; each column's value lies within the row.
    unsafe {
        let row = (*call).row(state);
        for column in 0..(*call).columns {
            let bytes = bits.to_le_bytes();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), row.offset((column * size) as isize), size as usize);
        }
    }
}

/// Lane `l` takes `l + 8`, then `l + 4`, `l + 2`, `l + 1`, as far as they have elements.
///
/// # Safety
/// As [`fill`]; the tuples of lanes `0..live`, at most 16, hold states.
pub(super) unsafe extern "C" fn fold(call: *const RowsCall, live: i64) {
    // SAFETY: as the caller promises; tuples below 16 are within the rows.
    unsafe {
        let call = *call;
        let states = if call.shape.bare { 1 } else { call.shape.states };
        let mut live = live;
        if let (Some(eight), LANES) = (call.eight, live as usize) {
            // One pass over the rows for each half of the lanes, in place of three over ever fewer.
            for lane in 0..2 {
                let from = std::array::from_fn::<_, 8, _>(|k| call.tuple(lane + 2 * k as i64).cast_const());
                call.place(eight, states, call.tuple(lane), from);
            }
            live = 2;
        }
        for width in [8, 4, 2, 1] {
            for lane in 0..(live - width).max(0) {
                let to = call.tuple(lane);
                call.combine(call.fold, states, to, to, call.tuple(lane + width));
            }
            live = live.min(width);
        }
    }
}

/// # Safety
/// As [`fill`]; tuple 0 holds a block, and the levels of the set bits of `number` hold what was pushed before.
pub(super) unsafe extern "C" fn push(call: *const RowsCall, number: u64) {
    // SAFETY: as the caller promises; the rows have a level for each bit of the number of blocks.
    unsafe {
        let call = *call;
        let level = number.trailing_ones();
        for below in 0..level {
            call.combine(call.pair, call.shape.states, call.base, call.level(below), call.base);
        }
        let bytes = (i64::from(call.shape.states) * call.row) as usize;
        std::ptr::copy_nonoverlapping(call.base, call.level(level), bytes);
    }
}

/// From the lowest level up, the higher level on the left.
///
/// # Safety
/// As [`push`]; `number` is not 0.
pub(super) unsafe extern "C" fn drain(call: *const RowsCall, number: u64) -> *const u8 {
    // SAFETY: as the caller promises.
    unsafe {
        let call = *call;
        let mut result = call.level(number.trailing_zeros());
        let mut rest = number & number.wrapping_sub(1);
        while rest != 0 {
            let level = call.level(rest.trailing_zeros());
            call.combine(call.pair, call.shape.states, call.base, level, result);
            result = call.base;
            rest &= rest - 1;
        }
        result
    }
}

/// # Safety
/// As [`fill`]; the states are floats of `size` bytes, and row 0 of tuple 0 holds sums.
pub(super) unsafe extern "C" fn means(call: *const RowsCall, length: i64, size: i64) {
    // SAFETY: as the caller promises.
    unsafe {
        let call = *call;
        for column in 0..call.columns.max(0) as usize {
            if size == 4 {
                *call.means().cast::<f32>().add(column) = *call.base.cast::<f32>().add(column) / length as f32;
            } else {
                *call.means().cast::<f64>().add(column) = *call.base.cast::<f64>().add(column) / length as f64;
            }
        }
    }
}

/// # Safety
/// As [`means`]; row 0 of tuple 0 holds sums of squares.
pub(super) unsafe extern "C" fn moments(call: *const RowsCall, length: i64, size: i64) {
    // SAFETY: as the caller promises; three rows of one tuple and the row of means are apart.
    unsafe {
        let call = *call;
        let bytes = (call.columns.max(0) * size) as usize;
        std::ptr::copy_nonoverlapping(call.base, call.row(2), bytes);
        std::ptr::copy_nonoverlapping(call.means(), call.row(1), bytes);
        let count = if size == 4 { u64::from((length as f32).to_bits()) } else { (length as f64).to_bits() };
        fill(&call, 0, size, count);
    }
}

/// # Safety
/// As [`fill`]; `row` is one of the rows, and an element of `size` bytes may be stored at `to` and every `step` bytes after it,
/// one for each column.
unsafe extern "C" fn store(call: *const RowsCall, row: *const u8, to: *mut u8, step: i64, size: i64) {
    // SAFETY: as the caller promises.
    unsafe {
        let columns = (*call).columns.max(0);
        if step == size {
            std::ptr::copy_nonoverlapping(row, to, (columns * size) as usize);
            return;
        }
        for column in 0..columns {
            let from = row.offset((column * size) as isize);
            let to = to.wrapping_offset((column * step) as isize);
            match size {
                4 => to.cast::<u32>().write_unaligned(from.cast::<u32>().read_unaligned()),
                8 => to.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned()),
                _ => std::ptr::copy_nonoverlapping(from, to, size as usize),
            }
        }
    }
}
