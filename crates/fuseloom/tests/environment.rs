//! The environment, each time in a process of its own.

use fuseloom::{info, prelude::*};
use std::process::{Command, Output};

fn child(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "computes", "--ignored", "--nocapture"]);
    command.envs(variables.iter().copied()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "the other tests run it, in an environment of its own"]
fn computes() {
    match (&linspace(0, 1, 5) * 2.0).exp().sum(..).eval() {
        Ok(sum) => println!("sum {sum} on {}", info().unwrap().isa),
        Err(error) => println!("error {error}"),
    }
}

fn stdout(variables: &[(&str, &str)]) -> String {
    String::from_utf8_lossy(&child(variables).stdout).into_owned()
}

#[test]
fn interpreted_and_compiled_give_the_same() {
    let compiled = stdout(&[]);
    let interpreted = stdout(&[("FUSELOOM_ISA", "interpreter")]);
    let value = |text: &str| text.split("sum ").nth(1).map(|rest| rest.split(' ').next().unwrap().to_string());
    assert!(value(&compiled).is_some(), "{compiled}");
    assert_eq!(value(&compiled), value(&interpreted));
    assert!(interpreted.contains("on interpreter"), "{interpreted}");
}

#[test]
fn a_memory_limit_is_kept_by_the_interpreter_too() {
    let interpreted = |limit| stdout(&[("FUSELOOM_ISA", "interpreter"), ("FUSELOOM_MEMORY_LIMIT", limit)]);
    assert!(interpreted("1").contains("the memory limit is 1."), "{}", interpreted("1"));
    assert!(interpreted("1M").contains("on interpreter"), "{}", interpreted("1M"));
}

#[test]
fn nonsense_is_an_error_and_a_wrong_name_a_warning() {
    assert!(stdout(&[("FUSELOOM_THREADS", "none")]).contains("error FUSELOOM_THREADS: `none` is no number of threads"));
    assert!(stdout(&[("FUSELOOM_ISA", "z80")]).contains("error FUSELOOM_ISA: `z80` is neither"));
    let output = child(&[("FUSELOOM_FUSION", "0")]);
    assert!(stderr(&output).contains("fuseloom: unknown FUSELOOM_FUSION"), "{}", stderr(&output));
    assert!(!stderr(&child(&[])).contains("fuseloom: "));
    assert!(stdout(&[("FUSELOOM_MEMORY_LIMIT", "1")]).contains("the memory limit is 1."));
}

/// What `perf` reads to name functions.
#[cfg(target_os = "linux")]
#[test]
fn functions_are_announced_where_asked() {
    let directory = tempfile::tempdir().unwrap();
    let run = |kind: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "computes", "--ignored", "--nocapture"]).env("FUSELOOM_PERF", kind);
        let mut child = command.current_dir(directory.path()).stdout(std::process::Stdio::null()).spawn().unwrap();
        assert!(child.wait().unwrap().success());
        child.id()
    };
    let map = format!("/tmp/perf-{}.map", run("map"));
    let text = std::fs::read_to_string(&map).unwrap();
    std::fs::remove_file(&map).unwrap();
    let line = text.lines().find(|line| line.ends_with(" fuseloom::k0.phase.0")).expect("the kernel is named");
    let numbers: Vec<u64> =
        line.split(' ').take(2).map(|number| u64::from_str_radix(number, 16).expect("a number in hex")).collect();
    assert!(numbers[0] > 0 && numbers[1] > 0, "{line}");
    let dump = std::fs::read(directory.path().join(format!("jit-{}.dump", run("jitdump")))).unwrap();
    assert_eq!(u32::from_ne_bytes(dump[..4].try_into().unwrap()), 0x4A69_5444);
    // The records fill the file to its end.
    let (mut at, mut names) = (40, Vec::new());
    while at < dump.len() {
        let size = u32::from_ne_bytes(dump[at + 4..at + 8].try_into().unwrap()) as usize;
        let name = dump[at + 56..at + size].split(|byte| *byte == 0).next().unwrap();
        names.push(String::from_utf8_lossy(name).into_owned());
        at += size;
    }
    assert_eq!(at, dump.len());
    assert!(names.iter().any(|name| name == "fuseloom::k0.phase.0"), "{names:?}");
    assert!(stdout(&[("FUSELOOM_PERF", "yes")]).contains("error FUSELOOM_PERF: `yes` is neither map nor jitdump"));
}

#[test]
fn stages_are_dumped_where_asked() {
    let directory = tempfile::tempdir().unwrap();
    let new = directory.path().join("new/one");
    let to = new.to_str().unwrap();
    child(&[("FUSELOOM_DUMP_TO", to), ("FUSELOOM_DUMP", "graph,plan")]);
    let mut names: Vec<String> =
        std::fs::read_dir(to).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["0000-graph.fl", "0000-plan.fl"]);
    let log = stderr(&child(&[("FUSELOOM_LOG", "1")]));
    assert!(log.contains("fuseloom: compiled k0 in "), "{log}");
}
