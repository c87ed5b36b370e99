//! The tables of the page: what each pass changed, memory over the steps, every decision, every buffer, every source line.

use super::escape;
use crate::report::{BufferKindReport, Change, LineReport, PassReport, PlanReport, Report, Size};
use crate::text::counted;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines around a change that are shown.
const AROUND: usize = 2;

/// The sections of the page: identifier, name, content. The graph's content is drawn elsewhere.
pub(super) fn tables(report: &Report) -> Vec<(&'static str, &'static str, String)> {
    let mut all = vec![("graph", "Graph", String::new()), ("passes", "Passes", passes(report))];
    if let Some(plan) = &report.plan {
        all.extend([
            ("memory", "Memory", memory(plan)),
            ("decisions", "Decisions", decisions(plan)),
            ("buffers", "Buffers", buffers(plan)),
        ]);
    }
    all.push(("source", "Source", source(report)));
    all
}

fn passes(report: &Report) -> String {
    let mut out = String::from("<h2>What each pass changed</h2>\n");
    for pass in &report.passes {
        self::pass(&mut out, pass);
    }
    out
}

fn pass(out: &mut String, pass: &PassReport) {
    let time = pass.milliseconds.map_or(String::new(), |ms| format!(", {ms:.3} ms"));
    let _ = writeln!(out, "<h3>{}: {}</h3>", pass.name, escape(pass.about));
    if !pass.changed {
        let _ = writeln!(out, "<p class=\"quiet\">unchanged{time}</p>");
        return;
    }
    let facts: Vec<String> = pass
        .facts
        .iter()
        .map(|fact| {
            format!(
                "{}{}",
                escape(fact.what),
                if fact.count > 1 { format!(" ({} times)", fact.count) } else { String::new() }
            )
        })
        .collect();
    let facts = if facts.is_empty() { String::new() } else { format!(": {}", facts.join("; ")) };
    let _ = writeln!(out, "<p>{} before, {} after{time}{facts}</p>", counted(pass.before, "node"), pass.after);
    for run in &pass.runs {
        let changed = run.lines.iter().filter(|line| line.change != Change::Same).count();
        let open = if changed <= 60 { " open" } else { "" };
        let _ = writeln!(
            out,
            "<details{open}><summary>round {}: {}</summary>",
            run.round + 1,
            counted(changed, "changed line")
        );
        difference(out, &run.lines);
        out.push_str("</details>\n");
    }
}

/// Before at the left, after at the right; what stays the same is folded away.
fn difference(out: &mut String, lines: &[LineReport]) {
    out.push_str(
        "<table class=\"difference\"><thead><tr><th scope=\"col\">before</th><th scope=\"col\">after</th></tr></thead><tbody>\n",
    );
    let changed: Vec<usize> = (0..lines.len()).filter(|k| lines[*k].change != Change::Same).collect();
    let near = |k: usize| {
        let at = changed.partition_point(|c| *c + AROUND < k);
        changed.get(at).is_some_and(|c| c.abs_diff(k) <= AROUND)
    };
    let mut k = 0;
    while k < lines.len() {
        match lines[k].change {
            Change::Same if near(k) => {
                let text = escape(&lines[k].text);
                let _ = writeln!(out, "<tr><td>{text}</td><td>{text}</td></tr>");
                k += 1;
            }
            Change::Same => {
                let end = (k..lines.len()).find(|&k| lines[k].change != Change::Same || near(k)).unwrap_or(lines.len());
                let _ = writeln!(
                    out,
                    "<tr><td colspan=\"2\" class=\"fold\">{} the same</td></tr>",
                    counted(end - k, "line")
                );
                k = end;
            }
            Change::Removed | Change::Added => {
                let end = (k..lines.len()).find(|&k| lines[k].change == Change::Same).unwrap_or(lines.len());
                let of = |change: Change| lines[k..end].iter().filter(move |line| line.change == change);
                let (removed, added): (Vec<_>, Vec<_>) = (of(Change::Removed).collect(), of(Change::Added).collect());
                for row in 0..removed.len().max(added.len()) {
                    let cell = |line: Option<&&LineReport>, class: &str, sign: &str| match line {
                        Some(line) => format!("<td class=\"{class}\">{sign} {}</td>", escape(&line.text)),
                        None => "<td></td>".to_string(),
                    };
                    let (left, right) =
                        (cell(removed.get(row), "removed", "\u{2212}"), cell(added.get(row), "added", "+"));
                    let _ = writeln!(out, "<tr>{left}{right}</tr>");
                }
                k = end;
            }
        }
    }
    out.push_str("</tbody></table>\n");
}

/// The bytes in use at each step, and when each buffer is there.
fn memory(plan: &PlanReport) -> String {
    let mut out = String::from("<h2>Memory over the steps</h2>\n");
    let _ = match plan.peak {
        Some(peak) => writeln!(
            out,
            "<p>At most {} bytes at once on one thread, inputs apart: {} of temporaries, {} of scratch, the rest results.</p>",
            super::grouped(peak.bytes as u64),
            super::grouped(peak.temporary as u64),
            super::grouped(peak.scratch as u64)
        ),
        None => writeln!(out, "<p>The bytes depend on named dims: give the inputs sizes to see them.</p>"),
    };
    let count = plan.steps.len();
    let buffers: Vec<_> =
        plan.buffers.iter().filter(|b| b.kind != BufferKindReport::Input && b.steps.is_some()).collect();
    let column = (900.0 / count.max(1) as f64).clamp(6.0, 120.0);
    let (left, chart, row) = (250.0, if plan.timeline.is_empty() { 0.0 } else { 150.0 }, 22.0);
    let (width, height) = (left + column * count as f64 + 20.0, chart + 40.0 + row * buffers.len() as f64);
    let _ = writeln!(
        out,
        "<svg class=\"memory\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"group\" aria-label=\"Buffers over the steps\">"
    );
    let most = plan.timeline.iter().map(|moment| moment.bytes).max().unwrap_or(0).max(1);
    if chart > 0.0 {
        let _ = writeln!(
            out,
            "<text x=\"{:.0}\" y=\"24\" text-anchor=\"end\">{} bytes</text>\
             <text x=\"{:.0}\" y=\"{chart:.0}\" text-anchor=\"end\">0</text>",
            left - 8.0,
            super::grouped(most),
            left - 8.0
        );
    }
    for moment in &plan.timeline {
        let tall = (chart - 20.0) * moment.bytes as f64 / most as f64;
        let _ = writeln!(
            out,
            "<rect class=\"total\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\"><title>step {}: {} bytes</title></rect>",
            left + column * moment.step as f64,
            chart - tall,
            column,
            moment.step,
            super::grouped(moment.bytes)
        );
    }
    let every = (30.0 / column).ceil().max(1.0) as usize;
    for step in (0..count).step_by(every) {
        let x = left + column * (step as f64 + 0.5);
        let _ = writeln!(
            out,
            "<text class=\"second\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{step}</text>",
            chart + 18.0
        );
    }
    for (k, buffer) in buffers.iter().enumerate() {
        let Some((first, last)) = buffer.steps else { continue };
        // Results are kept.
        let last = if buffer.kind == BufferKindReport::Output { count.max(1) - 1 } else { last };
        let y = chart + 30.0 + row * k as f64;
        let x = left + column * first as f64;
        let wide = column * (last + 1 - first) as f64;
        let class = if buffer.kind == BufferKindReport::Output { "bar output" } else { "bar" };
        let place = match buffer.in_place_of {
            Some(other) => format!(", in place of {}", plan.buffers[other].name),
            None => String::new(),
        };
        let label = escape(&format!("{}: {} bytes, steps {first} to {last}{place}", buffer.name, buffer.bytes));
        let name = escape(&format!(
            "{} {} bytes",
            buffer.name,
            buffer.bytes.known().map_or_else(|| buffer.bytes.to_string(), super::grouped)
        ));
        let _ = writeln!(
            out,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text><g class=\"{class}\" role=\"button\" tabindex=\"0\" \
             data-go=\"buffer-{}\" aria-label=\"{label}\"><title>{label}</title>\
             <rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"14\" rx=\"3\"/></g>",
            left - 8.0,
            y + 12.0,
            buffer.number,
            y + 1.0
        );
    }
    out.push_str("</svg>\n");
    out
}

fn decisions(plan: &PlanReport) -> String {
    let mut out = String::from(
        "<h2>Every fusion taken and refused</h2>\n<table><thead><tr><th scope=\"col\">choice</th><th scope=\"col\">values</th>\
         <th scope=\"col\">why</th><th scope=\"col\" class=\"number\">bytes</th></tr></thead><tbody>\n",
    );
    for decision in &plan.decisions {
        let class = if decision.taken { "taken" } else { "refused" };
        let effect = decision.effect.trim_end_matches(':');
        let _ = writeln!(
            out,
            "<tr><td class=\"{class}\">{}</td><td class=\"mono\">{}</td><td>{}</td><td class=\"number\">{effect} {}</td></tr>",
            decision.choice,
            escape(&decision.subject),
            escape(&decision.reason),
            decision.bytes.known().map_or_else(|| escape(&decision.bytes.to_string()), super::grouped)
        );
    }
    out.push_str("</tbody></table>\n");
    out.push_str(
        "<h2>How the loops of each kernel run</h2>\n<table><thead><tr><th scope=\"col\">step</th><th scope=\"col\">choice</th>\
         <th scope=\"col\">what</th><th scope=\"col\" class=\"number\">extent</th><th scope=\"col\" class=\"number\">by</th>\
         <th scope=\"col\">why</th></tr></thead><tbody>\n",
    );
    for step in &plan.steps {
        for choice in &step.loops {
            let class = if choice.taken { "taken" } else { "refused" };
            let size = |size: &Option<Size>| size.as_ref().map_or(String::new(), |size| escape(&size.to_string()));
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td class=\"{class}\">{}</td><td class=\"mono\">{}</td><td class=\"number\">{}</td>\
                 <td class=\"number\">{}</td><td>{}</td></tr>",
                step.number,
                choice.choice,
                escape(&choice.subject),
                size(&choice.extent),
                size(&choice.part),
                escape(&choice.reason)
            );
        }
    }
    out.push_str("</tbody></table>\n");
    out
}

fn buffers(plan: &PlanReport) -> String {
    let mut out = String::from(
        "<h2>Buffers</h2>\n<table><thead><tr><th scope=\"col\">name</th><th scope=\"col\">type</th><th scope=\"col\">kind</th>\
         <th scope=\"col\" class=\"number\">bytes</th><th scope=\"col\">steps</th><th scope=\"col\">memory shared with</th>\
         <th scope=\"col\">why</th></tr></thead><tbody>\n",
    );
    for buffer in &plan.buffers {
        let shape: Vec<String> = buffer.shape.iter().map(ToString::to_string).collect();
        let kind = match (buffer.kind, buffer.in_place_of) {
            (BufferKindReport::Input, _) => "input".to_string(),
            (BufferKindReport::Output, _) => "output".to_string(),
            (BufferKindReport::Temporary, None) => "temporary".to_string(),
            (BufferKindReport::Temporary, Some(other)) => format!("in place of {}", plan.buffers[other].name),
        };
        let steps = buffer.steps.map_or(String::new(), |(first, last)| format!("{first} to {last}"));
        let shares: Vec<&str> = buffer.shares.iter().map(|k| plan.buffers[*k].name.as_str()).collect();
        let _ = writeln!(
            out,
            "<tr><td><button type=\"button\" class=\"link\" data-go=\"buffer-{}\">{}</button></td><td class=\"mono\">{}[{}]</td>\
             <td>{kind}</td><td class=\"number\">{}</td><td>{steps}</td><td>{}</td><td>{}</td></tr>",
            buffer.number,
            escape(&buffer.name),
            buffer.dtype,
            escape(&shape.join(",")),
            buffer.bytes.known().map_or_else(|| escape(&buffer.bytes.to_string()), super::grouped),
            escape(&shares.join(", ")),
            escape(buffer.reason.as_deref().unwrap_or_default())
        );
    }
    out.push_str("</tbody></table>\n");
    out
}

/// Each line of the caller's program with the nodes that were written there.
fn source(report: &Report) -> String {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in &report.optimized {
        for place in &node.places {
            places.entry(place).or_default().push(&node.text);
        }
    }
    let mut out = String::from("<h2>Where it was written</h2>\n");
    if places.is_empty() {
        out.push_str("<p>A graph's text has no source lines.</p>\n");
        return out;
    }
    out.push_str("<table><thead><tr><th scope=\"col\">line</th><th scope=\"col\">nodes</th></tr></thead><tbody>\n");
    for (place, nodes) in places {
        let place = escape(place);
        let nodes: Vec<String> = nodes.iter().map(|text| escape(text)).collect();
        let _ = writeln!(
            out,
            "<tr><td><button type=\"button\" class=\"link\" data-place=\"{place}\">{place}</button></td><td class=\"mono\">{}</td></tr>",
            nodes.join("<br>")
        );
    }
    out.push_str("</tbody></table>\n");
    out
}
