//! The code cache: one compile a structure, however many ask; a bound; memory given back.

use fuseloom_codegen::{CodeCache, CodegenError, Isa, Options, clif, compile};
use fuseloom_kernel::{Item, Kernel, Label, parse};
use std::sync::Barrier;

/// A kernel that multiplies by itself so many times.
fn kernel(times: usize) -> Kernel {
    let mut text =
        "kernel k\n  params n\n  vars i\n  in x: f32[i]\n  out y: f32[i]\n  phase\n    strip i < n\n      %0 = load \
                    x: f32\n"
            .to_string();
    for k in 1..=times {
        text.push_str(&format!("      %{k} = mul %{}, %0: f32\n", k - 1));
    }
    text.push_str(&format!("      store y, %{times}\n"));
    parse(&text).expect("a kernel")
}

#[test]
fn one_compile_for_many_callers() {
    let cache = CodeCache::new(8);
    let barrier = Barrier::new(16);
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (cache, barrier) = (&cache, &barrier);
            scope.spawn(move || {
                let mut kernel = kernel(20);
                // Names take no part in the key.
                kernel.name = Label(format!("caller {number}"));
                barrier.wait();
                cache.get(&kernel, &Options::default()).expect("code");
            });
        }
    });
    let counters = cache.counters();
    assert_eq!((counters.compiles, counters.hits), (1, 15));
    assert!(!counters.compile_time.is_zero());
}

#[test]
fn the_bound_drops_the_oldest_and_code_in_use_stays() {
    let cache = CodeCache::new(2);
    let first = cache.get(&kernel(1), &Options::default()).expect("code");
    cache.get(&kernel(2), &Options::default()).expect("code");
    cache.get(&kernel(1), &Options::default()).expect("code");
    cache.get(&kernel(3), &Options::default()).expect("code");
    assert_eq!(cache.len(), 2);
    assert_eq!((cache.counters().compiles, cache.counters().hits), (3, 1));
    cache.get(&kernel(1), &Options::default()).expect("code");
    assert_eq!(cache.counters().compiles, 3, "the one used last was kept");
    cache.get(&kernel(2), &Options::default()).expect("code");
    assert_eq!(cache.counters().compiles, 4, "the oldest was dropped");
    cache.clear();
    assert!(cache.is_empty());

    let memory = fuseloom_kernel::Memory {
        buffers: vec![2f32.to_le_bytes().to_vec(), vec![0; 4]],
        operands: vec![Some((0, 0)), Some((1, 0))],
        params: vec![1],
        ..Default::default()
    };
    let after = crate::support::run_compiled(&kernel(1), &first, &memory, 0);
    assert_eq!(after.buffers[1], 4f32.to_le_bytes());
}

/// Code memory is given back: neither the number of mappings nor resident memory grows with compiles.
#[test]
fn dropped_code_is_given_back() {
    let mappings = || std::fs::read_to_string("/proc/self/maps").map_or(0, |m| m.lines().count());
    for _ in 0..20 {
        compile(&kernel(1), &Options::default()).expect("code");
    }
    let before = mappings();
    for _ in 0..300 {
        compile(&kernel(1), &Options::default()).expect("code");
    }
    // Other tests of this process compile at the same time.
    assert!(mappings() < before + 300, "{before} mappings, then {}", mappings());
}

#[test]
fn no_page_of_code_is_writable() {
    let compiled = compile(&kernel(1), &Options::default()).expect("code");
    let address = compiled.entries[0] as usize;
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the mappings of this process");
    let line = maps.lines().find(|line| {
        let mut ends = line.split([' ', '-']).map(|hex| usize::from_str_radix(hex, 16).unwrap_or(0));
        let (start, end) = (ends.next().unwrap_or(0), ends.next().unwrap_or(0));
        (start..end).contains(&address)
    });
    let flags = line.and_then(|l| l.split(' ').nth(1)).expect("a mapping of the code");
    assert_eq!(&flags[..3], "r-x", "{flags}");
    assert!(!maps.lines().any(|l| l.contains(" rwx")), "no page is both");
}

#[test]
fn a_malformed_kernel_is_an_error() {
    let mut kernel = kernel(1);
    if let Item::Strip(strip) = &mut kernel.phases[0].body[0] {
        strip.inputs.clear();
    }
    let error = compile(&kernel, &Options::default()).expect_err("no inputs");
    assert!(matches!(error, CodegenError::Malformed { .. }), "{error}");
}

#[test]
fn text_is_canonical() {
    let options = Options { isa: Isa::Clif };
    let text = clif(&kernel(2), &options).expect("text").text;
    assert_eq!(text, clif(&kernel(2), &options).expect("text").text);
    assert!(text.contains("fmul"), "{text}");
    assert!(text.starts_with("; phase.0"), "{text}");
}
