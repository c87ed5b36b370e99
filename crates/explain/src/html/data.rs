//! The report as data of the page, for the script; the texts of kernels are cut so that the page does not grow too large.

use crate::report::{Report, StepReport};
use fuseloom_engine::Result;
use fuseloom_engine::Stage;
use fuseloom_engine::internal;
use std::fmt::Write;

/// Bytes of a page, beyond which the longest texts of kernels are cut.
const PAGE: usize = 900_000;
/// Bytes that the texts of kernels have in any case.
const CODE: usize = 150_000;

/// The report as it is in the page beside so many other bytes.
pub(super) fn data(mut report: Report, others: usize) -> Result<String> {
    let json = |report: &Report| {
        let data = serde_json::to_string(report).map_err(|error| internal("explain", error.to_string()))?;
        // In a script element only `</` and `<!--` could end the data.
        Ok(data.replace('<', "\\u003c"))
    };
    let take = |step: &mut StepReport| [step.kernel.take(), step.clif.take(), step.asm.take()];
    let mut texts: Vec<Code> = steps(&mut report).iter_mut().map(take).collect();
    let without = json(&report)?.len() + others;
    cut_code(&mut texts, PAGE.saturating_sub(without).max(CODE));
    for (step, code) in steps(&mut report).iter_mut().zip(texts) {
        [step.kernel, step.clif, step.asm] = code;
    }
    json(&report)
}

fn steps(report: &mut Report) -> &mut [StepReport] {
    report.plan.as_mut().map_or(&mut [], |plan| plan.steps.as_mut_slice())
}

/// The texts of a step at the stages [`CODES`].
type Code = [Option<String>; 3];
const CODES: [Stage; 3] = [Stage::Kernels, Stage::Clif, Stage::Asm];

/// Bytes of a text in the page's data.
fn bytes_of(text: &str) -> usize {
    let more = |byte: u8| match byte {
        b'<' => 5,
        b'\n' | b'"' | b'\\' | b'\t' => 1,
        _ => 0,
    };
    text.len() + text.bytes().map(more).sum::<usize>()
}

/// Cuts the longest texts so that all together are not more than so many bytes, each at the end of a line.
fn cut_code(steps: &mut [Code], most: usize) {
    let sizes: Vec<usize> = steps.iter().flatten().flatten().map(|text| bytes_of(text)).collect();
    if sizes.iter().sum::<usize>() <= most {
        return;
    }
    let (mut low, mut high) = (0, most);
    while low < high {
        let limit = (low + high).div_ceil(2);
        if sizes.iter().map(|size| size.min(&limit)).sum::<usize>() <= most { low = limit } else { high = limit - 1 }
    }
    for step in steps {
        for (text, stage) in step.iter_mut().zip(CODES) {
            let Some(text) = text.as_mut().filter(|text| bytes_of(text) > low) else { continue };
            let (mut end, mut size) = (0, 0);
            for line in text.split_inclusive('\n') {
                size += bytes_of(line);
                if size > low {
                    break;
                }
                end += line.len();
            }
            let more = text[end..].lines().count();
            text.truncate(end);
            let _ = write!(text, "... {more} more lines: fuseloom explain --stage {}", stage.name());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_texts_are_cut_at_lines() {
        let code = |kernel: &str, clif: &str| [Some(kernel.to_string()), Some(clif.to_string()), None];
        let mut steps = [code("a < b\n", "0123456\n".repeat(30).as_str())];
        let whole = steps.clone();
        let all: usize = whole[0].iter().flatten().map(|text| bytes_of(text)).sum();
        assert_eq!(all, 12 + 30 * 9);
        cut_code(&mut steps, all);
        assert_eq!(steps, whole, "what fits is not cut");
        cut_code(&mut steps, 12 + 20);
        assert_eq!(steps, [code("a < b\n", "0123456\n0123456\n... 28 more lines: fuseloom explain --stage clif")]);
    }
}
