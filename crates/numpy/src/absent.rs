//! Names and arguments of NumPy that mean nothing here, and what to do instead.

/// What to write instead of a name that NumPy has; `None` of other names.
pub fn instead(name: &str) -> Option<&'static str> {
    let first = name.split('.').next().unwrap_or(name);
    Some(match first {
        "partition" | "argpartition" => "A sorted array is a partition: np.sort, np.argsort.",
        "lexsort" | "median" | "nanmedian" | "percentile" | "quantile" | "nanpercentile" | "nanquantile" => {
            "What it needs is here: np.sort and np.argsort along an axis, and indexing of what they give."
        }
        "sort_complex" => "There are no complex numbers here.",
        "unique" | "unique_values" => {
            "How many elements that gives depends on the data. np.sort puts equal elements side by side."
        }
        "nonzero" | "argwhere" | "flatnonzero" | "extract" | "compress" | "delete" | "trim_zeros" | "setdiff1d"
        | "intersect1d" | "union1d" => {
            "How many elements that gives depends on the data. np.where(mask, x, 0) keeps the shape."
        }
        "put" | "place" | "putmask" | "copyto" | "fill_diagonal" | "put_along_axis" | "fill" | "resize" => {
            "Arrays do not change. np.where(mask, new, old) gives one with some elements replaced."
        }
        "random" => "There are no random numbers here. Draw them with NumPy, and give them as an input.",
        "fft" => "There are no Fourier transforms here.",
        "inv" | "solve" | "svd" | "eig" | "eigh" | "eigvals" | "eigvalsh" | "qr" | "cholesky" | "det" | "slogdet"
        | "pinv" | "lstsq" | "matrix_rank" | "cond" => {
            "Of linear algebra there are products, norms, traces and diagonals; compute the others with NumPy."
        }
        "complex64" | "complex128" | "complex" | "imag" | "angle" | "iscomplex" => "There are no complex numbers here.",
        "load" | "loadtxt" | "genfromtxt" | "fromfile" | "save" | "savez" | "savetxt" => {
            "Files are inputs and outputs: -i x=x.npy and -o out.npy on the command line, Array::load and save in Rust."
        }
        "vectorize" | "frompyfunc" | "apply_along_axis" | "apply_over_axes" | "fromfunction" | "piecewise" => {
            "No Python is called here. Write the function with array operations."
        }
        "reduceat" | "at" | "bincount" | "histogram" | "add_at" => "Nothing here adds to places that the data names.",
        "searchsorted" | "digitize" => "(edges[None, :] < x[:, None]).sum(1) counts the edges below each element.",
        "item" | "tolist" => "An array without axes is used as it is.",
        _ => return None,
    })
}

/// What to write instead of an argument that NumPy's functions have and those here have not; `None` of other names.
pub(crate) fn argument(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "where" => "Choose before: np.where(mask, x, 0).sum(), with what changes nothing in place of the rest.",
        "initial" => "Combine it after: x.sum() + initial, np.maximum(x.max(), initial).",
        "out" => "Leave `out` away; the result is the value of the expression.",
        "dtype" | "sig" | "signature" => "Cast the operands, x.astype(dtype), or the result.",
        "casting" => "Leave it away: x.astype(dtype) casts anything to anything.",
        "order" => "Leave it away: elements are in C order. x.T.reshape(...) takes them in the other.",
        "subok" | "like" | "copy" | "device" | "ndmin" => {
            "Leave it away: there is one kind of array, and none changes."
        }
        "mode" => "An index out of range is an error: np.clip(i, 0, n - 1) and i % n keep it in range.",
        "mean" => "Leave it away: what is written twice is computed once.",
        "axes" => "np.moveaxis and np.swapaxes put other axes last.",
        _ => return None,
    })
}
