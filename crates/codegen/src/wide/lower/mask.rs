//! Comparisons, masks and selection.

use super::super::Target;
use super::super::code;
use super::super::target::Size;
use super::super::vector::{Arg, Bank, Inst, InvariantKind, Op};
use super::{Computed, Lower, Piece, Pieces, float_predicate, resized};
use fuseloom_lane::{Cmp, DType, Prim, Value};
use iced_x86::Code;
use smallvec::{SmallVec, smallvec};

/// Mask instructions for 8, 16, 32 and 64 lanes.
type ByLanes = [Code; 4];

const KAND: ByLanes =
    [Code::VEX_Kandb_kr_kr_kr, Code::VEX_Kandw_kr_kr_kr, Code::VEX_Kandd_kr_kr_kr, Code::VEX_Kandq_kr_kr_kr];
const KOR: ByLanes =
    [Code::VEX_Korb_kr_kr_kr, Code::VEX_Korw_kr_kr_kr, Code::VEX_Kord_kr_kr_kr, Code::VEX_Korq_kr_kr_kr];
const KXOR: ByLanes =
    [Code::VEX_Kxorb_kr_kr_kr, Code::VEX_Kxorw_kr_kr_kr, Code::VEX_Kxord_kr_kr_kr, Code::VEX_Kxorq_kr_kr_kr];
const KNOT: ByLanes = [Code::VEX_Knotb_kr_kr, Code::VEX_Knotw_kr_kr, Code::VEX_Knotd_kr_kr, Code::VEX_Knotq_kr_kr];

/// The one for so many lanes, or for more.
fn by_lanes(codes: ByLanes, lanes: usize) -> Code {
    codes[lanes.max(8).trailing_zeros() as usize - 3]
}

impl Lower<'_, '_> {
    /// What tells forms of a mask apart: lanes of a mask register, or bytes of a lane of a vector.
    pub(super) fn form(&self, size: usize) -> usize {
        match self.target {
            Target::Avx512 => self.lanes(size),
            Target::Avx2 => size,
        }
    }

    /// A bool as masks of pieces of lanes of `size` bytes.
    pub(super) fn mask(&mut self, value: Value, size: usize) -> Pieces {
        let form = self.form(size);
        let made = match &self.values[value.index()] {
            Some(Computed::Mask(forms)) => {
                if let Some((_, pieces)) = forms.iter().find(|(f, _)| *f == form) {
                    return pieces.clone();
                }
                let (from, pieces) = forms[0].clone();
                self.reform(&pieces, from, form)
            }
            Some(Computed::Uniform(invariant)) => {
                let reg = self.reg(size);
                let count = self.count(size);
                let piece = Arg::Invariant(*invariant, reg);
                let one = match self.target {
                    Target::Avx2 => self.in_register(piece),
                    Target::Avx512 => {
                        let bytes = self.in_register(resized(piece, Size::of(self.lanes(size))));
                        self.nonzero_bytes(bytes)
                    }
                };
                smallvec![one; count]
            }
            Some(Computed::Lanes(_)) | None => unreachable!("{value} is a computed bool"),
        };
        match &mut self.values[value.index()] {
            Some(Computed::Mask(forms)) => forms.push((form, made.clone())),
            slot => *slot = Some(Computed::Mask(smallvec![(form, made.clone())])),
        }
        made
    }

    /// A mask in another form.
    pub(super) fn reform(&mut self, pieces: &Pieces, from: usize, to: usize) -> Pieces {
        match self.target {
            Target::Avx2 => self.resize(pieces, from, to, true),
            Target::Avx512 => self.regroup(pieces, from, to),
        }
    }

    /// Mask registers of `from` lanes as such of `to` lanes; what lies past the lanes of one is undefined.
    pub(super) fn regroup(&mut self, pieces: &Pieces, from: usize, to: usize) -> Pieces {
        let mut pieces = pieces.clone();
        let mut lanes = from;
        while lanes < to {
            let code = match lanes {
                8 => Code::VEX_Kunpckbw_kr_kr_kr,
                16 => Code::VEX_Kunpckwd_kr_kr_kr,
                _ => Code::VEX_Kunpckdq_kr_kr_kr,
            };
            pieces = pieces.chunks(2).map(|pair| self.mask_op(code, &[pair[1], pair[0]], None)).collect();
            lanes *= 2;
        }
        if lanes == to {
            return pieces;
        }
        let mut parts = Pieces::new();
        for piece in pieces {
            for part in 0..lanes / to {
                parts.push(if part == 0 { piece } else { self.mask_part(piece, part * to) });
            }
        }
        parts
    }

    /// A mask register from lane `first` on.
    pub(super) fn mask_part(&mut self, mask: Piece, first: usize) -> Piece {
        self.mask_op(Code::VEX_Kshiftrq_kr_kr_imm8, &[mask], Some(first as u8))
    }

    /// An instruction on mask registers.
    fn mask_op(&mut self, code: Code, args: &[Piece], immediate: Option<u8>) -> Piece {
        let args: SmallVec<[Piece; 3]> = args.iter().copied().collect();
        let to = self.push(Bank::Mask, |to| {
            let mut inst = Inst::new(Op::Plain(code), Some((to, Size::X)), args);
            inst.immediate = immediate;
            inst
        });
        Arg::Mask(to)
    }

    /// Both masks, of so many lanes of `size` bytes.
    pub(super) fn both(&mut self, lanes: usize, size: usize, a: Piece, b: Piece) -> Piece {
        match self.target {
            Target::Avx512 => self.mask_op(by_lanes(KAND, lanes), &[a, b], None),
            Target::Avx2 => {
                let reg = Size::of(lanes * size);
                self.plain(code::PAND, reg, reg, &[a, b])
            }
        }
    }

    /// Either mask, of so many lanes, where masks have registers of their own.
    pub(super) fn either(&mut self, lanes: usize, a: Piece, b: Piece) -> Piece {
        self.mask_op(by_lanes(KOR, lanes), &[a, b], None)
    }

    /// `and or xor not` of bools.
    pub(super) fn logic_of_masks(&mut self, prim: &Prim, args: &[Value]) -> Computed {
        // In the form that the first argument has already.
        let size = match &self.values[args[0].index()] {
            Some(Computed::Mask(forms)) => {
                let form = forms[0].0;
                [1, 2, 4, 8].into_iter().find(|&size| self.form(size) == form).unwrap_or(1)
            }
            _ => 1,
        };
        let a = self.mask(args[0], size);
        let b = args.get(1).map(|&b| self.mask(b, size));
        let lanes = self.lanes(size);
        let reg = self.reg(size);
        let mut pieces = Pieces::new();
        for (k, &a) in a.iter().enumerate() {
            let b = b.as_ref().map(|b| b[k]);
            pieces.push(match (self.target, prim, b) {
                (Target::Avx512, Prim::And, Some(b)) => self.mask_op(by_lanes(KAND, lanes), &[a, b], None),
                (Target::Avx512, Prim::Or, Some(b)) => self.mask_op(by_lanes(KOR, lanes), &[a, b], None),
                (Target::Avx512, _, Some(b)) => self.mask_op(by_lanes(KXOR, lanes), &[a, b], None),
                (Target::Avx512, _, None) => self.mask_op(by_lanes(KNOT, lanes), &[a], None),
                (Target::Avx2, Prim::And, Some(b)) => self.plain(code::PAND, reg, reg, &[a, b]),
                (Target::Avx2, Prim::Or, Some(b)) => self.plain(code::POR, reg, reg, &[a, b]),
                (Target::Avx2, _, Some(b)) => self.plain(code::PXOR, reg, reg, &[a, b]),
                (Target::Avx2, _, None) => self.inverted(reg, a),
            });
        }
        Computed::Mask(smallvec![(self.form(size), pieces)])
    }

    /// The complement of a mask register.
    pub(super) fn mask_not(&mut self, lanes: usize, mask: Piece) -> Piece {
        self.mask_op(by_lanes(KNOT, lanes), &[mask], None)
    }

    /// The complement of a vector.
    fn inverted(&mut self, reg: Size, a: Piece) -> Piece {
        let ones = self.shared.invariant(InvariantKind::Repeated { size: 8, bits: u64::MAX });
        self.plain(code::PXOR, reg, reg, &[a, Arg::Invariant(ones, reg)])
    }

    /// A comparison.
    pub(super) fn compare(&mut self, cmp: Cmp, a: Value, b: Value) -> Computed {
        let dtype = self.dtype(a);
        let (a, b) = (self.pieces(a), self.pieces(b));
        let pieces = a.iter().zip(&b).map(|(&a, &b)| self.compare_pieces(cmp, dtype, a, b)).collect();
        Computed::Mask(smallvec![(self.form(dtype.size()), pieces)])
    }

    /// A comparison of two pieces, to a mask.
    pub(super) fn compare_pieces(&mut self, cmp: Cmp, dtype: DType, a: Piece, b: Piece) -> Piece {
        let size = dtype.size();
        let reg = self.reg(size);
        let signed = dtype.is_signed_integer();
        if dtype.is_float() {
            let family = if dtype == DType::F32 { code::CMP_PS } else { code::CMP_PD };
            return match self.target {
                Target::Avx2 => {
                    let mask = self.plain_with(family, reg, reg, &[a, b], float_predicate(cmp));
                    self.last().folds = Some(0);
                    mask
                }
                Target::Avx512 => self.compare_to_mask(family, reg, a, b, float_predicate(cmp)),
            };
        }
        match self.target {
            Target::Avx512 => {
                let predicate = match cmp {
                    Cmp::Eq => 0,
                    Cmp::Lt => 1,
                    Cmp::Le => 2,
                    Cmp::Ne => 4,
                };
                let family = code::by_size(if signed { &code::PCMP } else { &code::PCMPU }, size);
                self.compare_to_mask(family, reg, a, b, predicate)
            }
            Target::Avx2 => {
                // Of unsigned lanes the order is that of signed ones with the top bit flipped.
                let (a, b) = if signed || matches!(cmp, Cmp::Eq | Cmp::Ne) {
                    (a, b)
                } else {
                    let top = self.repeated(size, 1 << (8 * size - 1));
                    (self.binary(code::PXOR, reg, a, top, true), self.binary(code::PXOR, reg, b, top, true))
                };
                match cmp {
                    Cmp::Eq => self.binary(code::by_size(&code::PCMPEQ, size), reg, a, b, true),
                    Cmp::Ne => {
                        let equal = self.binary(code::by_size(&code::PCMPEQ, size), reg, a, b, true);
                        self.inverted(reg, equal)
                    }
                    Cmp::Lt => self.plain(code::by_size(&code::PCMPGT, size), reg, reg, &[b, a]),
                    Cmp::Le => {
                        let greater = self.plain(code::by_size(&code::PCMPGT, size), reg, reg, &[a, b]);
                        self.inverted(reg, greater)
                    }
                }
            }
        }
    }

    pub(super) fn compare_to_mask(
        &mut self,
        family: code::Family,
        reg: Size,
        a: Piece,
        b: Piece,
        predicate: u8,
    ) -> Piece {
        let op = Op::Plain(family.code(self.target, reg));
        let to = self.push(Bank::Mask, |to| {
            let mut inst = Inst::new(op, Some((to, reg)), smallvec![a, b]);
            inst.immediate = Some(predicate);
            inst.folds = Some(family.broadcast);
            inst
        });
        Arg::Mask(to)
    }

    /// `mask ? a : b`.
    pub(super) fn select(&mut self, dtype: DType, mask: Value, a: Value, b: Value) -> Computed {
        if dtype == DType::Bool {
            return self.select_masks(mask, a, b);
        }
        if let Some(pieces) = self.extremum(dtype, mask, a, b) {
            return Computed::Lanes(pieces);
        }
        let size = dtype.size();
        let mask = self.mask(mask, size);
        let (a, b) = (self.pieces(a), self.pieces(b));
        let mut pieces = Pieces::new();
        for (k, &mask) in mask.iter().enumerate() {
            pieces.push(self.blend(size, mask, a[k], b[k]));
        }
        Computed::Lanes(pieces)
    }

    /// `(mask & a) | (!mask & b)`.
    fn select_masks(&mut self, mask: Value, a: Value, b: Value) -> Computed {
        let Computed::Mask(forms) = self.logic_of_masks(&Prim::Xor, &[a, b]) else { unreachable!("logic gives masks") };
        let (form, differ) = forms[0].clone();
        let size = [1, 2, 4, 8].into_iter().find(|&size| self.form(size) == form).unwrap_or(1);
        let (mask, b) = (self.mask(mask, size), self.mask(b, size));
        let (lanes, reg) = (self.lanes(size), self.reg(size));
        let mut pieces = Pieces::new();
        for (k, &differ) in differ.iter().enumerate() {
            let chosen = self.both(lanes, size, mask[k], differ);
            pieces.push(match self.target {
                Target::Avx512 => self.mask_op(by_lanes(KXOR, lanes), &[chosen, b[k]], None),
                Target::Avx2 => self.plain(code::PXOR, reg, reg, &[chosen, b[k]]),
            });
        }
        Computed::Mask(smallvec![(form, pieces)])
    }

    /// `a < b ? a : b` is one instruction, which gives the second of two zeros or where one is a NaN, as the selection does.
    /// Of integers it does not matter which of equal ones is chosen.
    fn extremum(&mut self, dtype: DType, mask: Value, a: Value, b: Value) -> Option<Pieces> {
        let inst = self.strip.plan.program.inst(mask)?;
        let Prim::Compare(cmp) = inst.prim else { return None };
        let (x, y) = (inst.args[0], inst.args[1]);
        let less = (a, b) == (x, y);
        if !less && (a, b) != (y, x) {
            return None;
        }
        let size = dtype.size();
        let float = dtype.is_float();
        if !(cmp == Cmp::Lt || cmp == Cmp::Le && !float) || (size == 8 && !float && self.target == Target::Avx2) {
            return None;
        }
        let family = match (dtype, less) {
            (DType::F32, true) => code::MIN_PS,
            (DType::F32, false) => code::MAX_PS,
            (DType::F64, true) => code::MIN_PD,
            (DType::F64, false) => code::MAX_PD,
            (_, true) => code::by_size(if dtype.is_signed_integer() { &code::PMINS } else { &code::PMINU }, size),
            (_, false) => code::by_size(if dtype.is_signed_integer() { &code::PMAXS } else { &code::PMAXU }, size),
        };
        Some(self.map2(size, &[a, b], !float, family))
    }

    /// `mask ? a : b` of one piece.
    pub(super) fn blend(&mut self, size: usize, mask: Piece, a: Piece, b: Piece) -> Piece {
        let reg = self.reg(size);
        match (self.target, mask) {
            (Target::Avx512, Arg::Mask(mask)) => {
                let piece = self.plain(code::by_size(&code::BLENDM, size), reg, reg, &[b, a]);
                self.last().mask = Some(mask);
                piece
            }
            _ => self.blend_by_vector(reg, mask, a, b),
        }
    }

    /// `mask ? a : b` where the mask is a vector.
    pub(super) fn blend_by_vector(&mut self, reg: Size, mask: Piece, a: Piece, b: Piece) -> Piece {
        let args = [b, a, mask].map(|piece| self.in_register(piece));
        let piece = self.plain(code::BLENDV_B, reg, reg, &args);
        self.last().folds = None;
        piece
    }

    /// A piece with zeros where a mask is not set.
    pub(super) fn keep(&mut self, size: usize, mask: Piece, a: Piece) -> Piece {
        let reg = self.reg(size);
        match (self.target, mask) {
            (Target::Avx512, Arg::Mask(mask)) => {
                let a = self.in_register(a);
                let piece = self.plain(code::by_size(&code::MASKED_LOAD, size), reg, reg, &[a]);
                let inst = self.last();
                (inst.mask, inst.zeroing, inst.folds) = (Some(mask), true, None);
                piece
            }
            _ => self.plain(code::PAND, reg, reg, &[mask, a]),
        }
    }

    /// Bytes of 0 and 1 of a bool.
    pub(super) fn bytes_of_mask(&mut self, value: Value) -> Pieces {
        let one = self.repeated(1, 1);
        let pieces = self.mask(value, 1);
        pieces.iter().map(|&mask| self.keep(1, mask, one)).collect()
    }

    /// The bool of bytes, anything but 0 being true.
    pub(super) fn mask_of_bytes(&mut self, bytes: &Pieces) -> Computed {
        let pieces = bytes
            .iter()
            .map(|&bytes| match self.target {
                Target::Avx512 => self.nonzero_bytes(bytes),
                Target::Avx2 => {
                    let reg = self.reg(1);
                    let zero = self.zero(reg);
                    let not = self.plain(code::PCMPEQ_B, reg, reg, &[zero, bytes]);
                    self.inverted(reg, not)
                }
            })
            .collect();
        Computed::Mask(smallvec![(self.form(1), pieces)])
    }

    /// A mask register of the bytes that are not 0.
    fn nonzero_bytes(&mut self, bytes: Piece) -> Piece {
        let size = match bytes {
            Arg::Reg(_, size) => size,
            _ => unreachable!("the bytes are in a register"),
        };
        let op = Op::Plain(code::PTESTM_B.code(self.target, size));
        let to = self.push(Bank::Mask, |to| Inst::new(op, Some((to, size)), smallvec![bytes, bytes]));
        Arg::Mask(to)
    }

    /// The lanes, of `size` bytes and from number `first` of the step on, that have elements; `None` where all do.
    pub(super) fn present(&mut self, first: usize, lanes: usize, size: usize) -> Option<Piece> {
        if !self.tail {
            return None;
        }
        let key = (first, lanes, if self.target == Target::Avx2 { size } else { 0 });
        if let Some((_, piece)) = self.present.iter().find(|(k, _)| *k == key) {
            return Some(*piece);
        }
        let op = Op::Present { first: first as u8, lanes: lanes as u8, size: size as u8 };
        let reg = Size::of(lanes * size);
        let piece = match self.target {
            Target::Avx512 => Arg::Mask(self.push(Bank::Mask, |to| Inst::new(op, Some((to, reg)), smallvec![]))),
            Target::Avx2 => Arg::Reg(self.push(Bank::Vector, |to| Inst::new(op, Some((to, reg)), smallvec![])), reg),
        };
        self.present.push((key, piece));
        Some(piece)
    }
}
