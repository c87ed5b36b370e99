//! Memory streams: reading some arrays and writing some others, and nothing else.

use crate::{Buffer, Pool, RuntimeError, Workers};
use fuseloom_lane::DType;
use std::time::Instant;

/// How a stream is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Store {
    /// Through the caches.
    Cached,
    /// Past the caches, where the machine has such stores (x86-64); through them elsewhere.
    NonTemporal,
}

/// The twin of a memory-bound kernel: it reads as many streams, writes as many, each of as many bytes, and computes next to nothing
/// (one addition for each element read). Its time is the machine's limit for the kernel.
#[derive(Debug)]
pub struct Twin {
    reads: Vec<Buffer>,
    writes: Vec<Buffer>,
    blocks: u64,
    store: Store,
}

/// Elements handled at a time: a cache line of `f32`.
const BLOCK: usize = 16;

/// Blocks a thread takes at a time: 64 KiB of each stream.
const GRAIN: u64 = 1024;

/// The most streams of one direction.
const MOST: usize = 8;

type Block = [f32; BLOCK];

/// The streams as addresses.
struct Streams {
    reads: [*const Block; MOST],
    read_count: usize,
    writes: [*mut Block; MOST],
    write_count: usize,
}

// SAFETY: threads read what nobody writes, and write disjoint parts.
unsafe impl Sync for Streams {}

impl Twin {
    /// A twin of a kernel with so many input and output streams (up to 8 each; more count as 8) of `bytes_each` bytes each, rounded
    /// down to cache lines but at least one. The memory is touched, so that a run does not pay for that.
    pub fn new(
        reads: usize,
        writes: usize,
        bytes_each: usize,
        store: Store,
        pool: &Pool,
    ) -> Result<Twin, RuntimeError> {
        let blocks = (bytes_each / size_of::<Block>()).max(1);
        let streams = |count: usize| {
            let stream = |_| {
                let mut buffer = pool.buffer(DType::F32, blocks * BLOCK)?;
                buffer.as_mut_slice::<f32>()?.fill(1.0);
                Ok(buffer)
            };
            (0..count.min(MOST)).map(stream).collect::<Result<Vec<_>, RuntimeError>>()
        };
        Ok(Twin { reads: streams(reads)?, writes: streams(writes)?, blocks: blocks as u64, store })
    }

    /// The bytes a run moves.
    pub fn bytes(&self) -> usize {
        self.blocks as usize * size_of::<Block>() * (self.reads.len() + self.writes.len())
    }

    /// Writes in another way from now on.
    pub fn store_by(&mut self, store: Store) {
        self.store = store;
    }

    /// Moves the streams so many times on that many threads; returns the seconds it took.
    pub fn run(&mut self, workers: &Workers, threads: usize, passes: u32) -> f64 {
        let mut streams = Streams {
            reads: [std::ptr::null(); MOST],
            read_count: self.reads.len(),
            writes: [std::ptr::null_mut(); MOST],
            write_count: self.writes.len(),
        };
        for (address, buffer) in streams.reads.iter_mut().zip(&self.reads) {
            *address = buffer.start().as_ptr().cast_const().cast();
        }
        for (address, buffer) in streams.writes.iter_mut().zip(&self.writes) {
            *address = buffer.start().as_ptr().cast();
        }
        let mover = mover(self.store);
        let streams = &streams;
        let start = Instant::now();
        for _ in 0..passes {
            workers.run(self.blocks, GRAIN, threads, &|_, begin, end| {
                // SAFETY: the streams have `blocks` blocks; the buffers are borrowed uniquely for the call, and threads have
                // disjoint ranges. `mover` chose a function this processor can run.
                unsafe { mover(streams, begin as usize, end as usize) };
            });
        }
        start.elapsed().as_secs_f64()
    }

    /// The shortest of several runs that together take about `seconds`; at least 3.
    pub fn best(&mut self, workers: &Workers, threads: usize, seconds: f64) -> f64 {
        let start = Instant::now();
        let mut best = f64::INFINITY;
        let mut runs = 0;
        while runs < 3 || start.elapsed().as_secs_f64() < seconds {
            best = best.min(self.run(workers, threads, 1));
            runs += 1;
        }
        best
    }
}

/// Moves blocks `begin..end`.
type Mover = unsafe fn(&Streams, usize, usize);

#[cfg(target_arch = "x86_64")]
fn mover(store: Store) -> Mover {
    let wide = std::arch::is_x86_feature_detected!("avx512f");
    let middle = std::arch::is_x86_feature_detected!("avx2");
    match store {
        Store::Cached if wide => x86::cached_512,
        Store::Cached if middle => x86::cached_256,
        Store::Cached => cached,
        Store::NonTemporal if wide => x86::past_512,
        Store::NonTemporal if middle => x86::past_256,
        Store::NonTemporal => x86::past,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn mover(_: Store) -> Mover {
    cached
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{BLOCK, Streams, dispatch};
    use std::arch::x86_64::{
        __m128, _mm_loadu_ps, _mm_sfence, _mm_stream_ps, _mm256_loadu_ps, _mm256_stream_ps, _mm512_loadu_ps,
        _mm512_stream_ps,
    };

    /// # Safety
    /// As [`super::dispatch`]; the processor has AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn cached_512(streams: &Streams, begin: usize, end: usize) {
        // SAFETY: passed on to the caller.
        unsafe { super::cached(streams, begin, end) }
    }

    /// # Safety
    /// As [`super::dispatch`]; the processor has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn cached_256(streams: &Streams, begin: usize, end: usize) {
        // SAFETY: passed on to the caller.
        unsafe { super::cached(streams, begin, end) }
    }

    /// # Safety
    /// As [`super::dispatch`]; the processor has AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn past_512(streams: &Streams, begin: usize, end: usize) {
        // SAFETY: passed on to the caller. A block is a 64-byte aligned line, as the store needs it.
        unsafe {
            dispatch(streams, begin, end, |to, block| _mm512_stream_ps(to.cast(), _mm512_loadu_ps(block.as_ptr())));
            _mm_sfence();
        }
    }

    /// # Safety
    /// As [`super::dispatch`]; the processor has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn past_256(streams: &Streams, begin: usize, end: usize) {
        // SAFETY: passed on to the caller. A block is 64-byte aligned, as the stores need it.
        unsafe {
            dispatch(streams, begin, end, |to, block| {
                let to = to.cast::<f32>();
                _mm256_stream_ps(to, _mm256_loadu_ps(block.as_ptr()));
                _mm256_stream_ps(to.add(8), _mm256_loadu_ps(block.as_ptr().add(8)));
            });
            _mm_sfence();
        }
    }

    /// Writes past the caches.
    ///
    /// # Safety
    /// As [`super::dispatch`].
    pub(super) unsafe fn past(streams: &Streams, begin: usize, end: usize) {
        const LANES: usize = size_of::<__m128>() / size_of::<f32>();
        // SAFETY: passed on to the caller. A block is 64-byte aligned, as the stores need it; SSE is part of x86-64.
        unsafe {
            dispatch(streams, begin, end, |to, block| {
                for part in (0..BLOCK).step_by(LANES) {
                    _mm_stream_ps(to.cast::<f32>().add(part), _mm_loadu_ps(block.as_ptr().add(part)));
                }
            });
            _mm_sfence();
        }
    }
}

/// Writes through the caches.
///
/// # Safety
/// As [`dispatch`].
#[inline(always)]
unsafe fn cached(streams: &Streams, begin: usize, end: usize) {
    // SAFETY: passed on to the caller.
    unsafe { dispatch(streams, begin, end, |to, block| to.write(block)) }
}

/// Picks the loop for the number of streams, so that it is known when the loop is compiled.
///
/// # Safety
/// Every stream has `end` blocks; nobody else touches those of `begin..end` that are written.
#[inline(always)]
unsafe fn dispatch(streams: &Streams, begin: usize, end: usize, store: impl Fn(*mut Block, Block)) {
    macro_rules! by_count {
        ($($reads:literal)*) => {
            match streams.read_count {
                // SAFETY: passed on to the caller.
                $($reads => unsafe { move_blocks::<$reads>(streams, begin, end, store) },)*
                // SAFETY: as above; `Twin::new` makes no more.
                _ => unsafe { move_blocks::<MOST>(streams, begin, end, store) },
            }
        };
    }
    by_count!(0 1 2 3 4 5 6 7)
}

/// # Safety
/// As [`dispatch`], with `READS` streams to read.
#[inline(always)]
unsafe fn move_blocks<const READS: usize>(
    streams: &Streams,
    begin: usize,
    end: usize,
    store: impl Fn(*mut Block, Block),
) {
    let mut reads = [std::ptr::null(); READS];
    reads.copy_from_slice(&streams.reads[..READS]);
    let writes = &streams.writes[..streams.write_count];
    if writes.is_empty() {
        // SAFETY: passed on to the caller.
        unsafe { read_blocks(reads, begin, end) };
        return;
    }
    for block in begin..end {
        let mut sum = [0.0_f32; BLOCK];
        for stream in reads {
            // SAFETY: `block` is below the stream's length.
            add(&mut sum, unsafe { stream.add(block).read() });
        }
        for stream in writes {
            // The address is below the stream's length.
            store(stream.wrapping_add(block), sum);
        }
    }
}

/// Reads only. Four sums at a time, so that the latency of an addition is not what is measured.
///
/// # Safety
/// As [`dispatch`].
#[inline(always)]
unsafe fn read_blocks<const READS: usize>(reads: [*const Block; READS], begin: usize, end: usize) {
    let mut sums = [[0.0_f32; BLOCK]; 4];
    let mut block = begin;
    while block < end {
        for (ahead, sum) in sums.iter_mut().enumerate() {
            // The last blocks may be read more than once.
            let block = (block + ahead).min(end - 1);
            for stream in reads {
                // SAFETY: `block` is below the stream's length.
                add(sum, unsafe { stream.add(block).read() });
            }
        }
        block += 4;
    }
    std::hint::black_box(sums);
}

#[inline(always)]
fn add(sum: &mut Block, values: Block) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_is_moved() {
        let pool = Pool::new(1 << 24);
        let workers = Workers::new(2);
        for store in [Store::Cached, Store::NonTemporal] {
            for reads in 0..=MOST {
                for (writes, bytes) in [(0, 1 << 16), (1, 1 << 20), (2, 64 * 1025), (3, 1)] {
                    let mut twin = Twin::new(reads, writes, bytes, Store::Cached, &pool).unwrap();
                    twin.store_by(store);
                    assert_eq!(twin.bytes(), (bytes / 64).max(1) * 64 * (reads + writes));
                    assert!(twin.run(&workers, 2, 2) >= 0.0);
                    for written in &twin.writes {
                        assert!(written.as_slice::<f32>().unwrap().iter().all(|&x| x == reads as f32));
                    }
                }
            }
        }
    }

    #[test]
    fn too_much_memory_is_an_error() {
        let pool = Pool::new(0);
        assert!(matches!(Twin::new(1, 0, 1 << 60, Store::Cached, &pool), Err(RuntimeError::OutOfMemory { .. })));
    }
}
