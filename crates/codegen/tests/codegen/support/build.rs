//! Kernels around one lane program.

use fuseloom_kernel::{
    Access, Input, Item, Kernel, Label, Memory, Operand, OperandId, Output, ParamId, Phase, Range, Role, Stride, Strip,
    VarId,
};
use fuseloom_lane::{DType, Program};

/// How an operand of [`elementwise`] lies.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Layout {
    /// Contiguous.
    Contiguous,
    /// Elements this many bytes apart.
    Strided(i64),
    /// One element for all.
    Absent,
}

/// One strip over `columns`: each parameter loaded as `layouts` says, each result stored contiguously.
pub(crate) fn elementwise(program: &Program, layouts: &[Layout], columns: &[Vec<u64>]) -> (Kernel, Memory) {
    let n = columns.iter().map(Vec::len).max().unwrap_or(0);
    let var = VarId(0);
    let mut kernel = Kernel { name: Label::from("elementwise"), ..Kernel::default() };
    kernel.params.push(Label::from("n"));
    kernel.vars.push(Label::from("i"));
    let mut memory = Memory { params: vec![n as i64], ..Memory::default() };
    let mut strip = Strip {
        axis: Some((var, Range::Full { extent: ParamId(0) })),
        inputs: vec![],
        gathers: vec![],
        program: program.clone(),
        outputs: vec![],
    };
    for ((&dtype, &layout), column) in program.params.iter().zip(layouts).zip(columns) {
        let size = dtype.size();
        let mut operand = Operand { name: Label::from("x"), role: Role::In, dtype, index: Default::default() };
        let step = match layout {
            Layout::Contiguous => {
                operand.index.push(Access { var, stride: Stride::Element });
                size as i64
            }
            Layout::Strided(bytes) => {
                kernel.params.push(Label::from("stride"));
                memory.params.push(bytes);
                let param = ParamId(kernel.params.len() as u32 - 1);
                operand.index.push(Access { var, stride: Stride::Bytes(param) });
                bytes
            }
            Layout::Absent => 0,
        };
        let count = if layout == Layout::Absent { n.min(1) } else { n };
        let span = step.unsigned_abs() as usize * count.saturating_sub(1) + size * usize::from(count > 0);
        let first = if step < 0 { span.saturating_sub(size) } else { 0 };
        let mut bytes = vec![0u8; span];
        for (k, bits) in column.iter().take(count).enumerate() {
            let at = (first as i64 + step * k as i64) as usize;
            bytes[at..at + size].copy_from_slice(&bits.to_le_bytes()[..size]);
        }
        memory.operands.push(Some((memory.buffers.len(), first as i64)));
        memory.buffers.push(bytes);
        strip.inputs.push(Input::Load(OperandId(kernel.operands.len() as u32)));
        kernel.operands.push(operand);
    }
    for &result in &program.results {
        let dtype: DType = program.dtype(result);
        let mut operand = Operand { name: Label::from("y"), role: Role::Out, dtype, index: Default::default() };
        operand.index.push(Access { var, stride: Stride::Element });
        strip.outputs.push(Output::Store(OperandId(kernel.operands.len() as u32)));
        kernel.operands.push(operand);
        memory.operands.push(Some((memory.buffers.len(), 0)));
        memory.buffers.push(vec![0xaa; n * dtype.size()]);
    }
    kernel.phases.push(Phase { parallel: vec![], body: vec![Item::Strip(strip)] });
    (kernel, memory)
}
