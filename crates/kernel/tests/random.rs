//! Properties of random kernels.

mod generate;

use fuseloom_kernel::{InterpretError, interpret, interpret_range, parse, print, verify};
use generate::{Rng, case};

const SEEDS: u64 = 300;

#[test]
fn random_kernels_are_valid() {
    for seed in 0..SEEDS {
        let kernel = case(seed).kernel;
        assert_eq!(verify(&kernel), Ok(()), "seed {seed}:\n{}", print(&kernel));
    }
}

#[test]
fn text_round_trips() {
    for seed in 0..SEEDS {
        let kernel = case(seed).kernel;
        let text = print(&kernel);
        let back = parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        assert_eq!(back, kernel, "seed {seed}:\n{text}");
        assert_eq!(print(&back), text, "seed {seed}");
    }
}

#[test]
fn damaged_text_never_panics() {
    let mut rng = Rng(7);
    let (mut refused, mut invalid) = (0, 0);
    for seed in 0..SEEDS {
        let text = print(&case(seed).kernel);
        for _ in 0..20 {
            let mut damaged: Vec<char> = text.chars().collect();
            for _ in 0..1 + rng.below(3) {
                let (at, from) = (rng.below(damaged.len()), rng.below(damaged.len()));
                match rng.below(4) {
                    0 => drop(damaged.remove(at)),
                    1 => damaged[at] = damaged[from],
                    2 => damaged.insert(at, ['%', ' ', '\n', '9', 'é', '\t', '#', '0'][rng.below(8)]),
                    _ => damaged.truncate(at + 1),
                }
            }
            let damaged: String = damaged.into_iter().collect();
            match parse(&damaged) {
                Ok(kernel) => {
                    invalid += usize::from(verify(&kernel).is_err());
                    // A kernel that no longer makes sense still prints, and what it prints is canonical.
                    if verify(&kernel).is_ok() {
                        assert_eq!(parse(&print(&kernel)).as_ref(), Ok(&kernel), "{damaged}");
                    }
                }
                Err(error) => {
                    refused += 1;
                    let line = damaged.lines().nth(error.line - 1).unwrap_or("");
                    assert!(error.column <= line.chars().count() + 1, "{error}\n{damaged}");
                }
            }
        }
    }
    assert!(refused > 1000 && invalid > 30, "{refused} refused, {invalid} invalid");
}

#[test]
fn points_run_one_by_one_give_the_same() {
    let mut finished = 0;
    for seed in 0..SEEDS / 3 {
        let case = case(seed);
        let mut whole = case.memory.clone();
        let result = interpret(&case.kernel, &mut whole);
        match &result {
            Ok(()) => finished += 1,
            Err(InterpretError::EmptyReduction { .. }) => continue,
            Err(error) => panic!("seed {seed}: {error}\n{}", print(&case.kernel)),
        }
        let mut single = case.memory.clone();
        for (number, phase) in case.kernel.phases.iter().enumerate() {
            let points: i64 = phase.parallel.iter().map(|p| case.memory.params[p.count.0 as usize]).product();
            for point in 0..points as u64 {
                interpret_range(&case.kernel, &mut single, number, point, point + 1).expect("it ran before");
            }
        }
        assert!(single == whole, "seed {seed}:\n{}", print(&case.kernel));
    }
    assert!(finished > SEEDS / 6, "only {finished} ran to their end");
}
