//! Tables for terminals, and one line a workload for a README.

use super::{OURS, Report, Row, SYSTEMS, of, rival};
use crate::units;
use comfy_table::{CellAlignment, Table, presets};

/// One line a workload: milliseconds of each system (the best), how fast that is beside eager and beside the fastest other
/// system, how much of the machine's limit it is, peak memory and the time to compile.
pub(crate) fn table(report: &Report) -> String {
    let systems = report.measured();
    let mut header: Vec<String> = vec!["workload".into()];
    header.extend(systems.iter().map(|system| format!("{system} ms")));
    let eager = systems.contains(&"eager");
    let others = systems.iter().any(|system| SYSTEMS[OURS..].contains(system));
    header.extend(eager.then(|| "eager / fused".into()));
    header.extend(others.then(|| "fastest other / fused".into()));
    header.extend(["of limit", "peak", "compile ms"].map(String::from));
    let mut table = framed(header);
    for rows in report.workloads() {
        let Some(fused) = of(rows, "fused") else { continue };
        let mut cells = vec![fused.workload.clone()];
        cells
            .extend(systems.iter().map(|system| of(rows, system).map_or("-".into(), |row| units::digits(row.best_ms))));
        if eager {
            cells.push(times(of(rows, "eager"), fused));
        }
        if others {
            let rival = rival(rows);
            let name = rival.map_or(String::new(), |rival| format!(" {}", rival.system));
            cells.push(times(rival, fused) + &name);
        }
        cells.push(units::digits(fused.limit_fraction));
        cells.push(fused.peak_bytes.map_or("-".into(), units::bytes));
        cells.push(fused.compile_ms.map_or("-".into(), units::digits));
        table.add_row(cells);
    }
    align(&mut table, 1);
    table.to_string()
}

/// How many times longer than `fused` a system takes.
fn times(row: Option<&Row>, fused: &Row) -> String {
    row.map_or("-".into(), |row| format!("{} x", units::digits(row.best_ms / fused.best_ms)))
}

/// Every figure of every row.
pub(crate) fn detailed(report: &Report) -> String {
    let header = [
        "workload", "system", "threads", "best ms", "median", "cold", "compile", "kernels", "peak", "limit", "of limit",
    ];
    let mut table = framed(header.map(String::from).into());
    for rows in report.workloads() {
        for (k, row) in rows.iter().enumerate() {
            let some = |text: Option<String>| text.unwrap_or_else(|| "-".into());
            table.add_row([
                if k > 0 { String::new() } else { row.workload.clone() },
                row.system.into(),
                row.threads.to_string(),
                units::digits(row.best_ms),
                units::digits(row.median_ms),
                units::digits(row.cold_ms),
                some(row.compile_ms.map(units::digits)),
                some(row.kernels.map(|kernels| kernels.to_string())),
                some(row.peak_bytes.map(units::bytes)),
                units::digits(row.limit_ms),
                units::digits(row.limit_fraction),
            ]);
        }
    }
    align(&mut table, 2);
    table.to_string()
}

fn framed(header: Vec<String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(header);
    table
}

/// Numbers stand to the right.
fn align(table: &mut Table, texts: usize) {
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// One line a workload, for a README: milliseconds of each system, then what they make of each other.
pub(crate) fn markdown(report: &Report) -> String {
    let systems = report.measured();
    let against: Vec<&str> = systems.iter().copied().filter(|system| SYSTEMS[OURS - 1..].contains(system)).collect();
    let mut text = format!("| workload | {} |", systems.join(" | "));
    for system in &against {
        text.push_str(&format!(" fused / {system} |"));
    }
    text.push_str(" of limit |\n|---|");
    text.push_str(&"--:|".repeat(systems.len() + against.len() + 1));
    for rows in report.workloads() {
        let Some(fused) = of(rows, "fused") else { continue };
        text.push_str(&format!("\n| {} |", fused.workload));
        for system in &systems {
            let time = of(rows, system).map_or("-".into(), |row| units::digits(row.best_ms));
            text.push_str(&format!(" {time} |"));
        }
        for system in &against {
            let ratio = of(rows, system).map_or("-".into(), |row| units::digits(fused.best_ms / row.best_ms));
            text.push_str(&format!(" {ratio} |"));
        }
        text.push_str(&format!(" {} |", units::digits(fused.limit_fraction)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let slow = |system, best_ms| Row { best_ms, ..Row::of(system, "w") };
        Report::with(vec![Row::of("fused", "w"), slow("eager", 4.0), slow("numpy", 9.0), slow("jax", 2.0)])
    }

    #[test]
    fn ratios_are_of_best_times() {
        let expected = "| workload | fused | eager | numpy | jax | fused / eager | fused / numpy | fused / jax | of limit |\n\
                        |---|--:|--:|--:|--:|--:|--:|--:|--:|\n\
                        | w | 1.00 | 4.00 | 9.00 | 2.00 | 0.250 | 0.111 | 0.500 | 0.500 |";
        assert_eq!(markdown(&report()), expected);
        let line = table(&report());
        assert!(line.contains("4.00 x") && line.contains("2.00 x jax"), "{line}");
        assert_eq!(detailed(&report()).matches("0.500").count(), 4 * 3, "{}", detailed(&report()));
    }
}
