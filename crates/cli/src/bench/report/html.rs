//! A page with a chart and a table, complete in itself.

use super::{OURS, Report, Row, SYSTEMS};
use crate::units;
use std::fmt::Write;

/// Colours of [`SYSTEMS`], told apart also by those who see few colours.
const COLOURS: [&str; SYSTEMS.len()] =
    ["#d55e00", "#e69f00", "#a65628", "#8c8c8c", "#332288", "#0072b2", "#56b4e9", "#009e73", "#cc79a7"];

/// Where things are, in pixels.
const LEFT: f64 = 270.0;
const WIDTH: f64 = 1080.0;
const TOP: f64 = 34.0;
const LINE: f64 = 24.0;

/// The whole report as HTML, without outside resources.
pub(crate) fn page(report: &Report) -> String {
    let mut out = String::from(HEAD);
    let processor = report.processor.as_deref().unwrap_or("an unknown processor");
    let versions: Vec<String> = report.systems.iter().map(|(name, version)| format!("{name} {version}")).collect();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<h1>fuseloom bench</h1>\n<p>fuseloom {}, {} on {} thread{} of {}{}{}.</p>\n",
        report.fuseloom,
        escape(&report.isa),
        report.threads,
        if report.threads == 1 { "" } else { "s" },
        escape(processor),
        if versions.is_empty() { "" } else { "; against " },
        escape(&versions.join(", "))
    );
    for warning in &report.warnings {
        let _ = writeln!(out, "<p class=\"warning\" role=\"note\">{}</p>", escape(warning));
    }
    out.push_str(
        "<h2>Time beside the machine's limit</h2>\n<p>Each mark is the best time of a system, as a multiple of the least time \
         in which this machine can move the workload's bytes and do its operations. Further left is faster; the scale is \
         logarithmic.</p>\n",
    );
    legend(report, &mut out);
    chart(report, &mut out);
    out.push_str("<h2>Figures</h2>\n");
    figures(report, &mut out);
    out.push_str("</body></html>\n");
    out
}

fn legend(report: &Report, out: &mut String) {
    out.push_str("<p class=\"legend\">");
    for system in report.measured() {
        let _ = write!(
            out,
            "<span><svg width=\"14\" height=\"14\" aria-hidden=\"true\">{}</svg> {system}</span> ",
            mark(system, 7.0, 7.0, "")
        );
    }
    out.push_str("</p>\n");
}

/// Dots on a line for each workload, over a logarithmic axis.
fn chart(report: &Report, out: &mut String) {
    let ratio = |row: &Row| row.best_ms / row.limit_ms;
    let ratios = || report.rows.iter().map(ratio).filter(|ratio| ratio.is_finite() && *ratio > 0.0);
    let least = ratios().fold(1.0, f64::min).min(0.9);
    let most = ratios().fold(2.0, f64::max) * 1.1;
    let place = |ratio: f64| LEFT + (WIDTH - LEFT - 20.0) * (ratio / least).ln() / (most / least).ln();
    let height = TOP + LINE * report.workloads().count() as f64 + 10.0;
    let _ = writeln!(
        out,
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Best times as multiples of the machine's limit; the table below has the figures\">"
    );
    let decades = (-2..6).map(|power| 10f64.powi(power));
    for tick in decades.flat_map(|decade| [decade, 2.0 * decade, 5.0 * decade]).filter(|t| (least..=most).contains(t)) {
        let x = place(tick);
        let class = if tick == 1.0 { "limit" } else { "grid" };
        let _ = writeln!(
            out,
            "<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{height}\"/>\
             <text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            TOP - 8.0,
            if tick == 1.0 { "limit".to_string() } else { format!("{tick} \u{d7}") }
        );
    }
    for (line, rows) in report.workloads().enumerate() {
        let y = TOP + LINE * (line as f64 + 0.5);
        let name = escape(&rows[0].workload);
        let _ = writeln!(
            out,
            "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{name}</text><line class=\"row\" x1=\"{LEFT}\" x2=\"{WIDTH}\" \
             y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
            LEFT - 10.0,
            y + 4.0
        );
        // What is drawn last lies on top: fuseloom's own.
        for row in rows.iter().rev().filter(|row| ratio(row).is_finite()) {
            let title = format!(
                "{} {}: {} ms, {} times the limit",
                row.workload,
                row.system,
                units::digits(row.best_ms),
                units::digits(ratio(row))
            );
            out.push_str(&mark(row.system, place(ratio(row)), y, &title));
        }
        out.push('\n');
    }
    out.push_str("</svg>\n");
}

/// The mark of a system: a diamond for fuseloom, a disc for others.
fn mark(system: &str, x: f64, y: f64, title: &str) -> String {
    let which = SYSTEMS.iter().position(|other| *other == system).unwrap_or(0);
    let (colour, title) = (COLOURS[which], escape(title));
    if which < OURS {
        let (left, right, above, below) = (x - 6.0, x + 6.0, y - 6.0, y + 6.0);
        format!(
            "<path fill=\"{colour}\" d=\"M{left:.1} {y:.1}L{x:.1} {above:.1}L{right:.1} {y:.1}L{x:.1} {below:.1}Z\">\
             <title>{title}</title></path>"
        )
    } else {
        format!("<circle fill=\"{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"><title>{title}</title></circle>")
    }
}

fn figures(report: &Report, out: &mut String) {
    out.push_str("<div class=\"scroll\"><table><thead><tr>");
    let header = [
        "workload",
        "system",
        "threads",
        "best ms",
        "median ms",
        "cold ms",
        "compile ms",
        "kernels",
        "peak",
        "limit ms",
        "of limit",
    ];
    for name in header {
        let _ = write!(out, "<th scope=\"col\">{name}</th>");
    }
    out.push_str("</tr></thead>\n");
    for rows in report.workloads() {
        out.push_str("<tbody>");
        for (k, row) in rows.iter().enumerate() {
            out.push_str("<tr>");
            if k == 0 {
                let _ = write!(out, "<th scope=\"rowgroup\" rowspan=\"{}\">{}</th>", rows.len(), escape(&row.workload));
            }
            let some = |text: Option<String>| text.unwrap_or_else(|| "\u{2013}".into());
            let cells = [
                row.system.to_string(),
                row.threads.to_string(),
                units::digits(row.best_ms),
                units::digits(row.median_ms),
                units::digits(row.cold_ms),
                some(row.compile_ms.map(units::digits)),
                some(row.kernels.map(|kernels| kernels.to_string())),
                some(row.peak_bytes.map(units::bytes)),
                units::digits(row.limit_ms),
                units::digits(row.limit_fraction),
            ];
            for cell in cells {
                let _ = write!(out, "<td>{cell}</td>");
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n");
    }
    out.push_str("</table></div>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>fuseloom bench</title>
<style>
:root { color-scheme: light dark; --ink: #1c1c1c; --faint: #d8d8d8; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --faint: #444; --paper: #161616; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: var(--ink);
  background: var(--paper); }
.warning { border-left: 4px solid #d55e00; padding-left: 1em; }
.legend span { margin-right: 1.2em; white-space: nowrap; } .legend svg { vertical-align: -2px; }
.chart { width: 100%; height: auto; } .chart text { fill: var(--ink); font-size: 13px; }
.name { text-anchor: end; } .tick { text-anchor: middle; }
.grid, .row { stroke: var(--faint); } .limit { stroke: var(--ink); stroke-width: 2; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 2px 10px; text-align: right; } th { text-align: left; vertical-align: top; } td:nth-of-type(1) { text-align: left; }
tbody { border-top: 1px solid var(--faint); }
</style></head><body>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_and_needs_nothing_else() {
        let jax = Row { best_ms: 40.0, ..Row::of("jax", "w") };
        let page = page(&Report::with(vec![Row::of("fused", "w"), jax, Row::of("fused", "v"), Row::of("numpy", "v")]));
        assert!(page.contains("it was loud &amp; &lt;noisy&gt;") && !page.contains("http"));
        assert_eq!(page.matches("<circle").count(), 4, "a mark in the legend and one in the chart for each of two");
        assert!(page.contains("w jax: 40.0 ms, 80.0 times the limit"));
        for tag in ["svg", "table", "tbody", "tr", "p", "body", "html"] {
            let open = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        // Further right is slower.
        let x = |title: &str| {
            let at = page.find(title).unwrap();
            let cx = page[..at].rfind("cx=\"").unwrap() + 4;
            page[cx..].split('"').next().unwrap().parse::<f64>().unwrap()
        };
        assert!(x("w jax") > x("v numpy"));
    }
}
