//! Every invariant of a kernel, broken once.

use fuseloom_kernel::{Kernel, OperandId, ParamId, VarId, parse, print, verify};

const SOFTMAX: &str = include_str!("softmax.txt");
const COLUMNS: &str = include_str!("columns.txt");

fn kernel(text: &str) -> Kernel {
    parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The verifier's answer to a kernel text with something replaced.
#[track_caller]
fn refused(text: &str, replace: &str, by: &str, place: &str, message: &str) {
    assert!(text.contains(replace), "`{replace}` is not there");
    let text = text.replacen(replace, by, 1);
    let error = verify(&kernel(&text)).expect_err("accepted");
    assert_eq!((error.place.as_str(), error.message.as_str()), (place, message), "{text}");
}

/// The verifier's answer to a kernel changed by hand, in ways text cannot say.
#[track_caller]
fn refused_after(change: impl FnOnce(&mut Kernel), place: &str, message: &str) {
    let mut kernel = kernel(SOFTMAX);
    change(&mut kernel);
    let error = verify(&kernel).expect_err("accepted");
    assert_eq!((error.place.as_str(), error.message.as_str()), (place, message));
    // A faulty kernel prints all the same.
    assert!(print(&kernel).starts_with("kernel softmax_rows"));
}

/// The strip of a phase's body.
fn strip(kernel: &mut Kernel, number: usize) -> &mut fuseloom_kernel::Strip {
    match &mut kernel.phases[0].body[number] {
        fuseloom_kernel::Item::Strip(strip) => strip,
        fuseloom_kernel::Item::Loop(_) | fuseloom_kernel::Item::Product(_) => panic!("not a strip"),
    }
}

#[test]
fn the_examples_are_valid() {
    for text in [SOFTMAX, COLUMNS] {
        assert_eq!(verify(&kernel(text)), Ok(()));
        assert_eq!(print(&kernel(text)), text);
    }
}

#[test]
fn names_out_of_range() {
    refused_after(|k| k.operands[0].index[0].var = VarId(9), "operand 0", "there is no variable 9, only 2");
    refused_after(|k| k.phases[0].parallel[0].count = ParamId(7), "phase 0", "there is no parameter 7, only 7");
    refused_after(
        |k| strip(k, 2).inputs[0] = fuseloom_kernel::Input::Load(OperandId(5)),
        "phase 0, strip 2, input 0",
        "there is no operand 5, only 5",
    );
    refused(
        SOFTMAX,
        "%1 = load max: f32",
        "%1 = literal 3: f32",
        "phase 0, strip 1, input 1",
        "there is no literal 3, only 0",
    );
}

#[test]
fn a_literal_of_a_storage_type() {
    refused(COLUMNS, "literals f64", "literals f16", "kernel", "literal 0 is f16, a storage type");
}

#[test]
fn a_variable_twice_in_an_index() {
    refused(SOFTMAX, "x: f32[i: x_row, j]", "x: f32[i: x_row, i]", "operand 0", "lists variable 0 twice");
}

#[test]
fn loops_too_deep() {
    let loops = |count: usize| {
        let vars: Vec<String> = (0..count).map(|k| format!("v{k}")).collect();
        let mut text = format!("kernel deep\n  params n\n  vars {}\n  phase\n", vars.join(", "));
        for (k, var) in vars.iter().enumerate() {
            text += &format!("{}for {var} < n\n", " ".repeat(4 + 2 * k));
        }
        text
    };
    assert_eq!(verify(&kernel(&loops(32))), Ok(()));
    let error = parse(&loops(33)).expect_err("accepted");
    assert_eq!(error.to_string(), "line 37, column 69: loops nest more than 32 deep");
    let mut deep = kernel(&loops(32));
    deep.vars.push("outermost".into());
    let body = std::mem::take(&mut deep.phases[0].body);
    deep.phases[0].body = vec![fuseloom_kernel::Item::Loop(fuseloom_kernel::Loop {
        var: VarId(32),
        range: fuseloom_kernel::Range::Full { extent: ParamId(0) },
        kind: fuseloom_kernel::LoopKind::Serial,
        body,
    })];
    assert_eq!(verify(&deep).expect_err("accepted").message, "loops nest more than 32 deep");
}

#[test]
fn a_variable_used_outside_of_its_loop() {
    refused(
        SOFTMAX,
        "strip j < m\n      %0 = load x: f32\n      reduce max %0: f32 over j into max",
        "strip point\n      %0 = load x: f32\n      reduce max %0: f32 over j into max",
        "phase 0, strip 0, input 0",
        "variable 1 is not defined here",
    );
    refused(
        COLUMNS,
        "%0 = load s: f64",
        "%0 = load x: f64",
        "phase 0, strip 1, input 0",
        "variable 2 is not defined here",
    );
}

#[test]
fn a_variable_defined_inside_of_itself() {
    refused(SOFTMAX, "strip j < m", "strip i < m", "phase 0, strip 0", "variable 0 is defined inside of itself");
}

#[test]
fn a_variable_with_two_ranges() {
    refused(
        SOFTMAX,
        "strip j < m\n      %0 = load e",
        "strip j < n\n      %0 = load e",
        "phase 0, strip 2",
        "variable 1 has two ranges in one phase",
    );
}

#[test]
fn a_tile_of_nothing() {
    refused(
        COLUMNS,
        "strip j < m tile t by b\n      %0 = load s",
        "strip j < m tile k by b\n      %0 = load s",
        "phase 0, strip 1",
        "variable 2 is not defined here",
    );
}

#[test]
fn a_program_that_does_not_verify() {
    refused(
        SOFTMAX,
        "%2 = div %0, %1: f32",
        "%2 = and %0, %1: f32",
        "phase 0, strip 2",
        "program %2: And does not take [F32, F32] to f32",
    );
}

#[test]
fn inputs_and_parameters_that_differ() {
    refused_after(|k| strip(k, 2).inputs.truncate(1), "phase 0, strip 2", "inputs 1 against program parameters 2");
    refused(
        SOFTMAX,
        "%0 = load x: f32",
        "%0 = load x: f64",
        "phase 0, strip 0, input 0",
        "the program's f64 against the operand's lane type f32",
    );
    refused(
        COLUMNS,
        "%1 = literal 0: f64",
        "%1 = literal 0: f32",
        "phase 0, strip 1",
        "program %2: Mul does not take [F64, F32] to f64",
    );
    refused(
        COLUMNS,
        "literals f64",
        "literals f32",
        "phase 0, strip 1, input 1",
        "the program's f64 against the literal's f32",
    );
    refused(
        COLUMNS,
        "%1 = literal 0: f64",
        "%1 = index t: f64",
        "phase 0, strip 1, input 1",
        "the program's f64 against an index's i64",
    );
}

#[test]
fn half_floats_load_and_store_as_bits() {
    let halves = SOFTMAX.replace("in x: f32", "in x: f16");
    let error = verify(&kernel(&halves)).expect_err("accepted");
    assert_eq!(error.message, "the program's f32 against the operand's lane type u16");
}

#[test]
fn outputs_and_results_that_differ() {
    refused_after(
        |k| strip(k, 1).program.results.truncate(1),
        "phase 0, strip 1",
        "results taken by outputs 2 against program results 1",
    );
    refused(
        SOFTMAX,
        "out y: f32",
        "out y: f64",
        "phase 0, strip 2, output 0",
        "the result's f32 against the operand's lane type f64",
    );
}

#[test]
fn a_loop_or_strip_of_a_single_value() {
    let message = "only a side of a product has a single value";
    refused(SOFTMAX, "strip j < m\n      %0 = load e", "strip j < 1\n      %0 = load e", "phase 0, strip 2", message);
    let text = "kernel k\n  vars i\n  phase\n    for i < 1\n";
    refused(text, "i < 1", "i < 1", "phase 0, loop 0", message);
}

const GATHER: &str = "\
kernel take
  params n, rows, step
  vars i
  in at: i64[i]
  in table: f32[]
  out y: f32[i]
  phase
    strip i < n
      %0 = load at: i64
      gather 0 = table extent rows stride step
      %1 = gather 0 %0: f32
      store y, %1
";

#[test]
fn gathers_that_differ_from_their_uses() {
    assert_eq!(verify(&kernel(GATHER)), Ok(()));
    refused(GATHER, "gather 0 %0: f32", "gather 1 %0: f32", "phase 0, strip 0, gather 0", "no instruction reads it");
    refused(
        GATHER,
        "      gather 0 = table extent rows stride step\n",
        "",
        "phase 0, strip 0",
        "%1 reads gather 0 of 0",
    );
    refused(
        GATHER,
        "table: f32",
        "table: i32",
        "phase 0, strip 0, gather 0",
        "the program's f32 against the operand's lane type i32",
    );
}

#[test]
fn a_gather_in_a_routine() {
    let text = GATHER.replace("  phase", "  routine r0(i64)\n    %1 = gather 0 %0: f32\n    return %1\n  phase");
    let use_it = "%1 = gather 0 %0: f32\n      %2 = scalar r0 %0: f32\n";
    let text = text.replace("      %1 = gather 0 %0: f32\n", &format!("      {use_it}"));
    let error = verify(&kernel(&text)).expect_err("accepted");
    assert_eq!(error.message, "%2 gathers inside a routine");
}

#[test]
fn operands_used_against_their_role() {
    refused(SOFTMAX, "store y, %2", "store x, %2", "phase 0, strip 2, output 0", "operand 0 is read only");
    refused(
        COLUMNS,
        "%0 = load s: f64",
        "%0 = load a: f64",
        "phase 0, strip 1, input 0",
        "operand 5 holds working rows: it cannot be read",
    );
    refused(
        COLUMNS,
        "store sums, %2",
        "store a, %2",
        "phase 0, strip 1, output 0",
        "operand 5 holds working rows: it cannot be written",
    );
    refused(
        COLUMNS,
        "into s work a",
        "into s work s",
        "phase 0, loop 2, strip 0, output 0",
        "operand 4 is not of role work",
    );
}

#[test]
fn every_lane_storing_to_one_element() {
    refused(
        SOFTMAX,
        "store y, %2",
        "store max, %2",
        "phase 0, strip 2, output 0",
        "every lane stores to one element of operand 3",
    );
}

#[test]
fn points_writing_one_element() {
    refused(
        SOFTMAX,
        "out y: f32[i: y_row, j]",
        "out y: f32[j]",
        "phase 0, strip 2, output 0",
        "points of parallel variable 0 write one element of operand 1",
    );
    refused(
        COLUMNS,
        "phase t < tiles",
        "phase t < tiles, k < n",
        "phase 0, loop 2",
        "variable 2 is defined inside of itself",
    );
}

#[test]
fn scratch_read_before_it_is_written() {
    refused(
        SOFTMAX,
        "      reduce max %0: f32 over j into max\n",
        "",
        "phase 0, strip 1, input 1",
        "operand 3 is read before it is written",
    );
    // A reduction over a loop writes when the loop ends.
    refused(
        COLUMNS,
        "        reduce moments",
        "      strip j < m tile t by b\n        %0 = load s: f64\n        reduce moments",
        "phase 0, loop 2, strip 1, input 0",
        "operand 4 is read before it is written",
    );
}

#[test]
fn scratch_read_in_another_phase() {
    refused(
        SOFTMAX,
        "    strip j < m\n      %0 = load e",
        "  phase i < n\n    strip j < m\n      %0 = load e",
        "phase 1, strip 0, input 0",
        "operand 2 is read before it is written",
    );
}

#[test]
fn an_output_read_before_it_is_written() {
    refused(
        SOFTMAX,
        "%0 = load x",
        "%0 = load y",
        "phase 0, strip 0, input 0",
        "operand 1 is read before it is written",
    );
}

#[test]
fn a_reduction_over_another_variable() {
    // Of no loop around it, of a parallel index, of a serial loop, of a loop further out.
    refused(
        COLUMNS,
        "store sums, %2",
        "reduce sum %2: f64 over k into _ work a",
        "phase 0, strip 1, output 0",
        "reduces over variable 2, which is not defined here",
    );
    refused(
        SOFTMAX,
        "reduce sum %3: f32 over j into sum",
        "reduce sum %3: f32 over i into _ work e",
        "phase 0, strip 1, output 1",
        "the strip does not stand directly in a reduce loop over variable 0",
    );
    refused(
        COLUMNS,
        "reduce k < n",
        "for k < n",
        "phase 0, loop 2, strip 0, output 0",
        "the strip does not stand directly in a reduce loop over variable 2",
    );
    let inner = COLUMNS.replace("vars t, j, k", "vars t, j, k, c");
    let inner = inner
        .replace("work a\n", "work a\n      for c < m\n        strip j < m tile t by b\n          %0 = load x: f64\n");
    refused(
        &inner,
        "          %0 = load x: f64\n        reduce moments %0: f64 over k into _, means, m2 work b\n",
        "          %0 = load x: f64\n          reduce sum %0: f64 over k into means work b\n",
        "phase 0, loop 2, loop 3, strip 1, output 0",
        "the strip does not stand directly in a reduce loop over variable 2",
    );
}

#[test]
fn a_reduce_loop_that_nothing_reduces_over() {
    let text = "kernel k\n  params n\n  vars i\n  phase\n    reduce i < n\n      strip point\n";
    refused(text, "i < n", "i < n", "phase 0, loop 0", "nothing reduces over a reduce loop");
}

#[test]
fn a_reduction_of_the_wrong_dtype_or_arity() {
    let f64s = SOFTMAX.replace("max: f32[]", "max: bool[]");
    refused(
        &f64s,
        "reduce max %0: f32",
        "reduce any %0: f32",
        "phase 0, strip 0, output 0",
        "any has no meaning for f32",
    );
    refused(
        SOFTMAX,
        "reduce sum %3: f32 over j into sum",
        "reduce sum %3, %3: f32 over j into sum",
        "phase 0, strip 1, output 1",
        "results entering 2 against states 1",
    );
    refused(
        SOFTMAX,
        "reduce sum %3: f32 over j into sum",
        "reduce argmax %3: f32 over j into sum, _",
        "phase 0, strip 1, output 1",
        "results entering 1 against states 2",
    );
    refused(
        SOFTMAX,
        "reduce sum %3: f32 over j into sum",
        "reduce sum %3: f64 over j into sum",
        "phase 0, strip 1, output 1",
        "the result's f32 against the state's f64",
    );
    refused(
        SOFTMAX,
        "reduce sum %3: f32 over j into sum",
        "reduce moments %3: f32 over j into sum",
        "phase 0, strip 1, output 1",
        "places for states 1 against states 3",
    );
}

#[test]
fn states_of_another_dtype_than_their_places() {
    refused(
        SOFTMAX,
        "scratch sum: f32",
        "scratch sum: f64",
        "phase 0, strip 1, output 1",
        "the operand's f64 against the state's f32",
    );
}

#[test]
fn states_with_places_that_do_not_fit() {
    refused(
        SOFTMAX,
        "scratch sum: f32[]",
        "scratch sum: f32[j]",
        "phase 0, strip 1, output 1",
        "a place for states is indexed by variable 1",
    );
    refused(
        COLUMNS,
        "scratch s: f64[j]",
        "scratch s: f64[j, k: b]",
        "phase 0, loop 2, strip 0, output 0",
        "a place for states is indexed by variable 2",
    );
    refused(
        COLUMNS,
        "scratch s: f64[j]",
        "scratch s: f64[]",
        "phase 0, loop 2, strip 0, output 0",
        "operand 4 has one element for all of variable 1",
    );
    refused(SOFTMAX, "over j into sum", "over j into x", "phase 0, strip 1, output 1", "operand 0 is read only");
}

#[test]
fn subtrees_of_bare_moments() {
    refused(
        COLUMNS,
        "into _, means, m2 work b",
        "into _, means, m2 pairs work b",
        "phase 0, loop 2, strip 0, output 1",
        "moments of bare elements are no subtrees: they cannot pair",
    );
}

#[test]
fn working_rows_missing_or_needless() {
    refused(
        COLUMNS,
        "into s work a",
        "into s",
        "phase 0, loop 2, strip 0, output 0",
        "a reduction over a loop needs working rows",
    );
    refused(
        SOFTMAX,
        "over j into sum",
        "over j into sum work e",
        "phase 0, strip 1, output 1",
        "a reduction over the strip's axis has no working rows",
    );
}

#[test]
fn working_rows_of_two_reductions() {
    refused(COLUMNS, "m2 work b", "m2 work a", "phase 0, loop 2", "two reductions work in operand 5");
}

#[test]
fn a_range_that_depends_on_the_loop_reduced_over() {
    let text = COLUMNS.replace("tile t", "tile k").replace("        reduce moments", "        # ");
    let cut = text.find("    strip j < m tile k by b\n      %0 = load s").expect("a second strip");
    refused(
        &text[..cut],
        "sums: f64[j]",
        "sums: f64[j, t: b]",
        "phase 0, loop 2, strip 0, output 0",
        "the strip's range depends on the loop it reduces over",
    );
}

#[test]
fn a_store_under_a_two_pass_reduction() {
    refused(
        COLUMNS,
        "        reduce moments",
        "        store sums, %0\n        reduce moments",
        "phase 0, loop 2",
        "strip 0 stores, under a two-pass reduction",
    );
    refused(
        COLUMNS,
        "        reduce sum %0: f64 over k into s work a\n",
        "      strip j < m tile t by b\n        %0 = load x: f64\n",
        "phase 0, loop 2",
        "strip 0 does not reduce, under a two-pass reduction",
    );
}
