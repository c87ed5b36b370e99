"""The workloads as loops that a user of Numba writes by hand: parallel over the outermost axis, without fast math."""

import warnings
from math import exp, log, sin, sqrt, tanh

import numpy as np
import written
from numba import NumbaPerformanceWarning, njit, prange

parallel = njit(parallel=True)
# How many parts a sum is taken in; each thread has several.
PARTS = 64


@parallel
def chain5(a, b, c, d, e):
    out = np.empty_like(a)
    for i in prange(a.size):
        out[i] = a[i] * b[i] + c[i] * d[i] - e[i]
    return out


@parallel
def gelu(x):
    out = np.empty_like(x)
    half, one, c, d = np.float32(0.5), np.float32(1), np.float32(0.7978845608), np.float32(0.044715)
    for i in prange(x.size):
        v = x[i]
        out[i] = half * v * (one + np.float32(tanh(c * (v + d * v * v * v))))
    return out


@njit
def black_scholes_one(s, k, t, v, one, half, r, n1, n2):
    root = v * sqrt(t)
    d1 = (log(s / k) + (r + half * v * v) * t) / root
    d2 = d1 - root
    first = one / (one + exp(n1 * d1 - n2 * d1 * d1 * d1))
    second = one / (one + exp(n1 * d2 - n2 * d2 * d2 * d2))
    return s * first - k * exp(-r * t) * second


@parallel
def black_scholes_loop(s, k, t, v, one, half, r, n1, n2):
    out = np.empty_like(s)
    for i in prange(s.size):
        out[i] = black_scholes_one(s[i], k[i], t[i], v[i], one, half, r, n1, n2)
    return out


def black_scholes(s, k, t, v):
    number = s.dtype.type
    return black_scholes_loop(
        s, k, t, v, number(1), number(0.5), number(0.03), number(-1.5976), number(0.07056)
    )


@parallel
def standardize(x):
    rows, columns = x.shape
    parts = min(PARTS, rows)
    sums = np.zeros((parts, columns), np.float64)
    for p in prange(parts):
        for i in range(p * rows // parts, (p + 1) * rows // parts):
            for j in range(columns):
                sums[p, j] += x[i, j]
    mean = (sums.sum(0) / rows).astype(x.dtype)
    squares = np.zeros((parts, columns), np.float64)
    for p in prange(parts):
        for i in range(p * rows // parts, (p + 1) * rows // parts):
            for j in range(columns):
                d = x[i, j] - mean[j]
                squares[p, j] += d * d
    std = np.sqrt(squares.sum(0) / rows).astype(x.dtype)
    out = np.empty_like(x)
    for i in prange(rows):
        for j in range(columns):
            out[i, j] = (x[i, j] - mean[j]) / std[j]
    return out


@parallel
def softmax(x):
    rows, columns = x.shape
    out = np.empty_like(x)
    for i in prange(rows):
        m = x[i, 0]
        for j in range(columns):
            m = max(m, x[i, j])
        s = x.dtype.type(0)
        for j in range(columns):
            e = np.exp(x[i, j] - m)
            out[i, j] = e
            s += e
        for j in range(columns):
            out[i, j] /= s
    return out


@parallel
def layernorm(x):
    rows, columns = x.shape
    out = np.empty_like(x)
    for i in prange(rows):
        s = 0.0
        for j in range(columns):
            s += x[i, j]
        mean = x.dtype.type(s / columns)
        s = 0.0
        for j in range(columns):
            d = x[i, j] - mean
            s += d * d
        scale = x.dtype.type(sqrt(s / columns + 1e-5))
        for j in range(columns):
            out[i, j] = (x[i, j] - mean) / scale
    return out


@parallel
def logsumexp_axis0(x):
    rows, columns = x.shape
    parts = min(PARTS, rows)
    maxima = np.empty((parts, columns), x.dtype)
    for p in prange(parts):
        maxima[p] = x[p * rows // parts]
        for i in range(p * rows // parts, (p + 1) * rows // parts):
            for j in range(columns):
                maxima[p, j] = max(maxima[p, j], x[i, j])
    m = maxima[0].copy()
    for p in range(1, parts):
        m = np.maximum(m, maxima[p])
    sums = np.zeros((parts, columns), x.dtype)
    for p in prange(parts):
        for i in range(p * rows // parts, (p + 1) * rows // parts):
            for j in range(columns):
                sums[p, j] += np.exp(x[i, j] - m[j])
    return np.log(sums.sum(0)) + m


@parallel
def pairwise(p):
    n, axes = p.shape
    out = np.empty((n, n), p.dtype)
    for i in prange(n):
        for j in range(n):
            s = 0.0
            for k in range(axes):
                d = p[i, k] - p[j, k]
                s += d * d
            out[i, j] = s
    return out


@parallel
def rbf_matvec(x, v):
    n, axes = x.shape
    out = np.empty(n, x.dtype)
    for i in prange(n):
        total = 0.0
        for j in range(n):
            s = 0.0
            for k in range(axes):
                d = x[i, k] - x[j, k]
                s += d * d
            total += exp(-0.5 * s) * v[j]
        out[i] = total
    return out


@parallel
def linear_relu(x, w, b):
    out = x @ w
    for i in prange(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = max(out[i, j] + b[j], x.dtype.type(0))
    return out


@parallel
def pairwise_gram(x):
    n = x.shape[0]
    s = (x * x).sum(1)
    out = x @ x.T
    for i in prange(n):
        for j in range(n):
            out[i, j] = sqrt(max(s[i] - 2 * out[i, j] + s[j], 0.0))
    return out


@parallel
def life(b):
    rows, columns = b.shape
    out = np.empty_like(b)
    for i in prange(rows):
        for j in range(columns):
            n = 0
            for di in range(-1, 2):
                for dj in range(-1, 2):
                    k, l = i + di, j + dj
                    if (di != 0 or dj != 0) and 0 <= k < rows and 0 <= l < columns:
                        n += b[k, l]
            out[i, j] = 1 if n == 3 or (n == 2 and b[i, j] == 1) else 0
    return out


@parallel
def cumsum(x):
    # Sums of the parts, then each part from where it starts.
    n = x.size
    parts = min(PARTS, n)
    starts = np.zeros(parts + 1, np.float64)
    for p in prange(parts):
        s = 0.0
        for i in range(p * n // parts, (p + 1) * n // parts):
            s += x[i]
        starts[p + 1] = s
    for p in range(parts):
        starts[p + 1] += starts[p]
    out = np.empty_like(x)
    for p in prange(parts):
        s = starts[p]
        for i in range(p * n // parts, (p + 1) * n // parts):
            s += x[i]
            out[i] = s
    return out


@njit
def ewma(a):
    out = np.empty_like(a)
    last = 0.0
    for i in range(a.size):
        last = 0.3 * a[i] + 0.7 * last
        out[i] = last
    return out


@njit
def part_sum(x, begin, end):
    # Eight sums, for the compiler does not reorder one.
    zero = x.dtype.type(0)
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = zero
    whole = begin + (end - begin) // 8 * 8
    for i in range(begin, whole, 8):
        s0 += x[i]
        s1 += x[i + 1]
        s2 += x[i + 2]
        s3 += x[i + 3]
        s4 += x[i + 4]
        s5 += x[i + 5]
        s6 += x[i + 6]
        s7 += x[i + 7]
    s = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for i in range(whole, end):
        s += x[i]
    return s


@parallel
def total(x):
    n = x.size
    parts = min(PARTS, n)
    sums = np.zeros(parts, x.dtype)
    for p in prange(parts):
        sums[p] = part_sum(x, p * n // parts, (p + 1) * n // parts)
    return sums.sum()


@parallel
def rowsum(x):
    out = np.empty(x.shape[0], x.dtype)
    for i in prange(x.shape[0]):
        out[i] = part_sum(x[i], 0, x.shape[1])
    return out


@parallel
def colsum(x):
    rows, columns = x.shape
    parts = min(PARTS, rows)
    sums = np.zeros((parts, columns), x.dtype)
    for p in prange(parts):
        for i in range(p * rows // parts, (p + 1) * rows // parts):
            for j in range(columns):
                sums[p, j] += x[i, j]
    return sums.sum(0)


@parallel
def transpose_add(x):
    # In tiles, so that both the rows and the columns stay in the cache.
    n, m = x.shape
    out = np.empty_like(x)
    tile = 64
    for t in prange((n + tile - 1) // tile):
        for u in range(0, m, tile):
            for i in range(t * tile, min((t + 1) * tile, n)):
                for j in range(u, min(u + tile, m)):
                    out[i, j] = x[i, j] + x[j, i]
    return out


@parallel
def point_dist(p, pts):
    out = np.empty(pts.shape[0], pts.dtype)
    for i in prange(pts.shape[0]):
        x, y = p[0] - pts[i, 0], p[1] - pts[i, 1]
        out[i] = sqrt(x * x + y * y)
    return out


@parallel
def reciprocal(n):
    out = np.empty(n.size, np.float64)
    for i in prange(n.size):
        out[i] = 1.0 / n[i]
    return out


@parallel
def sigmoid(x):
    out = np.empty_like(x)
    for i in prange(x.size):
        out[i] = 1 / (1 + exp(-x[i]))
    return out


@parallel
def meshgrid_sinc(x, y):
    out = np.empty((y.shape[0], x.shape[1]), x.dtype)
    for i in prange(out.shape[0]):
        for j in range(out.shape[1]):
            r = x[0, j] * x[0, j] + y[i, 0] * y[i, 0]
            out[i, j] = sin(r) / r
    return out


@parallel
def masked_mean(x, y):
    rows, columns = x.shape
    parts = min(PARTS, rows)
    sums = np.zeros((parts, columns), x.dtype)
    counts = np.zeros(parts, np.int64)
    for p in prange(parts):
        for i in range(p * rows // parts, (p + 1) * rows // parts):
            if y[i] == 1:
                counts[p] += 1
                for j in range(columns):
                    sums[p, j] += x[i, j]
    return sums.sum(0) / counts.sum()


@parallel
def cross_entropy(x, labels):
    rows, columns = x.shape
    losses = np.empty(rows, x.dtype)
    for i in prange(rows):
        m = x[i, 0]
        for j in range(columns):
            m = max(m, x[i, j])
        s = 0.0
        for j in range(columns):
            s += exp(x[i, j] - m)
        losses[i] = log(s) - (x[i, labels[i]] - m)
    return losses.mean()


WORKLOADS = {
    "chain5": chain5,
    "gelu": gelu,
    "blackscholes": black_scholes,
    "standardize": standardize,
    "softmax": softmax,
    "layernorm": layernorm,
    "logsumexp_axis0": logsumexp_axis0,
    "pairwise": pairwise,
    "rbf_matvec": rbf_matvec,
    "linear_relu": linear_relu,
    "life": life,
    "cumsum": cumsum,
    "ewma": ewma,
    "sum": total,
    "rowsum": rowsum,
    "colsum": colsum,
    "transpose_add": transpose_add,
    "point_dist": point_dist,
    "reciprocal": reciprocal,
    "sigmoid": sigmoid,
    "meshgrid_sinc": meshgrid_sinc,
    "masked_mean": masked_mean,
    "pairwise_gram": pairwise_gram,
    "cross_entropy": cross_entropy,
}


def expression(text, names):
    # What has no part to run in parallel runs as it is.
    warnings.simplefilter("ignore", NumbaPerformanceWarning)
    return parallel(written.function(text, names, np))
