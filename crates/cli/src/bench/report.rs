//! Measurements as JSON, as a table and as Markdown.

use crate::units;
use comfy_table::{CellAlignment, Table, presets};

/// One system on one workload. Times are in milliseconds, for one call.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub(crate) struct Row {
    pub(crate) workload: &'static str,
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
    /// The most bytes at once, inputs apart.
    pub(crate) peak_bytes: Option<usize>,
    /// The least time this machine needs for the workload.
    pub(crate) limit_ms: f64,
    /// How much of the best time that is.
    pub(crate) limit_fraction: f64,
}

/// What the rows compare with, in this order.
const AGAINST: [&str; 6] = ["eager", "ndarray", "numpy", "numexpr", "numba", "jax"];

/// The best time of a system on the workload of a row.
fn best(rows: &[Row], workload: &str, system: &str) -> Option<f64> {
    rows.iter().find(|row| row.workload == workload && row.system == system).map(|row| row.best_ms)
}

fn ratio(time: f64, other: Option<f64>) -> String {
    other.map_or("-".into(), |other| units::digits(time / other))
}

/// All rows, for terminals.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "workload", "system", "best ms", "median", "cold", "compile", "kernels", "peak", "/ eager", "/ numpy", "limit",
        "of limit",
    ]);
    let mut last = "";
    for row in rows {
        let some = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let mut cells = vec![
            if row.workload == last { String::new() } else { row.workload.into() },
            row.system.into(),
            units::digits(row.best_ms),
            units::digits(row.median_ms),
            units::digits(row.cold_ms),
            some(row.compile_ms.map(units::digits)),
            some(row.kernels.map(|kernels| kernels.to_string())),
            some(row.peak_bytes.map(units::bytes)),
        ];
        cells.extend(AGAINST.map(|system| ratio(row.best_ms, best(rows, row.workload, system))));
        cells.extend([units::digits(row.limit_ms), units::digits(row.limit_fraction)]);
        table.add_row(cells);
        last = row.workload;
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// One line a workload, for a README: milliseconds of each system, then what they make of each other.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let order = ["fused", "into", "fused-fresh", "eager", "ndarray", "numpy"];
    let systems: Vec<&str> = order.into_iter().filter(|system| rows.iter().any(|row| row.system == *system)).collect();
    let against: Vec<&str> = AGAINST.into_iter().filter(|system| systems.contains(system)).collect();
    let mut text = format!("| workload | {} |", systems.join(" | "));
    for system in &against {
        text.push_str(&format!(" fused / {system} |"));
    }
    text.push_str(" of limit |\n|---|");
    text.push_str(&"--:|".repeat(systems.len() + against.len() + 1));
    for first in rows.iter().filter(|row| row.system == "fused") {
        text.push_str(&format!("\n| {} |", first.workload));
        for system in &systems {
            let time = best(rows, first.workload, system).map_or("-".into(), units::digits);
            text.push_str(&format!(" {time} |"));
        }
        for system in &against {
            text.push_str(&format!(" {} |", ratio(first.best_ms, best(rows, first.workload, system))));
        }
        text.push_str(&format!(" {} |", units::digits(first.limit_fraction)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(system: &'static str, best_ms: f64) -> Row {
        Row {
            workload: "w",
            system,
            threads: 2,
            isa: None,
            cold_ms: 10.0,
            best_ms,
            median_ms: best_ms,
            compile_ms: Some(0.5),
            kernels: Some(1),
            peak_bytes: None,
            limit_ms: 0.5,
            limit_fraction: 0.5 / best_ms,
        }
    }

    #[test]
    fn ratios_are_of_best_times() {
        let rows = [row("fused", 1.0), row("eager", 4.0)];
        let expected = "| workload | fused | eager | fused / eager | of limit |\n|---|--:|--:|--:|--:|\n\
                        | w | 1.00 | 4.00 | 0.250 | 0.500 |";
        assert_eq!(markdown(&rows), expected);
        let table = table(&rows);
        assert!(table.contains("0.250") && table.lines().count() > 3, "{table}");
    }
}
