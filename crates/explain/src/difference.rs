//! What tells two kernels apart, in words: why one's machine code could not serve the other.

use fuseloom_kernel::{Item, Kernel, Output, Role, Stride};

/// The most similar of some kernels, with what differs; the first of several. `None` if there are none.
pub(crate) fn nearest<'k>(kernel: &Kernel, others: impl Iterator<Item = &'k Kernel>) -> Option<Vec<String>> {
    others.map(|other| differences(kernel, other)).min_by_key(Vec::len)
}

/// What differs between a kernel and another: empty only if their structures are equal.
fn differences(kernel: &Kernel, other: &Kernel) -> Vec<String> {
    let mut found = Vec::new();
    let mut unlike = |what: &str, this: String, that: String| {
        if this != that {
            found.push(format!("{what} {this} instead of {that}"));
        }
    };
    unlike("phases:", kernel.phases.len().to_string(), other.phases.len().to_string());
    unlike("loops:", loops(kernel), loops(other));
    for (what, role) in [("reads", true), ("writes", false)] {
        unlike(what, operands(kernel, role), operands(other, role));
    }
    unlike("constants of", literals(kernel), literals(other));
    for (verb, these, those) in
        [("computes", operations(kernel), operations(other)), ("reduces by", reductions(kernel), reductions(other))]
    {
        let (more, less) = (beyond(&these, &those), beyond(&those, &these));
        if !more.is_empty() {
            found.push(format!("{verb} {} beside", counted(more)));
        }
        if !less.is_empty() {
            found.push(format!("does without {}", counted(less)));
        }
    }
    if found.is_empty() && kernel != other {
        found.push("values flow differently between the same operations".to_string());
    }
    found
}

/// `2 parallel, 1 serial, 3 strips, 0 products`
fn loops(kernel: &Kernel) -> String {
    let [mut serial, mut strips, mut products] = [0; 3];
    for item in kernel.items() {
        match item {
            Item::Loop(_) => serial += 1,
            Item::Strip(_) => strips += 1,
            Item::Product(_) => products += 1,
        }
    }
    let parallel: usize = kernel.phases.iter().map(|phase| phase.parallel.len()).sum();
    format!("{parallel} parallel, {serial} serial, {strips} strips, {products} products")
}

/// `f32[1,*], f32[0]`: each operand with the stride class of each axis it is indexed by.
fn operands(kernel: &Kernel, read: bool) -> String {
    let of_role = kernel.operands.iter().filter(|operand| match operand.role {
        Role::In => read,
        Role::Out => !read,
        Role::Scratch { .. } | Role::Work { .. } => false,
    });
    let text = of_role.map(|operand| {
        let strides = operand.index.iter().map(|access| match access.stride {
            Stride::Element => "1",
            Stride::Bytes(_) => "*",
        });
        format!("{}[{}]", operand.dtype, strides.collect::<Vec<_>>().join(","))
    });
    listed(text.collect())
}

fn literals(kernel: &Kernel) -> String {
    listed(kernel.literals.iter().map(ToString::to_string).collect())
}

fn operations(kernel: &Kernel) -> Vec<String> {
    let mut names = Vec::new();
    for strip in kernel.strips() {
        names.extend(strip.program.insts.iter().map(|inst| format!("{} {}", inst.prim.name(), inst.dtype)));
    }
    names.sort_unstable();
    names
}

/// What a sorted list has that another has not, or not as often.
fn beyond(these: &[String], those: &[String]) -> Vec<String> {
    let mut left = those.to_vec();
    let extra = these.iter().filter(|name| match left.iter().position(|other| other == *name) {
        Some(k) => {
            left.swap_remove(k);
            false
        }
        None => true,
    });
    extra.cloned().collect()
}

fn reductions(kernel: &Kernel) -> Vec<String> {
    let mut names = Vec::new();
    for strip in kernel.strips() {
        names.extend(strip.outputs.iter().filter_map(|output| match output {
            Output::Reduce(reduce) => Some(format!("{:?} {}", reduce.op, reduce.dtype).to_lowercase()),
            Output::Scan(scan) => Some(format!("{} {}", scan.op.name(), scan.dtype)),
            Output::Store(_) => None,
        }));
    }
    names.sort_unstable();
    names
}

/// `2 add f32, mul f32`, of a sorted list.
fn counted(names: Vec<String>) -> String {
    let runs = names.chunk_by(|a, b| a == b);
    listed(runs.map(|run| if run.len() == 1 { run[0].clone() } else { format!("{} {}", run.len(), run[0]) }).collect())
}

fn listed(items: Vec<String>) -> String {
    if items.is_empty() { "nothing".to_string() } else { items.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_compared_with_their_counts() {
        let list = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        assert_eq!(beyond(&list("a a b"), &list("a c")), list("a b"));
        assert_eq!(counted(list("a a b")), "2 a, b");
    }
}
