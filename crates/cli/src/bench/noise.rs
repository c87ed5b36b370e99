//! Whether the machine was quiet while it was measured.

use super::report::Row;
use std::fs;

/// What the system counts, at one moment, in ticks of the processors' time.
#[derive(Clone, Copy, Default)]
struct Ticks {
    /// Of all processors.
    all: u64,
    /// Of all processors, not idle.
    busy: u64,
    /// Of this process and those it waited for.
    own: u64,
}

/// Watches the machine from its making on.
pub(crate) struct Noise {
    start: Option<Ticks>,
    load: Option<f64>,
}

/// The share of the processors' time that others may take.
const OTHERS: f64 = 0.05;
/// How far a median may lie above the best.
const SPREAD: f64 = 1.3;

impl Noise {
    pub(crate) fn watch() -> Noise {
        let load = fs::read_to_string("/proc/loadavg").ok();
        let load = load.and_then(|text| text.split_whitespace().next()?.parse().ok());
        Noise { start: ticks(), load }
    }

    /// What should be known about these measurements; nothing if the machine was quiet, or does not tell.
    pub(crate) fn warnings(&self, rows: &[Row]) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some((start, end)) = self.start.zip(ticks()) {
            let all = end.all.saturating_sub(start.all);
            let others = end.busy.saturating_sub(start.busy).saturating_sub(end.own.saturating_sub(start.own));
            let share = others as f64 / all.max(1) as f64;
            if share > OTHERS {
                let load = self.load.map_or(String::new(), |load| format!(" (load average {load} at the start)"));
                warnings.push(format!(
                    "the machine was noisy: others took {:.0} % of the processors' time{load}; medians and ratios are not to \
                     be trusted",
                    share * 100.0
                ));
            }
        }
        warnings.extend(spread(rows));
        warnings
    }
}

/// What `/proc/stat` and `/proc/self/stat` say.
fn ticks() -> Option<Ticks> {
    let (all, busy) = of_processors(&fs::read_to_string("/proc/stat").ok()?)?;
    Some(Ticks { all, busy, own: of_process(&fs::read_to_string("/proc/self/stat").ok()?)? })
}

/// All ticks of the processors, and those that were not idle, stolen ones among them.
fn of_processors(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    // user nice system idle iowait irq softirq steal; what follows is part of the first two.
    let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|tick| tick.parse().ok()).collect();
    let all: u64 = ticks.iter().sum();
    Some((all, all - ticks.get(3)? - ticks.get(4)?))
}

/// utime, stime, cutime and cstime; the name before them may hold anything.
fn of_process(stat: &str) -> Option<u64> {
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: Vec<u64> = fields.take(4).map_while(|tick| tick.parse().ok()).collect();
    (ticks.len() == 4).then(|| ticks.iter().sum())
}

/// Says how many of fuseloom's own measurements were spread.
fn spread(rows: &[Row]) -> Option<String> {
    let ours: Vec<&Row> = rows.iter().filter(|row| row.system == "into").collect();
    let spread: Vec<&str> =
        ours.iter().filter(|row| row.median_ms > row.best_ms * SPREAD).map(|row| row.workload.as_str()).collect();
    (!spread.is_empty()).then(|| {
        format!("medians lie more than {:.0} % above the best of {}", (SPREAD - 1.0) * 100.0, spread.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_lines_are_read() {
        assert_eq!(of_processors("cpu  10 1 5 100 4 2 3 7 0 0\ncpu0 1 2 3 4"), Some((132, 28)));
        assert_eq!(of_processors("intr 5"), None);
        let stat = "12 (a) b) R 1 2 3 4 5 6 7 8 9 10 30 40 5 6 20 0";
        assert_eq!(of_process(stat), Some(81));
        assert_eq!(of_process("12 (x) R 1"), None);
    }

    #[test]
    fn spread_medians_are_told() {
        let row = |workload: &str, best_ms, median_ms| Row {
            workload: workload.into(),
            best_ms,
            median_ms,
            ..Row::of("into", "w")
        };
        assert_eq!(spread(&[row("a", 1.0, 1.2)]), None);
        assert_eq!(
            spread(&[row("a", 1.0, 1.4), row("b", 1.0, 1.0)]).as_deref(),
            Some("medians lie more than 30 % above the best of a")
        );
    }
}
