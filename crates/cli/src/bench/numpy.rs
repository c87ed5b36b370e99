//! NumPy, in a Python process of its own that calls when it is told to.

use super::systems::Contender;
use super::workloads::Workload;
use crate::failure::{Failure, Result};
use fuseloom::Array;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The program it runs.
const PEER: &str = include_str!("../../../../benches/peers/numpy_peer.py");

/// The Python that has NumPy.
pub(crate) struct Python {
    program: String,
    pub(crate) version: String,
}

/// A Python process with one workload's inputs.
struct Peer {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// With the program, the inputs and the result; gone when this is dropped.
    directory: tempfile::TempDir,
}

/// Looks for Python (`$PYTHON`, else `python3`) with NumPy; if there is none, says how to get it.
pub(crate) fn find() -> std::result::Result<Python, String> {
    let program = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let hint = "install it with `python3 -m pip install numpy`, or name a Python that has it in PYTHON";
    let output = Command::new(&program).args(["-c", "import numpy; print(numpy.__version__)"]).output();
    match output {
        Ok(output) if output.status.success() => {
            Ok(Python { program, version: String::from_utf8_lossy(&output.stdout).trim().into() })
        }
        Ok(_) => Err(format!("{program} has no NumPy: {hint}")),
        Err(error) => Err(format!("cannot run {program} ({error}): {hint}")),
    }
}

/// NumPy with a workload, and its result.
pub(crate) fn contender(python: &Python, workload: &Workload, inputs: &[Array]) -> Result<(Contender, Array)> {
    let mut peer = Peer::start(python, workload, inputs)?;
    let start = Instant::now();
    peer.ask("save")?;
    let cold = start.elapsed().as_secs_f64();
    let result = Array::load(peer.result())?;
    let call = move |calls| {
        let answer = peer.ask(&format!("run {calls}"))?;
        answer.parse().map_err(|_| Failure::Message(format!("numpy answered `{answer}`")))
    };
    Ok((Contender { system: "numpy", cold, call: Box::new(call), program: None, singly: false }, result))
}

impl Peer {
    fn start(python: &Python, workload: &Workload, inputs: &[Array]) -> Result<Peer> {
        let failed = |error: std::io::Error| Failure::Message(format!("cannot start {}: {error}", python.program));
        let directory = tempfile::tempdir().map_err(failed)?;
        let script = directory.path().join("numpy_peer.py");
        std::fs::write(&script, PEER).map_err(failed)?;
        let mut files: Vec<PathBuf> = Vec::new();
        for (k, input) in inputs.iter().enumerate() {
            files.push(directory.path().join(format!("x{k}.npy")));
            input.save(&files[k])?;
        }
        let mut command = Command::new(&python.program);
        command.arg(script).arg(workload.name).args(&files).arg(directory.path().join("result.npy"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("cannot talk to {}", python.program).into());
        };
        let mut peer = Peer { child, stdin, stdout: BufReader::new(stdout), directory };
        peer.answer()?;
        Ok(peer)
    }

    fn result(&self) -> PathBuf {
        self.directory.path().join("result.npy")
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        let failed = |error: std::io::Error| Failure::Message(format!("numpy went away: {error}"));
        writeln!(self.stdin, "{question}").and_then(|()| self.stdin.flush()).map_err(failed)?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.stdout.read_line(&mut line) {
            Ok(read) if read > 0 => Ok(line.trim().into()),
            Ok(_) | Err(_) => Err("numpy went away without an answer".to_string().into()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends by itself when its stdin closes, but perhaps in the middle of a long call.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
