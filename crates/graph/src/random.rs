//! Random graphs for the tests of this crate.

use crate::{Contraction, Dim, Graph, Label, Labels, NodeId, Op, Reduce, Sizes, SliceAxis, Type};
use fuseloom_lane::{DType, Function, Scalar, Scan};
use fuseloom_library::{Call, Library};

/// A graph of the operations that these numbers choose, over the sizes `n` and `m`. Those that inference refuses are left
/// out, and with sizes those whose constraints do not hold for them.
pub(crate) fn graph(choices: &[u64], sizes: Option<&Sizes>) -> Graph {
    let dims = [
        Dim::from("n"),
        Dim::Fixed(1),
        Dim::Fixed(4),
        Dim::from("m"),
        Dim::Fixed(0),
        crate::parse_dim("2*n+1").unwrap(),
    ];
    let dim = |bits: u64| dims[(bits % dims.len() as u64) as usize].clone();
    let mut g = Graph::default();
    for (k, bits) in choices.iter().enumerate() {
        let part = |shift: u32| bits >> shift;
        let nodes = g.nodes().len() as u64;
        let pick = |shift: u32| NodeId((part(shift) % nodes.max(1)) as u32);
        let dtype = DType::ALL[(part(8) % 13) as usize];
        let rank = |id: NodeId| g.nodes().get(id.index()).map_or(0, |node| node.types[0].rank());
        let (x, y, z) = (pick(16), pick(24), pick(32));
        let mut with = g.clone();
        let added = match bits % 19 {
            0 | 1 => {
                let shape: Vec<Dim> = (0..part(16) % 4).map(|k| dim(part(20 + 3 * k as u32))).collect();
                with.input(&format!("x{k}"), Type::new(dtype, shape))
            }
            2 => with.add(Op::Constant(Scalar::from_bits(dtype, bits.wrapping_mul(0x9e37_79b9_7f4a_7c15))), &[]),
            3 => with.add(Op::Iota(dim(part(16))), &[]),
            4 => with.add(Op::Extent(dim(part(16))), &[]),
            5 | 6 => {
                let function = Function::ALL[(part(40) % Function::ALL.len() as u64) as usize];
                with.add(Op::Map(function), &[x, y, z][..function.arity()])
            }
            7 => with.add(Op::Map(Function::ALL[(part(40) % 20) as usize]), &[x, x]),
            8 => with.add(Op::Cast(dtype), &[x]),
            9 => with.add(Op::DivMod, &[x, x]),
            10 => with.add(Op::Permute((0..rank(x)).rev().collect()), &[x]),
            11 => {
                let window = |k: usize| SliceAxis {
                    start: dim(part(30 + k as u32)),
                    step: [1, -1, 2, -3][(part(36) % 4) as usize],
                    len: dim(part(40 + k as u32)),
                };
                with.add(Op::Slice((0..rank(x)).map(window).collect()), &[x])
            }
            12 => {
                let shape = (0..part(30) % 4).map(|k| dim(part(32 + 3 * k as u32))).collect();
                with.add(if part(60) % 2 == 0 { Op::Broadcast(shape) } else { Op::Reshape(shape) }, &[x])
            }
            13 => with.add(Op::Concat { axis: (part(40) % 3) as usize }, &[x, y, x][..(part(44) % 3 + 1) as usize]),
            14 => {
                let low = (0..rank(x)).map(|k| dim(part(40 + k as u32))).collect();
                let high = (0..rank(x)).map(|k| dim(part(50 + k as u32))).collect();
                with.add(Op::Pad { low, high }, &[x, y])
            }
            15 => {
                let ddof = (part(50) % 5) as i64 - 2;
                let op = [
                    Reduce::Sum,
                    Reduce::Max,
                    Reduce::Any,
                    Reduce::ArgMin,
                    Reduce::CountNonzero,
                    Reduce::Mean,
                    Reduce::Var { ddof },
                    Reduce::Std { ddof },
                    Reduce::Moments,
                ][(part(40) % 9) as usize];
                with.add(Op::Reduce { op, axes: (0..rank(x)).filter(|k| part(44) >> k & 1 == 1).collect() }, &[x])
            }
            16 => match part(40) % 5 {
                3 => with.add(Op::Library(Call::of(Library::Sort).with("descending", part(44) % 2 == 0)), &[x]),
                4 => with.add(Op::Library(Call::of(Library::InversePermutation)), &[x]),
                2 => {
                    let op = Scan::ALL[(part(44) % 5) as usize];
                    with.add(Op::Scan { op, axis: (part(48) % 3) as usize }, &[x, y][..op.arity()])
                }
                0 => with.add(Op::CombineMoments { axis: 0, count: dim(part(44)) }, &[x, x]),
                _ => with.add(Op::Take { axis: (part(44) % 3) as usize }, &[x, y]),
            },
            17 => {
                let labels = |id: NodeId, shift: u32| -> Labels {
                    (0..rank(id)).map(|k| (part(shift) >> (2 * k)) as Label % 4).collect()
                };
                let operands = [labels(x, 40), labels(y, 48)];
                let output: Labels = (0..4).filter(|l| part(56) >> l & 1 == 1).collect();
                let count = 1 + (part(60) % 2) as usize;
                Contraction::new(&operands[..count], &output).and_then(|c| with.add(Op::Einsum(c), &[x, y][..count]))
            }
            _ => with.add(Op::Result((part(40) % 3) as u32), &[x]),
        };
        if added.is_ok() && sizes.is_none_or(|sizes| with.constraints().iter().all(|c| c.holds(sizes))) {
            g = with;
        }
    }
    let single: Vec<NodeId> = g.ids().filter(|id| g.node(*id).types.len() == 1).collect();
    g.set_outputs(&single[single.len().saturating_sub(3)..]);
    g
}
