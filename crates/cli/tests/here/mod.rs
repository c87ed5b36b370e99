//! The command in a directory of its own, what it says, and files for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A directory that is gone after the test, and the command run in it.
pub(crate) struct Here(tempfile::TempDir);

impl Here {
    pub(crate) fn new() -> Here {
        Here(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fuseloom"));
        command.args(arguments).current_dir(self.0.path());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FUSELOOM_")) {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command prints that must succeed.
    pub(crate) fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The one message of a command that must fail, after `error: `.
    pub(crate) fn bad(&self, arguments: &[&str]) -> String {
        message(self.run(arguments), arguments)
    }

    /// The names of the files there are.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }
}

pub(crate) fn message(output: Output, arguments: &[&str]) -> String {
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stdout}{stderr}");
    assert_eq!(stdout, "", "{arguments:?}");
    let message = stderr.strip_prefix("error: ").unwrap_or_else(|| panic!("{arguments:?}: {stderr}"));
    assert!(!message.contains("panicked") && !message.contains("error: "), "{message}");
    message.trim_end().to_string()
}

/// Two arrays: `x.npy` is f32[3,2], `w.npy` is f32[2].
pub(crate) fn arrays() -> Here {
    let here = Here::new();
    here.write("x.npy", npy("(3, 2)", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    here.write("w.npy", npy("(2,)", &[10.0, 0.5]));
    here
}

/// They, as inputs of a command.
pub(crate) const GIVEN: [&str; 4] = ["-i", "x=x.npy", "-i", "w=w.npy"];

pub(crate) fn with<'a>(command: &[&'a str], given: &[&'a str]) -> Vec<&'a str> {
    [command, given].concat()
}

/// An `.npy` file of `f32`.
pub(crate) fn npy(shape: &str, elements: &[f32]) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    header.push_str(&" ".repeat(127 - 10 - header.len()));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(elements.iter().flat_map(|x| x.to_le_bytes()));
    bytes
}

pub(crate) fn elements(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    bytes[128..].chunks_exact(4).map(|x| f32::from_le_bytes(x.try_into().unwrap())).collect()
}
