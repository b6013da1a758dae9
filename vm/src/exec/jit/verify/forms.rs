//! The listing of forms of instructions that machine code may be made of. A new form is a line here.

use iced_x86::{Code, Instruction};

/// What an instruction does to its operands, the first of which is written where one is. Widths are in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Move(u8),
    /// A number of so many bits, made wide with zeros.
    Widen(u8),
    Address,
    Compute(Operation, u8),
    Compare(u8),
    Test(u8),
    Set,
    MoveIf,
    Push,
    Pop,
    Call,
    Jump,
    JumpIf(Condition),
    /// To where a register or a place in memory says.
    JumpTo,
    Return,
    /// rax and rdx, from rax and rdx divided by a number of so many bits.
    Divide(u8),
    /// rdx, from the sign of rax.
    SignOfRax,
    /// A float of 64 bits between registers and memory.
    MoveFloat,
    /// Floats in registers, and a comparison of those.
    Float,
    CompareFloats,
    /// The bits of a float in a register for ints, and an int in memory as a float.
    BitsOfFloat,
    FloatOfInt,
}

/// How numbers without sign compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Equal,
    NotEqual,
    Below,
    NotBelow,
    Above,
    NotAbove,
    /// Something about signs, overflow or order, of which nothing is learnt.
    Other,
}

impl Condition {
    /// The one that holds where this one does not.
    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Below => Self::NotBelow,
            Self::NotBelow => Self::Below,
            Self::Above => Self::NotAbove,
            Self::NotAbove => Self::Above,
            Self::Other => Self::Other,
        }
    }
}

/// A computation on ints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Sub,
    Mul,
    /// The second operand times the third, which is a constant.
    MulConstant,
    And,
    Or,
    Xor,
    Neg,
    Inc,
    Dec,
    Shl,
    Shr,
    Sar,
    FlipBit,
}

/// The form of an instruction, if it is listed.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the decoder knows thousands of forms; those not listed are refused"
)]
pub(super) fn form(instruction: &Instruction) -> Option<Form> {
    use Operation as O;
    if instruction.has_lock_prefix()
        || instruction.has_rep_prefix()
        || instruction.has_repne_prefix()
        || instruction.has_segment_prefix()
    {
        return None;
    }
    Some(match instruction.code() {
        Code::Mov_rm64_r64 | Code::Mov_r64_rm64 | Code::Mov_rm64_imm32 | Code::Mov_r64_imm64 => {
            Form::Move(64)
        }
        Code::Mov_rm32_r32 | Code::Mov_r32_rm32 | Code::Mov_rm32_imm32 | Code::Mov_r32_imm32 => {
            Form::Move(32)
        }
        Code::Mov_rm16_r16 => Form::Move(16),
        Code::Mov_rm8_r8 | Code::Mov_r8_rm8 | Code::Mov_rm8_imm8 => Form::Move(8),
        Code::Movzx_r32_rm8 | Code::Movzx_r64_rm8 => Form::Widen(8),
        Code::Movzx_r32_rm16 | Code::Movzx_r64_rm16 => Form::Widen(16),
        Code::Lea_r64_m => Form::Address,
        Code::Add_rm64_r64
        | Code::Add_r64_rm64
        | Code::Add_rm64_imm8
        | Code::Add_rm64_imm32
        | Code::Add_RAX_imm32 => Form::Compute(O::Add, 64),
        Code::Sub_rm64_r64
        | Code::Sub_r64_rm64
        | Code::Sub_rm64_imm8
        | Code::Sub_rm64_imm32
        | Code::Sub_RAX_imm32 => Form::Compute(O::Sub, 64),
        Code::Imul_r64_rm64 => Form::Compute(O::Mul, 64),
        Code::Imul_r64_rm64_imm8 | Code::Imul_r64_rm64_imm32 => Form::Compute(O::MulConstant, 64),
        Code::And_rm64_r64
        | Code::And_r64_rm64
        | Code::And_rm64_imm8
        | Code::And_rm64_imm32
        | Code::And_RAX_imm32 => Form::Compute(O::And, 64),
        Code::And_rm32_imm8 | Code::And_rm32_imm32 | Code::And_EAX_imm32 => Form::Compute(O::And, 32),
        Code::And_rm8_r8 | Code::And_r8_rm8 => Form::Compute(O::And, 8),
        Code::Or_rm64_r64 | Code::Or_r64_rm64 => Form::Compute(O::Or, 64),
        Code::Or_rm32_imm8 | Code::Or_rm32_imm32 | Code::Or_EAX_imm32 => Form::Compute(O::Or, 32),
        Code::Or_rm8_r8 | Code::Or_r8_rm8 => Form::Compute(O::Or, 8),
        Code::Xor_rm32_r32 | Code::Xor_r32_rm32 | Code::Xor_rm32_imm8 | Code::Xor_EAX_imm32 => {
            Form::Compute(O::Xor, 32)
        }
        Code::Neg_rm64 => Form::Compute(O::Neg, 64),
        Code::Inc_rm64 => Form::Compute(O::Inc, 64),
        Code::Dec_rm64 => Form::Compute(O::Dec, 64),
        Code::Shl_rm64_imm8 | Code::Shl_rm64_1 => Form::Compute(O::Shl, 64),
        Code::Shl_rm32_imm8 | Code::Shl_rm32_1 => Form::Compute(O::Shl, 32),
        Code::Shr_rm64_imm8 | Code::Shr_rm64_1 => Form::Compute(O::Shr, 64),
        Code::Shr_rm32_imm8 | Code::Shr_rm32_1 => Form::Compute(O::Shr, 32),
        Code::Sar_rm64_imm8 | Code::Sar_rm64_1 => Form::Compute(O::Sar, 64),
        Code::Btc_rm64_imm8 => Form::Compute(O::FlipBit, 64),
        Code::Cmp_rm64_r64
        | Code::Cmp_r64_rm64
        | Code::Cmp_rm64_imm8
        | Code::Cmp_rm64_imm32
        | Code::Cmp_RAX_imm32 => Form::Compare(64),
        Code::Cmp_rm32_r32
        | Code::Cmp_r32_rm32
        | Code::Cmp_rm32_imm8
        | Code::Cmp_rm32_imm32
        | Code::Cmp_EAX_imm32 => Form::Compare(32),
        Code::Cmp_rm8_imm8 => Form::Compare(8),
        Code::Test_rm64_r64 => Form::Test(64),
        Code::Test_rm32_r32 => Form::Test(32),
        Code::Sete_rm8
        | Code::Setne_rm8
        | Code::Setl_rm8
        | Code::Setle_rm8
        | Code::Setg_rm8
        | Code::Setge_rm8
        | Code::Seta_rm8
        | Code::Setae_rm8
        | Code::Setp_rm8
        | Code::Setnp_rm8 => Form::Set,
        Code::Cmova_r64_rm64 => Form::MoveIf,
        Code::Push_r64 => Form::Push,
        Code::Pop_r64 => Form::Pop,
        Code::Call_rm64 => Form::Call,
        Code::Jmp_rel8_64 | Code::Jmp_rel32_64 => Form::Jump,
        Code::Je_rel32_64 => Form::JumpIf(Condition::Equal),
        Code::Jne_rel32_64 => Form::JumpIf(Condition::NotEqual),
        Code::Jb_rel32_64 => Form::JumpIf(Condition::Below),
        Code::Jbe_rel32_64 => Form::JumpIf(Condition::NotAbove),
        Code::Ja_rel32_64 => Form::JumpIf(Condition::Above),
        Code::Jae_rel32_64 => Form::JumpIf(Condition::NotBelow),
        Code::Jo_rel32_64
        | Code::Jno_rel32_64
        | Code::Js_rel32_64
        | Code::Jns_rel32_64
        | Code::Jp_rel32_64
        | Code::Jnp_rel32_64
        | Code::Jl_rel32_64
        | Code::Jge_rel32_64
        | Code::Jle_rel32_64
        | Code::Jg_rel32_64 => Form::JumpIf(Condition::Other),
        Code::Jmp_rm64 => Form::JumpTo,
        Code::Retnq => Form::Return,
        Code::Div_rm32 => Form::Divide(32),
        Code::Idiv_rm64 => Form::Divide(64),
        Code::Cqo => Form::SignOfRax,
        Code::Movsd_xmm_xmmm64 | Code::Movsd_xmmm64_xmm => Form::MoveFloat,
        Code::Movaps_xmm_xmmm128
        | Code::Xorps_xmm_xmmm128
        | Code::Addsd_xmm_xmmm64
        | Code::Subsd_xmm_xmmm64
        | Code::Mulsd_xmm_xmmm64
        | Code::Divsd_xmm_xmmm64 => Form::Float,
        Code::Ucomisd_xmm_xmmm64 => Form::CompareFloats,
        Code::Movq_rm64_xmm => Form::BitsOfFloat,
        // By its bits, or by what it counts.
        Code::Movq_xmm_rm64 | Code::Cvtsi2sd_xmm_rm64 => Form::FloatOfInt,
        _ => return None,
    })
}
