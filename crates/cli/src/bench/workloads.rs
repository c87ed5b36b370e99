//! What is measured: expressions of array programming, each with its inputs and as plain Rust would write it.

use super::plain;
use super::random::Random;
use crate::failure::Result;
use fuseloom::prelude::*;

/// One workload.
pub(crate) struct Workload {
    /// Its name; that of the expression in `benches/peers` is what comes before the sizes.
    pub(crate) name: &'static str,
    /// As NumPy writes it.
    pub(crate) expression: &'static str,
    pub(crate) inputs: fn(&mut Random) -> Result<Vec<Array>>,
    pub(crate) record: fn(&[Tensor]) -> Tensor,
    pub(crate) plain: fn(&[Array]) -> fuseloom::Result<Array>,
    /// How far results of other systems may be off: by so much of an element, and by so much at all.
    pub(crate) tolerance: (f64, f64),
}

const CHAIN: &str = "a*b + c*d - e";
const GELU: &str = "0.5*x*(1 + tanh(0.7978845608*(x + 0.044715*x*x*x)))";
const BLACK_SCHOLES: &str = "call price: S*N(d1) - K*exp(-r*T)*N(d2)";
const SOFTMAX: &str = "e = exp(x - x.max(-1)); e / e.sum(-1)";
const LAYER_NORM: &str = "(x - x.mean(-1)) / sqrt(x.var(-1) + 1e-5)";
const ATTENTION: &str = "softmax(q @ k.T / 8) @ v";
const PRODUCT: (f64, f64) = (1e-3, 1e-3);
const F32: (f64, f64) = (2e-5, 1e-5);
const F64: (f64, f64) = (1e-12, 1e-12);
const EXACT: (f64, f64) = (0.0, 0.0);

/// Every workload.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload {
        name: "chain5_f32_16m",
        expression: CHAIN,
        inputs: |r| normals5(r, 16 << 20),
        record: chain5,
        plain: plain::chain5,
        tolerance: F32,
    },
    Workload {
        name: "chain5_f32_32k",
        expression: CHAIN,
        inputs: |r| normals5(r, 32 << 10),
        record: chain5,
        plain: plain::chain5,
        tolerance: F32,
    },
    Workload {
        name: "chain5_f32_1k",
        expression: CHAIN,
        inputs: |r| normals5(r, 1000),
        record: chain5,
        plain: plain::chain5,
        tolerance: F32,
    },
    Workload {
        name: "gelu_f32_16m",
        expression: GELU,
        inputs: |r| Ok(vec![r.normals::<f32>(&[16 << 20])?]),
        record: gelu,
        plain: plain::gelu,
        tolerance: F32,
    },
    Workload {
        name: "gelu_f32_64k",
        expression: GELU,
        inputs: |r| Ok(vec![r.normals::<f32>(&[64 << 10])?]),
        record: gelu,
        plain: plain::gelu,
        tolerance: F32,
    },
    Workload {
        name: "blackscholes_f32_4m",
        expression: BLACK_SCHOLES,
        inputs: |r| (0..4).map(|_| r.array(&[4 << 20], |r| 0.5 + r.unit() as f32)).collect(),
        record: black_scholes,
        plain: plain::black_scholes::<f32>,
        tolerance: F32,
    },
    Workload {
        name: "blackscholes_f64_4m",
        expression: BLACK_SCHOLES,
        inputs: |r| (0..4).map(|_| r.array(&[4 << 20], |r| 0.5 + r.unit())).collect(),
        record: black_scholes,
        plain: plain::black_scholes::<f64>,
        tolerance: F64,
    },
    Workload {
        name: "standardize_f32_8192x1024",
        expression: "(x - x.mean(0)) / x.std(0)",
        inputs: |r| Ok(vec![r.normals::<f32>(&[8192, 1024])?]),
        record: |x| (&x[0] - x[0].mean(0)) / x[0].std(0),
        plain: plain::standardize,
        // NumPy adds up columns one row after another: what is off is its sum.
        tolerance: (1e-3, 1e-3),
    },
    Workload {
        name: "softmax_f32_8192x1024",
        expression: SOFTMAX,
        inputs: |r| Ok(vec![r.normals::<f32>(&[8192, 1024])?]),
        record: softmax,
        plain: plain::softmax,
        tolerance: F32,
    },
    Workload {
        name: "softmax_f32_16384x4096",
        expression: SOFTMAX,
        inputs: |r| Ok(vec![r.normals::<f32>(&[16384, 4096])?]),
        record: softmax,
        plain: plain::softmax,
        tolerance: F32,
    },
    Workload {
        name: "layernorm_f32_8192x1024",
        expression: LAYER_NORM,
        inputs: |r| Ok(vec![r.normals::<f32>(&[8192, 1024])?]),
        record: layer_norm,
        plain: plain::layer_norm,
        tolerance: F32,
    },
    Workload {
        name: "layernorm_f32_16384x4096",
        expression: LAYER_NORM,
        inputs: |r| Ok(vec![r.normals::<f32>(&[16384, 4096])?]),
        record: layer_norm,
        plain: plain::layer_norm,
        tolerance: F32,
    },
    Workload {
        name: "logsumexp_axis0_f32_8192x1024",
        expression: "m = x.max(0); log(exp(x - m).sum(0)) + m",
        inputs: |r| Ok(vec![r.normals::<f32>(&[8192, 1024])?]),
        record: |x| {
            let m = x[0].max(0);
            (&x[0] - &m).exp().sum(0).log() + m
        },
        plain: plain::log_sum_exp,
        tolerance: (1e-4, 1e-4),
    },
    Workload {
        name: "pairwise_f64_2000x16",
        expression: "((p[:,None,:] - p[None,:,:])**2).sum(-1)",
        inputs: |r| Ok(vec![r.normals::<f64>(&[2000, 16])?]),
        record: |x| squared_distances(&x[0]),
        plain: plain::pairwise,
        tolerance: F64,
    },
    Workload {
        name: "rbf_matvec_f64_4000x8",
        expression: "(exp(-g*((x[:,None,:]-x[None,:,:])**2).sum(-1)) * v).sum(-1)",
        inputs: |r| Ok(vec![r.normals::<f64>(&[4000, 8])?, r.normals::<f64>(&[4000])?]),
        record: |x| ((squared_distances(&x[0]) * -0.5).exp() * &x[1]).sum(-1),
        plain: plain::rbf_matvec,
        tolerance: (1e-10, 1e-10),
    },
    Workload {
        name: "attention_f32_8x8x512x64",
        expression: ATTENTION,
        inputs: |r| (0..3).map(|_| r.normals::<f32>(&[8, 8, 512, 64])).collect(),
        record: attention,
        plain: plain::attention,
        tolerance: PRODUCT,
    },
    Workload {
        name: "attention_f32_8x8x4096x64",
        expression: ATTENTION,
        inputs: |r| (0..3).map(|_| r.normals::<f32>(&[8, 8, 4096, 64])).collect(),
        record: attention,
        plain: plain::attention,
        tolerance: PRODUCT,
    },
    Workload {
        name: "einsum3_f32",
        expression: "einsum('ij,jk,kl->il', a, b, c)",
        inputs: |r| [[1000, 2000], [2000, 1500], [1500, 10]].iter().map(|shape| r.normals::<f32>(shape)).collect(),
        record: |x| einsum("ij,jk,kl->il", x),
        plain: plain::einsum3,
        // Sums of three million products of normals.
        tolerance: (1e-3, 1e-1),
    },
    Workload {
        name: "gemm_f32_1024",
        expression: "a @ b",
        inputs: |r| (0..2).map(|_| r.normals::<f32>(&[1024, 1024])).collect(),
        record: |x| x[0].matmul(&x[1]),
        plain: |x| plain::matmul(x),
        tolerance: PRODUCT,
    },
    Workload {
        name: "linear_relu_f32",
        expression: "maximum(x @ w + b, 0)",
        inputs: |r| {
            Ok(vec![r.normals::<f32>(&[256, 1024])?, r.normals::<f32>(&[1024, 1024])?, r.normals::<f32>(&[1024])?])
        },
        record: |x| maximum(x[0].matmul(&x[1]) + &x[2], 0.0),
        plain: plain::linear_relu,
        tolerance: PRODUCT,
    },
    Workload {
        name: "pairwise_gram_f64_500x128",
        expression: "sqrt(maximum(s[:,None] - 2*x@x.T + s[None,:], 0)), s = (x*x).sum(1)",
        inputs: |r| Ok(vec![r.normals::<f64>(&[500, 128])?]),
        record: |x| {
            let s = (&x[0] * &x[0]).sum(1);
            let (down, across) = (s.slice(s![.., NewAxis]), s.slice(s![NewAxis, ..]));
            maximum(down - 2.0 * x[0].matmul(&x[0].t()) + across, 0.0).sqrt()
        },
        plain: plain::pairwise_gram,
        // On the diagonal what is left of a difference of equal numbers is rooted.
        tolerance: (1e-9, 1e-5),
    },
    Workload {
        name: "life_i32_2048",
        expression: "one step of Conway's Game of Life by eight shifted slices",
        inputs: |r| Ok(vec![r.array(&[2048, 2048], |r| i32::from(r.unit() < 0.3))?]),
        record: life,
        plain: plain::life,
        tolerance: EXACT,
    },
    Workload {
        name: "sum_f32_32m",
        expression: "x.sum()",
        inputs: |r| Ok(vec![r.normals::<f32>(&[32 << 20])?]),
        record: |x| x[0].sum(..),
        plain: plain::sum,
        // Of 33 million normals, whose magnitudes add up to as many.
        tolerance: (1e-5, 10.0),
    },
    Workload {
        name: "rowsum_f32_4096",
        expression: "x.sum(1)",
        inputs: |r| Ok(vec![r.normals::<f32>(&[4096, 4096])?]),
        record: |x| x[0].sum(1),
        plain: |x| plain::sum_axis(x, 1),
        tolerance: (1e-5, 1e-2),
    },
    Workload {
        name: "colsum_f32_4096",
        expression: "x.sum(0)",
        inputs: |r| Ok(vec![r.normals::<f32>(&[4096, 4096])?]),
        record: |x| x[0].sum(0),
        plain: |x| plain::sum_axis(x, 0),
        tolerance: (1e-5, 1e-2),
    },
    Workload {
        name: "transpose_add_f32_4096",
        expression: "x + x.T",
        inputs: |r| Ok(vec![r.normals::<f32>(&[4096, 4096])?]),
        record: |x| &x[0] + x[0].t(),
        plain: plain::transpose_add,
        tolerance: EXACT,
    },
    Workload {
        name: "point_dist_f64_10m",
        expression: "((p - pts)**2).sum(1)**0.5",
        inputs: |r| Ok(vec![r.normals::<f64>(&[2])?, r.normals::<f64>(&[10_000_000, 2])?]),
        record: |x| (&x[0] - &x[1]).power(2).sum(1).power(0.5),
        plain: plain::point_distance,
        tolerance: F64,
    },
    Workload {
        name: "reciprocal_i64_10m",
        expression: "1 / n",
        inputs: |r| {
            let mut n = 0i64;
            Ok(vec![r.array(&[10_000_000], |_| {
                n += 1;
                n
            })?])
        },
        record: |x| 1 / &x[0],
        plain: plain::reciprocal,
        tolerance: EXACT,
    },
    Workload {
        name: "sigmoid_f64_100k",
        expression: "1 / (1 + exp(-x))",
        inputs: |r| Ok(vec![r.normals::<f64>(&[100_000])?]),
        record: |x| 1.0 / (1.0 + (-&x[0]).exp()),
        plain: plain::sigmoid,
        tolerance: F64,
    },
    Workload {
        name: "meshgrid_sinc_f64_1600",
        expression: "sin(x**2 + y**2) / (x**2 + y**2)",
        inputs: |_| {
            let line = linspace(-10, 10, 1600);
            Ok(vec![line.reshape((1, 1600)).eval()?, line.reshape((1600, 1)).eval()?])
        },
        record: |x| {
            let r = x[0].power(2) + x[1].power(2);
            r.sin() / r
        },
        plain: plain::sinc,
        tolerance: (1e-11, 1e-12),
    },
    Workload {
        name: "masked_mean_f64_100000x50",
        expression: "x[y == 1].mean(0), as where, sum and count",
        inputs: |r| Ok(vec![r.normals::<f64>(&[100_000, 50])?, r.array(&[100_000], |r| i64::from(r.unit() < 0.5))?]),
        record: |x| {
            let chosen = x[1].eq(1);
            where_(chosen.slice(s![.., NewAxis]), &x[0], 0.0).sum(0) / chosen.count_nonzero(0)
        },
        plain: plain::masked_mean,
        tolerance: (1e-10, 1e-12),
    },
    Workload {
        name: "cross_entropy_f64_4096x1000",
        expression: "stable log-softmax, gather the label, mean; the gather as a select over iota",
        inputs: |r| Ok(vec![r.normals::<f64>(&[4096, 1000])?, r.array(&[4096], |r| (r.unit() * 1000.0) as i64)?]),
        record: |x| {
            let shifted = &x[0] - x[0].max(keepdims(-1));
            let label = x[1].slice(s![.., NewAxis]);
            let chosen = where_(iota(1000).eq(label), &shifted, 0.0).sum(-1);
            (shifted.exp().sum(-1).log() - chosen).mean(..)
        },
        plain: plain::cross_entropy,
        tolerance: (1e-11, 0.0),
    },
    Workload {
        name: "cumsum_f32_16m",
        expression: "cumsum(x)",
        inputs: |r| Ok(vec![r.normals::<f32>(&[16 << 20])?]),
        record: |x| x[0].cumsum(0),
        plain: plain::cumsum,
        tolerance: (1e-3, 2.0),
    },
    Workload {
        name: "ewma_f64_1m",
        expression: "r[i] = 0.3*a[i] + 0.7*r[i-1]",
        inputs: |r| Ok(vec![r.normals::<f64>(&[1 << 20])?]),
        record: |x| linear_recurrence(0.7, &x[0] * 0.3, None::<f64>, 0),
        plain: plain::ewma,
        tolerance: F64,
    },
];

fn normals5(random: &mut Random, n: usize) -> Result<Vec<Array>> {
    (0..5).map(|_| random.normals::<f32>(&[n])).collect()
}

fn chain5(x: &[Tensor]) -> Tensor {
    &x[0] * &x[1] + &x[2] * &x[3] - &x[4]
}

fn gelu(x: &[Tensor]) -> Tensor {
    let x = &x[0];
    0.5 * x * (1.0 + ((x + 0.044715 * x * x * x) * 0.7978845608).tanh())
}

fn black_scholes(x: &[Tensor]) -> Tensor {
    let [s, k, t, v] = [&x[0], &x[1], &x[2], &x[3]];
    let normal = |z: &Tensor| 1.0 / (1.0 + (z * -1.5976 - z * 0.07056 * z * z).exp());
    let root = v * t.sqrt();
    let d1 = ((s / k).log() + (0.03 + 0.5 * v * v) * t) / &root;
    let d2 = &d1 - &root;
    s * normal(&d1) - k * (t * -0.03).exp() * normal(&d2)
}

fn softmax(x: &[Tensor]) -> Tensor {
    let e = (&x[0] - x[0].max(keepdims(-1))).exp();
    &e / e.sum(keepdims(-1))
}

fn layer_norm(x: &[Tensor]) -> Tensor {
    (&x[0] - x[0].mean(keepdims(-1))) / (x[0].var(keepdims(-1)) + 1e-5).sqrt()
}

fn attention(x: &[Tensor]) -> Tensor {
    let scores = x[0].matmul(&x[1].swapaxes(-1, -2)) / 8.0;
    softmax(&[scores]).matmul(&x[2])
}

fn squared_distances(p: &Tensor) -> Tensor {
    (p.slice(s![.., NewAxis, ..]) - p.slice(s![NewAxis, .., ..])).power(2).sum(-1)
}

fn life(x: &[Tensor]) -> Tensor {
    let padded = x[0].pad([(1, 1), (1, 1)], 0);
    let shifts = [
        s![..-2, ..-2],
        s![..-2, 1..-1],
        s![..-2, 2..],
        s![1..-1, ..-2],
        s![1..-1, 2..],
        s![2.., ..-2],
        s![2.., 1..-1],
        s![2.., 2..],
    ];
    let neighbours = shifts[1..].iter().fold(padded.slice(shifts[0]), |sum, shift| sum + padded.slice(shift));
    (neighbours.eq(3) | (neighbours.eq(2) & x[0].eq(1))).cast(i32)
}
