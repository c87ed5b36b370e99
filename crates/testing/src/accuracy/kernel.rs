//! One function, compiled as a user's program is.

use fuseloom::{Element, In, Options, Program};
use fuseloom_graph::{Graph, Op, Type};
use fuseloom_lane::{DType, Function};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A compiled kernel of one function.
#[derive(Debug)]
pub struct Kernel {
    program: Program,
    name: String,
}

impl Kernel {
    /// Of a function that supports the dtype.
    pub fn new(function: Function, dtype: DType) -> Kernel {
        let mut graph = Graph::default();
        let args: Vec<_> = (0..function.arity())
            .map(|k| graph.input(&format!("x{k}"), Type::new(dtype, ["n"])).expect("a name and a type"))
            .collect();
        let result = graph.add(Op::Map(function), &args).expect("a function of this dtype");
        graph.set_outputs(&[result]);
        let program =
            Program::from_graph(graph, &Options::new().threads(1)).expect("a graph of one operation compiles");
        let mut hasher = DefaultHasher::new();
        function.program(dtype).expect("a function of this dtype").to_string().hash(&mut hasher);
        Kernel { program, name: format!("{function:?} {dtype} {:x}", hasher.finish()).to_lowercase() }
    }

    /// The function, the dtype, and a number that changes with the lane program: `exp f32 1f00..`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs it on columns of equal length.
    pub fn run<T: Element + Default>(&self, columns: &[Vec<T>]) -> Vec<T> {
        let mut out = vec![T::default(); columns[0].len()];
        self.run_into(columns, &mut out);
        out
    }

    /// Runs it on columns as long as `out`.
    pub fn run_into<T: Element>(&self, columns: &[Vec<T>], out: &mut [T]) {
        let inputs: Vec<In<'_>> = columns.iter().map(|column| In::from(column.as_slice())).collect();
        self.program.call_into(&inputs, &mut [out]).expect("columns of equal length");
    }
}
