//! Loads and stores of streams.

use super::super::arguments::Port;
use super::super::code;
use super::super::target::Size;
use super::super::vector::{Arg, Bank, Inst, Op, Place};
use super::super::{StreamShape, Target};
use super::{Computed, Lower, Piece, Pieces};
use fuseloom_lane::{DType, Value};
use iced_x86::Code;
use smallvec::smallvec;

impl Lower<'_, '_> {
    /// The elements of a stream at the step.
    pub(super) fn load(&mut self, port: Port, stream: StreamShape) -> Computed {
        let size = stream.dtype.size();
        let lanes = self.lanes(size);
        let mut pieces = Pieces::new();
        for k in 0..self.count(size) {
            let first = k * lanes;
            pieces.push(match port {
                Port::Load(number) if stream.strided && !self.tail => self.load_strided(number, first, lanes, size),
                _ => self.load_piece(port, stream, first, lanes),
            });
        }
        match stream.dtype {
            DType::Bool => self.mask_of_bytes(&pieces),
            _ => Computed::Lanes(pieces),
        }
    }

    /// Asks for the lines of a stream at the step.
    pub(super) fn ask(&mut self, number: usize, stream: StreamShape) {
        const LINE: usize = 64;
        let size = stream.dtype.size();
        let (start, end) = (self.lane * size, (self.lane + self.v) * size);
        for offset in (start.next_multiple_of(LINE)..end).step_by(LINE) {
            let place = Place::Stream { port: Port::Ahead(number), offset: offset as i32 };
            self.body.insts.push(Inst::new(Op::Plain(Code::Prefetcht0_m8), None, smallvec![Arg::Place(place)]));
        }
    }

    /// Where a piece of a stream lies; in a tail perhaps in its frame.
    fn place(&self, port: Port, stream: StreamShape, first: usize) -> Place {
        let size = stream.dtype.size();
        let framed = match port {
            Port::Load(_) => self.tail && stream.framed(self.target),
            Port::Store(_) => stream.strided || (self.tail && stream.framed(self.target)),
            Port::Ahead(_) => false,
        };
        if framed {
            return Place::Frame { port, offset: (first * size) as i32 };
        }
        Place::Stream { port, offset: ((self.lane + first) * size) as i32 }
    }

    fn load_piece(&mut self, port: Port, stream: StreamShape, first: usize, lanes: usize) -> Piece {
        let size = stream.dtype.size();
        let reg = self.reg(size);
        let place = self.place(port, stream, first);
        let masked = self.tail && matches!(place, Place::Stream { .. });
        if !masked {
            return self.load_bytes(place, lanes * size);
        }
        let present = self.present(first, lanes, size);
        match (self.target, present) {
            (Target::Avx512, Some(Arg::Mask(mask))) => {
                let code = code::by_size(&code::MASKED_LOAD, size).code(self.target, reg);
                let to = self.push(Bank::Vector, |to| {
                    let mut inst = Inst::new(Op::Plain(code), Some((to, reg)), smallvec![Arg::Place(place)]);
                    (inst.mask, inst.zeroing) = (Some(mask), true);
                    inst
                });
                Arg::Reg(to, reg)
            }
            (_, Some(mask)) => {
                let family = if size == 4 { code::MASKLOAD_D } else { code::MASKLOAD_Q };
                let code = family.code(self.target, reg);
                let to = self.push(Bank::Vector, |to| {
                    Inst::new(Op::Plain(code), Some((to, reg)), smallvec![mask, Arg::Place(place)])
                });
                Arg::Reg(to, reg)
            }
            (_, None) => unreachable!("a tail has a mask"),
        }
    }

    /// Exactly so many bytes from a place.
    pub(super) fn load_bytes(&mut self, place: Place, bytes: usize) -> Piece {
        let reg = Size::of(bytes);
        let code = match bytes {
            2 => unreachable!("a step has at least four lanes"),
            4 => self.pick(Code::VEX_Vmovd_xmm_rm32, Code::EVEX_Vmovd_xmm_rm32),
            8 => self.pick(Code::VEX_Vmovq_xmm_xmmm64, Code::EVEX_Vmovq_xmm_xmmm64),
            _ => code::LOAD.code(self.target, reg),
        };
        let to =
            self.push(Bank::Vector, |to| Inst::new(Op::Plain(code), Some((to, reg)), smallvec![Arg::Place(place)]));
        Arg::Reg(to, reg)
    }

    /// Exactly so many bytes to a place.
    pub(super) fn store_bytes(&mut self, place: Place, bytes: usize, piece: Piece) {
        let code = match bytes {
            2 => unreachable!("a step has at least four lanes"),
            4 => self.pick(Code::VEX_Vmovd_rm32_xmm, Code::EVEX_Vmovd_rm32_xmm),
            8 => self.pick(Code::VEX_Vmovq_xmmm64_xmm, Code::EVEX_Vmovq_xmmm64_xmm),
            _ => code::STORE.code(self.target, Size::of(bytes)),
        };
        self.body.insts.push(Inst::new(Op::Plain(code), None, smallvec![Arg::Place(place), piece]));
    }

    fn pick(&self, vex: Code, evex: Code) -> Code {
        match self.target {
            Target::Avx2 => vex,
            Target::Avx512 => evex,
        }
    }

    /// Elements that are apart, up to 16 bytes of them at a time.
    fn load_strided(&mut self, load: usize, first: usize, lanes: usize, size: usize) -> Piece {
        let each = lanes.min(16 / size);
        let mut chunks = Pieces::new();
        for k in 0..lanes / each {
            let start = (k == 0).then_some((self.lane + first) as u32);
            let op = Op::Strided { load, first: start, lanes: each as u8, size: size as u8 };
            let to = self.push(Bank::Vector, |to| Inst::new(op, Some((to, Size::X)), smallvec![]));
            chunks.push(Arg::Reg(to, Size::X));
        }
        self.join(chunks, each * size, lanes * size)[0]
    }

    /// Stores a result.
    pub(super) fn store(&mut self, number: usize, value: Value, stream: StreamShape) {
        let size = stream.dtype.size();
        let lanes = self.lanes(size);
        let pieces = match stream.dtype {
            DType::Bool => self.bytes_of_mask(value),
            _ => self.pieces(value),
        };
        let port = Port::Store(number);
        for (k, &piece) in pieces.iter().enumerate() {
            let piece = self.in_register(piece);
            self.store_piece(port, stream, k * lanes, lanes, piece);
        }
        if stream.strided && !self.tail {
            let op = Op::Scatter { store: number, lanes: self.v as u8, size: size as u8 };
            let mut inst = Inst::new(op, None, smallvec![]);
            inst.immediate = Some((self.lane / self.v) as u8);
            self.body.insts.push(inst);
        }
    }

    fn store_piece(&mut self, port: Port, stream: StreamShape, first: usize, lanes: usize, piece: Piece) {
        let size = stream.dtype.size();
        let reg = self.reg(size);
        let place = self.place(port, stream, first);
        let masked = self.tail && matches!(place, Place::Stream { .. });
        if !masked {
            self.store_bytes(place, lanes * size, piece);
            return;
        }
        let present = self.present(first, lanes, size);
        let inst = match (self.target, present) {
            (Target::Avx512, Some(Arg::Mask(mask))) => {
                let code = code::by_size(&code::MASKED_STORE, size).code(self.target, reg);
                let mut inst = Inst::new(Op::Plain(code), None, smallvec![Arg::Place(place), piece]);
                inst.mask = Some(mask);
                inst
            }
            (_, Some(mask)) => {
                let family = if size == 4 { code::MASKSTORE_D } else { code::MASKSTORE_Q };
                let code = family.code(self.target, reg);
                Inst::new(Op::Plain(code), None, smallvec![Arg::Place(place), mask, piece])
            }
            (_, None) => unreachable!("a tail has a mask"),
        };
        self.body.insts.push(inst);
    }
}
