//! Measurements, and what is made of them: JSON, tables, Markdown, a page with charts.

mod html;
mod table;

pub(crate) use html::page;
pub(crate) use table::{detailed, markdown, table};

/// Everything that was measured in one run.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub(crate) struct Report {
    /// Of this form; it grows when a field changes its meaning or goes.
    pub(crate) version: u32,
    pub(crate) fuseloom: &'static str,
    pub(crate) processor: Option<String>,
    pub(crate) threads: usize,
    pub(crate) isa: String,
    /// Other systems and their versions.
    pub(crate) systems: Vec<(&'static str, String)>,
    /// Why the figures may not be worth much.
    pub(crate) warnings: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// One system on one workload. Times are in milliseconds, for one call.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub(crate) struct Row {
    pub(crate) workload: String,
    /// `fused`: the result is returned and dropped each time, so that the pool uses its memory again. `into`: into the
    /// caller's memory. `fused-fresh`: the pool is emptied before each call, so that the first touch of the result's memory
    /// is paid, as the other systems pay it. `eager`: fuseloom with fusion off. Then other systems, by their names.
    pub(crate) system: &'static str,
    pub(crate) threads: usize,
    /// What kernels are compiled by; `null` for systems that are not fuseloom.
    pub(crate) isa: Option<String>,
    /// The first call, with recording and compiling.
    pub(crate) cold_ms: f64,
    pub(crate) best_ms: f64,
    pub(crate) median_ms: f64,
    /// Optimizing, scheduling and generating code.
    pub(crate) compile_ms: Option<f64>,
    pub(crate) kernels: Option<usize>,
    /// The most bytes at once, inputs apart; of other systems by how many bytes a call made their process grow.
    pub(crate) peak_bytes: Option<usize>,
    /// The least time this machine needs for the workload.
    pub(crate) limit_ms: f64,
    /// How much of the best time that is.
    pub(crate) limit_fraction: f64,
}

/// The systems there may be, in the order they are shown in.
const SYSTEMS: [&str; 9] = ["fused", "into", "fused-fresh", "eager", "ndarray", "numpy", "numexpr", "numba", "jax"];

/// How many of [`SYSTEMS`] are fuseloom.
const OURS: usize = 4;

impl Report {
    /// The workloads in order, each with its rows.
    fn workloads(&self) -> impl Iterator<Item = &[Row]> {
        self.rows.chunk_by(|a, b| a.workload == b.workload)
    }

    /// The systems that were measured, in the order they are shown in.
    fn measured(&self) -> Vec<&'static str> {
        SYSTEMS.into_iter().filter(|system| self.rows.iter().any(|row| row.system == *system)).collect()
    }
}

/// The row of a system.
fn of<'a>(rows: &'a [Row], system: &str) -> Option<&'a Row> {
    rows.iter().find(|row| row.system == system)
}

/// The fastest of the other systems.
fn rival(rows: &[Row]) -> Option<&Row> {
    let others = rows.iter().filter(|row| SYSTEMS[OURS..].contains(&row.system));
    others.min_by(|a, b| a.best_ms.total_cmp(&b.best_ms))
}

#[cfg(test)]
impl Row {
    /// A row with round figures.
    pub(crate) fn of(system: &'static str, workload: &str) -> Row {
        Row {
            workload: workload.into(),
            system,
            threads: 2,
            isa: None,
            cold_ms: 10.0,
            best_ms: 1.0,
            median_ms: 1.0,
            compile_ms: Some(0.5),
            kernels: Some(1),
            peak_bytes: None,
            limit_ms: 0.5,
            limit_fraction: 0.5,
        }
    }
}

#[cfg(test)]
impl Report {
    /// A report of some rows.
    pub(crate) fn with(rows: Vec<Row>) -> Report {
        Report {
            version: 1,
            fuseloom: "0.0.0",
            processor: None,
            threads: 2,
            isa: "clif".into(),
            systems: vec![("numpy", "2.4.6".into())],
            warnings: vec!["it was loud & <noisy>".into()],
            rows,
        }
    }
}
