//! What will run, and why.

use crate::gather::{self, Extent};
use crate::model::Model;
use crate::report::Report;
use crate::values::Values;
use crate::{dot, html, text};
use fuseloom_engine::{Error, Places, Prepared, Result, Stage, internal};
use fuseloom_schedule::StrideClass;
use std::fmt;
use std::sync::Arc;

/// What the compiler makes of a program, stage by stage: as data, as text, as DOT and as JSON. All of it is canonical: the same
/// program gives the same, without times and addresses unless they are asked for ([`Explain::timed`]).
///
/// It prints as the plan: what will run, and why; or, if the program has a mistake, as that.
///
/// ```
/// use fuseloom::{Stage, prelude::*};
/// let x = arange(0, 100, 1);
/// let graph = (&x * &x).sum(0).explain().text(Stage::Graph)?;
/// assert!(graph.contains("\n  %1 = mul %0, %0: i64[100]"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Explain {
    model: Result<Arc<Model>>,
    times: bool,
    /// The values that it is of, where they are known by their addresses.
    pub(crate) values: Option<Values>,
}

/// What will run of a program whose nodes were written at `places` and recorded as `values`, and why. The layouts and byte
/// strides of the inputs count where they are known, and else C order.
pub fn explain(
    prepared: &Arc<Prepared>,
    places: &Places,
    values: Values,
    inputs: Option<(Vec<StrideClass>, Vec<Vec<i64>>)>,
) -> Explain {
    Explain { values: Some(values), ..Explain::of(Model::planned(prepared, places, inputs)) }
}

/// What shows the mistake of a program.
pub fn mistaken(error: Error) -> Explain {
    Explain::of(Err(error))
}

impl Explain {
    pub(crate) fn of(model: Result<Model>) -> Explain {
        Explain { model: model.map(Arc::new), times: false, values: None }
    }

    /// Shows also what differs from run to run: how long each pass and each compilation took, which kernels had been compiled
    /// before, and what told the others apart from those that were there. Compiles the kernels.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let explain = Tensor::from(vec![1.0f32; 1000]).sqrt().explain().timed();
    /// assert!(explain.to_string().contains("\n  code: compiled "));
    /// ```
    #[must_use]
    pub fn timed(mut self) -> Explain {
        self.times = true;
        self
    }

    /// Everything up to a stage, as data, what each pass changed included.
    ///
    /// ```
    /// use fuseloom::{Stage, prelude::*};
    /// let report = (Tensor::from(vec![1.0f32; 1000]) * 2.0).sqrt().explain().report(Stage::Plan)?;
    /// let step = &report.plan.unwrap().steps[0];
    /// assert_eq!(step.traffic.unwrap().written, 4000);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The program's mistake; a fault of the compiler.
    pub fn report(&self, stage: Stage) -> Result<Report> {
        gather::report(self.model()?, stage, Extent { times: self.times, runs: true })
    }

    /// A stage as text.
    ///
    /// ```
    /// use fuseloom::{Stage, prelude::*};
    /// let kernels = (Tensor::from(vec![1.0f32; 1000]) * 2.0).sqrt().explain().text(Stage::Kernels)?;
    /// assert!(kernels.contains("kernel k0") && kernels.contains("sqrt"));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Explain::report`].
    pub fn text(&self, stage: Stage) -> Result<String> {
        let (model, report) = self.brief(stage)?;
        Ok(text::text(&report, stage, &model.prepared.graph, &model.prepared.optimized.graph))
    }

    /// [`Explain::report`] as JSON. `docs/explain-schema.md` describes the fields.
    ///
    /// ```
    /// use fuseloom::{Stage, prelude::*};
    /// let json = (Tensor::from(vec![1.0f32; 1000]) * 2.0).explain().json(Stage::Plan)?;
    /// assert!(json.starts_with("{\n  \"schema\": 1,\n  \"stage\": \"plan\""));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Explain::report`].
    pub fn json(&self, stage: Stage) -> Result<String> {
        serde_json::to_string_pretty(&self.report(stage)?).map_err(|error| internal("explain", error.to_string()))
    }

    /// Every stage as one page of HTML without outside resources: the graph with a box around each kernel, what each pass changed,
    /// memory over the steps, decisions, source lines. It can be used by keyboard and read by a screen reader.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let page = (Tensor::from(vec![1.0f32; 1000]) * 2.0).explain().html()?;
    /// assert!(page.starts_with("<!DOCTYPE html>"));
    /// // std::fs::write("plan.html", page)?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Explain::report`].
    pub fn html(&self) -> Result<String> {
        html::page(self.report(Stage::Asm)?)
    }

    /// A stage in the language of Graphviz.
    ///
    /// ```
    /// use fuseloom::{Stage, prelude::*};
    /// let dot = (Tensor::from(vec![1.0f32; 1000]) * 2.0).explain().dot(Stage::Plan)?;
    /// assert!(dot.starts_with("digraph {"));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Explain::report`].
    pub fn dot(&self, stage: Stage) -> Result<String> {
        let (model, report) = self.brief(stage)?;
        let text = || text::text(&report, stage, &model.prepared.graph, &model.prepared.optimized.graph);
        Ok(dot::dot(&report, stage, text))
    }

    /// The report without what each pass changed.
    pub(crate) fn brief(&self, stage: Stage) -> Result<(&Model, Report)> {
        let model = self.model()?;
        Ok((model, gather::report(model, stage, Extent { times: self.times, runs: false })?))
    }

    /// How many kernels run; 0 where programs are interpreted.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32; 5000]).reshape((100, 50));
    /// assert_eq!((&x * 2.0).exp().sum(1).explain().kernels()?, 1);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The program's mistake.
    pub fn kernels(&self) -> Result<usize> {
        Ok(self.model()?.kernels())
    }

    /// The most bytes that exist at once on one thread, inputs apart; `None` if that depends on named dims, or where programs are
    /// interpreted.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!((Tensor::from(vec![1.0f32; 1000]) * 2.0).explain().peak_bytes()?, Some(4000));
    /// // With a named extent it depends on that.
    /// assert_eq!(Program::new(|b| b.input("x", f32, "n") * 2.0)?.explain().peak_bytes()?, None);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The program's mistake.
    pub fn peak_bytes(&self) -> Result<Option<usize>> {
        Ok(self.model()?.bound().map(|bound| bound.peak_bytes))
    }

    fn model(&self) -> Result<&Model> {
        match &self.model {
            Ok(model) => Ok(model),
            Err(error) => Err(error.clone()),
        }
    }
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text(Stage::Plan) {
            Ok(text) => f.write_str(&text),
            Err(error) => write!(f, "{error}"),
        }
    }
}
