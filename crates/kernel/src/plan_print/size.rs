//! Size formulas as expressions people write. What would be long gets a name of its own, so that text stays linear in the
//! number of formulas.

use crate::{BufferKind, Plan};
use fuseloom_size::{SizeExpr, SizeId, SizeOp};

/// Longest expression that is written out where it is used, in bytes.
const LONGEST: usize = 48;

/// The text of every formula.
pub(super) struct Sizes {
    texts: Vec<(String, Precedence)>,
    definitions: Vec<String>,
}

/// How tightly the outermost operation of an expression binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    Sum,
    Product,
    Atom,
}

impl Sizes {
    pub(super) fn new(plan: &Plan, buffers: &[String]) -> Sizes {
        let mut sizes = Sizes { texts: Vec::new(), definitions: Vec::new() };
        let owner = |kind: BufferKind| match plan.buffers.iter().position(|buffer| buffer.kind == kind) {
            Some(k) => &buffers[k],
            None => "?",
        };
        for (k, expr) in plan.sizes.iter().enumerate() {
            let (mut text, mut precedence) = match *expr {
                SizeExpr::Const(value) => (value.to_string(), Precedence::Atom),
                SizeExpr::Symbol(n) => (plan.symbols.get(n as usize).map_or("?", |s| s).to_string(), Precedence::Atom),
                SizeExpr::InputStride { input, axis } => {
                    (format!("{}.stride[{axis}]", owner(BufferKind::Input(input))), Precedence::Atom)
                }
                SizeExpr::OutputStride { output, axis } => {
                    (format!("{}.stride[{axis}]", owner(BufferKind::Output(output))), Precedence::Atom)
                }
                SizeExpr::Binary(op, a, b) => sizes.binary(op, a, b),
            };
            if text.len() > LONGEST {
                sizes.definitions.push(format!("s{k} = {text}"));
                (text, precedence) = (format!("s{k}"), Precedence::Atom);
            }
            sizes.texts.push((text, precedence));
        }
        sizes
    }

    /// The text of a formula.
    pub(super) fn text(&self, id: SizeId) -> &str {
        self.texts.get(id.0 as usize).map_or("?", |(text, _)| text)
    }

    /// `name = expression` of each formula that has a name.
    pub(super) fn definitions(&self) -> &[String] {
        &self.definitions
    }

    fn binary(&self, op: SizeOp, a: SizeId, b: SizeId) -> (String, Precedence) {
        let precedence = match op {
            SizeOp::Add | SizeOp::Sub => Precedence::Sum,
            // Quotients are floored, as sizes are.
            SizeOp::Mul | SizeOp::FloorDiv => Precedence::Product,
            SizeOp::Max | SizeOp::Min => {
                return (format!("{op}({}, {})", self.text(a), self.text(b)), Precedence::Atom);
            }
        };
        let side = |id: SizeId, parentheses: &dyn Fn(Precedence) -> bool| match self.texts.get(id.0 as usize) {
            Some((text, inner)) if parentheses(*inner) => format!("({text})"),
            Some((text, _)) => text.clone(),
            None => "?".to_string(),
        };
        let left = side(a, &|inner| inner < precedence);
        let right = side(b, &|inner| inner <= precedence && inner != Precedence::Atom);
        (format!("{left} {op} {right}"), precedence)
    }
}
