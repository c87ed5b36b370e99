"""Writes numpy_answers.txt: NumPy's answers on special values. Run as `python numpy_answers.py > numpy_answers.txt`."""

import numpy as np

np.seterr(all="ignore")

INTEGERS = ["int8", "int32", "int64", "uint8", "uint64"]
FLOATS = ["float16", "float32", "float64"]
NAMES = {"bool": "bool", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "uint8": "u8", "uint16": "u16",
         "uint32": "u32", "uint64": "u64", "float16": "f16", "float32": "f32", "float64": "f64"}


def values(name):
    kind = np.dtype(name).type
    if name in FLOATS:
        info = np.finfo(name)
        listed = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, -7.0, 0.1, 1e30, np.inf, -np.inf, np.nan]
        listed += [info.max, info.tiny, info.smallest_subnormal]
        return [kind(v) for v in listed]
    info = np.iinfo(name)
    listed = [0, 1, 2, 3, 7, 8, 31, 63, 100, info.max, info.min, -1, -3, -7, -64, info.min + 1]
    return [kind(v) for v in dict.fromkeys(listed) if info.min <= v <= info.max]


def bits(value):
    value = np.asarray(value)
    return int(value.view({1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}[value.dtype.itemsize]))


def section(function, ufunc, dtypes, keep=lambda *args: True):
    for name in dtypes:
        print(f"\n{function} {NAMES[name]}")
        v = values(name)
        args = [(a,) for a in v] if ufunc.nin == 1 else [(a, b) for a in v for b in v]
        line = ""
        for a in args:
            if not keep(*a):
                continue
            entry = ",".join(f"{bits(x):x}" for x in a) + f"={bits(ufunc(*a)):x}"
            if len(line) + len(entry) + 1 > 118:
                print(line)
                line = ""
            line += (" " if line else "") + entry
        print(line)


def not_zeros(a, b):
    """NumPy leaves the sign of zero open here."""
    return a != 0 or b != 0


print(f"# NumPy {np.__version__}'s answers on special values, written by numpy_answers.py.")
print("# A section is a function and a dtype; an entry is the bits of the arguments and of the result.")
print("\npromote")
for a in NAMES:
    print(NAMES[a] + ": " + " ".join(NAMES[str(np.promote_types(a, b))] for b in NAMES))
section("FloorDivide", np.floor_divide, INTEGERS + FLOATS)
section("Remainder", np.remainder, INTEGERS + FLOATS)
section("Fmod", np.fmod, INTEGERS + FLOATS)
section("Power", np.power, INTEGERS, lambda a, b: int(b) >= 0)
section("LeftShift", np.left_shift, INTEGERS)
section("RightShift", np.right_shift, INTEGERS)
section("Fmax", np.fmax, ["int8", "uint64"] + FLOATS, not_zeros)
section("Fmin", np.fmin, ["int8", "uint64"] + FLOATS, not_zeros)
section("Maximum", np.maximum, ["int8", "uint64"] + FLOATS, not_zeros)
section("Minimum", np.minimum, ["int8", "uint64"] + FLOATS, not_zeros)
section("LessEqual", np.less_equal, ["int8", "uint64"] + FLOATS)
section("Copysign", np.copysign, FLOATS, lambda a, b: b == b)
section("Div", np.divide, FLOATS)
section("Mul", np.multiply, ["int8", "int64", "uint32"] + FLOATS)
section("Add", np.add, ["float16"])
section("Sub", np.subtract, ["float16"])
# The sign of zero is kept here, which NumPy does not do.
section("Sign", np.sign, INTEGERS + FLOATS, lambda a: a != 0)
section("Abs", np.abs, INTEGERS + FLOATS)
section("Neg", np.negative, INTEGERS + FLOATS)
for name in ["Floor", "Ceil", "Trunc", "Rint", "Reciprocal", "Sqrt", "IsNan", "IsInf", "IsFinite", "Signbit"]:
    section(name, getattr(np, name.lower()), FLOATS)
section("BitwiseNot", np.invert, INTEGERS)
