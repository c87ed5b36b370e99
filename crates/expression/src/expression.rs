//! A parsed text, and what it becomes.

use crate::tree::{At, Kind, Node, Target, Tree};
use crate::{grammar, mistake, record};
use fuseloom_engine::{Options, Place, Result, Source, recorded_at};
use fuseloom_graph::Type;
use fuseloom_numpy::{On, Row, global, table};
use fuseloom_tensor::{Program, Tensor};
use std::sync::Arc;

/// Text in NumPy's syntax, parsed: `(x - x.mean(0)) / x.std(0)`.
///
/// Statements are separated by `;` or line ends; names may be assigned to; the value of the last statement is the result, or
/// several results if it is a tuple. Functions are NumPy's, with `np.` before them or without. Names that are neither assigned
/// nor known are inputs.
///
/// ```
/// use fuseloom::prelude::*;
/// use fuseloom::{Expression, Type};
///
/// let standardize = Expression::parse("centered = x - x.mean(0); centered / x.std(0)")?;
/// assert_eq!(standardize.inputs(), ["x"]);
///
/// // On tensors: what it records is a tensor like any other.
/// let x = Tensor::from(vec![1.0f32, 3.0]);
/// let z = standardize.record(&[("x", x)])?.swap_remove(0);
/// assert_eq!((z * 2.0).eval()?.to_vec::<f32>()?, [-2.0, 2.0]);
///
/// // As a program for any number of rows.
/// let program = standardize.program(&[("x", Type::parse("f32[n,2]")?)], &Options::default())?;
/// let out = program.call_one(&[ndarray::array![[1.0f32, 10.0], [3.0, 30.0]]])?;
/// assert_eq!(out.to_vec::<f32>()?, [-1.0, -1.0, 1.0, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A mistake names the column, and [`Error::annotated`](fuseloom_engine::Error::annotated) shows it:
///
/// ```
/// let error = fuseloom::Expression::parse("x + * y").unwrap_err();
/// assert_eq!(error.to_string(), "here is `*`, but an operand is expected (expression:1:5)");
/// ```
#[derive(Debug)]
pub struct Expression {
    source: Arc<Source>,
    tree: Tree,
}

impl Expression {
    /// Parses a text.
    ///
    /// ```
    /// use fuseloom::Expression;
    /// assert_eq!(Expression::parse("a*b + c")?.inputs(), ["a", "b", "c"]);
    /// # Ok::<(), fuseloom::Error>(())
    /// ```
    ///
    /// # Errors
    /// The text is no expression, is longer than a mebibyte or nested more than 200 deep; with the column.
    pub fn parse(text: &str) -> Result<Expression> {
        Expression::parse_named(text, "expression")
    }

    /// Parses a text whose places are said to be in a file: `name:line:column`.
    ///
    /// ```
    /// use fuseloom::Expression;
    /// let error = Expression::parse_named("y = x +\ny", "model.txt").unwrap_err();
    /// assert!(error.to_string().ends_with("(model.txt:1:8)"), "{error}");
    /// ```
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn parse_named(text: &str, name: &str) -> Result<Expression> {
        // Of a text that is too long, the mistake does not keep it.
        let kept = if text.len() > grammar::MAX_TEXT { "" } else { text };
        let source = Arc::new(Source { name: name.into(), text: kept.into() });
        match grammar::parse(text) {
            Ok(tree) => Ok(Expression { source, tree }),
            Err(mistake) => Err(mistake.error(&source)),
        }
    }

    /// Everything an expression knows by name.
    ///
    /// ```
    /// use fuseloom::Expression;
    /// let known = Expression::known().find(|known| known.written.iter().any(|name| name.starts_with("np.hypot(")));
    /// assert_eq!(known.unwrap().written, ["np.hypot(x1, x2)"]);
    /// ```
    pub fn known() -> impl Iterator<Item = Known> {
        table::all().map(Known::of)
    }

    /// The text.
    ///
    /// ```
    /// assert_eq!(fuseloom::Expression::parse("x + 1")?.text(), "x + 1");
    /// # Ok::<(), fuseloom::Error>(())
    /// ```
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The names of the inputs, in the order the text uses them: what is not assigned before and is no function or constant.
    ///
    /// An input that is given under the name of a function or a constant is used too.
    ///
    /// ```
    /// let expression = fuseloom::Expression::parse("t = a - b; np.exp(-t**2) * np.pi")?;
    /// assert_eq!(expression.inputs(), ["a", "b"]);
    /// # Ok::<(), fuseloom::Error>(())
    /// ```
    pub fn inputs(&self) -> Vec<&str> {
        self.free_names().into_iter().filter(|name| global(name).is_none()).collect()
    }

    /// All names that are not assigned before they are used, and not called.
    fn free_names(&self) -> Vec<&str> {
        let text = |at: At| at.of(&self.source.text);
        let mut known = hashbrown::HashSet::new();
        let mut free = Vec::new();
        let mut first = 0;
        for statement in &self.tree.statements {
            for id in first..statement.end {
                let node = &self.tree.nodes[id as usize];
                if node.kind == Kind::Name && known.insert(text(node.focus)) {
                    free.push(text(node.focus));
                }
            }
            first = statement.end;
            match &statement.target {
                Target::Nowhere => {}
                Target::Name(name) => {
                    known.insert(text(*name));
                }
                Target::Names(names) => known.extend(names.iter().map(|name| text(*name))),
            }
        }
        free
    }

    /// Records the expression on tensors, and gives its results.
    ///
    /// ```
    /// use fuseloom::{Expression, prelude::*};
    /// let both = Expression::parse("x.min(), x.max()")?.record(&[("x", arange(2, 9, 1))])?;
    /// assert_eq!(both[1].eval()?.item::<i64>()?, 8);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The first mistake, with its column: a name that is not given, an unknown function, arguments that do not fit, or
    /// anything that the operation on tensors refuses.
    pub fn record(&self, inputs: &[(&str, Tensor)]) -> Result<Vec<Tensor>> {
        let names: Vec<&str> = inputs.iter().map(|(name, _)| *name).collect();
        record::record(&self.tree, &self.source, inputs, &names)
    }

    /// A program whose inputs are those of these types that the expression uses, in the order given.
    ///
    /// ```
    /// use fuseloom::{Expression, Type, prelude::*};
    /// let program = Expression::parse("x / x.sum()")?.program(&[("x", Type::parse("f64[n]").unwrap())], &Options::new())?;
    /// assert_eq!(program.call_one(&[[1.0, 3.0].as_slice()])?.to_vec::<f64>()?, [0.25, 0.75]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Expression::record`]; an option that makes no sense.
    pub fn program(&self, inputs: &[(&str, Type)], options: &Options) -> Result<Program> {
        let used = self.free_names();
        let mut mistake = None;
        let program = Program::with_options(options, |b| {
            let declared = inputs.iter().filter(|(name, _)| used.contains(name)).map(|(name, ty)| {
                let place = self.place_of(name);
                (*name, recorded_at(&place, || b.input(name, ty.dtype, ty.shape.to_vec())))
            });
            let declared: Vec<(&str, Tensor)> = declared.collect();
            let names: Vec<&str> = inputs.iter().map(|(name, _)| *name).collect();
            record::record(&self.tree, &self.source, &declared, &names).unwrap_or_else(|error| {
                mistake = Some(error);
                Vec::new()
            })
        });
        match mistake {
            Some(mistake) => Err(mistake),
            None => program,
        }
    }

    /// Where a name is first used.
    fn place_of(&self, name: &str) -> Place {
        let named = |node: &&Node| node.kind == Kind::Name && node.focus.of(&self.source.text) == name;
        let at = self.tree.nodes.iter().find(named).map_or(At::default(), |node| node.focus);
        mistake::place(&self.source, at, at)
    }
}

/// Something an expression knows by name.
///
/// ```
/// for known in fuseloom::Expression::known() {
///     println!("{}: {}", known.written.join(", "), known.doc);
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// As it is written: `np.sum(a, axis=None)`, `x.astype(dtype)`, `x.T`.
    pub written: Vec<String>,
    /// What it is, a phrase.
    pub doc: &'static str,
}

impl Known {
    fn of(row: &Row) -> Known {
        let parameters = row.parameters;
        let function = |name: &str| format!("np.{name}({parameters})");
        let method = |name: &str| format!("x.{name}({})", row.method_parameters());
        let written = row.names.split(' ').flat_map(|name| match row.on {
            On::Function => vec![function(name)],
            On::Method => vec![method(name)],
            On::Both => vec![function(name), method(name)],
            On::Attribute => vec![format!("x.{name}")],
        });
        Known { written: written.collect(), doc: row.doc }
    }
}

/// Whether a text is that of a graph rather than an expression.
///
/// ```
/// assert!(fuseloom::is_graph_text("graph(%x x: f32[4])\n  %y = exp %x\n  return %y\n"));
/// assert!(!fuseloom::is_graph_text("np.exp(x)"));
/// ```
pub fn is_graph_text(text: &str) -> bool {
    let lines = text.lines().map(str::trim_start);
    lines
        .into_iter()
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .is_some_and(|line| line.strip_prefix("graph").is_some_and(|rest| rest.trim_start().starts_with('(')))
}
