//! The table of elementwise functions: one row each, and all there is to say of a function is in its row.
//!
//! A row is its name here, its name in text, what it gives of the arguments `x`, `y` and `z`, and a [`FunctionRow`]: the
//! formula, which says how many arguments there are, the dtypes it takes, and what is not as usual. After that comes the
//! method of the front end's tensors, if there is one, with an example: the type of its results, the elements `x`, the
//! other arguments, the results. From this the enum, the tables of the graph and of NumPy's names, inference, promotion,
//! lowering and costs are had; nothing else lists the functions.
//!
//! [`FunctionRow`]: super::FunctionRow

/// Calls the macro of this name with the rows.
#[macro_export]
#[doc(hidden)]
macro_rules! functions {
    ($with:ident) => { $with! {
        // Arithmetic.
        Neg "neg" "`-x`; integers wrap" =
            unary(Number, |x| -x).on_bits(Unary(|x| x ^ 0x8000)).involution().numpy("negative")
                .or("Use logical_not, or cast to an integer.");
        Abs "abs" "`|x|`; the most negative integer stays itself" =
            unary(Any, arithmetic::abs).on_bits(Unary(|x| x & 0x7fff)).idempotent().numpy("absolute abs"),
            abs(): f64 [-1.5, 2.0] () => [1.5, 2.0];
        Sign "sign" "-1, 0 or 1; zeros and NaN stay" =
            unary(Number, arithmetic::sign).idempotent().numpy("sign").or("Cast to an integer."),
            sign(): f64 [-1.5, 0.0, 2.0] () => [-1.0, 0.0, 1.0];
        Add "add" "`x + y`; bool is or" =
            binary(Any, |x, y| x.with(y, arithmetic::add)).commutes().associates(Exact).identity(NegativeZero)
                .numpy("add");
        Sub "sub" "`x - y`" =
            binary(Number, |x, y| x - y).right_identity(Zero).numpy("subtract")
                .or("Use logical_xor, or cast to an integer.");
        Mul "mul" "`x * y`; bool is and" =
            binary(Any, |x, y| x.with(y, arithmetic::mul)).commutes().associates(Exact).identity(One).absorbs(Zero)
                .numpy("multiply");
        Div "div" "`x / y`" =
            binary(Float, |x, y| x / y).right_identity(One).numpy("divide true_divide").promotes(Double);
        FloorDivide "floor_divide" "the quotient rounded down, NumPy's `//`; by an integer 0 it is 0" =
            binary(Number, divide::floor_divide).numpy("floor_divide").promotes(AtLeastI8),
            floor_divide(y): f64 [7.0, -7.0] (2.0) => [3.0, -4.0];
        Remainder "remainder" "`x - floor_divide(x, y) * y`, signed as `y`, NumPy's `%`; by an integer 0 it is 0" =
            binary(Number, divide::remainder).numpy("remainder mod").promotes(AtLeastI8),
            remainder(y): f64 [7.0, -7.0] (3.0) => [1.0, 2.0];
        Fmod "fmod" "the remainder signed as `x`, C's `fmod`; by an integer 0 it is 0" =
            binary(Number, divide::fmod).numpy("fmod").promotes(AtLeastI8),
            fmod(y): f64 [7.0, -7.0] (3.0) => [1.0, -1.0];
        Power "power" "`x ** y`; integers wrap, and a negative integer power is 0 unless the base is 1 or -1" =
            binary(Number, power::power).numpy("power pow").promotes(Promotion::Power),
            power(y): f64 [2.0, 3.0] (3.0) => [8.0, 27.0];
        Square "square" "`x * x`" =
            unary(Number, |x| x * x).numpy("square").promotes(AtLeastI8),
            square(): f64 [3.0, -4.0] () => [9.0, 16.0];
        Reciprocal "reciprocal" "`1 / x`" =
            unary(Float, |x| x.c(1.0) / x).numpy("reciprocal").or("Write 1 / x, or cast to a float."),
            reciprocal(): f64 [4.0, -0.5] () => [0.25, -2.0];
        Maximum "maximum" "the larger; a NaN wins" =
            binary(Any, |x, y| x.with(y, order::maximum)).commutes().associates(Always).idempotent().numpy("maximum"),
            maximum(y): f64 [1.0, 5.0] (3.0) => [3.0, 5.0];
        Minimum "minimum" "the smaller; a NaN wins" =
            binary(Any, |x, y| x.with(y, order::minimum)).commutes().associates(Always).idempotent().numpy("minimum"),
            minimum(y): f64 [1.0, 5.0] (3.0) => [1.0, 3.0];
        Fmax "fmax" "the larger; a NaN loses" =
            binary(Any, |x, y| x.with(y, order::fmax)).commutes().associates(Always).idempotent().numpy("fmax"),
            fmax(y): f64 [f64::NAN, 5.0] (3.0) => [3.0, 5.0];
        Fmin "fmin" "the smaller; a NaN loses" =
            binary(Any, |x, y| x.with(y, order::fmin)).commutes().associates(Always).idempotent().numpy("fmin"),
            fmin(y): f64 [f64::NAN, 5.0] (3.0) => [3.0, 3.0];
        // NumPy's takes fewer arguments too, so its front end has a row of its own.
        Clip "clip" "`minimum(maximum(x, y), z)`" =
            ternary(Any, |x, y, z| x.with(y, order::maximum).with(z, order::minimum)).promotes(Limits),
            clip(y, z): f64 [-2.0, 0.5, 9.0] (0.0, 1.0) => [0.0, 0.5, 1.0];
        Copysign "copysign" "the magnitude of `x` with the sign of `y`" =
            binary(Float, arithmetic::copysign).numpy("copysign").promotes(NarrowestFloat),
            copysign(y): f64 [1.0, -2.0] (-0.0) => [-1.0, -2.0];
        // Rounding.
        Floor "floor" "rounded down" =
            unary(Float, |x| x.floor()).idempotent().numpy("floor").promotes(FloatOrNothing),
            floor(): f64 [1.5, -1.5] () => [1.0, -2.0];
        Ceil "ceil" "rounded up" =
            unary(Float, |x| x.ceil()).idempotent().numpy("ceil").promotes(FloatOrNothing),
            ceil(): f64 [1.5, -1.5] () => [2.0, -1.0];
        Trunc "trunc" "rounded toward zero" =
            unary(Float, |x| x.trunc()).idempotent().numpy("trunc fix").promotes(FloatOrNothing),
            trunc(): f64 [1.5, -1.5] () => [1.0, -1.0];
        Rint "rint" "rounded to nearest, ties to even" =
            unary(Float, |x| x.round_even()).idempotent().numpy("rint").promotes(NarrowestFloat),
            rint(): f64 [0.5, 1.5, 2.5] () => [0.0, 2.0, 2.0];
        // Powers, exponentials, logarithms.
        Sqrt "sqrt" "the square root" =
            unary(Float, |x| x.sqrt()).numpy("sqrt").promotes(NarrowestFloat),
            sqrt(): f64 [9.0, 2.25] () => [3.0, 1.5];
        Rsqrt "rsqrt" "`1 / sqrt(x)`" =
            unary(Float, root::rsqrt).numpy("rsqrt").promotes(NarrowestFloat),
            rsqrt(): f64 [4.0, 0.25] () => [0.5, 2.0];
        Cbrt "cbrt" "the cube root" =
            unary(Float, root::cbrt).numpy("cbrt").promotes(NarrowestFloat),
            cbrt(): f64 [27.0, -8.0] () => [3.0, -2.0];
        Exp "exp" "e to the `x`" =
            unary(Float, exp::exp).numpy("exp").promotes(NarrowestFloat),
            exp(): f64 [0.0, 1.0] () => [1.0, std::f64::consts::E];
        Exp2 "exp2" "2 to the `x`" =
            unary(Float, exp::exp2).numpy("exp2").promotes(NarrowestFloat),
            exp2(): f64 [10.0, -1.0] () => [1024.0, 0.5];
        Expm1 "expm1" "`exp(x) - 1`, accurate near 0" =
            unary(Float, exp::expm1).numpy("expm1").promotes(NarrowestFloat),
            expm1(): f64 [0.0, 1e-20] () => [0.0, 1e-20];
        Log "log" "the natural logarithm" =
            unary(Float, log::log).numpy("log").promotes(NarrowestFloat),
            log(): f64 [1.0, std::f64::consts::E] () => [0.0, 1.0];
        Log2 "log2" "the logarithm to base 2" =
            unary(Float, log::log2).numpy("log2").promotes(NarrowestFloat),
            log2(): f64 [8.0, 0.5] () => [3.0, -1.0];
        Log10 "log10" "the logarithm to base 10" =
            unary(Float, log::log10).numpy("log10").promotes(NarrowestFloat),
            log10(): f64 [1000.0, 1.0] () => [3.0, 0.0];
        Log1p "log1p" "`log(1 + x)`, accurate near 0" =
            unary(Float, log::log1p).numpy("log1p").promotes(NarrowestFloat),
            log1p(): f64 [0.0, 1e-20] () => [0.0, 1e-20];
        Hypot "hypot" "`sqrt(x*x + y*y)` without undue overflow" =
            binary(Float, root::hypot).commutes().numpy("hypot").promotes(NarrowestFloat),
            hypot(y): f64 [3.0, -5.0] (4.0) => [5.0, 41.0f64.sqrt()];
        // Trigonometry, in radians.
        Sin "sin" "sine" =
            unary(Float, trig::sin).numpy("sin").promotes(NarrowestFloat),
            sin(): f64 [0.0, std::f64::consts::FRAC_PI_2] () => [0.0, 1.0];
        Cos "cos" "cosine" =
            unary(Float, trig::cos).numpy("cos").promotes(NarrowestFloat),
            cos(): f64 [0.0, std::f64::consts::PI] () => [1.0, -1.0];
        Tan "tan" "tangent" =
            unary(Float, trig::tan).numpy("tan").promotes(NarrowestFloat),
            tan(): f64 [0.0, -0.0] () => [0.0, -0.0];
        Asin "asin" "inverse sine" =
            unary(Float, inverse_trig::asin).numpy("arcsin asin").promotes(NarrowestFloat),
            asin(): f64 [0.0, 1.0] () => [0.0, std::f64::consts::FRAC_PI_2];
        Acos "acos" "inverse cosine" =
            unary(Float, inverse_trig::acos).numpy("arccos acos").promotes(NarrowestFloat),
            acos(): f64 [1.0, -1.0] () => [0.0, std::f64::consts::PI];
        Atan "atan" "inverse tangent" =
            unary(Float, inverse_trig::atan).numpy("arctan atan").promotes(NarrowestFloat),
            atan(): f64 [0.0, f64::INFINITY] () => [0.0, std::f64::consts::FRAC_PI_2];
        Atan2 "atan2" "the angle of the point at `y` to the right and `x` up, as C's `atan2`" =
            binary(Float, inverse_trig::atan2).numpy("arctan2 atan2").promotes(NarrowestFloat),
            atan2(y): f64 [1.0, -1.0] (0.0) => [std::f64::consts::FRAC_PI_2, -std::f64::consts::FRAC_PI_2];
        Sinh "sinh" "hyperbolic sine" =
            unary(Float, hyperbolic::sinh).numpy("sinh").promotes(NarrowestFloat),
            sinh(): f64 [0.0, f64::INFINITY] () => [0.0, f64::INFINITY];
        Cosh "cosh" "hyperbolic cosine" =
            unary(Float, hyperbolic::cosh).numpy("cosh").promotes(NarrowestFloat),
            cosh(): f64 [0.0, f64::INFINITY] () => [1.0, f64::INFINITY];
        Tanh "tanh" "hyperbolic tangent" =
            unary(Float, hyperbolic::tanh).numpy("tanh").promotes(NarrowestFloat),
            tanh(): f64 [0.0, 100.0] () => [0.0, 1.0];
        Asinh "asinh" "inverse hyperbolic sine" =
            unary(Float, hyperbolic::asinh).numpy("arcsinh asinh").promotes(NarrowestFloat),
            asinh(): f64 [0.0, f64::INFINITY] () => [0.0, f64::INFINITY];
        Acosh "acosh" "inverse hyperbolic cosine" =
            unary(Float, hyperbolic::acosh).numpy("arccosh acosh").promotes(NarrowestFloat),
            acosh(): f64 [1.0, f64::INFINITY] () => [0.0, f64::INFINITY];
        Atanh "atanh" "inverse hyperbolic tangent" =
            unary(Float, hyperbolic::atanh).numpy("arctanh atanh").promotes(NarrowestFloat),
            atanh(): f64 [0.0, 1.0] () => [0.0, f64::INFINITY];
        Erf "erf" "the error function" =
            unary(Float, erf::erf).numpy("erf special.erf").promotes(NarrowestFloat),
            erf(): f64 [0.0, 10.0] () => [0.0, 1.0];
        Sigmoid "sigmoid" "`1 / (1 + exp(-x))`" =
            unary(Float, hyperbolic::sigmoid).numpy("sigmoid expit special.expit").promotes(NarrowestFloat),
            sigmoid(): f64 [0.0, 1000.0] () => [0.5, 1.0];
        // Comparisons.
        Equal "equal" "`x == y`" =
            binary(Any, |x, y| x.with(y, order::equal)).gives_bool().commutes().numpy("equal").promotes(Comparison),
            eq(y): bool [1.0, 2.0] (2.0) => [false, true];
        NotEqual "not_equal" "`x != y`" =
            binary(Any, |x, y| x.with(y, order::not_equal)).gives_bool().commutes().numpy("not_equal")
                .promotes(Comparison),
            ne(y): bool [1.0, 2.0] (2.0) => [true, false];
        Less "less" "`x < y`" =
            binary(Any, |x, y| x.with(y, order::less)).gives_bool().numpy("less").promotes(Comparison),
            lt(y): bool [1.0, 2.0] (2.0) => [true, false];
        LessEqual "less_equal" "`x <= y`" =
            binary(Any, |x, y| x.with(y, order::less_equal)).gives_bool().numpy("less_equal").promotes(Comparison),
            le(y): bool [2.0, 3.0] (2.0) => [true, false];
        Greater "greater" "`x > y`" =
            binary(Any, |x, y| y.with(x, order::less)).gives_bool().numpy("greater").promotes(Comparison),
            gt(y): bool [2.0, 3.0] (2.0) => [false, true];
        GreaterEqual "greater_equal" "`x >= y`" =
            binary(Any, |x, y| y.with(x, order::less_equal)).gives_bool().numpy("greater_equal").promotes(Comparison),
            ge(y): bool [1.0, 2.0] (2.0) => [false, true];
        IsNan "is_nan" "whether it is NaN" =
            unary(Float, |x| x.ne(x)).gives_bool().numpy("isnan").promotes(NarrowestFloat),
            isnan(): bool [f64::NAN, 1.0] () => [true, false];
        IsInf "is_inf" "whether it is an infinity" =
            unary(Float, |x| x.abs().eq(f64::INFINITY)).gives_bool().numpy("isinf").promotes(NarrowestFloat),
            isinf(): bool [f64::NEG_INFINITY, f64::NAN] () => [true, false];
        IsFinite "is_finite" "whether it is neither infinite nor NaN" =
            unary(Float, |x| x.abs().lt(f64::INFINITY)).gives_bool().numpy("isfinite").promotes(NarrowestFloat),
            isfinite(): bool [1.0, f64::NAN] () => [true, false];
        Signbit "signbit" "whether the sign bit is set; clear for NaN" =
            unary(Float, |x| x.signed_bits().lt(0) & x.eq(x)).gives_bool().numpy("signbit").promotes(NarrowestFloat),
            signbit(): bool [-0.0, 1.0] () => [true, false];
        // Logic. Of what is no bool the front ends take whether it is nonzero.
        LogicalAnd "logical_and" "whether both are nonzero" =
            binary(Bool, |x, y| x & y).gives_bool().commutes().associates(Exact).idempotent().identity(One)
                .absorbs(Zero).numpy("logical_and").promotes(Truth),
            logical_and(y): bool [0.0, 3.0] (1.0) => [false, true];
        LogicalOr "logical_or" "whether either is nonzero" =
            binary(Bool, |x, y| x | y).gives_bool().commutes().associates(Exact).idempotent().identity(Zero)
                .absorbs(One).numpy("logical_or").promotes(Truth),
            logical_or(y): bool [0.0, 3.0] (0.0) => [false, true];
        LogicalXor "logical_xor" "whether one is nonzero but not both" =
            binary(Bool, |x, y| x ^ y).gives_bool().commutes().associates(Exact).identity(Zero)
                .numpy("logical_xor").promotes(Truth),
            logical_xor(y): bool [0.0, 3.0] (1.0) => [true, false];
        LogicalNot "logical_not" "whether it is zero" =
            unary(Bool, |x| !x).gives_bool().involution().numpy("logical_not").promotes(Truth),
            logical_not(): bool [0.0, 3.0] () => [true, false];
        // Bits.
        BitwiseAnd "bitwise_and" "and of the bits" =
            binary(Bits, |x, y| x & y).commutes().associates(Exact).idempotent().identity(AllBits).absorbs(Zero)
                .numpy("bitwise_and");
        BitwiseOr "bitwise_or" "or of the bits" =
            binary(Bits, |x, y| x | y).commutes().associates(Exact).idempotent().identity(Zero).absorbs(AllBits)
                .numpy("bitwise_or");
        BitwiseXor "bitwise_xor" "exclusive or of the bits" =
            binary(Bits, |x, y| x ^ y).commutes().associates(Exact).identity(Zero).numpy("bitwise_xor");
        BitwiseNot "bitwise_not" "complement of the bits" =
            unary(Bits, |x| !x).involution().numpy("invert bitwise_not bitwise_invert");
        // A negative count, read as unsigned, is past the width.
        LeftShift "left_shift" "`x << y`; a count negative or past the width gives 0" =
            binary(Integer, |x, y| x.with(y, Builder::shl)).right_identity(Zero)
                .numpy("left_shift bitwise_left_shift").promotes(AtLeastI8).or("Cast to an integer.");
        RightShift "right_shift" "`x >> y`; a count negative or past the width gives 0, or -1 for a negative `x`" =
            binary(Integer, |x, y| x.with(y, Builder::shr)).right_identity(Zero)
                .numpy("right_shift bitwise_right_shift").promotes(AtLeastI8).or("Cast to an integer.");
        Select "select" "`y` where `x`, a bool, holds, `z` elsewhere" =
            ternary(Any, |x, y, z| x.select(y, z)).on_bits(Ternary(|x, y, z| x.select(y, z))).masked()
                .numpy("where").parameters("condition, x, y").promotes(Choice);
    } };
}
