//! How the loops of kernels run, and what is recorded of it.

use fuseloom_graph::parse;
use fuseloom_kernel::{Item, Kernel, Step};
use fuseloom_optimize::{Passes, optimize};
use fuseloom_schedule::{LoopChoice, LoopDecision, Options, Scheduled, schedule};

fn plan(text: &str) -> Scheduled {
    let optimized = optimize(&parse(text).unwrap(), &Passes::default()).unwrap().graph;
    schedule(&optimized, &Options { fusion: true, ..Options::default() }).unwrap()
}

/// The decisions of the only step.
fn decided(text: &str) -> Vec<LoopDecision> {
    let scheduled = plan(text);
    let [loops] = &scheduled.loops[..] else { panic!("{} steps", scheduled.loops.len()) };
    loops.clone()
}

fn find(decisions: &[LoopDecision], is: impl Fn(LoopChoice) -> bool) -> &LoopDecision {
    decisions.iter().find(|d| is(d.choice)).unwrap_or_else(|| panic!("{decisions:?}"))
}

/// The name of the variable that the first strip of the only kernel runs along.
fn strips(text: &str) -> String {
    let scheduled = plan(text);
    let Step::Kernel(step) = &scheduled.plan.steps[0] else { panic!("a kernel") };
    fn first(kernel: &Kernel, items: &[Item]) -> Option<String> {
        items.iter().find_map(|item| match item {
            Item::Loop(inner) => first(kernel, &inner.body),
            Item::Strip(strip) => strip.axis.map(|(var, _)| kernel.vars[var.0 as usize].0.clone()),
            Item::Product(_) => None,
        })
    }
    first(&step.kernel, &step.kernel.phases[0].body).unwrap()
}

#[test]
fn strips_run_along_what_lies_side_by_side() {
    // A matrix of whole numbers from the left, which no library multiplies: nothing lies along the loop that is reduced but
    // a short vector, read again and again.
    let text = "graph(%a a: i32[2,4096], %b b: i32[4096,4096])
  %p = einsum[ab,bc->ac] %a, %b
  return %p";
    assert_eq!(strips(text), "j");
    // Neither operand varies along both loops: the result, written once for each row, does not turn the strips.
    let text = "graph(%a a: f32[4096], %b b: f32[1000])
  %r = reshape[4096,1] %a
  %x = broadcast[4096,1000] %r
  %y = broadcast[4096,1000] %b
  %m = hypot %x, %y
  %p = max[1] %m
  return %p";
    assert_eq!(strips(text), "j");
}

#[test]
fn a_product_and_what_is_done_on_its_tiles_are_told() {
    let decisions = decided(
        "graph(%x x: f32[300,40], %w w: f32[40,500], %b b: f32[500])
  %p = einsum[ab,bc->ac] %x, %w
  %bb = broadcast[300,500] %b
  %s = add %p, %bb
  return %s",
    );
    let product = find(&decisions, |choice| choice == LoopChoice::Product);
    assert!(product.reason.contains("outside the promise of equal bits"), "{product:?}");
    let epilogue = find(&decisions, |choice| choice == LoopChoice::Epilogue);
    assert!(epilogue.reason.contains(&format!("each tile of {}", product.subject)), "{epilogue:?}");
    let tiles = decisions.iter().filter(|d| matches!(d.choice, LoopChoice::Tile { .. }));
    assert_eq!(tiles.map(|d| d.subject.as_str()).collect::<Vec<_>>(), ["i", "j"]);
}

#[test]
fn what_is_packed_is_told_and_what_is_not_too() {
    let transposed = decided(
        "graph(%x x: f32[512,512])
  %t = permute[1,0] %x
  %s = add %x, %t
  return %s",
    );
    assert!(find(&transposed, |c| c == LoopChoice::Pack).reason.contains("squares"), "{transposed:?}");
    assert!(!transposed.iter().any(|d| d.choice == LoopChoice::Apart));
    let every_other = decided(
        "graph(%x x: f32[20000])
  %e = slice[0 by 2 for 10000] %x
  %s = exp %e
  return %s",
    );
    let apart = find(&every_other, |c| c == LoopChoice::Apart);
    assert_eq!((apart.subject.as_str(), apart.reason.contains("no other loop")), ("x", true), "{apart:?}");
}

#[test]
fn loops_that_have_an_order_are_cut_or_it_is_told_why_not() {
    let of = |op: &str| decided(&format!("graph(%x x: f64[4000000])\n  %y = {op} %x\n  return %y"));
    let sum = of("sum[0]");
    assert!(matches!(find(&sum, |c| matches!(c, LoopChoice::Parts { .. })).choice, LoopChoice::Parts { .. }));
    let scan = of("cumsum[0]");
    assert!(find(&scan, |c| matches!(c, LoopChoice::Parts { .. })).reason.contains("before each"));
    let recurrence = of("recurrence[0] %x,");
    let whole = find(&recurrence, |c| matches!(c, LoopChoice::Whole { .. }));
    assert!(whole.reason.contains("the one before"), "{whole:?}");
}

#[test]
fn the_loop_of_the_strips_has_the_most_that_lies_side_by_side() {
    let columns = decided("graph(%x x: f32[4096,1024])\n  %y = sum[0] %x\n  return %y");
    let strips = find(&columns, |c| matches!(c, LoopChoice::Strips { .. }));
    assert!(strips.reason.contains("is a loop around the strips"), "{strips:?}");
    let rows = decided("graph(%x x: f32[4096,1024])\n  %y = sum[1] %x\n  return %y");
    let strips = find(&rows, |c| matches!(c, LoopChoice::Strips { .. }));
    assert!(strips.reason.contains("ends within a strip"), "{strips:?}");
}
