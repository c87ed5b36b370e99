//! The interpreter takes no more memory than it says it will: the size of a process is read that interprets one graph.
#![cfg(target_os = "linux")]

use fuseloom_graph::interpret::peak;
use fuseloom_graph::{ArrayValue, Sizes, interpret, parse};
use fuseloom_lane::Scalar;
use std::process::Command;

/// What `n` is.
const N: usize = 1 << 20;

/// What the allocator and the code itself may take besides.
const SLACK: usize = 4 << 20;

/// Each over `n` elements or more.
const GRAPHS: [&str; 12] = [
    "graph(%x x: f32[n])\n  %y = exp %x\n  %z = add %y, %x\n  return %z",
    "graph(%x x: i64[n])\n  %y = slice[n-1 by -1 for n] %x\n  %z = concat[0] %x, %y, %x\n  return %z, %x",
    "graph(%x x: f16[n])\n  %y = var[0; ddof 0] %x\n  %z = sum[0] %x\n  return %y, %z",
    "graph(%x x: f32[n/4,4])\n  %y = argmax[1] %x\n  %z = argmin[0] %x\n  return %y, %z",
    "graph(%x x: bf16[n/64,64])\n  %y = cumsum[0] %x\n  %z = cummax[1] %y\n  return %z",
    "graph(%x x: u8[n])\n  %c = count_nonzero[0] %x\n  %f = cast %x: f64[n]\n  %m = mean[0] %f\n  return %c, %m",
    "graph(%x x: f64[n/512,512], %y y: f64[512,3])\n  %p = einsum[ab,bc->ac] %x, %y\n  return %p",
    "graph(%x x: f32[n], %y y: f32[n])\n  %p = einsum[a,a->] %x, %y\n  return %p",
    "graph(%x x: f32[n/2], %i i: i64[n])\n  %t = take[0] %x, %i\n  return %t",
    "graph(%x x: f64[n], %y y: f64[n])\n  %d = divmod %x, %y\n  %r = result[1] %d\n  %q = result[0] %d\n  return %r, %q",
    "graph(%x x: f64[n/2,2], %y y: f64[n/2,2])\n  %m = moments[1] %x\n  %a = result[0] %m\n  %b = result[1] %m\n  %c = combine_moments[0; count 2] %a, %b\n  %r = result[1] %c\n  return %r",
    "graph(%x x: i32[1], %f f: i32[])\n  %b = broadcast[n,1] %x\n  %p = pad[2:n, 0:0] %b, %f\n  %r = permute[1,0] %p\n  return %r",
];

fn resident(which: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(which)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

#[test]
#[ignore = "the other test runs it, a graph in a process of its own: what was freed stays with the process"]
fn interprets() {
    let which: usize = std::env::var("GRAPH").unwrap().parse().unwrap();
    let sizes = Sizes::from([("n".into(), N)]);
    let graph = parse(GRAPHS[which]).unwrap();
    let before = resident("VmRSS:");
    let array = |id: &fuseloom_graph::NodeId| {
        let ty = graph.ty(*id);
        let shape: Vec<usize> = ty.shape.iter().map(|dim| dim.eval(&sizes).unwrap()).collect();
        let count: usize = shape.iter().product();
        let data = (0..count).map(|k| Scalar::from_i64(ty.dtype, k as i64 % 7 + 1).bits()).collect();
        ArrayValue { dtype: ty.dtype, shape, data }
    };
    let arrays: Vec<ArrayValue> = graph.inputs().iter().map(array).collect();
    let results = interpret(&graph, &sizes, &arrays).unwrap();
    println!("taken {} of {} results", resident("VmHWM:").saturating_sub(before), results.len());
}

#[test]
fn no_more_is_taken_than_was_said() {
    let sizes = Sizes::from([("n".into(), N)]);
    for (which, text) in GRAPHS.iter().enumerate() {
        let graph = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let said = peak(&graph, &sizes).unwrap().bytes;
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "interprets", "--ignored", "--nocapture"]).env("GRAPH", which.to_string());
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let taken = output.split("taken ").nth(1).and_then(|rest| rest.split(' ').next());
        let taken: usize = taken.unwrap_or_else(|| panic!("{output}")).parse().unwrap();
        assert!(taken <= said + SLACK, "{taken} bytes were taken, but {said} were said to be:\n{text}");
        assert!(taken >= said / 8, "{said} bytes were said to be, but only {taken} were taken:\n{text}");
    }
}
