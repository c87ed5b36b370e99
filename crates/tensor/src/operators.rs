//! `+ - * / % & | ^ << >>`, unary `-` and `!`, and their assigning forms, on tensors and numbers.

use crate::operand::{Operand, Term};
use crate::record::record_map;
use crate::tensor::Tensor;
use fuseloom_engine::Place;
use fuseloom_lane::Function;
use std::ops::{
    Add, AddAssign, BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Div, DivAssign, Mul, MulAssign,
    Neg, Not, Rem, RemAssign, Shl, ShlAssign, Shr, ShrAssign, Sub, SubAssign,
};

macro_rules! binary {
    ($($trait:ident $method:ident $assign:ident $assign_method:ident = $function:ident;)*) => {$(
        impl<R: Operand> $trait<R> for &Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, right: R) -> Tensor {
                record_map(Function::$function, &[self.operand(), right.operand()], Place::caller())
            }
        }

        impl<R: Operand> $trait<R> for Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, right: R) -> Tensor {
                record_map(Function::$function, &[self.operand(), right.operand()], Place::caller())
            }
        }

        impl<R: Operand> $assign<R> for Tensor {
            #[track_caller]
            fn $assign_method(&mut self, right: R) {
                *self = record_map(Function::$function, &[(&*self).operand(), right.operand()], Place::caller());
            }
        }

        binary!(@numbers $trait $method $function: bool i8 i16 i32 i64 isize u8 u16 u32 u64 usize f32 f64);
    )*};
    (@numbers $trait:ident $method:ident $function:ident: $($number:ty)*) => {$(
        impl $trait<Tensor> for $number {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, right: Tensor) -> Tensor {
                record_map(Function::$function, &[Term::Number(self.into()), right.operand()], Place::caller())
            }
        }

        impl $trait<&Tensor> for $number {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, right: &Tensor) -> Tensor {
                record_map(Function::$function, &[Term::Number(self.into()), right.operand()], Place::caller())
            }
        }
    )*};
}

binary! {
    Add add AddAssign add_assign = Add;
    Sub sub SubAssign sub_assign = Sub;
    Mul mul MulAssign mul_assign = Mul;
    Div div DivAssign div_assign = Div;
    Rem rem RemAssign rem_assign = Remainder;
    BitAnd bitand BitAndAssign bitand_assign = BitwiseAnd;
    BitOr bitor BitOrAssign bitor_assign = BitwiseOr;
    BitXor bitxor BitXorAssign bitxor_assign = BitwiseXor;
    Shl shl ShlAssign shl_assign = LeftShift;
    Shr shr ShrAssign shr_assign = RightShift;
}

macro_rules! unary {
    ($($trait:ident $method:ident = $function:ident;)*) => {$(
        impl $trait for &Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self) -> Tensor {
                record_map(Function::$function, &[self.operand()], Place::caller())
            }
        }

        impl $trait for Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self) -> Tensor {
                record_map(Function::$function, &[self.operand()], Place::caller())
            }
        }
    )*};
}

unary! {
    Neg neg = Neg;
    Not not = BitwiseNot;
}
