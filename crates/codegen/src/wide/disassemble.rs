//! The text of assembled strips: an instruction a line, labels for what is jumped to, names for what is called.

use super::function::Function;
use iced_x86::{Decoder, DecoderOptions, FlowControl, Formatter, Instruction, IntelFormatter};
use std::collections::BTreeMap;
use std::fmt::Write;

impl Function {
    /// Its instructions. Constants are named by their places behind the code.
    pub(crate) fn text(&self) -> String {
        let instructions: Vec<Instruction> =
            Decoder::with_ip(64, &self.code.bytes[..self.code.length], 0, DecoderOptions::NONE).into_iter().collect();
        let jumps = |i: &&Instruction| {
            matches!(i.flow_control(), FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch)
        };
        let mut labels: BTreeMap<u64, usize> =
            instructions.iter().filter(jumps).map(|jump| (jump.near_branch_target(), 0)).collect();
        labels.values_mut().enumerate().for_each(|(number, label)| *label = number);

        let mut formatter = IntelFormatter::new();
        formatter.options_mut().set_space_after_operand_separator(true);
        let mut out = String::new();
        for instruction in &instructions {
            if let Some(label) = labels.get(&instruction.ip()) {
                let _ = writeln!(out, "label{label}:");
            }
            let called = self.code.calls.iter().find(|call| u64::from(call.at) == instruction.ip() + 1);
            let mut text = String::new();
            match (called, labels.get(&instruction.near_branch_target()).filter(|_| jumps(&instruction))) {
                (Some(call), _) => {
                    let name = self.helpers.get(call.target as usize).map_or("?", |helper| helper.name());
                    let _ = write!(text, "call {name}");
                }
                (None, Some(label)) => {
                    formatter.format_mnemonic(instruction, &mut text);
                    let _ = write!(text, " label{label}");
                }
                (None, None) => formatter.format(instruction, &mut text),
            }
            let _ = writeln!(out, "  {text}");
        }
        out
    }
}
