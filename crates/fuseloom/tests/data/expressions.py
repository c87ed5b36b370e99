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
np.sort(x)
np.sort(x, axis=0)
np.sort(x, axis=None)
np.sort(x, 1, kind='stable')
np.sort(x.T)
np.sort(x[::-1, ::2], axis=0)
np.sort(z, axis=1)
np.sort(a, 0)
np.sort(b)
np.sort(u)
np.sort(ul)
np.sort(m)
np.sort(h)
np.sort(w)
np.sort(e, axis=0)
np.sort(e)
np.sort(s)
np.sort(s, axis=None)
np.sort(x, axis=2)
np.sort(x, kind='quick')
np.sort(x, stable=True)[:, ::-1] * 2
np.argsort(x, kind='stable')
np.argsort(a, axis=0, stable=True)
np.argsort(m, stable=True)
np.argsort(w, kind='stable')
np.argsort(h)
np.argsort(ul)
np.argsort(z, axis=0)
np.argsort(x, axis=None)
x.argsort(1)
x.argsort(axis=0)
np.sort(np.argsort(x), axis=0)
np.take(y, np.argsort(y))
np.cumsum(x)
np.cumsum(x, axis=0)
x.cumsum(1)
x.cumsum(axis=-1)
b.cumsum()
u.cumsum()
m.cumsum(1)
np.cumsum(y, dtype=np.float64)
h.cumsum()
np.cumsum(x, axis=2)
np.cumprod(p)
np.cumprod(a, 0)
u.cumprod()
x.cumprod(axis=1)
np.cumulative_sum(y)
np.cumulative_sum(x, axis=1, include_initial=True)
np.cumulative_sum(x)
np.cumulative_prod(p, include_initial=True)
np.nancumsum(w[:2])
np.nancumprod(w[:2])
np.nancumsum(a, 0)
np.maximum.accumulate(x)
np.maximum.accumulate(x, axis=1)
np.minimum.accumulate(a, -1)
np.maximum.accumulate(w)
np.add.accumulate(x)
np.add.accumulate(b)
np.add.accumulate(b, dtype=np.int8)
b.cumsum(dtype=np.int16)
np.linalg.trace(z)
np.multiply.accumulate(p)
np.add.reduce(x)
np.add.reduce(x, axis=None)
np.add.reduce(x, axis=1, keepdims=True)
np.add.reduce(b)
np.multiply.reduce(a, axis=(0, 1))
np.maximum.reduce(x)
np.minimum.reduce(a, axis=1)
np.logical_and.reduce(m)
np.logical_or.reduce(m, axis=1)
np.subtract.outer(y, l)
np.add.outer(x[0], i).shape
np.multiply.outer(x, y).shape
np.maximum.outer(y, 0)
np.equal.outer(l, [1, 2])
np.logical_and.outer(m[0], [True, False])
np.fmod.outer(l, [2, 3])
np.nanvar(w[:2])
np.nanvar(np.array([[1.0, np.nan, 4.0], [3.0, 5.0, np.nan]]), axis=1)
np.nanstd(np.array([1.0, np.nan, 4.0]), ddof=1)
np.nanstd(x, axis=0)
np.nanargmax(w[:2])
np.nanargmin(np.array([np.nan, 3.0, -1.0]))
np.isin(a, [3, 5])
np.isin(l, l[::2], invert=True)
np.select([x > 2, x > 0], [x, x * 10])
np.select([x > 2, x > 0], [x, 1], default=-1.5)
np.polyval([1, -2, 3], x)
np.polyval(y, np.array([1.0, 2.0]))
np.trapezoid(y)
np.trapezoid(x, dx=0.5, axis=0)
np.trapezoid(x, x=[0, 1, 3, 6])
np.trapezoid(x, x.cumsum(1))
np.gradient(y)
np.gradient(x, axis=1)
np.gradient(x)
np.gradient(a, 2, axis=0)
np.gradient(x[:, :1], axis=1)
np.cov(x)
np.cov(x, rowvar=False, ddof=0)
np.cov(y)
np.corrcoef(x)
np.ediff1d(x)
np.dstack([y, b])
np.dstack([x, x]).shape
np.column_stack([y, b])
np.array_split(y, 3)[0]
np.array_split(x, 3, axis=1)[2]
np.hsplit(x, 2)[1]
np.vsplit(x, 3)[0]
np.unstack(x)
np.unstack(x, axis=1)[3]
np.rot90(x)
np.rot90(x, 2)
np.rot90(x, -1)
np.rot90(z, 1, (1, 2)).shape
np.atleast_3d(y).shape
np.atleast_3d(x).shape
np.atleast_1d(s)
np.logspace(0, 3, 4)
np.logspace(0, 2, 3, base=2.0)
np.empty(3).shape
np.empty_like(a).dtype == np.int32
np.vecdot(x, x)
np.vecdot(x, x, axis=0)
np.matvec(sq, sq)
np.vecmat(sq, sq)
np.cross(sq, sq[0])
np.cross(sq[0], [1, 2, 3])
np.cross(x, x)
np.kron(l, i)
np.kron(sq, l)
np.linalg.matmul(sq, sq)
np.linalg.outer(y, b)
np.linalg.trace(sq)
np.linalg.diagonal(x, offset=1)
np.clip(x, min=0)
x.clip(max=1, min=-1)
np.finfo(np.float32).eps
np.finfo(x.dtype).max
np.finfo("f2").tiny * h
np.finfo(np.float64).bits
np.iinfo(np.int8).min
u + np.iinfo(np.uint8).max
np.iinfo(np.float32).max
x[i, i]
x[[0, 2], [1, -1]]
x[i[:, None], i]
x[:, i][i]
z[i[:2] // 2, :, i[:2]]
z[:, [0, 2], [1, 1]]
z[..., [0, 2], [3, 1]]
z[[1, 0], 2, [3, 1]]
z[1, [0, 2], [1, 1]]
z[[0, 1], [0, 2]]
x[np.arange(3), x.argmax(1)]
x[[0, 1], [0, 1, 2]]
x[[0, 5], [0, 1]]
x[[0], [-5]]
x[i, None, i].shape
x[y, i]
np.nonzero(x)[0].foo
np.linalg.inv(sq).foo
x.sum(where=m).foo
a @ a.T @ x.astype(np.float32)
l @ l
sq @ sq @ sq[:, 0]
np.einsum('ij->ji', x)
np.einsum('ij->', x)
np.einsum('i,i', y, y)
np.einsum('i,j->ij', y, b)
np.einsum('ij,ij->i', x, x)
np.einsum('...ij->...ji', z)
np.einsum('ii->i', sq)
np.einsum('ijk,ijk->k', z, z)
np.einsum('ij,jk', x)
np.einsum('i->ii', y)
np.tensordot(sq, sq, axes=0).shape
np.tensordot(sq, sq, axes=[[0], [1]])
np.dot(sq, 2)
np.dot(z, x.T).shape
np.inner(y, 3)
np.outer(x, b).shape
np.vdot(a, a)
np.trace(z, axis1=1, axis2=2)
z.diagonal(1, 1, 2)
z.trace(offset=-1, axis1=0, axis2=2)
x ** 2 ** 0.5
-2 ** 2
(-2) ** 2
2 ** 3 ** 2
not_there
x @ y @ x
~m | m & m ^ m
1 | 2 ^ 3 & 4 << 1
x - -x
x--x
- - x
+x
x[1:2, ...]
x[1:][0][1:3]
x[-1:-4:-1]
x[:, -1::-2]
x[None, :, None, 0]
x[(1, 2)]
x[1,]
x[0][None][..., None]
z[:, ::-1, ::-1].sum((1, 2))
z[0:100, -100:2]
s[...]
s[None]
s[()]
s[0]
x[2147483648]
x[::2, ::-2] @ x[:2, :2]
len(z) + z.ndim
np.sum(np.sum(x))
np.mean(x, axis=(0,), keepdims=True)
np.sum(x, axis=())
x.sum(axis=-3)
np.mean(m)
np.mean(u, dtype=np.float16)
np.std(a, axis=1, ddof=1, keepdims=True)
np.var(h)
np.var(x, ddof=20)
np.sum([1, 2, 3])
np.max([[1, 2], [3, 4]], axis=0)
np.min(b) - 1
np.prod(l, dtype=np.int32)
np.any(x > 6, axis=1)
x.argmax(keepdims=True)
np.where(x > 0, 1, 0) + b
np.where(m, np.float32(1), 2)
np.where(a > 0, b, u)
np.where([True, False], [1, 2], [3, 4])
np.abs(-5)
abs(-5.5)
min(x.shape)
round(2.567, 2)
sum(y)
pow(y, 2)
np.float32(1) + 1.0
np.float32(1) / 3
np.int8(100) + np.int8(100)
np.uint8(5) - 10
np.int32(7) / np.int32(2)
np.float16(1) + np.float32(1)
np.bool(1) + 1
np.array(2, dtype=np.float32) * 1.5
y * 1e300
y * 10
a * 2.5
a + True
b + 127
b + 128
u * -1
ul + 1
ul + l
l / 2
l // 2.0
u // 0
a % 0
b // -1
x // 0
x % 0
y % np.inf
a >> 40
l << 70
b << -1
u & -1
a | b
m & 1
x & 1
~x
x << 1
np.pi
np.e * 2
np.inf - np.inf
-np.inf
np.newaxis
None
...
"abc"
np.float32
[]
[1, [2, 3]]
[[1], [2]] + y[:2]
[y, y] * np.array(2)
(1, 2) + (3,)
x.shape + (1,)
x.reshape(x.shape + (1,)).shape
np.ones(x.shape[::-1]).shape
np.ones_like(x, dtype=x.dtype) * a
np.zeros(x.shape[1:], x.dtype) + y
np.broadcast_to(3, (2, 2))
np.broadcast_to(x, (2, 3, 4)).sum(0)
np.broadcast_to(x, (3, 5))
x.reshape(2, -1, 3).shape
x.reshape(-1, -1)
x.reshape(7)
np.transpose(z, (1, 2, 0)).shape
z.transpose(0, 0, 1)
np.swapaxes(x, 0, 5)
np.moveaxis(z, [0, -1], [-1, 0]).shape
np.squeeze(x[:1], 0)
np.expand_dims(x, (0, 3)).shape
np.expand_dims(x, 5)
np.concatenate([x, y])
np.concatenate([])
np.concatenate([x[0], [1, 2]])
np.stack([x, x, x], 1).shape
np.roll(z, 2, (0, 2))
np.tile(x, 3).shape
np.pad(x, ((1, 1), (2, 0)), mode='constant', constant_values=-1)
np.take(x, [[0, 1], [2, 0]], axis=0).shape
np.take(x, 1, 1)
np.take(x, 9, 1)
np.diff(a, n=2, axis=1)
np.diff(z, axis=1).shape
np.linspace(0, 1, 0)
np.linspace(5, 1, 3, dtype=int)
np.arange(10)[::3]
np.arange(0.5, 3)
np.arange(-3, 3, 2, dtype=np.int8)
np.eye(3, k=-1)
np.tri(2, 3, 1)
np.triu(np.ones((3, 3)), -1)
np.full((2,), np.inf)
np.full(3, True)
np.array([1, 2, 3], dtype=bool)
np.array([2**63, 1])
np.array([0.1, 1], np.float16)
np.asarray([[x[0], x[1]]]).shape
((x[:, None, :] - x[None, :, :]) ** 2).sum(-1)
np.sqrt(((x - x.mean(0)) ** 2).sum(1))
t = x - x.max(1, keepdims=True); np.log(np.exp(t).sum(1))
x;y
a1, b1 = x, y; a1 + b1
(a1, b1) = x, y; b1
k = 2; k **= 3; k
x = x.T; x @ x.T
t = 1; t
x +
(x
x)
x + + + y
x ++ y
x === y
x <> y
x ! y
x $ y
'x
x.
x[
x[1
x[1:2:3:4]
np.sum(x, axis=0, axis=1)
np.sum(axis=0)
np.sum(x, 0, axis=0)
np.sum(*x)
f(x)
x(1)
1(2)
x.shape()
x.T()
x.sum.foo
np.np
np.float32.foo
1_0 + 0b11 + 0o17
1__0
0x
1e
np.concatenate([x, a], axis=None)
np.concatenate([x, y], None)
np.concatenate([x, y], axis=0)
np.stack([x, x], axis=None)
np.diff(x, axis=None)
np.maximum.accumulate(x, None)
np.int8(300)
np.uint8(-1)
np.uint8(300.7)
np.uint8(3.7)
np.int32(2**31)
np.float32(2**70)
np.full((2, 2), 300, 'u1')
np.full_like(u, -1)
np.full_like(u, 7)
np.array([1, 300], dtype='u1')
np.array([-1], dtype='u1')
np.array([300.0], dtype='u1')
np.array([np.nan], dtype=int)
np.array([[1, True], [2.5, 3]], dtype='i2')
np.array([2**63], dtype='i8')
np.arange(-3, 3, dtype='u1')
np.arange(-3, 3, dtype='f4')
x.sum(1, keepdims=None)
x.astype('d') + y.astype('e')
a.astype('B') + b.astype('h')
np.gradient(x, 2, 1)
np.gradient(x, 2.0)
np.gradient(x, 1, 2, 3)
np.gradient(x, 0.5, axis=1)
np.average(np.array([200, 100], dtype='u1'), weights=np.array([2, 2], dtype='u1'))
np.average(u, weights=u)
np.average(b, weights=y)
np.average(y, weights=u)
np.average(h, weights=m[0, :3])
np.average(m[0], weights=y)
np.average(x, axis=1, weights=u)
np.heaviside(y, y)
np.heaviside(h, h)
np.heaviside(y, 0.5)
np.heaviside(u, u)
np.heaviside(a, 0.5)
np.logaddexp(u, u).dtype == np.float16
np.logaddexp(m, y).dtype == np.float32
np.logaddexp2(b, 1).dtype == np.float16
np.sinc(u).dtype == np.float64
np.sinc(h).dtype == np.float16
np.select([m[0], m[1]], [b, m[0]])
np.select([m[1], m[0]], [m[0], y])
np.select([m[0]], [u], 7)
(x) + 1
((x) + (y))[(0)]
np.sum((x))
(x)[0]
(np).sum((x), axis=(1))
(np.sum)(x)
n = 2; x[:(n)]
t = x * 2; (t) + 1
.5.
1.e3
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
