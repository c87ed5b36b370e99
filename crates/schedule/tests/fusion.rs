//! What shares a kernel, what does not, and why: one test a rule.

use fuseloom_graph::{Op, parse};
use fuseloom_kernel::{Batched, BufferKind, Item, KernelStep, LibraryStep, OperandBind, Output, Role, Step, verify};
use fuseloom_optimize::{Passes, optimize};
use fuseloom_schedule::{AxisStride, Choice, Options, Scheduled, StrideClass, schedule};

fn plan_with(text: &str, options: &Options) -> Scheduled {
    let graph = parse(text).unwrap();
    let optimized = optimize(&graph, &Passes::default()).unwrap().graph;
    let scheduled = schedule(&optimized, options).unwrap();
    for step in kernels(&scheduled) {
        verify(&step.kernel).unwrap_or_else(|e| panic!("{e}\n{}", fuseloom_kernel::print(&step.kernel)));
    }
    scheduled
}

fn plan(text: &str) -> Scheduled {
    plan_with(text, &Options { fusion: true, ..Options::default() })
}

fn kernels(scheduled: &Scheduled) -> Vec<&KernelStep> {
    let kernel = |step: &'_ Step| match step {
        Step::Kernel(_) => true,
        Step::Copy(_) | Step::Library(_) => false,
    };
    let steps = scheduled.plan.steps.iter().filter(|s| kernel(s));
    steps
        .map(|step| match step {
            Step::Kernel(step) => step,
            Step::Copy(_) | Step::Library(_) => unreachable!("filtered"),
        })
        .collect()
}

fn temporaries(scheduled: &Scheduled) -> Vec<&str> {
    let temporary = |kind: BufferKind| matches!(kind, BufferKind::Temporary | BufferKind::InPlace(_));
    scheduled.plan.buffers.iter().filter(|b| temporary(b.kind)).map(|b| b.name.as_str()).collect()
}

fn has(scheduled: &Scheduled, choice: Choice, words: &str) -> bool {
    scheduled.decisions.iter().any(|d| d.choice == choice && d.reason.to_string().contains(words))
}

const CHAIN: &str = "graph(%0 a: f32[SHAPE], %1 b: f32[SHAPE], %2 c: f32[SHAPE])
  %3 = mul %0, %1
  %4 = add %3, %2
  %5 = sqrt %4
  return %5, %4";

#[test]
fn a_chain_is_one_loop_over_contiguous_arrays_of_any_rank() {
    for shape in ["64", "8,9", "3,4,5,6", "n,m"] {
        let scheduled = plan(&CHAIN.replace("SHAPE", shape));
        let [step] = kernels(&scheduled)[..] else { panic!("one kernel") };
        assert_eq!(step.kernel.phases[0].parallel.len(), 1, "{shape} is walked as one axis");
        assert!(temporaries(&scheduled).is_empty());
    }
}

#[test]
fn a_second_shape_has_the_same_kernels() {
    let texts = [
        CHAIN,
        "graph(%0 x: f32[SHAPE]) %1 = sum[1] %0 %2 = exp %1 return %2",
        "graph(%0 x: f32[SHAPE]) %1 = sum[0] %0 return %1",
    ];
    for text in texts {
        let one = plan(&text.replace("SHAPE", "300,40"));
        for shape in ["30,41", "299,39", "300,300"] {
            let other = plan(&text.replace("SHAPE", shape));
            let same = kernels(&one).iter().zip(kernels(&other)).all(|(a, b)| a.kernel == b.kernel);
            assert!(same && one.plan.steps.len() == other.plan.steps.len(), "{shape} needs another kernel:\n{text}");
        }
    }
}

#[test]
fn without_fusion_every_operation_is_a_kernel() {
    let scheduled = plan_with(&CHAIN.replace("SHAPE", "8,9"), &Options::default());
    assert_eq!(kernels(&scheduled).len(), 3);
    assert!(has(&scheduled, Choice::Materialize, "fusion is off"));
}

#[test]
fn dear_operations_are_not_repeated_over_a_larger_space() {
    let scheduled = plan(
        "graph(%0 x: f64[1600,1], %1 y: f64[1,1500])
           %2 = sin %0
           %3 = broadcast[1600,1500] %2
           %4 = cos %1
           %5 = broadcast[1600,1500] %4
           %6 = add %3, %5
           return %6",
    );
    assert_eq!(kernels(&scheduled).len(), 3, "sin and cos have kernels of their own");
    assert_eq!(temporaries(&scheduled).len(), 2);
    assert!(has(&scheduled, Choice::Materialize, "bytes"), "the refusal names what it would have saved");
}

#[test]
fn cheap_operations_are_repeated_rather_than_stored() {
    let scheduled = plan(
        "graph(%0 x: f32[500,40])
           %1 = neg %0
           %2 = permute[1,0] %1
           %3 = sum[0] %1
           %4 = sum[0] %2
           return %3, %4",
    );
    assert!(temporaries(&scheduled).is_empty(), "neg is computed by both: {:?}", temporaries(&scheduled));
}

#[test]
fn pairwise_distances_and_their_argmin_are_one_kernel_without_a_cube() {
    let scheduled = plan(
        "graph(%0 a: f32[797,64], %1 b: f32[1000,64])
           %2 = reshape[797,1,64] %0
           %3 = broadcast[797,1000,64] %2
           %4 = broadcast[797,1000,64] %1
           %5 = sub %3, %4
           %6 = square %5
           %7 = sum[2] %6
           %8 = argmin[1] %7
           return %8",
    );
    assert_eq!(kernels(&scheduled).len(), 1);
    assert!(temporaries(&scheduled).is_empty());
}

#[test]
fn softmax_is_one_kernel_of_three_strips_a_row() {
    let scheduled = plan(
        "graph(%0 x: f32[8192,1024])
           %1 = max[1] %0
           %2 = reshape[8192,1] %1
           %3 = broadcast[8192,1024] %2
           %4 = sub %0, %3
           %5 = exp %4
           %6 = sum[1] %5
           %7 = reshape[8192,1] %6
           %8 = broadcast[8192,1024] %7
           %9 = div %5, %8
           return %9",
    );
    let [step] = kernels(&scheduled)[..] else { panic!("one kernel") };
    assert_eq!(step.kernel.strips().count(), 3);
    assert!(temporaries(&scheduled).is_empty());
    assert!(has(&scheduled, Choice::Stage, ""));
}

#[test]
fn a_row_too_long_for_the_cache_is_not_staged() {
    let text = "graph(%0 x: f32[64,1000000])
           %1 = max[1] %0
           %2 = reshape[64,1] %1
           %3 = broadcast[64,1000000] %2
           %4 = sub %0, %3
           return %4";
    let scheduled = plan(text);
    assert_eq!(kernels(&scheduled).len(), 2);
    assert!(has(&scheduled, Choice::Materialize, "does not stay in cache"), "{:?}", scheduled.decisions);
}

#[test]
fn independent_statistics_of_one_array_share_a_pass() {
    let scheduled = plan("graph(%0 x: f32[5000,300]) %1 = mean[0] %0 %2 = max[0] %0 return %1, %2");
    assert_eq!(kernels(&scheduled).len(), 1);
    assert!(has(&scheduled, Choice::Merge, "one pass serves both"));
}

#[test]
fn the_mean_and_the_deviation_of_columns_share_a_pass() {
    let scheduled = plan(
        "graph(%0 x: f32[8192,1024])
  %1 = mean[0] %0: f32[1024]
  %2 = reshape[1,1024] %1: f32[1,1024]
  %3 = broadcast[8192,1024] %2: f32[8192,1024]
  %4 = sub %0, %3: f32[8192,1024]
  %5 = std[0; ddof 0] %0: f32[1024]
  %6 = reshape[1,1024] %5: f32[1,1024]
  %7 = broadcast[8192,1024] %6: f32[8192,1024]
  %8 = div %4, %7: f32[8192,1024]
  return %8
",
    );
    assert_eq!(kernels(&scheduled).len(), 2, "one for the statistics, one for the result");
    assert!(has(&scheduled, Choice::Merge, "one pass serves both"));
}

#[test]
fn rows_and_columns_of_one_array_are_two_kernels_and_the_log_says_why() {
    let scheduled = plan("graph(%0 x: f32[500,300]) %1 = exp %0 %2 = sum[0] %1 %3 = sum[1] %1 return %2, %3");
    assert_eq!(kernels(&scheduled).len(), 2);
    assert!(has(&scheduled, Choice::Materialize, "loops do not nest"));
}

#[test]
fn a_long_sum_is_two_phases_of_one_kernel() {
    let scheduled = plan("graph(%0 x: f32[10000000]) %1 = square %0 %2 = sum[0] %1 %3 = sqrt %2 return %3");
    let [step] = kernels(&scheduled)[..] else { panic!("one kernel") };
    assert_eq!(step.kernel.phases.len(), 2);
    let short = plan("graph(%0 x: f32[1000]) %1 = square %0 %2 = sum[0] %1 %3 = sqrt %2 return %3");
    assert_eq!(kernels(&short)[0].kernel.phases.len(), 1);
}

#[test]
fn pieces_of_nested_concatenations_are_written_once() {
    let scheduled = plan(
        "graph(%0 x: f32[40,50], %1 z: f32[])
           %2 = pad[1:1, 1:1] %0, %1
           return %2",
    );
    assert!(temporaries(&scheduled).is_empty(), "all pieces go straight to the output");
}

#[test]
fn a_reshape_that_strides_cannot_express_is_a_copy_with_a_reason() {
    let scheduled = plan(
        "graph(%0 x: f32[40,50]) %1 = permute[1,0] %0 %2 = reshape[2000] %1 %3 = iota 2000
      %4 = cast %3: f32[2000] %5 = take[0] %2, %3 return %5",
    );
    let copied = scheduled.plan.buffers.iter().any(|b| b.reason.contains("no strides express this reshape"));
    assert!(copied, "{:?}", scheduled.plan.buffers);
    let view = plan("graph(%0 x: f32[40,50]) %1 = reshape[2000] %0 %2 = exp %1 return %2");
    assert!(temporaries(&view).is_empty());
}

#[test]
fn a_temporary_is_written_over_where_it_is_read_for_the_last_time() {
    // The sum needs all of exp(x) first; the division then may take its place.
    let scheduled = plan(
        "graph(%0 x: f32[4000000])
           %1 = exp %0
           %2 = sum[0] %1
           %3 = broadcast[4000000] %2
           %4 = div %1, %3
           return %4",
    );
    assert!(has(&scheduled, Choice::InPlace, "read for the last time"));
}

#[test]
fn long_chains_are_cut_into_kernels_of_bounded_size() {
    let mut text = String::from("graph(%0 x: f32[100])");
    for k in 0..600 {
        text += &format!(" %{} = {} %{k}", k + 1, ["sin", "neg", "exp"][k % 3]);
    }
    text += " return %600";
    let scheduled = plan(&text);
    assert!(kernels(&scheduled).len() > 10);
    assert!(kernels(&scheduled).iter().all(|s| {
        let Item::Strip(strip) = &s.kernel.phases[0].body[0] else { panic!("a strip") };
        strip.program.insts.len() < 800 && strip.outputs.iter().any(|o| matches!(o, Output::Store(_)))
    }));
}

#[test]
fn strided_arguments_keep_their_stride_class_out_of_sizes() {
    let text = CHAIN.replace("SHAPE", "n,m");
    let strided = StrideClass::Strided(vec![AxisStride::Element, AxisStride::Other]);
    let options = Options { fusion: true, inputs: vec![strided], ..Options::default() };
    let scheduled = plan_with(&text, &options);
    let [step] = kernels(&scheduled)[..] else { panic!("one kernel") };
    assert_eq!(step.kernel.phases[0].parallel.len(), 2, "a column-major argument cannot be walked as one axis");
    assert!(scheduled.plan.sizes.iter().any(|s| matches!(s, fuseloom_size::SizeExpr::InputStride { .. })));
}

#[test]
fn what_is_not_canonical_is_refused() {
    let graph = parse("graph(%0 x: i32[4]) %1 = divmod %0, %0 %2 = result[0] %1 return %2").unwrap();
    assert!(graph.nodes().iter().any(|n| n.op == Op::DivMod));
    assert!(schedule(&graph, &Options::default()).unwrap_err().message.contains("canonical"));
}

#[test]
fn take_of_what_has_no_memory_reads_a_stored_copy() {
    let scheduled = plan("graph(%0 x: i64[2]) %1 = iota 5 %2 = take[0] %1, %0 %3 = take[0] %1, %2 return %3, %1");
    assert_eq!(temporaries(&scheduled).iter().filter(|name| name.starts_with("t1")).count(), 1);
}

#[test]
fn moments_below_moments_are_walked_level_by_level() {
    // Failed verification once: the combination was emitted in a loop before the one of what it combines.
    plan(
        "graph(%0 y: i16[2,2,16])
           %1 = cast %0: f32[2,2,16]
           %2 = moments[1] %1
           %3 = result[0] %2
           %4 = combine_moments[0; count 2] %3, %3
           %5 = result[1] %4
           return %5, %0",
    );
}

#[test]
fn kernels_that_read_one_array_but_stay_two_say_why() {
    let scheduled = plan("graph(%0 x: f32[4096,1024]) %1 = sum[0] %0 %2 = sum[1] %0 return %1, %2");
    assert_eq!(kernels(&scheduled).len(), 2);
    assert!(has(&scheduled, Choice::Separate, "both read %0, but their loops do not nest"));
}

#[test]
fn nothing_is_stored_under_a_loop_that_moments_walk_twice() {
    // Each failed verification once.
    plan("graph(%0 x: f16[50000,64]) %1 = cast %0: f32[50000,64] %2 = moments[0] %1 %3 = result[0] %2 return %3");
    plan(
        "graph(%0 s1: f32[2,2])
           %1 = max[0] %0
           %2 = reshape[1,2] %1
           %3 = broadcast[2,2] %2
           %4 = sub %0, %3
           %5 = sum[0] %4
           %6 = moments[0] %5
           %7 = result[1] %6
           return %7, %0",
    );
}

const LINEAR: &str = "graph(%0 x: f32[2048,64], %1 w: f32[64,512], %2 b: f32[512])
  %3 = einsum[ab,bc->ac] %0, %1
  %4 = broadcast[2048,512] %2
  %5 = add %3, %4
";

#[test]
fn elementwise_work_on_a_product_runs_on_its_tiles() {
    let scheduled = plan(&format!("{LINEAR}  %6 = exp %5\n  return %6\n"));
    assert_eq!(kernels(&scheduled).len(), 1);
    assert_eq!(temporaries(&scheduled), [""; 0]);
    assert!(has(&scheduled, Choice::Fuse, "on a block of the product while that is in cache"));
}

#[test]
fn rows_of_a_product_are_reduced_in_its_blocks() {
    let scheduled = plan(&format!("{LINEAR}  %6 = max[1] %5\n  return %6\n"));
    assert_eq!(kernels(&scheduled).len(), 1);
    assert_eq!(temporaries(&scheduled), [""; 0]);
}

#[test]
fn columns_of_a_product_are_reduced_when_all_of_it_is_there() {
    let scheduled = plan(&format!("{LINEAR}  %6 = max[0] %5\n  return %6\n"));
    assert_eq!(kernels(&scheduled).len(), 2);
    assert!(has(&scheduled, Choice::Materialize, "does not run within the rows of the product's blocks"));
}

#[test]
fn a_right_matrix_is_computed_before() {
    let scheduled = plan(
        "graph(%0 x: f32[2048,64], %1 w: f32[64,512])
  %2 = exp %1
  %3 = einsum[ab,bc->ac] %0, %2
  return %3
",
    );
    assert_eq!(kernels(&scheduled).len(), 2);
    assert_eq!(temporaries(&scheduled), ["t2"]);
}

#[test]
fn a_product_of_a_constant_reads_a_copy_of_it() {
    let scheduled = plan(
        "graph(%0 x: f32[20,64])
  %1 = constant 2.0: f32[]
  %2 = broadcast[64,30] %1
  %3 = einsum[ab,bc->ac] %0, %2
  return %3
",
    );
    assert_eq!(kernels(&scheduled).len(), 2);
}

#[test]
fn without_fusion_a_product_is_a_kernel_of_its_own() {
    let scheduled = plan_with(&format!("{LINEAR}  return %5\n"), &Options::default());
    assert_eq!(kernels(&scheduled).len(), 2);
    assert_eq!(temporaries(&scheduled), ["t3"]);
}

/// Values of two inputs that read each other turned around, so that kernels run before, after and between one another in many
/// ways: however they merge, there is an order for them.
#[test]
fn merged_kernels_have_an_order() {
    for seed in 1..=200u64 {
        let mut state = seed;
        let mut below = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        let mut text = "graph(%0 p: f32[9], %1 q: f32[9])\n".to_string();
        let (mut values, mut next) = (Vec::new(), 2);
        for _ in 0..4 + seed as usize % 20 {
            let function = ["exp", "sin"][below(2)];
            text += &format!("  %{next} = {function} %{}\n", below(2));
            next += 1;
            if !values.is_empty() && below(4) > 0 {
                text += &format!("  %{next} = slice[8 by -1 for 9] %{}\n", values[below(values.len())]);
                text += &format!("  %{} = mul %{}, %{next}\n", next + 1, next - 1);
                next += 2;
            }
            values.push(next - 1);
        }
        let outputs: Vec<String> = values.iter().map(|v| format!("%{v}")).collect();
        text += &format!("  return {}\n", outputs.join(", "));
        let scheduled = plan(&text);
        // Every buffer is written, and read only after that.
        let mut written: Vec<bool> =
            scheduled.plan.buffers.iter().map(|b| matches!(b.kind, BufferKind::Input(_))).collect();
        for step in &scheduled.plan.steps {
            let (reads, writes) = match step {
                Step::Kernel(step) => {
                    let role = |wanted: Role| {
                        let operands = step.kernel.operands.iter().zip(&step.operands);
                        let buffers = operands.filter_map(move |(operand, bind)| match bind {
                            OperandBind::Buffer { buffer, .. } if operand.role == wanted => Some(buffer.0 as usize),
                            OperandBind::Buffer { .. } | OperandBind::Scratch => None,
                        });
                        buffers.collect::<Vec<_>>()
                    };
                    (role(Role::In), role(Role::Out))
                }
                Step::Copy(copy) => (vec![copy.from.0 as usize], vec![copy.to.0 as usize]),
                Step::Library(step) => {
                    let inputs = step.inputs.iter().map(|array| array.buffer.0 as usize).collect();
                    (inputs, step.outputs.iter().flatten().map(|array| array.buffer.0 as usize).collect())
                }
            };
            for read in reads {
                assert!(written[read] || writes.contains(&read), "seed {seed}: buffer {read} is read first\n{text}");
            }
            writes.iter().for_each(|&write| written[write] = true);
        }
        assert!(written.iter().all(|w| *w), "seed {seed}: not all is written\n{text}");
    }
}

/// The first step that is a library's, and the names of the buffers that it reads and writes.
fn library(scheduled: &Scheduled) -> (&LibraryStep, Vec<&str>, Vec<Option<&str>>) {
    let step = scheduled.plan.steps.iter().find_map(|step| match step {
        Step::Library(step) => Some(step),
        Step::Kernel(_) | Step::Copy(_) => None,
    });
    let step = step.expect("a step of a library");
    let name = |array: &Batched| scheduled.plan.buffers[array.buffer.0 as usize].name.as_str();
    let written = step.outputs.iter().map(|array| array.as_ref().map(name)).collect();
    (step, step.inputs.iter().map(name).collect(), written)
}

#[test]
fn a_library_reads_and_writes_where_arrays_lie_if_they_do_so_in_c_order() {
    let scheduled = plan("graph(%0 x: f32[n,5]) %1 = sort %0 %2 = result[0] %1 %3 = result[1] %1 return %3, %2");
    assert_eq!(library(&scheduled).1, ["x"]);
    assert_eq!(library(&scheduled).2, [Some("out1"), Some("out0")]);
    assert!(temporaries(&scheduled).is_empty() && scheduled.plan.steps.len() == 1);
    // Rows that lie together are read in the midst of an array.
    let rows =
        "graph(%0 x: f32[9,5]) %1 = slice[2 by 1 for 4, 0 by 1 for 5] %0 %2 = sort %1 %3 = result[0] %2 return %3";
    let scheduled = plan(rows);
    assert_eq!((library(&scheduled).1, library(&scheduled).2), (vec!["x"], vec![Some("out0"), None]));
    assert!(temporaries(&scheduled).is_empty());
}

#[test]
fn a_library_has_copies_of_views_and_what_is_wanted_elsewhere_is_copied() {
    let scheduled = plan(
        "graph(%0 x: f32[7,5]) %1 = exp %0 %2 = permute[1,0] %1 %3 = sort %2 %4 = result[0] %3
           %5 = permute[1,0] %4 return %5",
    );
    assert_eq!(scheduled.plan.steps.len(), 3, "exp is fused into the copy");
    assert_eq!(temporaries(&scheduled).len(), 2);
    assert_eq!(library(&scheduled).2[1], None);
    let strided = StrideClass::Strided(vec![AxisStride::Other, AxisStride::Other]);
    let options = Options { fusion: true, inputs: vec![strided.clone()], outputs: vec![strided], ..Options::default() };
    let scheduled = plan_with("graph(%0 x: f32[7,5]) %1 = sort %0 %2 = result[0] %1 return %2", &options);
    assert_eq!(scheduled.plan.steps.len(), 3, "a copy before and one after");
}

#[test]
fn what_reads_and_what_makes_the_arrays_of_a_library_is_not_fused_with_it() {
    let scheduled = plan(
        "graph(%0 x: f32[7,5]) %1 = exp %0 %2 = sort %1 %3 = result[0] %2 %4 = neg %3 %5 = result[1] %2
           %6 = cast %5: f32[7,5] %7 = add %4, %6 return %7",
    );
    assert_eq!(kernels(&scheduled).len(), 2);
    assert!(has(&scheduled, Choice::Materialize, "a library computes sort, in a step of its own"));
    assert!(has(&scheduled, Choice::Materialize, "a library computes sort, of whole arrays in memory"));
    assert!(library(&scheduled).2.iter().all(Option::is_some));
}
