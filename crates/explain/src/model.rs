//! What explain shows, gathered from every stage.

use crate::report::{LimitReport, MeasuredReport};
use fuseloom_engine::{Error, Occasion, Places, Planned, Prepared, Result, Watched, binding, machine};
use fuseloom_graph::{Graph, NodeId};
use fuseloom_kernel::{Binding, BoundPlan, Step};
use fuseloom_schedule::StrideClass;
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) prepared: Arc<Prepared>,
    /// Of the recorded graph.
    places: Places,
    pub(crate) plan: Shown,
    /// What each step took, in a profile; else empty.
    pub(crate) measured: Vec<Measured>,
}

/// How long a step took, and what it could take at least.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) time: MeasuredReport,
    pub(crate) limit: Option<LimitReport>,
}

/// The plan, if there is one.
#[derive(Debug)]
pub(crate) enum Shown {
    Planned {
        planned: Arc<Planned>,
        /// Where every size is known.
        bound: Option<BoundPlan>,
    },
    /// Programs are interpreted, for this reason.
    Interpreted(String),
    /// Planning failed.
    Failed(Error),
}

impl Model {
    /// Of a program that is planned for inputs of these layouts and byte strides if they are known, else for C order.
    pub(crate) fn planned(
        prepared: &Arc<Prepared>,
        places: &Places,
        inputs: Option<(Vec<StrideClass>, Vec<Vec<i64>>)>,
    ) -> Result<Model> {
        let (layouts, strides) = inputs.unzip();
        let planned = match machine()?.interpreted() {
            Some(_) => Ok(None),
            None => prepared.plan(Occasion { inputs: layouts.unwrap_or_default(), ..Occasion::default() }).map(Some),
        };
        Model::new(prepared, places, planned, strides)
    }

    /// For a plan, or none where programs are interpreted; `strides` are the inputs' if they are known, else C order.
    pub(crate) fn new(
        prepared: &Arc<Prepared>,
        places: &Places,
        planned: Result<Option<Arc<Planned>>>,
        strides: Option<Vec<Vec<i64>>>,
    ) -> Result<Model> {
        let bound = |planned: &Arc<Planned>| bind(&prepared.optimized.graph, planned, strides);
        let plan = match planned.map(|planned| planned.map(|planned| (bound(&planned), planned))) {
            Ok(Some((Ok(bound), planned))) => Shown::Planned { planned, bound },
            Ok(Some((Err(error), _))) | Err(error) => Shown::Failed(error),
            Ok(None) => Shown::Interpreted(machine()?.interpreted().unwrap_or_default().to_string()),
        };
        Ok(Model { prepared: Arc::clone(prepared), places: places.clone(), plan, measured: Vec::new() })
    }

    /// Of a program that is bound to the arrays of a call.
    pub(crate) fn watched(watched: &Watched<'_>) -> Result<Model> {
        let (prepared, places, planned, bound) = watched.bound()?;
        let plan = Shown::Planned { planned: Arc::clone(planned), bound: Some(bound.clone()) };
        Ok(Model { prepared: Arc::clone(prepared), places: places.clone(), plan, measured: Vec::new() })
    }

    /// How many kernels run.
    pub(crate) fn kernels(&self) -> usize {
        match &self.plan {
            Shown::Planned { planned, .. } => {
                planned.plan.steps.iter().filter(|step| matches!(step, Step::Kernel(_))).count()
            }
            Shown::Interpreted(_) | Shown::Failed(_) => 0,
        }
    }

    pub(crate) fn bound(&self) -> Option<&BoundPlan> {
        match &self.plan {
            Shown::Planned { bound, .. } => bound.as_ref(),
            Shown::Interpreted(_) | Shown::Failed(_) => None,
        }
    }

    /// Where a node of the recorded graph was written: `src/main.rs:12`; empty if that is not known.
    pub(crate) fn places(&self, node: NodeId) -> Vec<String> {
        self.places.of(node).iter().map(ToString::to_string).collect()
    }

    /// Where the recorded node was written that a node of the optimized graph was built for.
    pub(crate) fn places_of_optimized(&self, node: NodeId) -> Vec<String> {
        self.prepared.optimized.origins.get(node.index()).map_or(Vec::new(), |origin| self.places(*origin))
    }
}

/// The numbers of a plan without named dims, on one thread.
fn bind(graph: &Graph, planned: &Planned, strides: Option<Vec<Vec<i64>>>) -> Result<Option<BoundPlan>> {
    let plan = &planned.plan;
    if !plan.symbols.is_empty() {
        return Ok(None);
    }
    let c_order = |ids: &[NodeId]| ids.iter().map(|id| c_order(graph, *id)).collect::<Option<Vec<_>>>();
    let (Some(inputs), Some(outputs)) = (c_order(graph.inputs()), c_order(graph.outputs())) else { return Ok(None) };
    let numbers =
        Binding { symbols: Vec::new(), input_strides: strides.unwrap_or(inputs), output_strides: outputs, threads: 1 };
    plan.bind(&numbers).map(Some).map_err(binding)
}

/// The byte strides of a node's value in C order; `None` where they depend on named dims.
fn c_order(graph: &Graph, id: NodeId) -> Option<Vec<i64>> {
    let ty = graph.ty(id);
    let mut stride = ty.dtype.size() as i64;
    let mut strides = Vec::with_capacity(ty.rank());
    for dim in ty.shape.iter().rev() {
        strides.push(stride);
        stride = stride.saturating_mul(i64::try_from(dim.fixed()?).unwrap_or(i64::MAX).max(1));
    }
    strides.reverse();
    Some(strides)
}
