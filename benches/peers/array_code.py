"""The workloads as a user of NumPy writes them, for whatever has NumPy's names."""


def workloads(np):
    """The functions by the names of the workloads. `np` is NumPy, or a module that stands in for it."""

    def gelu(x):
        return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))

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
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)

    def logsumexp_axis0(x):
        m = x.max(0)
        return np.log(np.exp(x - m).sum(0)) + m

    def pairwise(p):
        return ((p[:, None, :] - p[None, :, :]) ** 2).sum(-1)

    def attention(q, k, v):
        return softmax(q @ k.swapaxes(-1, -2) / 8) @ v

    def pairwise_gram(x):
        s = (x * x).sum(1)
        return np.sqrt(np.maximum(s[:, None] - 2 * x @ x.T + s[None, :], 0))

    def life(b):
        p = np.pad(b, 1)
        n = (
            p[:-2, :-2] + p[:-2, 1:-1] + p[:-2, 2:] + p[1:-1, :-2] + p[1:-1, 2:] + p[2:, :-2] + p[2:, 1:-1] + p[2:, 2:]
        )
        return ((n == 3) | ((n == 2) & (b == 1))).astype(np.int32)

    def cross_entropy(x, labels):
        shifted = x - x.max(-1, keepdims=True)
        log_softmax = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
        return -log_softmax[np.arange(len(labels)), labels].mean()

    return {
        "chain5": lambda a, b, c, d, e: a * b + c * d - e,
        "gelu": gelu,
        "blackscholes": black_scholes,
        "standardize": lambda x: (x - x.mean(0)) / x.std(0),
        "softmax": softmax,
        "layernorm": layernorm,
        "logsumexp_axis0": logsumexp_axis0,
        "pairwise": pairwise,
        "rbf_matvec": lambda x, v: np.exp(-0.5 * pairwise(x)) @ v,
        "attention": attention,
        "einsum3": lambda a, b, c: np.einsum("ij,jk,kl->il", a, b, c, optimize=True),
        "gemm": lambda a, b: a @ b,
        "linear_relu": lambda x, w, b: np.maximum(x @ w + b, 0),
        "life": life,
        "cumsum": lambda x: x.cumsum(),
        "sum": lambda x: x.sum(),
        "rowsum": lambda x: x.sum(1),
        "colsum": lambda x: x.sum(0),
        "transpose_add": lambda x: x + x.T,
        "point_dist": lambda p, pts: ((p - pts) ** 2).sum(1) ** 0.5,
        "reciprocal": lambda n: 1 / n,
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "meshgrid_sinc": lambda x, y: np.sin(x**2 + y**2) / (x**2 + y**2),
        "pairwise_gram": pairwise_gram,
        "cross_entropy": cross_entropy,
    }
