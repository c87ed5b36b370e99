//! Other systems, each in a Python process of its own that calls when it is told to: see `benches/peers/peer.py`.

use super::systems::Contender;
use crate::failure::{Failure, Result};
use fuseloom::Array;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What a process runs: the program and a module for each system.
const FILES: [(&str, &str); 7] = [
    ("peer.py", include_str!("../../../../benches/peers/peer.py")),
    ("array_code.py", include_str!("../../../../benches/peers/array_code.py")),
    ("written.py", include_str!("../../../../benches/peers/written.py")),
    ("with_numpy.py", include_str!("../../../../benches/peers/with_numpy.py")),
    ("with_numexpr.py", include_str!("../../../../benches/peers/with_numexpr.py")),
    ("with_numba.py", include_str!("../../../../benches/peers/with_numba.py")),
    ("with_jax.py", include_str!("../../../../benches/peers/with_jax.py")),
];

/// Where in its directory a process writes the result.
const RESULT: &str = "result.npy";

/// A system that the Python at hand has.
pub(crate) struct Peer {
    program: String,
    pub(crate) system: &'static str,
    pub(crate) version: String,
}

/// What a system is to do.
#[derive(Clone, Copy)]
pub(crate) enum Task<'t> {
    /// The workload of this name.
    Workload(&'t str),
    /// This expression of inputs of these names.
    Expression(&'t str, &'t [String]),
}

/// What came of asking a system.
pub(crate) enum Found {
    /// It does it: it can be measured, and this is its result.
    Does(Contender, Array),
    /// It does not: why.
    Without(String),
}

/// A Python process with one task's inputs.
struct Process {
    system: &'static str,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// With the program, the inputs and the result; gone when this is dropped.
    directory: tempfile::TempDir,
}

/// A process that is ready, or why the system does not do the task.
type Ready = std::result::Result<Process, String>;

/// Looks for systems in Python (`$PYTHON`, else `python3`); of each that is not there says so, and how to get it.
pub(crate) fn find(systems: &[&'static str], mut tell: impl FnMut(String)) -> Vec<Peer> {
    let program = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let mut found = Vec::new();
    for &system in systems {
        let script = format!("from importlib.metadata import version; import numpy; print(version('{system}'))");
        let hint = format!(
            "install it with `python3 -m pip install {system}`, or all of them apart with benches/peers/install.sh, and \
             name the Python that has it in PYTHON"
        );
        match Command::new(&program).args(["-c", &script]).stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => {
                let version = String::from_utf8_lossy(&output.stdout).trim().to_string();
                found.push(Peer { program: program.clone(), system, version });
            }
            Ok(_) => tell(format!("{system} is left out: {program} does not have it: {hint}")),
            Err(error) => tell(format!("{system} is left out: cannot run {program} ({error}): {hint}")),
        }
    }
    found
}

impl Peer {
    /// The system with a task, on at most so many threads, and its result.
    pub(crate) fn contender(&self, task: Task<'_>, inputs: &[Array], threads: usize) -> Result<Found> {
        let mut process = match Process::start(self, task, inputs, threads)? {
            Ok(process) => process,
            Err(why) => return Ok(Found::Without(why)),
        };
        let first = process.ask("save")?;
        if let Some(why) = first.strip_prefix("without ") {
            return Ok(Found::Without(why.into()));
        }
        let cold = process.parsed(&first)?;
        let result = Array::load(process.result())?;
        let grown = process.number("peak")?;
        let call = move |calls| process.number(&format!("run {calls}"));
        let grown = (grown >= 0.0).then_some(grown as usize);
        Ok(Found::Does(Contender::other(self.system, cold, call, grown), result))
    }
}

impl Process {
    fn start(peer: &Peer, task: Task<'_>, inputs: &[Array], threads: usize) -> Result<Ready> {
        let failed = |error: std::io::Error| Failure::Message(format!("cannot start {}: {error}", peer.program));
        let directory = tempfile::tempdir().map_err(failed)?;
        for (name, text) in FILES {
            std::fs::write(directory.path().join(name), text).map_err(failed)?;
        }
        let mut files: Vec<PathBuf> = Vec::new();
        for (k, input) in inputs.iter().enumerate() {
            files.push(directory.path().join(format!("x{k}.npy")));
            input.save(&files[k])?;
        }
        let mut command = Command::new(&peer.program);
        command.arg(directory.path().join("peer.py")).args([peer.system, &threads.to_string()]);
        command.arg(directory.path().join(RESULT));
        match task {
            Task::Workload(name) => {
                command.args(["workload", name]).args(&files);
            }
            Task::Expression(text, names) => {
                let path = directory.path().join("expression.txt");
                std::fs::write(&path, text).map_err(failed)?;
                command.arg("expression").arg(path);
                for (name, file) in names.iter().zip(&files) {
                    command.arg(format!("{name}={}", file.display()));
                }
            }
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("cannot talk to {}", peer.program).into());
        };
        let stdout = BufReader::new(stdout);
        let mut process = Process { system: peer.system, child, stdin, stdout, directory };
        let ready = process.answer()?;
        // The inputs are in the process now; they may be large.
        files.iter().for_each(|file| drop(std::fs::remove_file(file)));
        match ready.strip_prefix("without ") {
            Some(why) => Ok(Err(why.into())),
            None => Ok(Ok(process)),
        }
    }

    fn result(&self) -> PathBuf {
        self.directory.path().join(RESULT)
    }

    /// Sends a line and waits for the answer.
    fn ask(&mut self, question: &str) -> Result<String> {
        let failed = |error: std::io::Error| Failure::Message(format!("{} went away: {error}", self.system));
        writeln!(self.stdin, "{question}").and_then(|()| self.stdin.flush()).map_err(failed)?;
        self.answer()
    }

    /// Sends a line; the answer is a number.
    fn number(&mut self, question: &str) -> Result<f64> {
        let answer = self.ask(question)?;
        self.parsed(&answer)
    }

    fn parsed(&self, answer: &str) -> Result<f64> {
        answer.parse().map_err(|_| Failure::Message(format!("{} answered `{answer}`", self.system)))
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.stdout.read_line(&mut line) {
            Ok(read) if read > 0 => Ok(line.trim().into()),
            Ok(_) | Err(_) => Err(format!("{} went away without an answer", self.system).into()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends by itself when its stdin closes, but perhaps in the middle of a long call.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
