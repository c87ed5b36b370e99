//! The report as one page of HTML without outside resources: the drawing, what each pass changed, memory, decisions, source.
//!
//! The drawing and the tables are in the page as it is; the script (`page.js`) links them, shows details, moves the view.

mod data;
mod drawing;
mod layered;
mod tables;

use crate::report::{BufferReport, NodeReport, Report, StepReport};
use drawing::{Drawing, Line, Rect, What, buffer_label, draw, node_label};
use fuseloom_engine::Result;
use std::fmt::Write;

/// The page of a report that goes as far as the machine's instructions.
pub(super) fn page(mut report: Report) -> Result<String> {
    let drawing = draw(&report);
    let tables = tables::tables(&report);
    let title = title(&report);
    // What is in tables need not be in the data too.
    report.recorded.clear();
    report.passes.clear();
    let mut out = String::with_capacity(1 << 20);
    let (style, script) = (include_str!("page.css"), include_str!("page.js"));
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>fuseloom: {title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{style}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#graph\">Skip to the graph</a>\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n\
         <div role=\"tablist\" aria-label=\"Views\">\n",
        summary(&report),
    );
    for (k, (id, name, _)) in tables.iter().enumerate() {
        let (selected, stop) = if k == 0 { ("true", 0) } else { ("false", -1) };
        let _ = writeln!(
            out,
            "<button type=\"button\" role=\"tab\" id=\"tab-{id}\" aria-controls=\"{id}\" aria-selected=\"{selected}\" \
             tabindex=\"{stop}\">{name}</button>"
        );
    }
    out.push_str("</div>\n</header>\n<main>\n");
    for (id, _, html) in &tables {
        let _ = writeln!(out, "<section id=\"{id}\" role=\"tabpanel\" aria-labelledby=\"tab-{id}\">");
        match *id {
            "graph" => graph(&mut out, &report, &drawing),
            _ => out.push_str(html),
        }
        out.push_str("</section>\n");
    }
    let data = data::data(report, out.len())?;
    let _ = write!(
        out,
        "</main>\n<script type=\"application/json\" id=\"report\">{data}</script>\n<script>\n{script}</script>\n</body>\n</html>\n"
    );
    Ok(out)
}

fn title(report: &Report) -> String {
    match &report.plan {
        Some(plan) => {
            let kernels = plan.steps.iter().filter(|step| step.kind == "kernel").count();
            super::text::counted(kernels, "kernel")
        }
        None => "interpreted".to_string(),
    }
}

fn summary(report: &Report) -> String {
    let mut parts = vec![super::text::counted(report.optimized.len(), "node")];
    if let Some(plan) = &report.plan {
        let stored = plan.buffers.iter().filter(|b| b.kind == super::report::BufferKindReport::Temporary).count();
        parts.push(super::text::counted(stored, "temporary buffer"));
        if let Some(peak) = plan.peak {
            parts.push(format!("at most {} bytes at once beside the inputs", grouped(peak.bytes as u64)));
        }
        let moved: u64 = plan.steps.iter().filter_map(|step| step.traffic).map(|t| t.read + t.written).sum();
        if moved > 0 {
            parts.push(format!("{} bytes moved", grouped(moved)));
        }
    }
    if let Some(reason) = &report.interpreted {
        parts.push(format!("not compiled: {}", escape(reason)));
    }
    if !report.fusion {
        parts.push("fusion is off".to_string());
    }
    parts.join(", ")
}

/// `12,345,678`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(char),
        }
    }
    out
}

/// The drawing with its tools and the room for details.
fn graph(out: &mut String, report: &Report, drawing: &Drawing) {
    let (width, height) = (drawing.width, drawing.height);
    let _ = write!(
        out,
        "<div class=\"canvas\">\n<div class=\"tools\" role=\"toolbar\" aria-label=\"View\">\n\
         <button type=\"button\" id=\"zoom-in\" aria-label=\"Zoom in\">+</button>\n\
         <button type=\"button\" id=\"zoom-out\" aria-label=\"Zoom out\">\u{2212}</button>\n\
         <button type=\"button\" id=\"zoom-fit\">Fit</button>\n\
         <input type=\"search\" id=\"search\" placeholder=\"Find an operation, line, buffer\" aria-label=\"Find in the graph\">\n\
         <output id=\"found\" aria-live=\"polite\"></output>\n\
         <div class=\"legend\" aria-hidden=\"true\"><span class=\"k\">kernel</span><span class=\"r\">input, output</span>\
         <span class=\"b\">temporary</span><span class=\"v\">view, constant</span></div>\n</div>\n\
         <svg class=\"drawing\" id=\"drawing\" role=\"group\" aria-roledescription=\"graph\" \
         aria-label=\"What runs, from the inputs at the top to the outputs at the bottom. Arrow keys move along edges, n and p to \
         the next and the previous box, Enter to the details, plus and minus zoom.\" \
         width=\"{width:.0}\" height=\"{height:.0}\" data-width=\"{width:.0}\" data-height=\"{height:.0}\">\n<g id=\"viewport\">\n"
    );
    let (clusters, others): (Vec<_>, Vec<_>) =
        drawing.boxes.iter().copied().partition(|(what, _)| matches!(what, What::Step(_)));
    // Clusters lie below edges, edges below nodes; the script puts them in the order of reading.
    for (what, rect) in clusters {
        boxed(out, report, what, &rect);
    }
    for line in &drawing.lines {
        curve(out, line);
    }
    for (what, rect) in others {
        boxed(out, report, what, &rect);
    }
    let _ = write!(
        out,
        "</g>\n</svg>\n<svg id=\"overview\" aria-hidden=\"true\" viewBox=\"0 0 {width:.0} {height:.0}\"><rect id=\"seen\"/></svg>\n\
         </div>\n<aside id=\"details\" tabindex=\"-1\" role=\"region\" aria-live=\"polite\" aria-label=\"Details\">\
         <p>Choose a box for what it is, why it is there, and its code.</p></aside>\n"
    );
}

fn boxed(out: &mut String, report: &Report, what: What, rect: &Rect) {
    let steps = report.plan.as_ref().map_or(&[][..], |plan| plan.steps.as_slice());
    let buffers = report.plan.as_ref().map_or(&[][..], |plan| plan.buffers.as_slice());
    let Rect { x, y, width, height } = rect;
    let shape = format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>");
    let (class, data, label, texts) = match what {
        What::Step(step) => {
            let hue = [212, 152, 28, 268, 342, 182, 62, 312][step % 8];
            let title = steps.get(step).map_or_else(|| "interpreter".to_string(), step_title);
            let aria = steps.get(step).map_or_else(|| title.clone(), |step| step_aria(step, buffers));
            (format!("cluster\" style=\"--hue:{hue}"), String::new(), aria, vec![(title, 17.0)])
        }
        What::Node { node, step } => {
            let node = &report.optimized[node as usize];
            let class = match (node.output, node.steps.is_empty()) {
                (true, _) => "node output",
                (false, true) => "node view",
                (false, false) => "node",
            };
            let (first, second) = node_label(node);
            let aria = node_aria(node, steps.get(step));
            (class.to_string(), format!(" data-node=\"{}\"", node.id), aria, vec![(first, 15.0), (second, 29.0)])
        }
        What::Buffer(buffer) => {
            let buffer = &buffers[buffer];
            let (first, second) = buffer_label(buffer);
            let kind = match buffer.kind {
                super::report::BufferKindReport::Input => "input",
                super::report::BufferKindReport::Output => "output",
                super::report::BufferKindReport::Temporary => "temporary",
            };
            (format!("buffer {kind}"), String::new(), buffer_aria(buffer, kind), vec![(first, 15.0), (second, 29.0)])
        }
    };
    let label = escape(&label);
    let _ = write!(
        out,
        "<g class=\"box {class}\" id=\"{}\"{data} role=\"button\" tabindex=\"-1\" aria-pressed=\"false\" aria-label=\"{label}\">\
         {shape}",
        what.id()
    );
    let centred = !matches!(what, What::Step(_));
    for (k, (text, dy)) in texts.iter().enumerate() {
        let class = if k == 1 { " class=\"second\"" } else { "" };
        let (x, anchor) = if centred { (x + width / 2.0, " text-anchor=\"middle\"") } else { (x + 10.0, "") };
        let _ = write!(out, "<text x=\"{x:.1}\" y=\"{:.1}\"{anchor}{class}>{}</text>", y + dy, escape(text));
    }
    out.push_str("</g>\n");
}

fn step_title(step: &StepReport) -> String {
    let name = if step.kind == step.name { &step.kind } else { &step.name };
    let time = step.measured.map_or(String::new(), |measured| format!(", {:.3} ms", measured.milliseconds));
    format!("step {}: {name}{time}", step.number)
}

fn step_aria(step: &StepReport, buffers: &[BufferReport]) -> String {
    let named = |list: &[usize]| list.iter().map(|k| buffers[*k].name.as_str()).collect::<Vec<_>>().join(", ");
    let nodes = super::text::counted(step.nodes.len(), "operation");
    format!("{}, {nodes}, reads {}, writes {}", step_title(step), named(&step.reads), named(&step.writes))
}

fn node_aria(node: &NodeReport, step: Option<&StepReport>) -> String {
    let step = step.map_or(String::new(), |step| format!(", in {}", step.name));
    let output = if node.output { ", an output" } else { "" };
    let places = if node.places.is_empty() { String::new() } else { format!(", {}", node.places.join(", ")) };
    format!("{}{step}{output}{places}", node.text)
}

fn buffer_aria(buffer: &BufferReport, kind: &str) -> String {
    let reason = buffer.reason.as_ref().map_or(String::new(), |reason| format!(", {reason}"));
    format!("{kind} buffer {}, {} bytes{reason}", buffer.name, buffer.bytes)
}

fn curve(out: &mut String, line: &Line) {
    let Some(((x, y), rest)) = line.points.split_first() else { return };
    let mut path = format!("M{x:.1} {y:.1}");
    let (mut from_x, mut from_y) = (*x, *y);
    for &(x, y) in rest {
        let middle = (from_y + y) / 2.0;
        if (from_x - x).abs() < 0.05 {
            let _ = write!(path, "V{y:.1}");
        } else {
            let _ = write!(path, "C{from_x:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {y:.1}");
        }
        (from_x, from_y) = (x, y);
    }
    let (from, to) = (line.from.id(), line.to.id());
    let _ = writeln!(out, "<path class=\"edge\" d=\"{path}\" data-from=\"{from}\" data-to=\"{to}\"/>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_text_is_escaped() {
        assert_eq!(
            (grouped(0).as_str(), grouped(1000).as_str(), grouped(12_345_678).as_str()),
            ("0", "1,000", "12,345,678")
        );
        assert_eq!(escape("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }

    /// The colours of the page by name, of the light scheme and of the dark one.
    fn colours(scheme: usize) -> impl Fn(&str) -> [f64; 3] {
        let style = include_str!("page.css").split(":root {").nth(scheme + 1).unwrap().split('}').next().unwrap();
        move |name: &str| {
            let hex = style.split(&format!("--{name}: #")).nth(1).unwrap_or_else(|| panic!("no --{name}"));
            [0, 2, 4].map(|k| f64::from(u8::from_str_radix(&hex[k..k + 2], 16).unwrap()) / 255.0)
        }
    }

    /// Source: Web Content Accessibility Guidelines 2.2, "contrast ratio".
    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let luminance = |colour: [f64; 3]| {
            let linear = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_borders_can_be_told_from_their_ground() {
        for scheme in [0, 1] {
            let colour = colours(scheme);
            let grounds = ["ground", "raised", "node", "view", "buffer", "result", "added", "removed"];
            for (front, behind, least) in grounds
                .iter()
                .flat_map(|ground| [("text", *ground, 4.5), ("quiet", *ground, 4.5)])
                .chain([("accent", "ground", 4.5), ("on-accent", "accent", 4.5), ("node-line", "node", 3.0)])
                .chain([("buffer-line", "ground", 3.0), ("result-line", "ground", 3.0), ("edge", "ground", 3.0)])
            {
                let ratio = contrast(colour(front), colour(behind));
                assert!(ratio >= least, "scheme {scheme}: {front} on {behind} has {ratio:.2}");
            }
        }
    }
}
