//! Jobs reach every point once, whoever calls and however tired the workers are.

use super::*;
use std::sync::atomic::AtomicU8;

/// Runs every point once, on threads with numbers in range and never two with the same number at once.
fn every_point_once(workers: &Workers, total: u64, grain: u64, threads: usize) {
    let counts: Vec<AtomicU8> = (0..total).map(|_| AtomicU8::new(0)).collect();
    let inside: Vec<AtomicBool> = (0..threads).map(|_| AtomicBool::new(false)).collect();
    workers.run(total, grain, threads, &|worker, begin, end| {
        assert!(!inside[worker].swap(true, Ordering::SeqCst), "two calls as worker {worker}");
        assert!(begin < end && end <= total && begin % grain == 0 && (end % grain == 0 || end == total));
        for point in begin..end {
            counts[point as usize].fetch_add(1, Ordering::Relaxed);
        }
        inside[worker].store(false, Ordering::SeqCst);
    });
    assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1), "total {total} grain {grain} threads {threads}");
}

/// Runs `f` on every member; the leader comes last, so that no offer is taken back.
fn together(workers: &Workers, members: usize, f: &(dyn Fn(usize) + Sync)) {
    let begun = AtomicUsize::new(1);
    workers.team(members).unwrap().offer(members, &|member| {
        if member > 0 {
            begun.fetch_add(1, Ordering::SeqCst);
        }
        while begun.load(Ordering::SeqCst) < members {
            std::thread::yield_now();
        }
        f(member);
    });
}

#[test]
fn every_point_runs_once() {
    let mut state = 7_u64;
    for threads in [1, 2, 3, 8] {
        let workers = Workers::new(threads);
        assert_eq!(workers.threads(), threads);
        for round in 0..120 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let total = (state >> 40) % [3, 100, 20_000][round % 3];
            let grain = 1 + (state >> 20) % [1, 10, 1000][round / 3 % 3];
            every_point_once(&workers, total, grain, 1 + round % threads);
        }
    }
}

#[test]
fn extreme_totals_do_not_wrap() {
    let workers = Workers::new(2);
    let covered = AtomicU64::new(0);
    for (total, grain) in [(u64::MAX, u64::MAX), (u64::MAX, 1 << 63), (1 << 55, 1 << 54), (1 << 55, u64::MAX)] {
        covered.store(0, Ordering::Relaxed);
        workers.run(total, grain, 2, &|_, begin, end| {
            covered.fetch_add(end - begin, Ordering::Relaxed);
        });
        assert_eq!(covered.load(Ordering::Relaxed), total);
    }
}

#[test]
fn callers_from_many_threads_and_from_inside_a_job() {
    let workers = Workers::new(4);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for round in 0..100 {
                    every_point_once(&workers, 50 + round, 3, 4);
                }
            });
        }
    });
    workers.run(8, 1, 4, &|_, begin, end| {
        for _ in begin..end {
            every_point_once(&workers, 20, 1, 4);
        }
    });
}

#[test]
fn sleeping_workers_wake_up() {
    let workers = Workers::new(3);
    for _ in 0..20 {
        let seen = AtomicUsize::new(0);
        together(&workers, 3, &|_| {
            seen.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(seen.load(Ordering::Relaxed), 3);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn a_panic_reaches_the_caller_and_leaves_the_workers_usable() {
    let workers = Workers::new(2);
    for culprits in [&[0][..], &[1], &[0, 1]] {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            together(&workers, 2, &|member| assert!(!culprits.contains(&member), "on purpose"));
        }));
        assert!(outcome.is_err());
        every_point_once(&workers, 100, 7, 2);
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn workers_compute_with_default_floats() {
    use crate::float_control::tests::{subnormals_survive, with_odd_floats};
    // Threads inherit the state of the thread that starts them.
    let workers = with_odd_floats(|| Workers::new(2));
    together(&workers, 2, &|member| assert!(member == 0 || subnormals_survive()));
}

#[test]
fn latency_is_positive_and_finite() {
    let workers = Workers::new(2);
    let latency = workers.latency();
    assert!(latency > 0.0 && latency.is_finite());
    assert!(workers.wake_latency() >= latency && workers.wake_latency().is_finite());
    assert!(!workers.may_pay(latency) && workers.may_pay(latency * 5.0));
    assert!(!Workers::new(1).may_pay(1e18));
}

#[test]
fn sleeping_workers_are_woken_when_enough_work_was_missed() {
    let workers = Workers::new(2);
    let _ = workers.latency();
    let falls_asleep = || {
        while !workers.shared.slots[0].asleep.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    };
    falls_asleep();
    assert!(workers.team_for(1e9, 2).is_some());
    falls_asleep();
    let short = workers.latency() * 5.0;
    let alone = (0..100_000).take_while(|_| workers.team_for(short, 2).is_none()).count();
    let expected = WAKES_FROM * workers.wake_latency() / short;
    assert!((alone as f64 - expected).abs() < 2.0 + expected * 0.01, "{alone} jobs alone, expected {expected}");
    assert!(workers.team_for(short, 1).is_none());
}
