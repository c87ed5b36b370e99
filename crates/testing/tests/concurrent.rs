//! Several callers at once: the caches, the pool and the workers are shared, the results are not.

use fuseloom_testing::check::Kind;
use fuseloom_testing::fuzz::Fuzz;
use fuseloom_testing::generate::Theme;
use std::time::Duration;

#[test]
fn callers_do_not_disturb_each_other() {
    let (theme, through) = (Theme::All, Kind::Turns);
    let fuzz = Fuzz { theme, seed: 40, time: Duration::from_secs(20), graphs: 25, mismatches: 1, through };
    let reports: Vec<_> = std::thread::scope(|scope| {
        let callers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| fuzz.run(|_| {}, |mismatch| println!("{mismatch}")))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    for report in reports {
        assert!(report.mismatches.is_empty() && report.compared > 100, "{} runs", report.compared);
    }
}
