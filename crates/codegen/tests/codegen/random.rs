//! Random kernels: compiled code against the kernel interpreter.

use fuseloom_kernel::print;

/// Unaligned elements under a scan over a loop.
const ONCE_FAILED: [u64; 1] = [580];

#[test]
fn random_kernels_agree_with_the_interpreter() {
    let first: u64 = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let count: u64 = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(150);
    let mut failures = Vec::new();
    for seed in ONCE_FAILED.into_iter().chain(first..first + count) {
        let mut case = crate::generate::case(seed);
        crate::support::place_work(&case.kernel, &mut case.memory, 1200, 1200);
        if let Err(error) = crate::support::compare(&case.kernel, &case.memory) {
            failures.push((seed, error, print(&case.kernel)));
        }
    }
    if let Some((seed, error, text)) = failures.first() {
        let all: Vec<String> = failures.iter().map(|f| format!("seed {}: {}", f.0, f.1)).collect();
        panic!("{}\nseed {seed}: {error}\n{text}", all.join("\n"));
    }
}
