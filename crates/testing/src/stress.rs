//! What long-lived processes do: compiling and dropping, again and again.

use fuseloom::graph::{Graph, parse};
use std::fmt::Write;

/// What a process has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Footprint {
    /// Bytes of memory it occupies.
    pub resident: u64,
    /// Mapped ranges of addresses.
    pub maps: usize,
}

/// Of this process; `None` where the system does not tell.
pub fn footprint() -> Option<Footprint> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?.lines().count();
    Some(Footprint { resident: kilobytes << 10, maps })
}

/// The ranges of this process's memory that may be written and executed at once, and how many may be executed without being
/// a file's; empty and 0 where the system does not tell.
pub fn executable_memory() -> (Vec<String>, usize) {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let permissions = |line: &&str| line.split_whitespace().nth(1).unwrap_or("").to_string();
    let both = |line: &&str| permissions(line).contains('w') && permissions(line).contains('x');
    let code = |line: &&str| permissions(line).contains('x') && line.split_whitespace().count() == 5;
    (maps.lines().filter(both).map(String::from).collect(), maps.lines().filter(code).count())
}

/// A graph whose structure the lower bits of `which` decide: elementwise chains of six operations, some of them reduced.
pub fn graph(which: u64) -> Graph {
    let mut text = String::from("graph(%0 x: f32[n,m])\n");
    for step in 0..6 {
        let operation = if which >> step & 1 == 0 { format!("mul %{step}, %0") } else { format!("sqrt %{step}") };
        let _ = writeln!(text, "  %{} = {operation}: f32[n,m]", step + 1);
    }
    let _ = match which >> 6 & 1 {
        0 => writeln!(text, "  return %6"),
        _ => writeln!(text, "  %7 = sum[1] %6: f32[n]\n  return %7"),
    };
    parse(&text).unwrap_or_else(|error| unreachable!("{error}: {text}"))
}

/// Compiles so many graphs, past every cache, and drops what was made; gives what the process had after the first hundredth
/// (at least 128) and at the end. `None` where the system does not tell.
///
/// # Errors
/// What the compiler says.
pub fn compile_and_drop(cycles: u64, mut tell: impl FnMut(u64)) -> fuseloom::Result<Option<(Footprint, Footprint)>> {
    let graphs: Vec<Graph> = (0..128).map(graph).collect();
    let warm = (cycles / 100).max(128);
    let mut before = None;
    for cycle in 0..warm + cycles {
        if cycle == warm {
            before = footprint();
        }
        fuseloom::measure::compile(&graphs[cycle as usize % graphs.len()], true)?;
        if cycle % 10_000 == 0 {
            tell(cycle);
        }
    }
    Ok(before.zip(footprint()))
}
