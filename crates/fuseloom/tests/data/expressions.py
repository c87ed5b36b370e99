"""Writes expressions.txt: expressions with the answers of NumPy.

    python3 crates/fuseloom/tests/data/expressions.py

The inputs come first, `name dtype[shape] elements`; then each expression with its results, `= dtype[shape] elements`, or
with `!` where NumPy raises.
"""

import os
import warnings

import numpy as np

warnings.simplefilter("ignore")
NAMES = {"float16": "f16", "float32": "f32", "float64": "f64", "bool": "bool"}
NAMES |= {f"{kind}int{bits}": f"{'u' if kind else 'i'}{bits}" for kind in ("", "u") for bits in (8, 16, 32, 64)}

inputs = {
    "x": np.array([[0.5, -1.25, 2.0, 3.75], [4.5, 0.0, -6.25, 7.0], [1.0, 2.5, 3.0, -4.0]]),
    "y": np.array([1.5, -2.0, 0.25, 8.0], np.float32),
    "z": (np.arange(24, dtype=np.float32) * np.float32(0.75) - 7).reshape(2, 3, 4),
    "h": np.array([0.5, -1.5, 2.25], np.float16),
    "a": np.array([[3, -7, 0, 5], [100, -2, 9, 4], [6, 1, -8, 2]], np.int32),
    "b": np.array([5, -128, 127, 3], np.int8),
    "u": np.array([0, 7, 200, 255], np.uint8),
    "l": np.array([1, -2, 3, 4], np.int64),
    "ul": np.array([1, 2, 2**63, 2**64 - 1], np.uint64),
    "m": np.array([[True, False, True, True], [False] * 4, [True] * 4]),
    "i": np.array([2, 0, -1], np.int64),
    "w": np.array([1.0, np.nan, -np.inf, np.inf, -0.0, 2.5]),
    "e": np.zeros((0, 3)),
    "s": np.array(2.5),
    "sq": np.array([[2.0, 1.0, 0.5], [0.25, 4.0, -1.0], [3.0, -2.0, 1.5]]),
    "p": np.array([0.25, 0.5, 0.75, 0.125, 1.0]),
}

EXPRESSIONS = """
x + y
x - y * 2
-x ** 2
2 ** -x
x ** 3
x ** 0.5
a ** 2
b ** 2
m ** 2
m ** 3
m ** 1
u ** 2
a ** -1
a // 3
a % 3
a // -3
a % -3
x // 0.75
x % -0.75
a / 2
b / b
u / 2
a // l[:, None]
-7 // 2
-7 % 3
7 // -2 + 2 ** 3 ** 1
1 / 3
x + 1 / 3
y + 1 / 3
y + np.pi
y * np.sqrt(2)
y * np.float32(2)
y + np.float64(1)
h * 2
h * y
h + 1.5
h + a[0, :3]
u + 2
u + 300
b + 1000
u - u
-u
b * b
a * b
u + b
l + ul
u << 2
u >> 1
l << 3
1 << 10
b & 15
u | 1
m ^ True
m & ~m
~a
~u
~m
m + m
m - m
-m
m * m
m + 1
m * 2.5
m / m
x < y
x <= 2
a == b
a != 3
u > -1
u < 300
ul > l
l >= ul
1 < 2
1 < 2 < 3
x < 1 < 2
(x > 0) & (x < 3)
(x < 0) | (x > 3)
x == x
w == w
np.nan != np.nan
np.where(x > 0, x, 0)
np.where(x > 0, a, y)
np.where(m, 1, 2)
np.where(m, 1.5, 2)
np.where(True, x, 0)
x.sum()
x.sum(0)
x.sum(axis=1)
x.sum(axis=(0, 1))
x.sum(-1, keepdims=True)
np.sum(x, 0)
np.sum(x, axis=-1, keepdims=True)
z.sum((0, 2))
z.mean((0, 2), keepdims=True)
x.sum(2)
x.sum((0, 0))
x.sum(axis=1.5)
b.sum()
u.sum()
m.sum()
m.sum(0)
a.prod(0)
u.prod()
y.sum(dtype=np.float64)
a.mean()
a.mean(0)
b.mean()
y.mean()
h.mean()
x.mean(axis=0, dtype=np.float32)
x.var()
x.var(0)
x.var(0, ddof=1)
x.std(axis=1, keepdims=True)
a.std(0)
np.std(x, ddof=1)
np.var(z, (0, 1))
x.max()
x.min(0)
a.max(1)
u.max()
w.max()
w[1:3].min()
np.max(x, axis=1, keepdims=True)
np.amin(a)
m.any(0)
m.all(1)
x.any()
x.all(0)
x.argmax()
x.argmin(1)
a.argmax(0)
w.argmax()
np.argmax(x, axis=0, keepdims=True)
np.ptp(x, 0)
np.count_nonzero(x)
np.count_nonzero(a, axis=0)
e.sum(0)
e.sum(1)
e.prod()
e.mean(1)
e.max(1)
e.max(0)
np.nansum(w[:2])
np.nanmax(w[:2])
np.nanmin(np.array([np.nan, 3.0, -1.0]))
np.nanmean(np.array([[1.0, np.nan], [3.0, 5.0]]), axis=1)
np.nanprod(np.array([np.nan, 3.0, -1.0]))
np.average(x, axis=0)
np.average(x, axis=0, weights=np.array([1.0, 2.0, 3.0]))
np.average(sq, weights=sq * sq)
np.linalg.norm(x)
np.linalg.norm(x, axis=1)
np.linalg.norm(x, ord=1, axis=0)
np.linalg.norm(x, np.inf, axis=1, keepdims=True)
(x - x.mean(0)) / x.std(0)
(x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
t = np.exp(x - x.max(-1, keepdims=True)); t / t.sum(-1, keepdims=True)
t = x + 1; t *= 2; t -= x; t
t = x\\nt += a\\nt # last
h0, w0 = x.shape; x.sum() / (h0 * w0)
x.T
x.T.shape
x.shape
x.ndim
x.size
a.dtype == np.int32
x.shape[0] * x.shape[-1]
len(x)
z.transpose(2, 0, 1)
z.transpose((1, 0, 2))
z.transpose()
z.swapaxes(0, 2)
np.moveaxis(z, 0, -1)
np.moveaxis(z, (0, 1), (2, 0))
z.mT
x.reshape(2, 6)
x.reshape((4, -1))
x.reshape(-1)
x.reshape(5, 3)
np.reshape(x, (6, 2))
x.ravel()
x.flatten()
x[:, None].shape
x[:, None, :] - y[None, :]
np.expand_dims(x, 0).shape
np.expand_dims(y, (0, -1)).shape
x[None][0]
x[np.newaxis, ...].squeeze()
np.squeeze(x[None], axis=0)
np.squeeze(x, axis=0)
np.broadcast_to(y, (3, 4))
x[0]
x[-1]
x[3]
x[1, 2]
x[1:, ::2]
x[::-1]
x[:, ::-1]
x[-2:]
x[5:]
x[:-1, 1:3]
x[..., 0]
x[..., None].shape
x[0, ..., 1]
x[...]
z[1, :, -1]
z[:, 1]
z[:, -3:-1:1, ::3]
z[..., ::-2]
x[1, 2, 3]
x[..., ...]
x[1.5]
x[::0]
x[i]
x[:, i]
x[[0, 2]]
x[[0, -1], :2]
x[[]]
z[0, i]
z[0, :, i]
z[:, 0, i]
z[..., i]
z[i, 0]
z[:, i]
z[i]
x[i[:, None]].shape
x[[3]]
x[1][2]
x[x.argmax(0)[0]]
np.take(x, i, axis=1)
np.take(x, [0, 5])
x.take(i)
x.take(i, 0)
np.flip(x)
np.flip(x, 1)
np.fliplr(x)
np.flipud(x)
np.roll(x, 1)
np.roll(x, 1, axis=0)
np.roll(x, (1, -2), axis=(0, 1))
np.roll(y, -5)
np.tile(y, 2)
np.tile(x, (2, 1)).shape
np.tile(y, (3, 1))
np.repeat(x, 2, axis=1)
np.repeat(y, 3)
np.diff(x)
np.diff(x, axis=0)
np.diff(x, 2)
np.diff(m)
np.pad(x, 1)
np.pad(y, (1, 2), constant_values=9)
np.pad(x, ((1, 0), (0, 2)))
np.concatenate([x, x])
np.concatenate((x, a), axis=1)
np.concatenate([y, b])
np.concatenate([x, y])
np.stack([y, b])
np.stack((x, x), axis=-1).shape
np.hstack([y, b])
np.hstack((x, x))
np.vstack([x, y])
np.split(x, 2, axis=1)[1]
np.split(y, [1, 3])[1]
np.tril(x)
np.triu(x, 1)
np.tril(sq, -1)
np.diag(sq)
np.diag(sq, 1)
np.diag(y)
np.diag(y, -1)
sq.diagonal()
np.diagonal(x, -1)
sq.trace()
np.trace(x, 1)
np.outer(y, y)
sq @ sq
x @ y
x.T @ a
z @ x.T
sq @ sq[0] @ sq
a @ a.T
m @ m.T
x @ x
x @ 2
np.matmul(sq, sq)
np.dot(x, y)
x.dot(x.T)
np.inner(x, x)
np.vdot(x, x)
np.tensordot(z, x, axes=([1, 2], [0, 1]))
np.tensordot(x, y, 1)
np.einsum('ij,jk->ik', sq, sq)
np.einsum('ij->j', x)
np.einsum('ii', sq)
np.einsum('ij,j', x, y)
np.einsum('...j,j->...', z, y)
np.einsum('ij,jk', x, x)
np.einsum('ij,jk,kl->il', sq, sq, sq, optimize=True)
np.einsum('bi,bj->bij', x, x).shape
np.diagonal(z, 0, 1, 2)
np.atleast_2d(y).shape
np.arange(5)
np.arange(2, 10, 3)
np.arange(0, 1, 0.25)
np.arange(5, 0, -2)
np.arange(3, dtype=np.float32)
np.linspace(0, 1, 5)
np.linspace(0, 1, 4, endpoint=False)
np.linspace(2, 3, num=1)
np.zeros((2, 3))
np.ones(3, dtype=np.int32)
np.zeros(2, "f4")
np.zeros(2, dtype="int16")
np.full((2, 2), 7)
np.full(2, 0.5, dtype=np.float32)
np.zeros_like(a)
np.ones_like(x, dtype=bool)
np.full_like(y, 3)
np.eye(3)
np.eye(2, 4, k=1)
np.identity(2)
np.tri(3)
np.array([[1, 2], [3, 4]])
np.array([1, 2.5])
np.array([True, False])
np.array([1, 2], dtype=np.float32)
np.array([])
np.array([[1, 2], [3]])
y + [1, 2, 3, 4]
np.array([y, y]).shape
np.meshgrid(np.arange(3), np.arange(2))[0]
np.meshgrid(np.arange(3), np.arange(2), indexing='ij')[1]
np.abs(a)
abs(x)
np.absolute(b)
np.sign(x)
np.sign(a)
np.square(b)
np.sqrt(p)
np.sqrt(a)
np.sqrt(u)
np.sqrt(b)
np.sqrt(m)
np.cbrt(x)
np.exp(x)
np.exp(y)
np.exp(l)
np.exp2(x)
np.expm1(p)
np.log(p)
np.log(y)
np.log2(p)
np.log10(p)
np.log1p(p)
np.log(-1.0)
np.sin(x)
np.cos(y)
np.tan(p)
np.arcsin(p)
np.acos(p)
np.arctan(x)
np.arctan2(x, y)
np.sinh(p)
np.cosh(p)
np.tanh(x)
np.arcsinh(x)
np.arccosh(1 + p)
np.atanh(p[:4])
np.hypot(x, y)
np.floor(x)
np.ceil(x)
np.trunc(x)
np.rint(x)
np.floor(a)
np.rint(a)
np.round(x)
np.round(x * 1.037, 2)
x.round(1)
np.round(a, 2)
np.round(a, -1)
np.round(2.5)
np.clip(x, -1, 2)
x.clip(0, None)
x.clip(None, 1)
a.clip(0, 1000)
u.clip(-5, 300)
np.clip(x, y, 3)
np.maximum(x, y)
np.minimum(a, 2)
np.fmax(w, 0)
np.fmin(w, w[::-1])
np.copysign(x, -1)
np.isnan(w)
np.isinf(w)
np.isfinite(w)
np.signbit(w)
np.isposinf(w)
np.isneginf(w)
np.nan_to_num(w)
np.nan_to_num(w, nan=7, posinf=8, neginf=9)
np.isclose(x, x + 1e-9)
np.allclose(x, x * (1 + 1e-9))
np.isclose(w, w, equal_nan=True)
np.array_equal(x, x)
np.array_equal(x, y)
np.logical_and(x, a)
np.logical_or(x, 0)
np.logical_xor(x, a)
np.logical_not(x)
np.bitwise_and(a, 7)
np.left_shift(l, 2)
np.right_shift(a, 1)
np.invert(m)
np.add(x, 1)
np.subtract(x, y)
np.multiply(y, 2)
np.divide(a, 4)
np.true_divide(a, a)
np.floor_divide(x, 2)
np.remainder(a, 5)
np.mod(x, 2)
np.fmod(a, 5)
np.fmod(x, -2)
np.power(x, 2)
np.power(a, 3)
np.float_power(a, 2)
np.negative(a)
np.positive(x)
np.fabs(a)
np.reciprocal(x[0])
np.divmod(a, 3)
divmod(x, 2)
np.modf(x)
np.logaddexp(x, y)
np.logaddexp(y, 1)
np.logaddexp2(x, x)
np.logaddexp(w, w)
np.heaviside(x, 0.5)
np.deg2rad(x)
np.degrees(y)
np.sinc(x)
x.astype(np.float32)
x.astype("i4")
a.astype(float)
x.astype(bool)
a.astype(np.uint8)
x.astype(int)
np.float32(x)
float(3)
np.int64(7) // 2
s * y
s + 1
s * np.float32(2)
x.mean() * y
x[0, 0] * y
x.copy() + 0
x.real
x, y
x.min(0), x.max(0)
True + True
~5
5 & 3
5.0 // 2
1_000 + 0xff
1e3
.5 + 2.
x @@ y
x + np.zeros((2, 2))
x.nothing
np.nothing(x)
x.sum(bogus=1)
np.sqrt()
np.sqrt(x, y, x)
nobody + 1
x and y
not x
x[0] = 1
1 / 0
x + None
np.sum
np.where(x, 1)
"""


def text(value):
    if isinstance(value, tuple):
        value = np.array(value)
    value = np.asarray(value)
    elements = value.ravel().tolist()
    shown = " ".join(str(int(v)) if isinstance(v, bool) else repr(v) for v in elements)
    extents = ",".join(str(n) for n in value.shape)
    return f"{NAMES[value.dtype.name]}[{extents}] {shown}".rstrip()


def evaluate(expression):
    scope = {"np": np, **inputs}
    for name in ("x", "y", "a"):
        scope[name] = inputs[name].copy()
    statements = expression.replace("\\n", "\n")
    lines = [part.split("#")[0].strip() for line in statements.split("\n") for part in line.split(";")]
    for line in lines[:-1]:
        exec(line, scope)
    return eval(lines[-1], scope)


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expressions.txt")
    with open(path, "w") as out:
        print(f"# Written by expressions.py with NumPy {np.__version__}.", file=out)
        for name, value in inputs.items():
            print(name, text(value), file=out)
        for expression in EXPRESSIONS.strip().split("\n"):
            print(f"\n{expression}", file=out)
            try:
                value = evaluate(expression)
                several = isinstance(value, tuple) and not all(isinstance(v, int) for v in value)
                results = [text(v) for v in (value if several else [value])]
            except Exception:
                print("!", file=out)
                continue
            for result in results:
                print(f"= {result}", file=out)


if __name__ == "__main__":
    main()
