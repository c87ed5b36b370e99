"""The workloads as a user of numexpr writes them: what is elementwise in one expression, the rest in NumPy."""

import numexpr as ne
import numpy as np

import with_numpy

# Literals of an expression are doubles and would widen it; numbers of the arrays' own dtype do not.
F32 = {
    name: np.float32(value)
    for name, value in {
        "half": 0.5, "one": 1, "c": 0.7978845608, "d": 0.044715, "r": 0.03, "n1": -1.5976, "n2": 0.07056, "eps": 1e-5
    }.items()
}
F64 = {name: float(value) for name, value in F32.items()} | {
    "r": 0.03, "n1": -1.5976, "n2": 0.07056, "c": 0.7978845608, "d": 0.044715, "eps": 1e-5
}


def prepare(arrays):
    return arrays


def finish(result):
    return result


def numbers(x):
    return F32 if x.dtype == np.float32 else F64


def gelu(x):
    return ne.evaluate("half*x*(one + tanh(c*(x + d*x*x*x)))", {"x": x} | numbers(x))


def black_scholes(s, k, t, v):
    names = {"s": s, "k": k, "t": t, "v": v} | numbers(s)
    # An expression has no local names: what is used twice is an array between two expressions, or written twice.
    names["d1"] = ne.evaluate("(log(s/k) + (r + half*v*v)*t) / (v*sqrt(t))", names)
    names["d2"] = ne.evaluate("d1 - v*sqrt(t)", names)
    return ne.evaluate(
        "s/(one + exp(n1*d1 - n2*d1*d1*d1)) - k*exp(-r*t)/(one + exp(n1*d2 - n2*d2*d2*d2))", names
    )


def standardize(x):
    mean, std = x.mean(0), x.std(0)
    return ne.evaluate("(x - mean) / std")


def softmax(x):
    m = x.max(-1, keepdims=True)
    e = ne.evaluate("exp(x - m)")
    s = e.sum(-1, keepdims=True)
    return ne.evaluate("e / s")


def layernorm(x):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return ne.evaluate("(x - mean) / sqrt(var + eps)", {"x": x, "mean": mean, "var": var} | numbers(x))


def logsumexp_axis0(x):
    m = x.max(0)
    return np.log(ne.evaluate("exp(x - m)").sum(0)) + m


def pairwise(p):
    a, b = p[:, None, :], p[None, :, :]
    return ne.evaluate("sum((a - b)**2, 2)")


def rbf_matvec(x, v):
    d = pairwise(x)
    return ne.evaluate("exp(-0.5*d)") @ v


def pairwise_gram(x):
    s = (x * x).sum(1)
    a, b, g = s[:, None], s[None, :], x @ x.T
    return ne.evaluate("sqrt(where(a - 2*g + b > 0, a - 2*g + b, 0))")


def life(b):
    p = np.pad(b, 1)
    names = {"b": b}
    for row in range(3):
        for column in range(3):
            names[f"p{row}{column}"] = p[row : row + b.shape[0], column : column + b.shape[1]]
    n = ne.evaluate("p00 + p01 + p02 + p10 + p12 + p20 + p21 + p22", names)
    return ne.evaluate("(n == 3) | ((n == 2) & (b == 1))").astype(np.int32)


def transpose_add(x):
    y = x.T
    return ne.evaluate("x + y")


def point_dist(p, pts):
    x, y = pts[:, 0], pts[:, 1]
    a, b = p
    return ne.evaluate("sqrt((a - x)**2 + (b - y)**2)")


def cross_entropy(x, labels):
    m = x.max(-1, keepdims=True)
    s = ne.evaluate("sum(exp(x - m), 1)")
    chosen = x[np.arange(len(labels)), labels] - m[:, 0]
    return (np.log(s) - chosen).mean()


WORKLOADS = {
    "chain5": lambda a, b, c, d, e: ne.evaluate("a*b + c*d - e"),
    "gelu": gelu,
    "blackscholes": black_scholes,
    "standardize": standardize,
    "softmax": softmax,
    "layernorm": layernorm,
    "logsumexp_axis0": logsumexp_axis0,
    "pairwise": pairwise,
    "rbf_matvec": rbf_matvec,
    "life": life,
    "transpose_add": transpose_add,
    "point_dist": point_dist,
    "reciprocal": lambda n: ne.evaluate("1.0 / n"),
    "sigmoid": lambda x: ne.evaluate("1 / (1 + exp(-x))"),
    "meshgrid_sinc": lambda x, y: ne.evaluate("sin(x**2 + y**2) / (x**2 + y**2)"),
    "masked_mean": with_numpy.WORKLOADS["masked_mean"],
    "pairwise_gram": pairwise_gram,
    "cross_entropy": cross_entropy,
}
