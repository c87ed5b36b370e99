//! Stores past the caches, for operands so large that what is written of them will not be found in a cache.
//!
//! An ordinary store reads the line that it writes to, and pushes another out of the caches. A non-temporal store of whole
//! aligned registers does neither. The caller says at run time which operands are worth it
//! ([`KernelArgs::past`](fuseloom_kernel::KernelArgs::past)); here are the conditions that code can tell: nothing in the kernel
//! reads the operand again, and a register of every such operand becomes aligned at the same element. What comes before that
//! element is run by a call of its own.

use crate::nest::Nest;
use crate::strip::run::Run;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Value as Clif};
use fuseloom_kernel::{Item, Kernel, OperandId, Role, Use};

/// Bytes of a cache line, and of the largest register.
const LINE: i64 = 64;

/// The operands that a kernel writes and does not read again, a bit for each of the first 64.
pub(crate) fn written_only(kernel: &Kernel) -> u64 {
    let bit = |id: OperandId| 1u64.checked_shl(id.0).unwrap_or(0);
    let out = |(k, _): (usize, _)| bit(OperandId(k as u32));
    let written = kernel.operands.iter().enumerate().filter(|(_, operand)| operand.role == Role::Out).map(out);
    let written = written.fold(0, |all, one| all | one);
    let read = kernel.items().fold(0, |read, item| match item {
        Item::Loop(_) => read,
        // The library reads what it writes, as it likes.
        Item::Product(product) => read | bit(product.a) | bit(product.b) | bit(product.c),
        Item::Strip(strip) => {
            let loaded = strip.uses().filter(|(_, used)| matches!(used, Use::Load | Use::Gather(_)));
            loaded.fold(read, |read, (id, _)| read | bit(id))
        }
    });
    written & !read
}

/// A place in the nest that is reached where all conditions hold.
pub(super) struct Streaming {
    lead: Clif,
    join: Block,
}

/// Emits the test of the conditions for elements `0..count` of a run, and goes where they hold; `None` if no stream may.
pub(super) fn aligned(n: &mut Nest<'_, '_>, run: &Run<'_>, count: Clif) -> Option<Streaming> {
    let (first, _) = run.past.first()?;
    let (test, hold, join) = (n.e.b.create_block(), n.e.b.create_block(), n.e.b.create_block());
    let mask = run.past.iter().fold(0, |mask, (_, id)| mask | 1u64 << id.0);
    let mask = n.word(mask as i64);
    let wanted = n.e.b.ins().band(n.past, mask);
    let all = n.e.b.ins().icmp(IntCC::Equal, wanted, mask);
    n.e.b.ins().brif(all, test, &[], join, &[]);

    n.e.b.switch_to_block(test);
    let inside_line = n.word(LINE - 1);
    let (_, first) = run.stores[*first];
    let gap = n.e.b.ins().ineg(first.base);
    let gap = n.e.b.ins().band(gap, inside_line);
    let lead = n.e.b.ins().ushr_imm_u(gap, i64::from(first.dtype.size().trailing_zeros()));
    let mut off = n.word(0);
    for (store, _) in &run.past {
        let address = run.stores[*store].1.address(n.e, lead);
        off = n.e.b.ins().bor(off, address);
    }
    let off = n.e.b.ins().band(off, inside_line);
    let even = n.e.b.ins().icmp_imm_s(IntCC::Equal, off, 0);
    let longer = n.e.b.ins().icmp(IntCC::SignedLessThan, lead, count);
    let fits = n.e.b.ins().band(even, longer);
    n.e.b.ins().brif(fits, hold, &[], join, &[]);
    n.e.b.switch_to_block(hold);
    Some(Streaming { lead, join })
}

impl Streaming {
    /// Emits what runs the elements before the aligned one, if there are some; `f` is given their number.
    pub(super) fn lead(&self, n: &mut Nest<'_, '_>, f: impl FnOnce(&mut Nest<'_, '_>, Clif)) {
        let (some, next) = (n.e.b.create_block(), n.e.b.create_block());
        let any = n.e.b.ins().icmp_imm_s(IntCC::NotEqual, self.lead, 0);
        n.e.b.ins().brif(any, some, &[], next, &[]);
        n.e.b.switch_to_block(some);
        f(n, self.lead);
        n.e.b.ins().jump(next, &[]);
        n.e.b.switch_to_block(next);
    }

    /// Goes on to what follows in either case.
    pub(super) fn go(self, n: &mut Nest<'_, '_>) {
        n.e.b.ins().jump(self.join, &[]);
        n.e.b.switch_to_block(self.join);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_again_is_not_written_only() {
        let softmax = include_str!("../../../kernel/tests/softmax.txt");
        let written = |text: &str| written_only(&fuseloom_kernel::parse(text).unwrap());
        assert_eq!(written(softmax), 0b10);
        assert_eq!(written(&softmax.replace("%0 = load e", "%0 = load y").replace("store e", "store y")), 0);
        assert_eq!(written(&softmax.replace("scratch e: f32[j] at e_at", "out e: f32[i: x_row, j]")), 0b10);
    }
}
