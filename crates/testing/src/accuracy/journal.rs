//! A file of what was measured so far, so that a measurement of hours can stop and go on.
//!
//! A line is a batch: its name, a tab, and the errors found, floats as their bits. The name says which lane program was
//! measured, so that the batches of one that has changed are not taken for it.

use super::measure::{Errors, Place};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

/// Batches that are done, and where to put others.
#[derive(Debug, Default)]
pub struct Journal {
    done: Mutex<HashMap<String, Errors>>,
    file: Option<Mutex<File>>,
}

impl Journal {
    /// Reads a file, or begins one. A line cut short by an interruption is passed over.
    ///
    /// # Errors
    /// The file can neither be read nor created.
    pub fn open(path: &Path) -> Result<Journal, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let text = if path.exists() { std::fs::read_to_string(path).map_err(failed)? } else { String::new() };
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        let done = lines.filter_map(|(name, errors)| Some((name.to_string(), parse(errors)?))).collect();
        let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(Journal { done: Mutex::new(done), file: Some(Mutex::new(file)) })
    }

    /// What a batch gave, if it is done.
    pub(super) fn get(&self, name: &str) -> Option<Errors> {
        self.done.lock().expect("no thread panics holding it").get(name).cloned()
    }

    /// Keeps what a batch gave.
    ///
    /// # Panics
    /// The file cannot be written.
    pub(super) fn put(&self, name: &str, errors: &Errors) {
        if let Some(file) = &self.file {
            let line = format!("{name}\t{}\n", print(errors));
            let mut file = file.lock().expect("no thread panics holding it");
            file.write_all(line.as_bytes()).expect("the journal can be written");
        }
        self.done.lock().expect("no thread panics holding it").insert(name.to_string(), errors.clone());
    }
}

fn print(errors: &Errors) -> String {
    let Errors { worst, at, points, misrounded, proper, sum } = errors;
    let mut text = format!("{:x} {points} {misrounded} {proper} {:x}", worst.to_bits(), sum.to_bits());
    if let Some(place) = at {
        let floats = [place.got, place.want].into_iter().chain(place.args.iter().copied());
        text.extend(floats.map(|float| format!(" {:x}", float.to_bits())));
    }
    // So that a line that is cut short is no line.
    text + " ."
}

fn parse(text: &str) -> Option<Errors> {
    let mut words = text.strip_suffix(" .")?.split(' ');
    fn float(word: &str) -> Option<f64> {
        u64::from_str_radix(word, 16).ok().map(f64::from_bits)
    }
    let worst = words.next().and_then(float)?;
    let [points, misrounded, proper] =
        [words.next(), words.next(), words.next()].map(|word| word.and_then(|w| w.parse::<u64>().ok()));
    let sum = words.next().and_then(float)?;
    let rest = words.map(float).collect::<Option<Vec<f64>>>()?;
    let at = match rest.as_slice() {
        [] => None,
        [got, want, args @ ..] => Some(Place { args: args.to_vec(), got: *got, want: *want }),
        [_] => return None,
    };
    Some(Errors { worst, at, points: points?, misrounded: misrounded?, proper: proper?, sum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_back_and_broken_lines_do_not() {
        let place = Place { args: vec![0.5, -0.0], got: f64::INFINITY, want: 1e300 };
        let errors = Errors { worst: 0.75, at: Some(place), points: 9, misrounded: 2, proper: 7, sum: 1.5 };
        let text = print(&errors);
        assert_eq!(parse(&text), Some(errors));
        assert_eq!(parse(&print(&Errors::default())), Some(Errors::default()));
        for cut in 0..text.len() {
            assert_eq!(parse(&text[..cut]), None, "{}", &text[..cut]);
        }
    }
}
