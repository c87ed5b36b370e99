//! What happens to working rows between blocks, as functions that compiled code calls: little of it, but many instructions
//! if every kernel had its own copy.
//!
//! They move rows and decide which tuples combine, in the order of the tree. Combining itself is compiled code
//! ([`super::rows::combine`]), and so are the elements.

use fuseloom_lane::tree::LANES;

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
    /// Rows of a tuple.
    pub(super) states: i64,
    /// Combines lanes of a block.
    pub(super) fold: Combine,
    /// Combines blocks.
    pub(super) pair: Combine,
}

/// The functions, as compiled code names them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum RowFunction {
    /// `fill(call, state, size, bits)`: one row of tuple 0 with one value.
    Fill,
    /// `fold(call, live)`: the lanes of a block into tuple 0.
    Fold,
    /// `push(call, number)`: tuple 0 onto a counter of `number` blocks.
    Push,
    /// `drain(call, number)`: what the counter holds; gives the address of the tuple.
    Drain,
    /// `means(call, length, size)`: the means of a block, from the sums in tuple 0.
    Means,
    /// `moments(call, length, size)`: tuple 0 from the means and the sums of squares in it.
    Moments,
    /// `store(call, row, to, step, size)`: the elements of a row to where they belong, `step` bytes apart.
    Store,
}

impl RowFunction {
    /// All of them.
    pub(crate) const ALL: [RowFunction; 7] = [
        RowFunction::Fill,
        RowFunction::Fold,
        RowFunction::Push,
        RowFunction::Drain,
        RowFunction::Means,
        RowFunction::Moments,
        RowFunction::Store,
    ];

    /// The name in text.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            RowFunction::Fill => "rows_fill",
            RowFunction::Fold => "rows_fold",
            RowFunction::Push => "rows_push",
            RowFunction::Drain => "rows_drain",
            RowFunction::Means => "rows_means",
            RowFunction::Moments => "rows_moments",
            RowFunction::Store => "rows_store",
        }
    }

    /// How many 64-bit arguments it takes.
    pub(crate) const fn params(self) -> usize {
        match self {
            RowFunction::Fill => 4,
            RowFunction::Fold | RowFunction::Push | RowFunction::Drain => 2,
            RowFunction::Means | RowFunction::Moments => 3,
            RowFunction::Store => 5,
        }
    }

    /// Whether it gives a 64-bit result.
    pub(crate) const fn returns(self) -> bool {
        matches!(self, RowFunction::Drain)
    }

    /// The address of its code.
    pub(crate) fn address(self) -> *const u8 {
        match self {
            RowFunction::Fill => fill as *const u8,
            RowFunction::Fold => fold as *const u8,
            RowFunction::Push => push as *const u8,
            RowFunction::Drain => drain as *const u8,
            RowFunction::Means => means as *const u8,
            RowFunction::Moments => moments as *const u8,
            RowFunction::Store => store as *const u8,
        }
    }
}

impl RowsCall {
    /// The address of row number `row`.
    fn row(&self, row: i64) -> *mut u8 {
        self.base.wrapping_offset((row * self.row) as isize)
    }

    /// The address of a lane's tuple.
    fn tuple(&self, lane: i64) -> *mut u8 {
        self.row(lane * self.states)
    }

    /// The address of the row of a block's means.
    fn means(&self) -> *mut u8 {
        self.tuple(LANES as i64)
    }

    /// The address of a level of the counter.
    fn level(&self, level: u32) -> *mut u8 {
        self.row((LANES as i64 + 1 + i64::from(level)) * self.states + 1)
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
unsafe extern "C" fn fold(call: *const RowsCall, live: i64) {
    // SAFETY: as the caller promises; tuples below 16 are within the rows.
    unsafe {
        let call = *call;
        let mut live = live;
        for width in [8, 4, 2, 1] {
            for lane in 0..(live - width).max(0) {
                let to = call.tuple(lane);
                (call.fold)(to, to, call.tuple(lane + width), call.row, call.columns);
            }
            live = live.min(width);
        }
    }
}

/// # Safety
/// As [`fill`]; tuple 0 holds a block, and the levels of the set bits of `number` hold what was pushed before.
unsafe extern "C" fn push(call: *const RowsCall, number: u64) {
    // SAFETY: as the caller promises; the rows have a level for each bit of the number of blocks.
    unsafe {
        let call = *call;
        let level = number.trailing_ones();
        for below in 0..level {
            (call.pair)(call.base, call.level(below), call.base, call.row, call.columns);
        }
        let bytes = (call.states * call.row) as usize;
        std::ptr::copy_nonoverlapping(call.base, call.level(level), bytes);
    }
}

/// From the lowest level up, the higher level on the left.
///
/// # Safety
/// As [`push`]; `number` is not 0.
unsafe extern "C" fn drain(call: *const RowsCall, number: u64) -> *const u8 {
    // SAFETY: as the caller promises.
    unsafe {
        let call = *call;
        let mut result = call.level(number.trailing_zeros());
        let mut rest = number & number.wrapping_sub(1);
        while rest != 0 {
            (call.pair)(call.base, call.level(rest.trailing_zeros()), result, call.row, call.columns);
            result = call.base;
            rest &= rest - 1;
        }
        result
    }
}

/// # Safety
/// As [`fill`]; the states are floats of `size` bytes, and row 0 of tuple 0 holds sums.
unsafe extern "C" fn means(call: *const RowsCall, length: i64, size: i64) {
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
unsafe extern "C" fn moments(call: *const RowsCall, length: i64, size: i64) {
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
