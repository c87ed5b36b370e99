//! One program called with several sizes and memory layouts in turn, and with each of them again: what it keeps of a call (plans,
//! bindings, code) must not show in the next.

use crate::check::{Case, Fault, Kind, Run, Stage};
use crate::compiled::Called;
use crate::random::Rng;
use crate::refusal::Refusal;

/// Calls one program, on the sizes and memory of the runs twice over in a random order; how many calls were compared.
pub(crate) fn check(case: &Case, runs: &[Run<'_>]) -> Result<usize, Box<Fault>> {
    let Some(first) = runs.first() else { return Ok(0) };
    let mut rng = Rng::labelled(case.seed, "turns");
    let (fusion, threads) = (!rng.once_in(4), rng.of(&[1, 2, 5]));
    let stage = |strided| Stage { kind: Kind::Turns, fusion, strided, threads };
    // All sizes are of the same names.
    let called = Called::new(&case.graph, first.sizes, &case.options(fusion, threads));
    let mut compared = 0;
    for at in [rng.permutation(runs.len()), rng.permutation(runs.len())].concat() {
        let run = &runs[at];
        // Into the caller's memory, of one layout or another, as well as into new arrays.
        let into = rng.once_in(3).then(|| Rng::new(rng.below(3) as u64));
        run.compare(stage(run.strided), || match &called {
            Ok(called) => called.call(run.sizes, &run.memory, case.end(), into),
            Err(refusal) => Err(Refusal::clone(refusal)),
        })?;
        compared += 1;
    }
    Ok(compared)
}
