//! A reduce loop around a lone assembled strip, run by a function of this crate.
//!
//! Such a loop does nothing but place the strip's streams and call it, block by block, and see to the working rows between
//! blocks: many instructions that would be the same in every kernel. So compiled code only describes the loop
//! ([`LoopCall`]), and [`reduce`] runs it.
//!
//! Within a block it walks the rows of an operand in the order they have in memory, as far as the tree allows: a call of the
//! strip takes a row of one lane and the next ones of the same lane, 16 rows further each, and calls go from lane to lane.
//! Several rows a call load and store the accumulators seldom, which counts where elements come from a cache; few of them
//! make few sequential walks through memory, which is what a processor fetches ahead. So there may be a strip for each; that of
//! few rows also asks for the elements some way further, the next call's towards the end.

use super::row_functions::{self, RowsCall};
use crate::unit::Import;
use crate::wide::arguments::{Block, StripFunction};
use fuseloom_lane::tree::LANES;
use std::borrow::Cow;

/// An assembled strip, as compiled code describes it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct StripCall {
    /// Its code; `None` if there is no such strip.
    pub(super) function: Option<StripFunction>,
    /// Its arguments: all but the addresses of streams, and whether the lane holds nothing yet.
    pub(super) block: *mut u8,
    /// Where in the block it says whether the lane holds nothing yet; negative if it does not ask.
    pub(super) first: i64,
    /// Where in the block the addresses lie of what it asks for; negative if it does not.
    pub(super) ahead: i64,
}

/// The strips of a pass over a block.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Pass {
    /// One iteration.
    pub(super) single: StripCall,
    /// Several of one lane, where that is worth a strip of its own.
    pub(super) group: StripCall,
    /// [`WALK`] of one lane, if those are fewer.
    pub(super) walk: StripCall,
}

/// Iterations a call where elements come from memory.
pub(super) const WALK: usize = 2;
/// Bytes of rows that are long enough to be walked along, and of all of them together beyond what a cache holds.
const LONG: i64 = 4 << 10;
const LARGE: i64 = 4 << 20;

/// A reduce loop, as compiled code describes it. Its [`Moving`]s follow it in memory, and then the address of the
/// [`RowsCall`] of each reduction.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct LoopCall {
    /// Iterations.
    pub(super) count: i64,
    /// Iterations of a block: those of the tree, or 1 where elements are finished subtrees.
    pub(super) length: i64,
    /// Iterations that [`Pass::group`] takes.
    pub(super) group: i64,
    /// How many columns ahead [`Pass::walk`] asks for elements.
    pub(super) distance: i64,
    /// How many streams an iteration reads.
    pub(super) streams: i64,
    /// How many reductions there are.
    pub(super) reductions: i64,
    /// The pass over a block, and the one that adds squared deviations.
    pub(super) passes: [Pass; 2],
}

/// A stream that iterations read.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Moving {
    /// Its address in the first iteration.
    pub(super) base: *const u8,
    /// Bytes from one iteration to the next.
    pub(super) step: i64,
    /// Bytes of an element.
    pub(super) size: i64,
}

impl StripCall {
    /// Sets a word of the block.
    ///
    /// # Safety
    /// There is a strip, and its block has this word.
    unsafe fn put(&self, at: i64, word: i64) {
        // SAFETY: as the caller promises.
        unsafe { self.block.add(at as usize).cast::<i64>().write(word) };
    }

    /// Sets what is asked for.
    ///
    /// # Safety
    /// There is a strip; it asks for as many streams.
    unsafe fn ask(&self, addresses: impl Iterator<Item = *const u8>) {
        for (number, address) in (0..).zip(addresses) {
            // SAFETY: as the caller promises; the places are one after another.
            unsafe { self.put(self.ahead + i64::from(Block::WORD) * number, address as i64) };
        }
    }
}

/// `reduce(loop)`: a whole reduce loop.
pub(super) const REDUCE: Import =
    Import { name: Cow::Borrowed("rows_reduce"), address: reduce as *const u8, params: 1, returns: false };

/// A loop at run time.
struct Running<'a> {
    head: LoopCall,
    streams: &'a [Moving],
    rows: &'a [*mut RowsCall],
}

/// Runs a reduce loop, and notes in each [`RowsCall`] where the final tuple is.
///
/// # Safety
/// `call` describes a loop: the streams may be read at all iterations and columns, and the rows are working rows of
/// [`fuseloom_kernel::work_rows`] rows, private to the caller, described by [`RowsCall`]s that this may write to.
pub(super) unsafe extern "C" fn reduce(call: *const LoopCall) {
    // SAFETY: as the caller promises, streams and rows follow the head, as many as it says.
    unsafe {
        let head = *call;
        let streams = std::slice::from_raw_parts(call.add(1).cast::<Moving>(), head.streams as usize);
        let rows = std::slice::from_raw_parts(streams.as_ptr_range().end.cast(), head.reductions as usize);
        Running { head, streams, rows }.run();
    }
}

impl Running<'_> {
    /// # Safety
    /// As [`reduce`].
    unsafe fn run(&self) {
        let each = |f: &dyn Fn(&mut RowsCall)| {
            for &rows in self.rows {
                // SAFETY: the caller of `reduce` promises that it may be written; nothing else refers to it now.
                f(unsafe { &mut *rows });
            }
        };
        let LoopCall { count, length, .. } = self.head;
        each(&|rows| rows.result = rows.base);
        if count <= 0 {
            // SAFETY: tuple 0 has a row for each state.
            each(&|rows| unsafe { rows.fill_with_nothing() });
            return;
        }
        // SAFETY: the caller of `reduce` promises that it may be read.
        let empty = |&rows: &*mut RowsCall| unsafe { (*rows).columns <= 0 };
        if self.rows.iter().all(empty) {
            return;
        }
        let (mut begin, mut number) = (0, 0);
        loop {
            let end = count.min(begin + length);
            // SAFETY: the iterations are some of those of the loop.
            unsafe { self.block(begin, end) };
            if count <= length {
                return;
            }
            // SAFETY: tuple 0 holds the block, and blocks are pushed in the order of their numbers.
            each(&|rows| unsafe { row_functions::push(rows, number) });
            number += 1;
            if end == count {
                break;
            }
            begin = end;
        }
        // SAFETY: so many blocks were pushed, at least two.
        each(&|rows| rows.result = unsafe { row_functions::drain(rows, number) }.cast_mut());
    }

    /// A block: its states end up in tuple 0.
    ///
    /// # Safety
    /// As [`reduce`]; `begin..end` are some of its iterations, at most a block.
    unsafe fn block(&self, begin: i64, end: i64) {
        let live = (end - begin).min(LANES as i64);
        // SAFETY: as the caller promises; the first pass leaves a state in each of the first `live` lanes, and the second one,
        // which there is where a reduction takes moments, a sum of squares.
        unsafe {
            self.pass(begin, end, false);
            for &rows in self.rows {
                row_functions::fold(rows, live);
            }
            if self.head.passes[1].single.function.is_none() {
                return;
            }
            let moments = || self.rows.iter().filter(|&&rows| (*rows).shape.bare);
            for &rows in moments() {
                row_functions::means(rows, end - begin, (*rows).shape.size(0));
            }
            self.pass(begin, end, true);
            for &rows in moments() {
                row_functions::fold(rows, live);
                row_functions::moments(rows, end - begin, (*rows).shape.size(0));
            }
        }
    }

    /// Runs the strip for all iterations of a block, those of each lane in order.
    ///
    /// # Safety
    /// As [`Running::block`]; there is such a pass.
    unsafe fn pass(&self, begin: i64, end: i64, squares: bool) {
        let lanes = LANES as i64;
        let Pass { single, group, walk } = &self.head.passes[usize::from(squares)];
        let (strip, several) = match (group.function, walk.function) {
            (_, Some(_)) if self.is_walked() => (walk, WALK as i64),
            (Some(_), _) => (group, self.head.group),
            (None, _) => (single, 1),
        };
        let mut k = begin;
        while k < end {
            // Whole rounds of several iterations a lane, then of one.
            let (strip, runs) = if end - k >= several * lanes { (strip, several) } else { (single, 1) };
            for lane in 0..lanes.min(end - k) {
                // SAFETY: the iterations `k + lane`, and those 16, 32... further that there are, are all below `end`.
                unsafe { self.call(strip, runs, k + lane, lane, squares, k == begin) };
            }
            k += runs * lanes;
        }
    }

    /// Whether what iterations read is better taken a few rows at a time.
    fn is_walked(&self) -> bool {
        // SAFETY: the caller of `reduce` promises that it may be read.
        let row = self.rows.iter().map(|&rows| unsafe { (*rows).row }).max().unwrap_or(0);
        row >= LONG && row.saturating_mul(self.head.count) >= LARGE
    }

    /// The addresses of the streams in `runs` iterations of a lane from `k` on, and the bytes of an element of each.
    fn addresses(&self, k: i64, runs: i64) -> impl Iterator<Item = (*const u8, i64)> {
        (0..runs).flat_map(move |run| {
            let k = k + LANES as i64 * run;
            let at = move |stream: &Moving| stream.base.wrapping_offset(k.wrapping_mul(stream.step) as isize);
            self.streams.iter().map(move |stream| (at(stream), stream.size))
        })
    }

    /// Runs a strip for `runs` iterations of a lane from `k` on.
    ///
    /// # Safety
    /// As [`Running::pass`]; the iterations are some of the block's.
    unsafe fn call(&self, strip: &StripCall, runs: i64, k: i64, lane: i64, squares: bool, first: bool) {
        let Some(function) = strip.function else { return };
        // The streams in the order that `Composed` has them.
        let mut number = 0;
        let mut put = |address: *const u8| {
            // SAFETY: the block has a place for each stream of the strip.
            unsafe { strip.put(Block::port(number).into(), address as i64) };
            number += 1;
        };
        self.addresses(k, runs).for_each(|(address, _)| put(address));
        let replaces = self.head.length == 1;
        for (loads, &rows) in
            [true, false].into_iter().flat_map(|loads| self.rows.iter().map(move |rows| (loads, rows)))
        {
            // SAFETY: as the caller promises.
            let rows = unsafe { &*rows };
            if squares && !rows.shape.bare {
                continue;
            }
            let states = if rows.shape.bare { 1 } else { i64::from(rows.shape.states) };
            if !(loads && replaces) {
                (0..states).for_each(|state| put(rows.row_of(lane, state)));
            }
            if loads && squares {
                put(rows.means());
            }
        }
        // SAFETY: the places are in the block, which is now whole but for what is asked for; the strip reads what the caller
        // promises and writes rows.
        unsafe {
            if strip.first >= 0 {
                strip.put(strip.first, -i64::from(first));
            }
            if strip.ahead < 0 {
                function(strip.block);
                return;
            }
            // The next call is the next lane's, or the first one's of the next round. Past the end there may be anything: asking
            // reads nothing.
            let next = if lane + 1 < LANES as i64 { k + 1 } else { k + 1 + LANES as i64 * (runs - 1) };
            let columns = self.columns();
            let last = (columns - self.head.distance).max(0);
            strip.put(Block::BEGIN.into(), 0);
            strip.put(Block::COUNT.into(), last);
            strip.ask(
                self.addresses(k, runs)
                    .map(|(address, size)| address.wrapping_offset((self.head.distance * size) as isize)),
            );
            function(strip.block);
            strip.put(Block::BEGIN.into(), last);
            strip.put(Block::COUNT.into(), columns);
            strip.ask(
                self.addresses(next, runs).map(|(address, size)| address.wrapping_offset((-last * size) as isize)),
            );
            function(strip.block);
        }
    }

    /// How many columns there are.
    fn columns(&self) -> i64 {
        // SAFETY: the caller of `reduce` promises that it may be read.
        self.rows.iter().map(|&rows| unsafe { (*rows).columns }).max().unwrap_or(0)
    }
}
