//! How fast the processor runs one kind of vector instruction, when nothing else holds it up.

use fuseloom_lane::DType;

/// A kind of vector instruction, on floats unless it says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Instruction {
    /// `a + b`, as fast as `a - b`
    Add,
    /// `a * b`
    Mul,
    /// `a * b + c`
    Fma,
    /// `a / b`
    Div,
    /// The square root
    Sqrt,
    /// A comparison, to a mask
    Compare,
    /// A choice by a mask
    Select,
    /// To the nearest integer
    Round,
    /// To an integer of as many bits (32 bits only)
    Convert,
    /// Bitwise and, or, xor
    Logic,
    /// Integer addition
    AddInteger,
    /// A shift by a constant
    ShiftInteger,
}

impl Instruction {
    /// All of them, in the order of the declaration.
    pub const ALL: [Instruction; 12] = [
        Instruction::Add,
        Instruction::Mul,
        Instruction::Fma,
        Instruction::Div,
        Instruction::Sqrt,
        Instruction::Compare,
        Instruction::Select,
        Instruction::Round,
        Instruction::Convert,
        Instruction::Logic,
        Instruction::AddInteger,
        Instruction::ShiftInteger,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Instruction::Add => "add",
            Instruction::Mul => "mul",
            Instruction::Fma => "fma",
            Instruction::Div => "div",
            Instruction::Sqrt => "sqrt",
            Instruction::Compare => "compare",
            Instruction::Select => "select",
            Instruction::Round => "round",
            Instruction::Convert => "convert",
            Instruction::Logic => "logic",
            Instruction::AddInteger => "integer add",
            Instruction::ShiftInteger => "integer shift",
        }
    }
}

/// Nanoseconds between one such instruction and the next on one thread, on vectors of `bits` bits (128, 256 or 512) of `F32` or `F64`
/// elements, none waiting for another. Takes some 50 microseconds. `None` if this processor has no such instruction or
/// nobody wrote the loop.
pub fn throughput(instruction: Instruction, dtype: DType, bits: u32) -> Option<f64> {
    let run = loops::find(instruction, dtype, bits)?;
    let time = |rounds: u64| {
        let start = std::time::Instant::now();
        run(rounds);
        start.elapsed().as_nanos() as f64
    };
    // The difference of a long and a short run leaves the cost of starting out.
    let best = |rounds| (0..5).map(|_| time(rounds)).fold(f64::INFINITY, f64::min);
    let (short, long) = (200, 1200);
    let nanoseconds = best(long) - best(short);
    Some(nanoseconds.max(0.0) / ((long - short) * loops::UNROLL) as f64)
}

#[cfg(target_arch = "x86_64")]
mod loops {
    use super::Instruction;
    use fuseloom_lane::DType;
    use std::arch::asm;

    /// Instructions in the body of a loop.
    pub(super) const UNROLL: u64 = 12;

    /// A loop of twelve instructions that do not depend on each other: the text before and after the number of the destination
    /// register. Registers 14 and 15 hold 1.5 in every lane, register 13 and the mask k1 choose lanes.
    macro_rules! measured {
        ($setup:expr, $before:expr, $after:expr) => {{
            /// # Safety
            /// The processor has the instructions.
            unsafe fn run(rounds: u64, one_and_half: u64) {
                // SAFETY: arithmetic on registers that are declared as changed, in a loop that ends. The caller sees to it that the
                // processor has the instructions.
                unsafe {
                    asm!(
                        $setup,
                        "2:",
                        concat!($before, "0", $after),
                        concat!($before, "1", $after),
                        concat!($before, "2", $after),
                        concat!($before, "3", $after),
                        concat!($before, "4", $after),
                        concat!($before, "5", $after),
                        concat!($before, "6", $after),
                        concat!($before, "7", $after),
                        concat!($before, "8", $after),
                        concat!($before, "9", $after),
                        concat!($before, "10", $after),
                        concat!($before, "11", $after),
                        "dec rsi",
                        "jnz 2b",
                        "vzeroupper",
                        inout("rsi") rounds => _,
                        inout("rdi") one_and_half => _,
                        clobber_abi("sysv64"),
                        options(nomem, nostack),
                    );
                }
            }
            Some(run as unsafe fn(u64, u64))
        }};
    }

    /// The loop for an instruction at one width: register name, set-up, `ps` or `pd`, `d` or `q`, then what differs with AVX-512.
    macro_rules! at_width {
        ($which:expr, $reg:literal, $setup:expr, $ps:literal, $dq:literal, $round:literal, $and:expr,
         [$compare:expr, $compare_after:expr], [$select:expr, $select_after:expr]) => {
            match $which {
                Instruction::Add => {
                    measured!($setup, concat!("vadd", $ps, " ", $reg), concat!(",", $reg, "15,", $reg, "14"))
                }
                Instruction::Mul => {
                    measured!($setup, concat!("vmul", $ps, " ", $reg), concat!(",", $reg, "15,", $reg, "14"))
                }
                Instruction::Fma => {
                    measured!($setup, concat!("vfmadd231", $ps, " ", $reg), concat!(",", $reg, "15,", $reg, "14"))
                }
                Instruction::Div => {
                    measured!($setup, concat!("vdiv", $ps, " ", $reg), concat!(",", $reg, "15,", $reg, "14"))
                }
                Instruction::Sqrt => measured!($setup, concat!("vsqrt", $ps, " ", $reg), concat!(",", $reg, "15")),
                Instruction::Compare => measured!($setup, $compare, $compare_after),
                Instruction::Select => measured!($setup, $select, $select_after),
                Instruction::Round => measured!($setup, concat!($round, $ps, " ", $reg), concat!(",", $reg, "15,0")),
                Instruction::Convert if $dq == "d" => {
                    measured!($setup, concat!("vcvtps2dq ", $reg), concat!(",", $reg, "15"))
                }
                Instruction::Convert => None,
                Instruction::Logic => {
                    measured!($setup, concat!($and, " ", $reg), concat!(",", $reg, "15,", $reg, "14"))
                }
                Instruction::AddInteger => {
                    measured!($setup, concat!("vpadd", $dq, " ", $reg), concat!(",", $reg, "15,", $reg, "14"))
                }
                Instruction::ShiftInteger => {
                    measured!($setup, concat!("vpsll", $dq, " ", $reg), concat!(",", $reg, "15,3"))
                }
            }
        };
    }

    macro_rules! narrow {
        ($which:expr, $reg:literal, $setup:expr, $ps:literal, $dq:literal) => {
            at_width!(
                $which,
                $reg,
                $setup,
                $ps,
                $dq,
                "vround",
                concat!("vand", $ps),
                [concat!("vcmp", $ps, " ", $reg), concat!(",", $reg, "15,", $reg, "14,1")],
                [concat!("vblendv", $ps, " ", $reg), concat!(",", $reg, "15,", $reg, "14,", $reg, "13")]
            )
        };
    }

    macro_rules! wide {
        ($which:expr, $ps:literal, $dq:literal) => {
            at_width!(
                $which,
                "zmm",
                "vmovq xmm15, rdi\nvbroadcastsd zmm15, xmm15\nvmovapd zmm14, zmm15\nmov eax, 0x5555\nkmovw k1, eax",
                $ps,
                $dq,
                "vrndscale",
                concat!("vpand", $dq),
                // The destination is a mask; the number of the vector register becomes a comment.
                [concat!("vcmp", $ps, " k2, zmm15, zmm14, 1 # "), ""],
                [concat!("vblendm", $ps, " zmm"), " {{k1}}, zmm15, zmm14"]
            )
        };
    }

    macro_rules! xmm {
        ($which:expr, $ps:literal, $dq:literal) => {
            narrow!(
                $which,
                "xmm",
                "vmovq xmm15, rdi\nvmovddup xmm15, xmm15\nvmovapd xmm14, xmm15\nvpcmpeqd xmm13, xmm13, xmm13",
                $ps,
                $dq
            )
        };
    }

    macro_rules! ymm {
        ($which:expr, $ps:literal, $dq:literal) => {
            narrow!(
                $which,
                "ymm",
                "vmovq xmm15, rdi\nvbroadcastsd ymm15, xmm15\nvmovapd ymm14, ymm15\nvpcmpeqd ymm13, ymm13, ymm13",
                $ps,
                $dq
            )
        };
    }

    /// The loop that repeats an instruction [`UNROLL`] times for each round.
    pub(super) fn find(instruction: Instruction, dtype: DType, bits: u32) -> Option<impl Fn(u64)> {
        let narrow = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
        let wide = std::arch::is_x86_feature_detected!("avx512f");
        let run = match (dtype, bits) {
            (DType::F32, 128) if narrow => xmm!(instruction, "ps", "d"),
            (DType::F64, 128) if narrow => xmm!(instruction, "pd", "q"),
            (DType::F32, 256) if narrow => ymm!(instruction, "ps", "d"),
            (DType::F64, 256) if narrow => ymm!(instruction, "pd", "q"),
            (DType::F32, 512) if wide => wide!(instruction, "ps", "d"),
            (DType::F64, 512) if wide => wide!(instruction, "pd", "q"),
            _ => None,
        }?;
        let one_and_half = match dtype {
            DType::F32 => u64::from(1.5_f32.to_bits()) * 0x1_0000_0001,
            _ => 1.5_f64.to_bits(),
        };
        // SAFETY: the processor has AVX2 and FMA, or AVX-512F, whichever the loop needs.
        Some(move |rounds: u64| unsafe { run(rounds.max(1), one_and_half) })
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod loops {
    use super::Instruction;
    use fuseloom_lane::DType;

    pub(super) const UNROLL: u64 = 1;

    /// No loops have been written for other machines.
    pub(super) fn find(_: Instruction, _: DType, _: u32) -> Option<impl Fn(u64)> {
        None::<fn(u64)>
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_is_measured_where_the_processor_has_it() {
        for bits in [128, 256, 512] {
            for dtype in [DType::F32, DType::F64] {
                for instruction in Instruction::ALL {
                    let has = if bits == 512 {
                        std::arch::is_x86_feature_detected!("avx512f")
                    } else {
                        std::arch::is_x86_feature_detected!("avx2")
                    };
                    let exists = instruction != Instruction::Convert || dtype == DType::F32;
                    let measured = throughput(instruction, dtype, bits);
                    assert_eq!(measured.is_some(), has && exists, "{instruction:?} {dtype} {bits}");
                    assert!(measured.is_none_or(|ns| ns < 1000.0), "{instruction:?} {dtype} {bits}: {measured:?}");
                }
            }
        }
        assert_eq!(throughput(Instruction::Add, DType::I8, 128), None);
        assert_eq!(throughput(Instruction::Add, DType::F32, 64), None);
    }
}
