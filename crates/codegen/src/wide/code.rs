//! The instructions that strips are made of.
//!
//! The assembler has a code for each operand size and encoding of an instruction, in a row: VEX on 128 and 256 bits, EVEX on
//! 128, 256 and 512. A [`Family`] names the row; a test checks every one of them.

use super::target::{Size, Target};
use iced_x86::Code;

/// One instruction in all sizes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Family {
    /// The VEX form of the smallest size.
    vex: Option<Code>,
    /// The EVEX form of the smallest size.
    evex: Option<Code>,
    /// The smallest size there is.
    first: Size,
    /// Bytes of the element that a memory operand may be a broadcast of; 0 if it may not.
    pub(crate) broadcast: u8,
}

impl Family {
    /// The code for a size on a target.
    pub(crate) fn code(&self, target: Target, size: Size) -> Code {
        let first = match target {
            Target::Avx2 => self.vex,
            Target::Avx512 => self.evex.or(self.vex),
        };
        let Some(first) = first else { unreachable!("{self:?} is not an instruction of {target:?}") };
        let number = first as usize + size as usize - self.first as usize;
        match Code::try_from(number) {
            Ok(code) => code,
            Err(_) => unreachable!("a row of codes ends within the table"),
        }
    }
}

/// Names families: `NAME: VEX form or -, EVEX form or -, broadcast element [, smallest size]`.
macro_rules! families {
    ($($name:ident: $vex:tt, $evex:tt, $broadcast:literal $(, $first:ident)?;)*) => {
        $(pub(crate) const $name: Family = Family {
            vex: families!(@code $vex),
            evex: families!(@code $evex),
            first: families!(@size $($first)?),
            broadcast: $broadcast,
        };)*
        /// Every family with its name.
        #[cfg(test)]
        const ALL: &[(&str, Family)] = &[$((stringify!($name), $name)),*];
    };
    (@code -) => { None };
    (@code $code:ident) => { Some(Code::$code) };
    (@size) => { Size::X };
    (@size $size:ident) => { Size::$size };
}

families! {
    ADD_PS: VEX_Vaddps_xmm_xmm_xmmm128, EVEX_Vaddps_xmm_k1z_xmm_xmmm128b32, 4;
    ADD_PD: VEX_Vaddpd_xmm_xmm_xmmm128, EVEX_Vaddpd_xmm_k1z_xmm_xmmm128b64, 8;
    SUB_PS: VEX_Vsubps_xmm_xmm_xmmm128, EVEX_Vsubps_xmm_k1z_xmm_xmmm128b32, 4;
    SUB_PD: VEX_Vsubpd_xmm_xmm_xmmm128, EVEX_Vsubpd_xmm_k1z_xmm_xmmm128b64, 8;
    MUL_PS: VEX_Vmulps_xmm_xmm_xmmm128, EVEX_Vmulps_xmm_k1z_xmm_xmmm128b32, 4;
    MUL_PD: VEX_Vmulpd_xmm_xmm_xmmm128, EVEX_Vmulpd_xmm_k1z_xmm_xmmm128b64, 8;
    DIV_PS: VEX_Vdivps_xmm_xmm_xmmm128, EVEX_Vdivps_xmm_k1z_xmm_xmmm128b32, 4;
    DIV_PD: VEX_Vdivpd_xmm_xmm_xmmm128, EVEX_Vdivpd_xmm_k1z_xmm_xmmm128b64, 8;
    MIN_PS: VEX_Vminps_xmm_xmm_xmmm128, EVEX_Vminps_xmm_k1z_xmm_xmmm128b32, 4;
    MIN_PD: VEX_Vminpd_xmm_xmm_xmmm128, EVEX_Vminpd_xmm_k1z_xmm_xmmm128b64, 8;
    MAX_PS: VEX_Vmaxps_xmm_xmm_xmmm128, EVEX_Vmaxps_xmm_k1z_xmm_xmmm128b32, 4;
    MAX_PD: VEX_Vmaxpd_xmm_xmm_xmmm128, EVEX_Vmaxpd_xmm_k1z_xmm_xmmm128b64, 8;
    SQRT_PS: VEX_Vsqrtps_xmm_xmmm128, EVEX_Vsqrtps_xmm_k1z_xmmm128b32, 4;
    SQRT_PD: VEX_Vsqrtpd_xmm_xmmm128, EVEX_Vsqrtpd_xmm_k1z_xmmm128b64, 8;
    ROUND_PS: VEX_Vroundps_xmm_xmmm128_imm8, EVEX_Vrndscaleps_xmm_k1z_xmmm128b32_imm8, 4;
    ROUND_PD: VEX_Vroundpd_xmm_xmmm128_imm8, EVEX_Vrndscalepd_xmm_k1z_xmmm128b64_imm8, 8;
    RANGE_PS: -, EVEX_Vrangeps_xmm_k1z_xmm_xmmm128b32_imm8, 4;
    RANGE_PD: -, EVEX_Vrangepd_xmm_k1z_xmm_xmmm128b64_imm8, 8;
    SCALEF_PS: -, EVEX_Vscalefps_xmm_k1z_xmm_xmmm128b32, 4;
    SCALEF_PD: -, EVEX_Vscalefpd_xmm_k1z_xmm_xmmm128b64, 8;
    CMP_PS: VEX_Vcmpps_xmm_xmm_xmmm128_imm8, EVEX_Vcmpps_kr_k1_xmm_xmmm128b32_imm8, 4;
    CMP_PD: VEX_Vcmppd_xmm_xmm_xmmm128_imm8, EVEX_Vcmppd_kr_k1_xmm_xmmm128b64_imm8, 8;
    FMA132_PS: VEX_Vfmadd132ps_xmm_xmm_xmmm128, EVEX_Vfmadd132ps_xmm_k1z_xmm_xmmm128b32, 4;
    FMA132_PD: VEX_Vfmadd132pd_xmm_xmm_xmmm128, EVEX_Vfmadd132pd_xmm_k1z_xmm_xmmm128b64, 8;
    FMA213_PS: VEX_Vfmadd213ps_xmm_xmm_xmmm128, EVEX_Vfmadd213ps_xmm_k1z_xmm_xmmm128b32, 4;
    FMA213_PD: VEX_Vfmadd213pd_xmm_xmm_xmmm128, EVEX_Vfmadd213pd_xmm_k1z_xmm_xmmm128b64, 8;
    FMA231_PS: VEX_Vfmadd231ps_xmm_xmm_xmmm128, EVEX_Vfmadd231ps_xmm_k1z_xmm_xmmm128b32, 4;
    FMA231_PD: VEX_Vfmadd231pd_xmm_xmm_xmmm128, EVEX_Vfmadd231pd_xmm_k1z_xmm_xmmm128b64, 8;

    PADD_B: VEX_Vpaddb_xmm_xmm_xmmm128, EVEX_Vpaddb_xmm_k1z_xmm_xmmm128, 0;
    PADD_W: VEX_Vpaddw_xmm_xmm_xmmm128, EVEX_Vpaddw_xmm_k1z_xmm_xmmm128, 0;
    PADD_D: VEX_Vpaddd_xmm_xmm_xmmm128, EVEX_Vpaddd_xmm_k1z_xmm_xmmm128b32, 4;
    PADD_Q: VEX_Vpaddq_xmm_xmm_xmmm128, EVEX_Vpaddq_xmm_k1z_xmm_xmmm128b64, 8;
    PSUB_B: VEX_Vpsubb_xmm_xmm_xmmm128, EVEX_Vpsubb_xmm_k1z_xmm_xmmm128, 0;
    PSUB_W: VEX_Vpsubw_xmm_xmm_xmmm128, EVEX_Vpsubw_xmm_k1z_xmm_xmmm128, 0;
    PSUB_D: VEX_Vpsubd_xmm_xmm_xmmm128, EVEX_Vpsubd_xmm_k1z_xmm_xmmm128b32, 4;
    PSUB_Q: VEX_Vpsubq_xmm_xmm_xmmm128, EVEX_Vpsubq_xmm_k1z_xmm_xmmm128b64, 8;
    PMULL_W: VEX_Vpmullw_xmm_xmm_xmmm128, EVEX_Vpmullw_xmm_k1z_xmm_xmmm128, 0;
    PMULL_D: VEX_Vpmulld_xmm_xmm_xmmm128, EVEX_Vpmulld_xmm_k1z_xmm_xmmm128b32, 4;
    PMULL_Q: -, EVEX_Vpmullq_xmm_k1z_xmm_xmmm128b64, 8;
    PMULU_DQ: VEX_Vpmuludq_xmm_xmm_xmmm128, EVEX_Vpmuludq_xmm_k1z_xmm_xmmm128b64, 8;
    PAND: VEX_Vpand_xmm_xmm_xmmm128, EVEX_Vpandd_xmm_k1z_xmm_xmmm128b32, 4;
    PAND_Q: VEX_Vpand_xmm_xmm_xmmm128, EVEX_Vpandq_xmm_k1z_xmm_xmmm128b64, 8;
    POR: VEX_Vpor_xmm_xmm_xmmm128, EVEX_Vpord_xmm_k1z_xmm_xmmm128b32, 4;
    POR_Q: VEX_Vpor_xmm_xmm_xmmm128, EVEX_Vporq_xmm_k1z_xmm_xmmm128b64, 8;
    PXOR: VEX_Vpxor_xmm_xmm_xmmm128, EVEX_Vpxord_xmm_k1z_xmm_xmmm128b32, 4;
    PXOR_Q: VEX_Vpxor_xmm_xmm_xmmm128, EVEX_Vpxorq_xmm_k1z_xmm_xmmm128b64, 8;
    PMINS_B: VEX_Vpminsb_xmm_xmm_xmmm128, EVEX_Vpminsb_xmm_k1z_xmm_xmmm128, 0;
    PMINS_W: VEX_Vpminsw_xmm_xmm_xmmm128, EVEX_Vpminsw_xmm_k1z_xmm_xmmm128, 0;
    PMINS_D: VEX_Vpminsd_xmm_xmm_xmmm128, EVEX_Vpminsd_xmm_k1z_xmm_xmmm128b32, 4;
    PMINS_Q: -, EVEX_Vpminsq_xmm_k1z_xmm_xmmm128b64, 8;
    PMINU_B: VEX_Vpminub_xmm_xmm_xmmm128, EVEX_Vpminub_xmm_k1z_xmm_xmmm128, 0;
    PMINU_W: VEX_Vpminuw_xmm_xmm_xmmm128, EVEX_Vpminuw_xmm_k1z_xmm_xmmm128, 0;
    PMINU_D: VEX_Vpminud_xmm_xmm_xmmm128, EVEX_Vpminud_xmm_k1z_xmm_xmmm128b32, 4;
    PMINU_Q: -, EVEX_Vpminuq_xmm_k1z_xmm_xmmm128b64, 8;
    PMAXS_B: VEX_Vpmaxsb_xmm_xmm_xmmm128, EVEX_Vpmaxsb_xmm_k1z_xmm_xmmm128, 0;
    PMAXS_W: VEX_Vpmaxsw_xmm_xmm_xmmm128, EVEX_Vpmaxsw_xmm_k1z_xmm_xmmm128, 0;
    PMAXS_D: VEX_Vpmaxsd_xmm_xmm_xmmm128, EVEX_Vpmaxsd_xmm_k1z_xmm_xmmm128b32, 4;
    PMAXS_Q: -, EVEX_Vpmaxsq_xmm_k1z_xmm_xmmm128b64, 8;
    PMAXU_B: VEX_Vpmaxub_xmm_xmm_xmmm128, EVEX_Vpmaxub_xmm_k1z_xmm_xmmm128, 0;
    PMAXU_W: VEX_Vpmaxuw_xmm_xmm_xmmm128, EVEX_Vpmaxuw_xmm_k1z_xmm_xmmm128, 0;
    PMAXU_D: VEX_Vpmaxud_xmm_xmm_xmmm128, EVEX_Vpmaxud_xmm_k1z_xmm_xmmm128b32, 4;
    PMAXU_Q: -, EVEX_Vpmaxuq_xmm_k1z_xmm_xmmm128b64, 8;
    PCMPEQ_B: VEX_Vpcmpeqb_xmm_xmm_xmmm128, -, 0;
    PCMPEQ_W: VEX_Vpcmpeqw_xmm_xmm_xmmm128, -, 0;
    PCMPEQ_D: VEX_Vpcmpeqd_xmm_xmm_xmmm128, -, 0;
    PCMPEQ_Q: VEX_Vpcmpeqq_xmm_xmm_xmmm128, -, 0;
    PCMPGT_B: VEX_Vpcmpgtb_xmm_xmm_xmmm128, -, 0;
    PCMPGT_W: VEX_Vpcmpgtw_xmm_xmm_xmmm128, -, 0;
    PCMPGT_D: VEX_Vpcmpgtd_xmm_xmm_xmmm128, -, 0;
    PCMPGT_Q: VEX_Vpcmpgtq_xmm_xmm_xmmm128, -, 0;
    PCMP_B: -, EVEX_Vpcmpb_kr_k1_xmm_xmmm128_imm8, 0;
    PCMP_W: -, EVEX_Vpcmpw_kr_k1_xmm_xmmm128_imm8, 0;
    PCMP_D: -, EVEX_Vpcmpd_kr_k1_xmm_xmmm128b32_imm8, 4;
    PCMP_Q: -, EVEX_Vpcmpq_kr_k1_xmm_xmmm128b64_imm8, 8;
    PCMPU_B: -, EVEX_Vpcmpub_kr_k1_xmm_xmmm128_imm8, 0;
    PCMPU_W: -, EVEX_Vpcmpuw_kr_k1_xmm_xmmm128_imm8, 0;
    PCMPU_D: -, EVEX_Vpcmpud_kr_k1_xmm_xmmm128b32_imm8, 4;
    PCMPU_Q: -, EVEX_Vpcmpuq_kr_k1_xmm_xmmm128b64_imm8, 8;
    PTESTM_B: -, EVEX_Vptestmb_kr_k1_xmm_xmmm128, 0;
    PMOVM2_B: -, EVEX_Vpmovm2b_xmm_kr, 0;

    PSLLI_W: VEX_Vpsllw_xmm_xmm_imm8, EVEX_Vpsllw_xmm_k1z_xmmm128_imm8, 0;
    PSLLI_D: VEX_Vpslld_xmm_xmm_imm8, EVEX_Vpslld_xmm_k1z_xmmm128b32_imm8, 0;
    PSLLI_Q: VEX_Vpsllq_xmm_xmm_imm8, EVEX_Vpsllq_xmm_k1z_xmmm128b64_imm8, 0;
    PSRLI_W: VEX_Vpsrlw_xmm_xmm_imm8, EVEX_Vpsrlw_xmm_k1z_xmmm128_imm8, 0;
    PSRLI_D: VEX_Vpsrld_xmm_xmm_imm8, EVEX_Vpsrld_xmm_k1z_xmmm128b32_imm8, 0;
    PSRLI_Q: VEX_Vpsrlq_xmm_xmm_imm8, EVEX_Vpsrlq_xmm_k1z_xmmm128b64_imm8, 0;
    PSRAI_W: VEX_Vpsraw_xmm_xmm_imm8, EVEX_Vpsraw_xmm_k1z_xmmm128_imm8, 0;
    PSRAI_D: VEX_Vpsrad_xmm_xmm_imm8, EVEX_Vpsrad_xmm_k1z_xmmm128b32_imm8, 0;
    PSRAI_Q: -, EVEX_Vpsraq_xmm_k1z_xmmm128b64_imm8, 0;
    PSLLV_W: -, EVEX_Vpsllvw_xmm_k1z_xmm_xmmm128, 0;
    PSLLV_D: VEX_Vpsllvd_xmm_xmm_xmmm128, EVEX_Vpsllvd_xmm_k1z_xmm_xmmm128b32, 4;
    PSLLV_Q: VEX_Vpsllvq_xmm_xmm_xmmm128, EVEX_Vpsllvq_xmm_k1z_xmm_xmmm128b64, 8;
    PSRLV_W: -, EVEX_Vpsrlvw_xmm_k1z_xmm_xmmm128, 0;
    PSRLV_D: VEX_Vpsrlvd_xmm_xmm_xmmm128, EVEX_Vpsrlvd_xmm_k1z_xmm_xmmm128b32, 4;
    PSRLV_Q: VEX_Vpsrlvq_xmm_xmm_xmmm128, EVEX_Vpsrlvq_xmm_k1z_xmm_xmmm128b64, 8;
    PSRAV_W: -, EVEX_Vpsravw_xmm_k1z_xmm_xmmm128, 0;
    PSRAV_D: VEX_Vpsravd_xmm_xmm_xmmm128, EVEX_Vpsravd_xmm_k1z_xmm_xmmm128b32, 4;
    PSRAV_Q: -, EVEX_Vpsravq_xmm_k1z_xmm_xmmm128b64, 8;

    PMOVSX_BW: VEX_Vpmovsxbw_xmm_xmmm64, EVEX_Vpmovsxbw_xmm_k1z_xmmm64, 0;
    PMOVSX_BD: VEX_Vpmovsxbd_xmm_xmmm32, EVEX_Vpmovsxbd_xmm_k1z_xmmm32, 0;
    PMOVSX_BQ: VEX_Vpmovsxbq_xmm_xmmm16, EVEX_Vpmovsxbq_xmm_k1z_xmmm16, 0;
    PMOVSX_WD: VEX_Vpmovsxwd_xmm_xmmm64, EVEX_Vpmovsxwd_xmm_k1z_xmmm64, 0;
    PMOVSX_WQ: VEX_Vpmovsxwq_xmm_xmmm32, EVEX_Vpmovsxwq_xmm_k1z_xmmm32, 0;
    PMOVSX_DQ: VEX_Vpmovsxdq_xmm_xmmm64, EVEX_Vpmovsxdq_xmm_k1z_xmmm64, 0;
    PMOVZX_BW: VEX_Vpmovzxbw_xmm_xmmm64, EVEX_Vpmovzxbw_xmm_k1z_xmmm64, 0;
    PMOVZX_BD: VEX_Vpmovzxbd_xmm_xmmm32, EVEX_Vpmovzxbd_xmm_k1z_xmmm32, 0;
    PMOVZX_BQ: VEX_Vpmovzxbq_xmm_xmmm16, EVEX_Vpmovzxbq_xmm_k1z_xmmm16, 0;
    PMOVZX_WD: VEX_Vpmovzxwd_xmm_xmmm64, EVEX_Vpmovzxwd_xmm_k1z_xmmm64, 0;
    PMOVZX_WQ: VEX_Vpmovzxwq_xmm_xmmm32, EVEX_Vpmovzxwq_xmm_k1z_xmmm32, 0;
    PMOVZX_DQ: VEX_Vpmovzxdq_xmm_xmmm64, EVEX_Vpmovzxdq_xmm_k1z_xmmm64, 0;
    PMOV_WB: -, EVEX_Vpmovwb_xmmm64_k1z_xmm, 0;
    PMOV_DB: -, EVEX_Vpmovdb_xmmm32_k1z_xmm, 0;
    PMOV_QB: -, EVEX_Vpmovqb_xmmm16_k1z_xmm, 0;
    PMOV_DW: -, EVEX_Vpmovdw_xmmm64_k1z_xmm, 0;
    PMOV_QW: -, EVEX_Vpmovqw_xmmm32_k1z_xmm, 0;
    PMOV_QD: -, EVEX_Vpmovqd_xmmm64_k1z_xmm, 0;

    CVT_DQ2PS: VEX_Vcvtdq2ps_xmm_xmmm128, EVEX_Vcvtdq2ps_xmm_k1z_xmmm128b32, 4;
    CVT_UDQ2PS: -, EVEX_Vcvtudq2ps_xmm_k1z_xmmm128b32, 4;
    CVT_DQ2PD: VEX_Vcvtdq2pd_xmm_xmmm64, EVEX_Vcvtdq2pd_xmm_k1z_xmmm64b32, 4;
    CVT_UDQ2PD: -, EVEX_Vcvtudq2pd_xmm_k1z_xmmm64b32, 4;
    CVT_QQ2PS: -, EVEX_Vcvtqq2ps_xmm_k1z_xmmm128b64, 8;
    CVT_UQQ2PS: -, EVEX_Vcvtuqq2ps_xmm_k1z_xmmm128b64, 8;
    CVT_QQ2PD: -, EVEX_Vcvtqq2pd_xmm_k1z_xmmm128b64, 8;
    CVT_UQQ2PD: -, EVEX_Vcvtuqq2pd_xmm_k1z_xmmm128b64, 8;
    CVTT_PS2DQ: VEX_Vcvttps2dq_xmm_xmmm128, EVEX_Vcvttps2dq_xmm_k1z_xmmm128b32, 4;
    CVTT_PS2UDQ: -, EVEX_Vcvttps2udq_xmm_k1z_xmmm128b32, 4;
    CVTT_PS2QQ: -, EVEX_Vcvttps2qq_xmm_k1z_xmmm64b32, 4;
    CVTT_PS2UQQ: -, EVEX_Vcvttps2uqq_xmm_k1z_xmmm64b32, 4;
    CVTT_PD2DQ: VEX_Vcvttpd2dq_xmm_xmmm128, EVEX_Vcvttpd2dq_xmm_k1z_xmmm128b64, 8;
    CVTT_PD2UDQ: -, EVEX_Vcvttpd2udq_xmm_k1z_xmmm128b64, 8;
    CVTT_PD2QQ: -, EVEX_Vcvttpd2qq_xmm_k1z_xmmm128b64, 8;
    CVTT_PD2UQQ: -, EVEX_Vcvttpd2uqq_xmm_k1z_xmmm128b64, 8;
    CVT_PS2PD: VEX_Vcvtps2pd_xmm_xmmm64, EVEX_Vcvtps2pd_xmm_k1z_xmmm64b32, 4;
    CVT_PD2PS: VEX_Vcvtpd2ps_xmm_xmmm128, EVEX_Vcvtpd2ps_xmm_k1z_xmmm128b64, 8;

    BLENDM_B: -, EVEX_Vpblendmb_xmm_k1z_xmm_xmmm128, 0;
    BLENDM_W: -, EVEX_Vpblendmw_xmm_k1z_xmm_xmmm128, 0;
    BLENDM_D: -, EVEX_Vpblendmd_xmm_k1z_xmm_xmmm128b32, 4;
    BLENDM_Q: -, EVEX_Vpblendmq_xmm_k1z_xmm_xmmm128b64, 8;
    BLENDV_B: VEX_Vpblendvb_xmm_xmm_xmmm128_xmm, -, 0;
    PSHUF_B: VEX_Vpshufb_xmm_xmm_xmmm128, EVEX_Vpshufb_xmm_k1z_xmm_xmmm128, 0;
    PSRL_DQ: VEX_Vpsrldq_xmm_xmm_imm8, EVEX_Vpsrldq_xmm_xmmm128_imm8, 0;
    PUNPCKL_WD: VEX_Vpunpcklwd_xmm_xmm_xmmm128, EVEX_Vpunpcklwd_xmm_k1z_xmm_xmmm128, 0;
    PUNPCKL_DQ: VEX_Vpunpckldq_xmm_xmm_xmmm128, EVEX_Vpunpckldq_xmm_k1z_xmm_xmmm128b32, 0;
    PUNPCKL_QDQ: VEX_Vpunpcklqdq_xmm_xmm_xmmm128, EVEX_Vpunpcklqdq_xmm_k1z_xmm_xmmm128b64, 0;
    INSERT_128: VEX_Vinserti128_ymm_ymm_xmmm128_imm8, EVEX_Vinserti32x4_ymm_k1z_ymm_xmmm128_imm8, 0, Y;
    INSERT_256: -, EVEX_Vinserti64x4_zmm_k1z_zmm_ymmm256_imm8, 0, Z;
    EXTRACT_128: VEX_Vextracti128_xmmm128_ymm_imm8, EVEX_Vextracti32x4_xmmm128_k1z_ymm_imm8, 0, Y;
    EXTRACT_256: -, EVEX_Vextracti64x4_ymmm256_k1z_zmm_imm8, 0, Z;

    LOAD: VEX_Vmovups_xmm_xmmm128, EVEX_Vmovups_xmm_k1z_xmmm128, 0;
    STORE: VEX_Vmovups_xmmm128_xmm, EVEX_Vmovups_xmmm128_k1z_xmm, 0;
    STREAM: VEX_Vmovntps_m128_xmm, EVEX_Vmovntps_m128_xmm, 0;
    MOVE: VEX_Vmovaps_xmm_xmmm128, EVEX_Vmovaps_xmm_k1z_xmmm128, 0;
    BROADCAST_D: VEX_Vpbroadcastd_xmm_xmmm32, EVEX_Vpbroadcastd_xmm_k1z_xmmm32, 0;
    BROADCAST_Q: VEX_Vpbroadcastq_xmm_xmmm64, EVEX_Vpbroadcastq_xmm_k1z_xmmm64, 0;
    BROADCAST_GPR: -, EVEX_Vpbroadcastq_xmm_k1z_r64, 0;
    LOAD_8: -, EVEX_Vmovdqu8_xmm_k1z_xmmm128, 0;
    LOAD_16: -, EVEX_Vmovdqu16_xmm_k1z_xmmm128, 0;
    LOAD_32: -, EVEX_Vmovdqu32_xmm_k1z_xmmm128, 0;
    LOAD_64: -, EVEX_Vmovdqu64_xmm_k1z_xmmm128, 0;
    STORE_8: -, EVEX_Vmovdqu8_xmmm128_k1z_xmm, 0;
    STORE_16: -, EVEX_Vmovdqu16_xmmm128_k1z_xmm, 0;
    STORE_32: -, EVEX_Vmovdqu32_xmmm128_k1z_xmm, 0;
    STORE_64: -, EVEX_Vmovdqu64_xmmm128_k1z_xmm, 0;
    MASKLOAD_D: VEX_Vpmaskmovd_xmm_xmm_m128, -, 0;
    MASKLOAD_Q: VEX_Vpmaskmovq_xmm_xmm_m128, -, 0;
    MASKSTORE_D: VEX_Vpmaskmovd_m128_xmm_xmm, -, 0;
    MASKSTORE_Q: VEX_Vpmaskmovq_m128_xmm_xmm, -, 0;
    TEST: VEX_Vptest_xmm_xmmm128, -, 0;
}

/// The families for lanes of 1, 2, 4 and 8 bytes.
pub(crate) type BySize = [Family; 4];

/// The one for lanes of `bytes`.
pub(crate) fn by_size(families: &BySize, bytes: usize) -> Family {
    families[bytes.trailing_zeros() as usize]
}

pub(crate) const PADD: BySize = [PADD_B, PADD_W, PADD_D, PADD_Q];
pub(crate) const PSUB: BySize = [PSUB_B, PSUB_W, PSUB_D, PSUB_Q];
pub(crate) const PMINS: BySize = [PMINS_B, PMINS_W, PMINS_D, PMINS_Q];
pub(crate) const PMINU: BySize = [PMINU_B, PMINU_W, PMINU_D, PMINU_Q];
pub(crate) const PMAXS: BySize = [PMAXS_B, PMAXS_W, PMAXS_D, PMAXS_Q];
pub(crate) const PMAXU: BySize = [PMAXU_B, PMAXU_W, PMAXU_D, PMAXU_Q];
pub(crate) const PCMPEQ: BySize = [PCMPEQ_B, PCMPEQ_W, PCMPEQ_D, PCMPEQ_Q];
pub(crate) const PCMPGT: BySize = [PCMPGT_B, PCMPGT_W, PCMPGT_D, PCMPGT_Q];
pub(crate) const PCMP: BySize = [PCMP_B, PCMP_W, PCMP_D, PCMP_Q];
pub(crate) const PCMPU: BySize = [PCMPU_B, PCMPU_W, PCMPU_D, PCMPU_Q];
pub(crate) const BLENDM: BySize = [BLENDM_B, BLENDM_W, BLENDM_D, BLENDM_Q];
pub(crate) const MASKED_LOAD: BySize = [LOAD_8, LOAD_16, LOAD_32, LOAD_64];
pub(crate) const MASKED_STORE: BySize = [STORE_8, STORE_16, STORE_32, STORE_64];

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{EncodingKind, OpCodeInfo};

    /// The vector length of a code, in bits.
    fn bits(info: &OpCodeInfo) -> u32 {
        128 << info.l()
    }

    #[test]
    fn every_family_is_a_row_of_codes() {
        for (name, family) in ALL {
            for (first, encoding, sizes) in [
                (family.vex, EncodingKind::VEX, &[Size::X, Size::Y][..]),
                (family.evex, EncodingKind::EVEX, &[Size::X, Size::Y, Size::Z][..]),
            ] {
                let Some(first) = first else { continue };
                for &size in sizes.iter().filter(|s| **s >= family.first) {
                    let code = Code::try_from(first as usize + size as usize - family.first as usize).expect("a code");
                    let info = code.op_code();
                    assert_eq!(info.mnemonic(), first.mnemonic(), "{name} {size:?} is {code:?}");
                    assert_eq!(info.encoding(), encoding, "{name} {size:?} is {code:?}");
                    assert_eq!(info.op_count(), first.op_code().op_count(), "{name} {size:?} is {code:?}");
                    if info.is_lig() || info.is_wig() && encoding == EncodingKind::VEX && bits(info) == 0 {
                        continue;
                    }
                    assert_eq!(bits(info), 8 * size.bytes() as u32, "{name} {size:?} is {code:?}");
                    if family.broadcast != 0 && encoding == EncodingKind::EVEX {
                        assert!(info.can_broadcast(), "{name} {size:?} is {code:?}");
                    }
                }
            }
        }
    }
}
