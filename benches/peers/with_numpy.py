"""NumPy."""

import array_code
import numpy as np
import written


def ewma(x):
    """NumPy has no recurrences: a loop over Python's floats, as fast as it gets without another library."""
    r, results = 0.0, []
    for x in (0.3 * x).tolist():
        r = x + 0.7 * r
        results.append(r)
    return np.array(results)


WORKLOADS = array_code.workloads(np) | {"masked_mean": lambda x, y: x[y == 1].mean(0), "ewma": ewma}

# Who needs recurrences takes SciPy's filter.
try:
    from scipy.signal import lfilter

    WORKLOADS["ewma"] = lambda a: lfilter([0.3], [1, -0.7], a)
except ImportError:
    pass


def expression(text, names):
    return written.function(text, names, np)
