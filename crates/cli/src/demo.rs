//! `fuseloom demo`: the main job on real input.
//!
//! The data are 1,797 handwritten digits of 8x8 pixels (see `examples/data/LICENCE.md`). Each of the last 797 gets the label of
//! its nearest neighbour among the first 1,000; and the pixels of all are standardized.

use crate::failure::{Failure, Result};
use crate::units;
use fuseloom::prelude::*;
use fuseloom::{Explain, Stage, eval_all_with, explain_all_with};
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// The data, so that the demo runs anywhere.
const DIGITS: &[u8] = include_bytes!("../../../examples/data/digits.npz");

/// The images whose labels are known.
const TRAIN: i64 = 1000;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Another archive with `images` and `labels`, instead of the digits that come with the program
    #[arg(long, value_name = "FILE.npz")]
    data: Option<PathBuf>,
    /// At most so many threads
    #[arg(long)]
    threads: Option<usize>,
    /// How often each way is timed
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
}

pub(crate) fn demo(arguments: &Arguments, out: &mut dyn Write) -> Result<()> {
    let (images, labels) = load(arguments)?;
    let (count, train) = (labels.len(), TRAIN as usize);
    if images.ndim() != 2 || labels.ndim() != 1 || images.shape()[0] != count || count <= train {
        let shapes = format!("images {:?} and labels {:?}", images.shape(), labels.shape());
        return Err(
            format!("the demo wants rows of pixels and a label for each, over {train} of them, not {shapes}").into()
        );
    }
    let recorded = record(&images, &labels);
    let fused = arguments.threads.iter().fold(Options::new(), |options, threads| options.threads(*threads));
    let eager = fused.clone().fusion(false);

    let results = eval_all_with(&recorded, &fused)?;
    writeln!(out, "{count} images of {} pixels", images.shape()[1])?;
    writeln!(out, "nearest neighbour: {} of {} labels agree", results[0].item::<i64>()?, count - train)?;
    let standard = &results[1];
    let (mean, std) = (Tensor::from(standard).mean(0).abs().max(..), Tensor::from(standard).std(0));
    let moments = eval_all(&[mean, std.max(..), std.eq(0).count_nonzero(..)])?;
    writeln!(
        out,
        "standardized: means within {:.0e} of 0, standard deviations up to {:.4}, {} pixels constant",
        moments[0].item::<f32>()?,
        moments[1].item::<f32>()?,
        moments[2].item::<i64>()?,
    )?;

    let explained = explain_all_with(&recorded, &fused);
    writeln!(out, "\n== plan ==\n{}", explained.text(Stage::Plan)?.trim_end())?;
    writeln!(out, "\n== kernels ==\n{}", explained.text(Stage::Kernels)?.trim_end())?;

    let apart = explain_all_with(&recorded, &eager);
    let [quick, slow] = times(&recorded, [&fused, &eager], arguments.repeats)?;
    writeln!(out, "\n== fused against eager (the same compiler with fusion off) ==")?;
    writeln!(
        out,
        "fused: {} kernels, {}, best of {}: {}",
        explained.kernels()?,
        peak(&explained)?,
        arguments.repeats,
        units::seconds(quick)
    )?;
    writeln!(
        out,
        "eager: {} kernels, {}, best of {}: {}",
        apart.kernels()?,
        peak(&apart)?,
        arguments.repeats,
        units::seconds(slow)
    )?;
    writeln!(out, "fused takes {} of the time", units::digits(quick / slow))?;
    Ok(())
}

/// How many labels agree, and the standardized pixels.
fn record(images: &Array, labels: &Array) -> [Tensor; 2] {
    let (x, labels) = (Tensor::from(images).cast(f32), Tensor::from(labels));
    let (train, test) = (x.slice(s![..TRAIN]), x.slice(s![TRAIN..]));
    // ((test[:, None, :] - train[None, :, :])**2).sum(-1).argmin(1)
    let difference = test.slice(s![.., NewAxis, ..]) - train.slice(s![NewAxis, .., ..]);
    let nearest = difference.power(2).sum(-1).argmin(1);
    let guessed = labels.slice(s![..TRAIN]).take(&nearest, 0);
    let agreeing = guessed.eq(labels.slice(s![TRAIN..])).count_nonzero(..);

    let std = x.std(0);
    let standard = (&x - x.mean(0)) / where_(std.eq(0), 1, &std);
    [agreeing, standard]
}

fn load(arguments: &Arguments) -> Result<(Array, Array)> {
    let both = |path: &std::path::Path| Ok((Array::load_npz(path, "images")?, Array::load_npz(path, "labels")?));
    if let Some(path) = &arguments.data {
        return both(path);
    }
    let failed = |error: std::io::Error| Failure::Message(format!("cannot unpack the digits: {error}"));
    let mut file = tempfile::NamedTempFile::new().map_err(failed)?;
    file.write_all(DIGITS).and_then(|()| file.flush()).map_err(failed)?;
    both(file.path())
}

/// The shortest time of each way, in seconds; the ways take turns.
fn times(recorded: &[Tensor; 2], ways: [&Options; 2], repeats: u32) -> Result<[f64; 2]> {
    let mut best = [f64::INFINITY; 2];
    for options in ways {
        eval_all_with(recorded, options)?;
    }
    for _ in 0..repeats {
        for (options, best) in ways.iter().zip(&mut best) {
            let start = Instant::now();
            eval_all_with(recorded, options)?;
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    Ok(best)
}

fn peak(explained: &Explain) -> Result<String> {
    let bytes = explained.peak_bytes()?;
    Ok(bytes.map_or("peak unknown".into(), |bytes| format!("peak {} ({bytes} bytes)", units::bytes(bytes))))
}
