//! What explain shows, gathered from every stage.

use super::report::{LimitReport, MeasuredReport};
use crate::lower::Places;
use crate::machine::machine;
use crate::pipeline::{Planned, Prepared};
use crate::{Error, Result};
use fuseloom_graph::NodeId;
use fuseloom_kernel::{Binding, BoundPlan, BufferKind, Step};
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
        bound: Option<Bound>,
    },
    /// Programs are interpreted, for this reason.
    Interpreted(String),
    /// Planning failed.
    Failed(Error),
}

/// A plan's numbers.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) plan: BoundPlan,
    /// Of every formula.
    pub(crate) sizes: Vec<i64>,
}

impl Model {
    /// For a plan, or none where programs are interpreted; `strides` are the inputs' if they are known, else C order.
    pub(crate) fn new(
        prepared: &Arc<Prepared>,
        places: &Places,
        planned: Result<Option<Arc<Planned>>>,
        strides: Option<Vec<Vec<i64>>>,
    ) -> Result<Model> {
        let bound = |planned: &Arc<Planned>| bind(planned, strides);
        let plan = match planned.map(|planned| planned.map(|planned| (bound(&planned), planned))) {
            Ok(Some((Ok(bound), planned))) => Shown::Planned { planned, bound },
            Ok(Some((Err(error), _))) | Err(error) => Shown::Failed(error),
            Ok(None) => Shown::Interpreted(machine()?.interpreted().unwrap_or_default().to_string()),
        };
        Ok(Model { prepared: Arc::clone(prepared), places: places.clone(), plan, measured: Vec::new() })
    }

    /// For a plan that is bound already.
    pub(crate) fn bound_to(prepared: &Arc<Prepared>, places: &Places, planned: Arc<Planned>, bound: Bound) -> Model {
        let plan = Shown::Planned { planned, bound: Some(bound) };
        Model { prepared: Arc::clone(prepared), places: places.clone(), plan, measured: Vec::new() }
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

    pub(crate) fn bound(&self) -> Option<&Bound> {
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
fn bind(planned: &Planned, strides: Option<Vec<Vec<i64>>>) -> Result<Option<Bound>> {
    let plan = &planned.plan;
    if !plan.symbols.is_empty() {
        return Ok(None);
    }
    // Sizes do not depend on strides: any will do for them.
    let rank = |input: bool| {
        let mut ranks: Vec<(u32, usize)> = plan
            .buffers
            .iter()
            .filter_map(|buffer| match buffer.kind {
                BufferKind::Input(n) if input => Some((n, buffer.shape.len())),
                BufferKind::Output(n) if !input => Some((n, buffer.shape.len())),
                BufferKind::Input(_) | BufferKind::Output(_) | BufferKind::Temporary | BufferKind::InPlace(_) => None,
            })
            .collect();
        ranks.sort_unstable();
        ranks.into_iter().map(|(_, rank)| vec![0; rank]).collect::<Vec<Vec<i64>>>()
    };
    let mut binding =
        Binding { symbols: Vec::new(), input_strides: rank(true), output_strides: rank(false), threads: 1 };
    let sizes = plan.evaluate(&binding)?;
    let c_order = |kind: &dyn Fn(u32) -> BufferKind, n: usize| {
        let decl = plan.buffers.iter().find(|buffer| buffer.kind == kind(n as u32));
        decl.map_or(Vec::new(), |decl| {
            let mut stride = decl.dtype.size() as i64;
            let mut strides: Vec<i64> = decl
                .shape
                .iter()
                .rev()
                .map(|extent| {
                    let this = stride;
                    stride = stride.saturating_mul(sizes[extent.0 as usize].max(1));
                    this
                })
                .collect();
            strides.reverse();
            strides
        })
    };
    binding.input_strides = match strides {
        Some(strides) => strides,
        None => (0..binding.input_strides.len()).map(|n| c_order(&BufferKind::Input, n)).collect(),
    };
    binding.output_strides = (0..binding.output_strides.len()).map(|n| c_order(&BufferKind::Output, n)).collect();
    Ok(Some(Bound { plan: plan.bind(&binding)?, sizes: plan.evaluate(&binding)? }))
}
