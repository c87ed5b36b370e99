//! Mistakes shown in the text they are in, as compilers show them.

use crate::place::Place;
use std::ops::Range;

/// Characters of a line that are shown; of longer ones the part around the mistake.
const WIDTH: usize = 96;
/// Characters kept before the mistake where a line is cut.
const BEFORE: usize = 32;

/// A message, the line it is about with the place marked, and a hint. `None` for a place that is no part of a text.
///
/// What is wrong is underlined with `~`, and its operator or name with `^`. Of several lines the one with that is shown.
pub(crate) fn annotate(message: &str, place: &Place, hint: Option<String>) -> Option<String> {
    let span = place.as_span()?;
    let text = span.source.text.as_str();
    let start = text.get(..span.focus.start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let end = text.get(start..)?.find('\n').map_or(text.len(), |length| start + length);
    let line = cut(text.get(start..end)?, columns(text, start, &span.whole), columns(text, start, &span.focus));
    let number = place.line().to_string();
    let margin = " ".repeat(number.len());
    let Shown { text: shown, marks } = line;
    let mut all = format!("{message}\n{margin}--> {place}\n{margin} |\n{number} | {shown}\n{margin} | {marks}");
    if let Some(hint) = hint {
        all += &format!("\n{margin} |\n{margin} = {hint}");
    }
    Some(all)
}

/// A range of bytes of the text as one of characters of the line that begins at `start`.
fn columns(text: &str, start: usize, range: &Range<usize>) -> Range<usize> {
    let column = |at: usize| text.get(start..at.max(start)).map_or(0, |before| before.chars().count());
    column(range.start)..column(range.end)
}

struct Shown {
    text: String,
    marks: String,
}

/// The part of a line around the focus, and the marks below it.
fn cut(line: &str, whole: Range<usize>, focus: Range<usize>) -> Shown {
    let length = line.chars().count();
    let first = if length <= WIDTH { 0 } else { focus.start.saturating_sub(BEFORE).min(length - WIDTH) };
    let last = (first + WIDTH).min(length);
    let (mut text, mut marks) = (String::new(), String::new());
    if first > 0 {
        text += "...";
        marks += "   ";
    }
    for (column, char) in line.chars().enumerate().take(last).skip(first) {
        // Nothing that moves a terminal's cursor.
        text.push(if char.is_control() { ' ' } else { char });
        marks.push(mark(column, &whole, &focus));
    }
    if last < length {
        text += "...";
    } else if focus.start >= length {
        // Something is missing at the end.
        marks.push('^');
    }
    Shown { text, marks: marks.trim_end().to_string() }
}

fn mark(column: usize, whole: &Range<usize>, focus: &Range<usize>) -> char {
    if focus.contains(&column) || (focus.is_empty() && column == focus.start) {
        '^'
    } else if whole.contains(&column) {
        '~'
    } else {
        ' '
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{Source, Span, span};

    fn shown(text: &str, whole: Range<usize>, focus: Range<usize>) -> String {
        let source = Source { name: "expression".into(), text: text.into() }.into();
        annotate("wrong", &span(Span { source, whole, focus }), Some("Do right.".into())).unwrap()
    }

    #[test]
    fn the_operator_and_its_operands_are_marked() {
        let expected = "wrong\n --> expression:1:4\n  |\n1 | (x + y).sum()\n  |  ~~^~~\n  |\n  = Do right.";
        assert_eq!(shown("(x + y).sum()", 1..6, 3..4), expected);
    }

    #[test]
    fn only_the_line_with_the_focus_is_shown() {
        let text = "a = (x +\n  y @ z)";
        assert!(shown(text, 4..16, 13..14).ends_with("2 |   y @ z)\n  | ~~~~^~~\n  |\n  = Do right."), "{text}");
        assert!(shown("x +", 3..3, 3..3).contains("1 | x +\n  |    ^\n"));
        assert!(shown("x +\n", 4..4, 4..4).contains("2 | \n  | ^\n"));
    }

    #[test]
    fn long_lines_are_cut_and_nothing_moves_the_cursor() {
        let text = format!("{}\u{1b}[2J é+é {}", "x+".repeat(500), "+y".repeat(500));
        let at = text.find("é+é").unwrap();
        let shown = shown(&text, at..at + 5, at + 2..at + 3);
        assert!(shown.contains("...") && !shown.contains('\u{1b}'), "{shown}");
        let lines: Vec<&str> = shown.lines().collect();
        let column = |line: &str, found: char| line.chars().position(|c| c == found).unwrap();
        assert_eq!(column(lines[3], 'é'), column(lines[4], '~'));
        assert!(lines[3].chars().count() < 120);
    }
}
