"""Computes a workload with NumPy, for `fuseloom bench`.

    numpy_peer.py WORKLOAD INPUT.npy... OUTPUT.npy

Writes its version, then answers lines on stdin: `run N` calls the workload N times, with a fresh result each, and answers with
the seconds all of them took; `save` writes a result to OUTPUT.npy and answers `saved`.
"""

import sys
import time

import numpy as np


def gelu(x):
    return np.float32(0.5) * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)))


def black_scholes(s, k, t, v):
    def normal(z):
        return 1 / (1 + np.exp(-1.5976 * z - 0.07056 * z * z * z))

    root = v * np.sqrt(t)
    d1 = (np.log(s / k) + (0.03 + 0.5 * v * v) * t) / root
    d2 = d1 - root
    return s * normal(d1) - k * np.exp(-0.03 * t) * normal(d2)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layernorm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + np.float32(1e-5))


def logsumexp_axis0(x):
    m = x.max(0)
    return np.log(np.exp(x - m).sum(0)) + m


def pairwise(p):
    return ((p[:, None, :] - p[None, :, :]) ** 2).sum(-1)


def life(b):
    p = np.pad(b, 1)
    n = (
        p[:-2, :-2] + p[:-2, 1:-1] + p[:-2, 2:] + p[1:-1, :-2] + p[1:-1, 2:] + p[2:, :-2] + p[2:, 1:-1] + p[2:, 2:]
    )
    return ((n == 3) | ((n == 2) & (b == 1))).astype(np.int32)


def meshgrid_sinc(x, y):
    return np.sin(x**2 + y**2) / (x**2 + y**2)


def cross_entropy(x, labels):
    shifted = x - x.max(-1, keepdims=True)
    log_softmax = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -log_softmax[np.arange(len(labels)), labels].mean()


WORKLOADS = {
    "chain5": lambda a, b, c, d, e: a * b + c * d - e,
    "gelu": gelu,
    "blackscholes": black_scholes,
    "standardize": lambda x: (x - x.mean(0)) / x.std(0),
    "softmax": softmax,
    "layernorm": layernorm,
    "logsumexp_axis0": logsumexp_axis0,
    "pairwise": pairwise,
    "rbf_matvec": lambda x, v: np.exp(-0.5 * pairwise(x)) @ v,
    "life": life,
    "sum": lambda x: x.sum(),
    "rowsum": lambda x: x.sum(1),
    "colsum": lambda x: x.sum(0),
    "transpose_add": lambda x: x + x.T,
    "point_dist": lambda p, pts: ((p - pts) ** 2).sum(1) ** 0.5,
    "reciprocal": lambda n: 1 / n,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "meshgrid_sinc": meshgrid_sinc,
    "masked_mean": lambda x, y: x[y == 1].mean(0),
    "cross_entropy": cross_entropy,
}


def main():
    name, *inputs, output = sys.argv[1:]
    # What comes before the dtype: `chain5` of `chain5_f32_16m`.
    key = name
    while key not in WORKLOADS:
        key = key.rpartition("_")[0]
        if not key:
            sys.exit(f"there is no workload {name}")
    function = WORKLOADS[key]
    arrays = [np.load(path) for path in inputs]
    print(np.__version__, flush=True)
    for line in sys.stdin:
        command = line.split()
        if command[0] == "run":
            start = time.perf_counter()
            for _ in range(int(command[1])):
                function(*arrays)
            print(time.perf_counter() - start, flush=True)
        else:
            np.save(output, function(*arrays))
            print("saved", flush=True)


if __name__ == "__main__":
    main()
