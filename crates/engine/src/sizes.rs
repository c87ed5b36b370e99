//! From the arrays of a call to the values of named dims, and to the shapes of the outputs.

use crate::arguments::{In, Out};
use crate::error::{Error, Result};
use fuseloom_graph::{Dim, Graph, NodeId, Op, Sizes, Type, check_sizes};
use fuseloom_lane::DType;
use std::sync::Arc;

/// The dtype and the shape of an array of a call.
pub(crate) trait Shaped {
    fn dtype(&self) -> DType;
    fn shape(&self) -> &[usize];
}

impl Shaped for In<'_> {
    fn dtype(&self) -> DType {
        In::dtype(self)
    }

    fn shape(&self) -> &[usize] {
        In::shape(self)
    }
}

impl Shaped for Out<'_> {
    fn dtype(&self) -> DType {
        Out::dtype(self)
    }

    fn shape(&self) -> &[usize] {
        Out::shape(self)
    }
}

/// What an array should be and is, for the error.
struct Argument<'a> {
    what: String,
    declared: &'a Type,
    given: &'a dyn Shaped,
}

impl Argument<'_> {
    fn error(&self, problem: String) -> Error {
        let given = Type::new(self.given.dtype(), self.given.shape().iter().copied());
        Error::Argument {
            what: self.what.clone(),
            declared: self.declared.to_string(),
            given: given.to_string(),
            problem,
        }
    }

    /// Checks what does not depend on sizes.
    fn check_kind(&self) -> Result<()> {
        if self.given.dtype() != self.declared.dtype {
            return Err(self.error(": the dtypes differ".into()));
        }
        if self.given.shape().len() != self.declared.rank() {
            return Err(self.error(": the numbers of axes differ".into()));
        }
        Ok(())
    }

    /// Checks extents under the sizes.
    fn check_extents(&self, sizes: &Sizes) -> Result<()> {
        for (axis, (dim, &extent)) in self.declared.shape.iter().zip(self.given.shape()).enumerate() {
            match dim.eval(sizes) {
                Some(expected) if expected == extent => {}
                Some(expected) => return Err(self.error(format!(": axis {axis} is {extent}, not {expected}"))),
                None => return Err(self.error(format!(": {dim} of axis {axis} has no value"))),
            }
        }
        Ok(())
    }
}

/// The name of an input node.
pub(crate) fn input_name(graph: &Graph, id: NodeId) -> &str {
    match &graph.node(id).op {
        Op::Input(name) => name,
        _ => "",
    }
}

/// The values of all named dims, from the inputs of a call, which are checked against their types.
pub(crate) fn infer_sizes(graph: &Graph, inputs: &[In<'_>]) -> Result<Sizes> {
    if inputs.len() != graph.inputs().len() {
        let names: Vec<&str> = graph.inputs().iter().map(|id| input_name(graph, *id)).collect();
        let (expected, given) = (names.len(), inputs.len());
        return Err(Error::Count { what: "inputs", names: names.join(", "), expected, given });
    }
    let arguments = graph.inputs().iter().zip(inputs).map(|(id, given)| {
        let what = format!("input `{}`", input_name(graph, *id));
        Argument { what, declared: graph.ty(*id), given }
    });
    let arguments: Vec<Argument<'_>> = arguments.collect();
    let mut sizes = Sizes::new();
    let mut sources: Vec<(Arc<str>, String)> = Vec::new();
    for argument in &arguments {
        argument.check_kind()?;
        for (dim, &extent) in argument.declared.shape.iter().zip(argument.given.shape()) {
            let Dim::Named(name) = dim else { continue };
            match sizes.insert(Arc::clone(name), extent) {
                Some(before) if before != extent => {
                    let source = sources.iter().find(|(other, _)| other == name).map_or("", |(_, what)| what.as_str());
                    return Err(argument.error(format!(": {name} is {extent} here but {before} in {source}")));
                }
                Some(_) => {}
                None => sources.push((Arc::clone(name), argument.what.clone())),
            }
        }
    }
    for argument in &arguments {
        argument.check_extents(&sizes)?;
    }
    check_sizes(graph, &sizes).map_err(|error| Error::Constraint(error.to_string()))?;
    Ok(sizes)
}

/// The shape of each output.
pub(crate) fn output_shapes(graph: &Graph, sizes: &Sizes) -> Result<Vec<Vec<usize>>> {
    let shape = |id: &NodeId| {
        let ty = graph.ty(*id);
        let extents: Option<Vec<usize>> = ty.shape.iter().map(|dim| dim.eval(sizes)).collect();
        extents.ok_or_else(|| {
            Error::Constraint(format!("the extents of {ty} have no value: a size is missing, negative or too large"))
        })
    };
    graph.outputs().iter().map(shape).collect()
}

/// Checks the memory given for the outputs.
pub(crate) fn check_outputs(graph: &Graph, sizes: &Sizes, outputs: &[impl Shaped]) -> Result<()> {
    let types: Vec<&Type> = graph.outputs().iter().map(|id| graph.ty(*id)).collect();
    if outputs.len() != types.len() {
        let names = types.iter().map(|ty| ty.to_string()).collect::<Vec<_>>().join(", ");
        return Err(Error::Count { what: "outputs", names, expected: types.len(), given: outputs.len() });
    }
    for (k, (declared, given)) in types.into_iter().zip(outputs).enumerate() {
        let argument = Argument { what: format!("output {k}"), declared, given };
        argument.check_kind()?;
        argument.check_extents(sizes)?;
    }
    Ok(())
}
