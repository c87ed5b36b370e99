//! How large tiles are, once sizes are known.

use crate::TileRule;
use fuseloom_size::{SizeId, Value};

/// Bytes of a chunk of elementwise work: it stays in the second-level cache.
const CHUNK: i64 = 256 << 10;
/// Bytes of a tile of columns that are gone through again and again: accumulator rows, or elements. The second-level cache
/// will do, and wide tiles read longer runs of each row.
const ACCUMULATORS: i64 = 512 << 10;
/// Bytes of the side of a packed square across the strips, whole cache lines.
const SQUARE: i64 = 256;
/// The same along the strips: longer pieces of rows are fetched in fewer turns, but the square stays in the first-level cache.
const SQUARE_ALONG: i64 = 512;
/// Elements of that side at most, which matters where they are small.
const SQUARE_ELEMENTS: i64 = 128;
/// Bytes of a block of rows of products, of the second-level cache.
const BLOCK: i64 = 1 << 20;
/// The fewest rows of such a block: the library packs a right matrix anew for each.
const FEWEST_ROWS: i64 = 32;
/// The number of blocks that is worth smaller ones.
const BLOCKS: i64 = 4;
/// Bytes of packed elements that are gone through again and again.
const PACKED: i64 = 16 << 10;
/// The rows of a block of products: blocks of nearly equal size.
fn block(extent: i64, other: i64, bytes: i64, most: i64) -> i64 {
    let cached = (BLOCK / bytes.max(1)).clamp(FEWEST_ROWS, most);
    let share = extent.saturating_mul(other) / BLOCKS;
    let rows = cached.min(share.max(FEWEST_ROWS));
    if rows >= extent {
        return extent.max(1);
    }
    let count = extent / rows + i64::from(extent % rows > 0);
    let even = extent / count + i64::from(extent % count > 0);
    (even + 15) & !15
}

/// The extent of a tile: at least 1.
pub(super) fn tile(rule: &TileRule, sizes: &[Value], threads: u32) -> i64 {
    let at = |id: SizeId| sizes[id.0 as usize].capped().max(0);
    let threads = i64::from(threads);
    let (extent, outer, most, least) = match *rule {
        TileRule::Chunk { extent, outer, bytes } => {
            let bytes = i64::from(bytes.max(1));
            (at(extent), at(outer), (CHUNK / bytes).max(1), (4096 / bytes).max(1))
        }
        TileRule::Columns { extent, outer, bytes } => {
            (at(extent), at(outer), (ACCUMULATORS / i64::from(bytes.max(1))).max(64), 64)
        }
        TileRule::Block { extent, other, bytes, most } => {
            return block(at(extent), at(other), at(bytes), i64::from(most));
        }
        TileRule::Packed { extent, bytes } => {
            return (PACKED / i64::from(bytes.max(1))).max(64).min(at(extent)).max(1);
        }
        TileRule::Square { extent, bytes, along } => {
            let bytes = i64::from(bytes.max(1));
            let side = if along { (SQUARE_ALONG / bytes).min(SQUARE_ELEMENTS) } else { SQUARE / bytes };
            return side.min(at(extent)).max(1);
        }
    };
    // Four tiles for each thread keep all busy to the end.
    let share = extent.saturating_mul(outer) / (4 * threads);
    let tile = if threads == 1 { most } else { most.min(share.max(least)) };
    if tile >= extent {
        return extent.max(1);
    }
    // Whole vectors and cache lines.
    if tile > 64 { tile & !63 } else { tile }
}
