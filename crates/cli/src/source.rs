//! What is run, explained or measured: an expression, a file of one, or the text of a graph.

use crate::failure::{Failure, Result};
use crate::given::Given;
use fuseloom::graph::{Graph, parse};
use fuseloom::{Expression, Options, Program, Type, is_graph_text};
use std::io::Read;
use std::path::Path;

/// The ending of a file that holds the text of a graph.
const GRAPH: &str = "fl";
/// Endings of names that only files have: nothing with one of these is an expression.
const ENDINGS: [&str; 4] = [GRAPH, "txt", "py", "expr"];
/// Bytes of a file that are read; texts that are longer are refused before they are parsed.
const MOST: u64 = 64 << 20;

/// A text, parsed.
pub(crate) enum Source {
    Graph(Graph),
    Expression(Expression),
}

/// Reads the file of that name, if there is one or the name can be nothing else; else takes it for an expression.
pub(crate) fn open(text: &str) -> Result<Source> {
    let path = Path::new(text);
    let names_file = path.extension().is_some_and(|end| ENDINGS.iter().any(|known| end == *known))
        && !text.contains(|c: char| c.is_whitespace() || "()[]+*=;,".contains(c));
    if !names_file && !path.exists() {
        return Ok(Source::Expression(Expression::parse(text)?));
    }
    let text = read(path)?;
    // What is wrong with a graph that does not even begin as one is said by its own parser.
    if is_graph_text(&text) || path.extension().is_some_and(|end| end == GRAPH) {
        return parse(&text).map(Source::Graph).map_err(|error| Failure::file(path, error));
    }
    Ok(Source::Expression(Expression::parse_named(&text, &path.display().to_string())?))
}

fn read(path: &Path) -> Result<String> {
    let failed = |error| Failure::file(path, error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::file(path, format!("a text of more than {MOST} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line =
            error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::file(path, format!("line {line} is no UTF-8 text"))
    })
}

impl Source {
    /// The program for inputs of the types given, and what of the given is for it: of what an expression does not use,
    /// nothing comes.
    pub(crate) fn program<'g>(self, given: &'g [Given], options: &Options) -> Result<(Program, Vec<&'g Given>)> {
        let expression = match self {
            Source::Graph(graph) => return Ok((Program::from_graph(graph, options)?, given.iter().collect())),
            Source::Expression(expression) => expression,
        };
        if let Some(twice) = given.iter().enumerate().find(|(k, one)| given[..*k].iter().any(|e| e.name == one.name)) {
            return Err(format!("input `{}` is given twice", twice.1.name).into());
        }
        let types = given.iter().map(|one| Ok((one.name.as_str(), one.ty()?)));
        let types: Vec<(&str, Type)> = types.collect::<Result<_>>()?;
        let program = expression.program(&types, options).map_err(|error| {
            let missing: Vec<String> = (expression.inputs().iter())
                .filter(|name| !given.iter().any(|one| one.name == **name))
                .map(|name| format!("-i {name}=FILE.npy"))
                .collect();
            let message = error.annotated();
            match missing.is_empty() {
                true => Failure::Message(message),
                false => {
                    Failure::Message(format!("{message}\n  = What is not assigned is an input: {}", missing.join(" ")))
                }
            }
        })?;
        let used = given.iter().filter(|one| program.inputs().iter().any(|(name, _)| *name == one.name)).collect();
        Ok((program, used))
    }
}
