//! From a parsed expression to recorded tensors: one walk over the nodes, in the order Python evaluates them.

use super::call::{Bound, Written};
use super::index;
use super::mistake::{Mistake, place};
use super::number;
use super::table::{self, Row};
use super::tree::{Argument, At, Binary, Compare, Kind, Node, NodeId, Statement, Target, Tree, Unary};
use super::value::{Given, Outcome, Sequence, Stop, Value};
use super::{absent, dtypes, nearest};
use crate::place::Source;
use crate::tensor::Number;
use crate::tensor::operand::{Operand, Term};
use crate::tensor::record::record_map;
use crate::{Place, Result, Tensor};
use fuseloom_graph::Dim;
use fuseloom_lane::Function;
use hashbrown::HashMap;
use std::sync::Arc;

/// Records a tree on its inputs, and gives its last statement's value. Mistakes list `names` as what is given.
pub(super) fn record(
    tree: &Tree,
    source: &Arc<Source>,
    inputs: &[(&str, Tensor)],
    names: &[&str],
) -> Result<Vec<Tensor>> {
    let given = inputs.iter().map(|(name, tensor)| (*name, tensor)).collect();
    let mut walk = Walk { tree, source, given, listed: names, names: HashMap::new(), values: Vec::new() };
    match walk.statements() {
        Ok(tensors) => Ok(tensors),
        Err(Stop::Mistake(mistake)) => Err(mistake.error(source)),
        Err(Stop::Error(error)) => Err(error),
    }
}

struct Walk<'t> {
    tree: &'t Tree,
    source: &'t Arc<Source>,
    /// The inputs by name.
    given: HashMap<&'t str, &'t Tensor>,
    /// The names of the inputs for people.
    listed: &'t [&'t str],
    /// What was assigned so far.
    names: HashMap<&'t str, Value>,
    /// Of the nodes walked so far.
    values: Vec<Value>,
}

impl<'t> Walk<'t> {
    fn statements(&mut self) -> Outcome<Vec<Tensor>> {
        let mut last = None;
        for statement in &self.tree.statements {
            while self.values.len() < statement.end as usize {
                let value = self.node(self.values.len())?;
                self.values.push(value);
            }
            self.assign(statement)?;
            last = Some(statement);
        }
        let Some(last) = last else { return Ok(Vec::new()) };
        let result = self.of(last.value);
        let plain = |item: &Value| matches!(item, Value::Number(_));
        match &result.value {
            // Of numbers, such as a shape, one array.
            Value::Tuple(items) if !items.items().iter().all(plain) || items.items().is_empty() => {
                let each = |item: &Value| Given { value: item.clone(), at: result.at }.tensor();
                let tensors: Vec<Tensor> = items.items().iter().map(each).collect::<Outcome<_>>()?;
                if tensors.is_empty() {
                    return Err(Mistake::new(result.at, "the result is an empty tuple").into());
                }
                Ok(tensors)
            }
            _ => Ok(vec![self.place(self.tree.node(last.value)).record(|| result.tensor())?]),
        }
    }

    fn assign(&mut self, statement: &Statement) -> Outcome<()> {
        let Given { value, at } = self.of(statement.value);
        match &statement.target {
            Target::Nowhere => {}
            Target::Name(name) => {
                self.names.insert(self.text(*name), value);
            }
            Target::Names(names) => {
                let (Value::Tuple(items) | Value::List(items)) = &value else {
                    let message = format!("{} cannot be unpacked into {} names", value.describe(), names.len());
                    return Err(Mistake::new(at, message).into());
                };
                if items.items().len() != names.len() {
                    let message = format!("{} values are unpacked into {} names", items.items().len(), names.len());
                    return Err(Mistake::new(at, message).into());
                }
                for (name, item) in names.iter().zip(items.items()) {
                    self.names.insert(self.text(*name), item.clone());
                }
            }
        }
        Ok(())
    }

    fn text(&self, at: At) -> &'t str {
        at.of(&self.source.text)
    }

    fn of(&self, id: NodeId) -> Given {
        Given { value: self.values[id.0 as usize].clone(), at: self.tree.node(id).whole }
    }

    fn place(&self, node: &Node) -> Place {
        place(self.source, node.whole, node.focus)
    }

    fn node(&self, id: usize) -> Outcome<Value> {
        let node = &self.tree.nodes[id];
        let value = match &node.kind {
            Kind::Number(number) => Value::Number(*number),
            Kind::Text(at) => Value::Text(self.text(*at).into()),
            Kind::None => Value::None,
            Kind::Ellipsis => Value::Ellipsis,
            Kind::Name | Kind::Callee => self.name(node)?,
            Kind::Tuple(items) => Value::Tuple(self.sequence(node, items)?),
            Kind::List(items) => Value::List(self.sequence(node, items)?),
            Kind::Slice(parts) => Value::Slice(self.slice(parts)?),
            Kind::Attribute(of) => {
                let of = self.of(*of);
                self.place(node).record(|| attribute(self.text(node.focus), node, of))?
            }
            Kind::Call(callee, arguments) => self.call(node, *callee, arguments)?,
            Kind::Unary(operator, x) => {
                let x = self.of(*x);
                self.place(node).record(|| unary(*operator, node, &x))?
            }
            Kind::Binary(operator, x, y) => {
                let (x, y) = (self.of(*x), self.of(*y));
                self.place(node).record(|| binary(*operator, node, &x, &y))?
            }
            Kind::Compare(operators, operands) => self.compare(node, operators, operands)?,
            Kind::Index(of, at) => {
                let (of, at) = (self.of(*of), self.of(*at));
                self.place(node).record(|| index::index(node.focus, &of, &at))?
            }
        };
        if let Value::Tensor(tensor) = &value {
            tensor.check()?;
        }
        Ok(value)
    }

    fn name(&self, node: &Node) -> Outcome<Value> {
        let name = self.text(node.focus);
        if let Some(value) = self.names.get(name) {
            return Ok(value.clone());
        }
        if let Some(tensor) = self.given.get(name) {
            return Ok(Value::Tensor((*tensor).clone()));
        }
        if let Some(value) = global(name) {
            return Ok(value);
        }
        Err(self.unknown(name, node).into())
    }

    /// A name that means nothing.
    fn unknown(&self, name: &str, node: &Node) -> Mistake {
        let called = node.kind == Kind::Callee;
        let message = match (called, self.listed) {
            (true, _) => format!("there is no function `{name}`"),
            (false, []) => format!("there is no `{name}`: nothing is given"),
            (false, known) => format!("there is no `{name}`: given is only {}", quoted(known)),
        };
        let mut known: Vec<&str> = self.names.keys().copied().collect();
        known.sort_unstable();
        let functions: Vec<&str> = table::functions().collect();
        let meant = match called {
            true => match absent::instead(name) {
                Some(instead) => Some(instead.to_string()),
                None => nearest::hint(name, functions.into_iter()),
            },
            false => nearest::hint(name, known.into_iter().chain(self.listed.iter().copied()).chain(functions)),
        };
        Mistake::new(node.whole, message).maybe(meant)
    }

    fn sequence(&self, node: &Node, items: &[NodeId]) -> Outcome<Sequence> {
        let items = items.iter().map(|id| self.values[id.0 as usize].clone()).collect();
        Sequence::new(items).ok_or_else(|| Mistake::new(node.whole, "this is nested too deep or too long").into())
    }

    fn slice(&self, parts: &[Option<NodeId>; 3]) -> Outcome<[Option<i64>; 3]> {
        let bound = |part: &Option<NodeId>| match part.map(|id| self.of(id)) {
            None | Some(Given { value: Value::None, .. }) => Ok(None),
            Some(bound) => bound.integer().map(Some),
        };
        Ok([bound(&parts[0])?, bound(&parts[1])?, bound(&parts[2])?])
    }

    fn call(&self, node: &Node, callee: NodeId, arguments: &[Argument]) -> Outcome<Value> {
        let function = self.of(callee);
        let written = arguments.iter().map(|argument| Written {
            keyword: argument.keyword.map(|at| (self.text(at), at)),
            given: self.of(argument.value),
        });
        let mut written: Vec<Written<'_>> = written.collect();
        let row = match function.value {
            Value::Function(row) => row,
            Value::Method(row, of) => {
                let given = Given { value: Value::Tensor(of), at: self.tree.node(callee).whole };
                written.insert(0, Written { keyword: None, given });
                row
            }
            // np.float32(x)
            Value::DType(dtype) => {
                let [Written { keyword: None, given }] = written.as_slice() else {
                    return Err(Mistake::new(node.focus, "a dtype converts one array or number").into());
                };
                return self.place(node).record(|| Ok(Value::Tensor(given.in_dtype(dtype)?)));
            }
            other => {
                let message = format!("{} cannot be called", other.describe());
                return Err(Mistake::new(function.at, message).into());
            }
        };
        let bound = Bound::new(row, node.focus, written)?;
        self.place(node).record(|| bound.build())
    }

    fn compare(&self, node: &Node, operators: &[Compare], operands: &[NodeId]) -> Outcome<Value> {
        let operands: Vec<Given> = operands.iter().map(|id| self.of(*id)).collect();
        if let [left, right] = operands.as_slice() {
            return self.place(node).record(|| comparison(operators[0], left, right));
        }
        // Python's `a < b < c` is `a < b and b < c`.
        let mut all = true;
        for (operator, pair) in operators.iter().zip(operands.windows(2)) {
            match comparison(*operator, &pair[0], &pair[1])? {
                Value::Number(truth) => all &= number::float(truth) != 0.0,
                _ => {
                    let message = "a chain of comparisons wants single truth values, which arrays are not";
                    return Err(Mistake::new(node.focus, message).hint("Write (a < b) & (b < c).").into());
                }
            }
        }
        Ok(Value::Number(Number::Bool(all)))
    }
}

/// `` `a`, `b` ``
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What a name means that is neither given nor assigned.
pub(super) fn global(name: &str) -> Option<Value> {
    match name {
        "np" | "numpy" => return Some(Value::Module("np")),
        "float" | "int" | "bool" => return dtypes::attribute(name).map(Value::DType),
        "newaxis" => return Some(Value::None),
        _ => {}
    }
    if table::BARE_CONSTANTS.contains(&name) {
        return constant(name);
    }
    table::function(name).map(Value::Function)
}

fn constant(name: &str) -> Option<Value> {
    let found = table::CONSTANTS.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| Value::Number(Number::Float(*value)))
}

/// `of.name`
fn attribute(name: &str, node: &Node, of: Given) -> Outcome<Value> {
    let tensor = match &of.value {
        Value::Module(module) => return member(module, name, node),
        Value::Function(row) => return of_function(row, name, node),
        Value::Limits(dtype) => {
            let known = ["eps", "max", "min", "tiny", "smallest_normal", "bits"];
            let message = || Mistake::new(node.focus, format!("the limits of {dtype} have no `.{name}`"));
            return dtypes::limit(*dtype, name)
                .ok_or_else(|| message().maybe(nearest::hint(name, known.into_iter())).into());
        }
        Value::Tensor(tensor) => tensor.clone(),
        Value::Number(_) | Value::List(_) | Value::Tuple(_) | Value::Dim(_) => of.tensor()?,
        other => {
            let message = format!("{} has no `.{name}`", other.describe());
            return Err(Mistake::new(node.focus, message).into());
        }
    };
    if let Some(row) = table::attribute(name) {
        let given = Given { value: Value::Tensor(tensor), at: of.at };
        return Bound::new(row, node.focus, vec![Written { keyword: None, given }])?.build();
    }
    if let Some(row) = table::method(name) {
        return Ok(Value::Method(row, tensor));
    }
    let hint = match (table::function(name), absent::instead(name)) {
        (Some(row), _) => Some(format!("It is a function: np.{name}({})", row.parameters)),
        (None, Some(instead)) => Some(instead.into()),
        (None, None) => nearest::hint(name, table::members()),
    };
    Err(Mistake::new(node.focus, format!("an array has no `.{name}`")).maybe(hint).into())
}

/// `np.maximum.accumulate`
fn of_function(row: &'static Row, name: &str, node: &Node) -> Outcome<Value> {
    if let Some(found) = table::function(&format!("{}.{name}", row.name())) {
        return Ok(Value::Function(found));
    }
    let known = |full: &'static str| full.strip_prefix(row.name())?.strip_prefix('.');
    let hint = match absent::instead(name) {
        Some(instead) => Some(instead.to_string()),
        None => nearest::hint(name, table::functions().filter_map(known))
            .or_else(|| Some(format!("Call it: {}({})", row.name(), row.parameters))),
    };
    Err(Mistake::new(node.focus, format!("the function {} has no `.{name}`", row.name())).maybe(hint).into())
}

/// `np.name`
fn member(module: &'static str, name: &str, node: &Node) -> Outcome<Value> {
    let inside =
        |module: &str| table::functions().any(|known| known.strip_prefix(module).is_some_and(|k| k.starts_with('.')));
    let found: Option<&'static Row> = match module {
        "np" => match name {
            "newaxis" => return Ok(Value::None),
            "linalg" if inside("linalg") => return Ok(Value::Module("linalg")),
            "special" if inside("special") => return Ok(Value::Module("special")),
            _ => {
                if let Some(value) = constant(name).or_else(|| dtypes::attribute(name).map(Value::DType)) {
                    return Ok(value);
                }
                table::function(name)
            }
        },
        _ => table::function(&format!("{module}.{name}")),
    };
    if let Some(row) = found {
        return Ok(Value::Function(row));
    }
    if let Some(instead) = absent::instead(name) {
        return Err(Mistake::new(node.focus, format!("there is no `{module}.{name}` here")).hint(instead).into());
    }
    let known = table::functions().chain(dtypes::names()).chain(table::CONSTANTS.iter().map(|(name, _)| *name));
    let hint = nearest::nearest(name, known).map(|meant| format!("Did you mean `np.{meant}`?"));
    Err(Mistake::new(node.focus, format!("there is no `{module}.{name}` here")).maybe(hint).into())
}

fn fault(node: &Node, message: String) -> Stop {
    Mistake { message, whole: node.whole, focus: node.focus, hint: None }.into()
}

fn unary(operator: Unary, node: &Node, x: &Given) -> Outcome<Value> {
    if let Value::Number(x) = x.value {
        return Ok(Value::Number(number::unary(operator, x).map_err(|message| fault(node, message))?));
    }
    let x = x.tensor()?;
    let function = match operator {
        Unary::Plus => return Ok(Value::Tensor(x)),
        Unary::Minus => Function::Neg,
        Unary::Invert => Function::BitwiseNot,
    };
    Ok(Value::Tensor(record_map(function, &[x.operand()], Place::caller())))
}

fn binary(operator: Binary, node: &Node, x: &Given, y: &Given) -> Outcome<Value> {
    match (&x.value, &y.value) {
        (Value::Number(x), Value::Number(y)) => {
            return Ok(Value::Number(number::binary(operator, *x, *y).map_err(|message| fault(node, message))?));
        }
        (Value::Tuple(x), Value::Tuple(y)) if operator == Binary::Add => {
            let items = Sequence::new([x.items(), y.items()].concat());
            return items.map(Value::Tuple).ok_or_else(|| fault(node, "this tuple is too long".into()));
        }
        (Value::Dim(_), Value::Dim(_) | Value::Number(_)) | (Value::Number(_), Value::Dim(_)) => {
            if let Some(extent) = extents(operator, &x.value, &y.value) {
                return Ok(extent);
            }
        }
        _ => {}
    }
    let function = match operator {
        Binary::Add => Function::Add,
        Binary::Sub => Function::Sub,
        Binary::Mul => Function::Mul,
        Binary::Div => Function::Div,
        Binary::FloorDiv => Function::FloorDivide,
        Binary::Mod => Function::Remainder,
        Binary::Power => Function::Power,
        Binary::And => Function::BitwiseAnd,
        Binary::Or => Function::BitwiseOr,
        Binary::Xor => Function::BitwiseXor,
        Binary::ShiftLeft => Function::LeftShift,
        Binary::ShiftRight => Function::RightShift,
        Binary::MatMul => return Ok(Value::Tensor(x.tensor()?.matmul(&y.tensor()?))),
    };
    let terms = [beside(x, y)?, beside(y, x)?];
    Ok(Value::Tensor(record_map(function, &terms, Place::caller())))
}

/// An operand. An extent is weak, as Python's integers are: it takes the dtype of an array beside it.
fn beside(x: &Given, other: &Given) -> Outcome<Term> {
    match (&x.value, &other.value) {
        (Value::Dim(_), Value::Tensor(array)) => Ok(x.tensor()?.cast(array.dtype()?).operand()),
        _ => x.term(),
    }
}

/// Arithmetic of extents, one of which is known only when a program is called.
fn extents(operator: Binary, x: &Value, y: &Value) -> Option<Value> {
    let dim = |value: &Value| match value {
        Value::Dim(dim) => Some(dim.clone()),
        Value::Number(number) => Some(Dim::Fixed(usize::try_from(number::integer(*number)?).ok()?)),
        _ => None,
    };
    let (x, y) = (dim(x)?, dim(y)?);
    let result = match operator {
        Binary::Add => x.add(&y),
        Binary::Sub => x.sub(&y),
        Binary::Mul => x.mul(&y),
        Binary::FloorDiv => x.floor_div(&y),
        Binary::Div
        | Binary::Mod
        | Binary::MatMul
        | Binary::Power
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::ShiftLeft
        | Binary::ShiftRight => None,
    };
    result.map(|dim| Value::from(&dim))
}

fn comparison(operator: Compare, x: &Given, y: &Given) -> Outcome<Value> {
    match (&x.value, &y.value) {
        (Value::Number(x), Value::Number(y)) => {
            return Ok(Value::Number(Number::Bool(number::compare(operator, *x, *y))));
        }
        (Value::DType(x), Value::DType(y)) if operator == Compare::Equal => {
            return Ok(Value::Number(Number::Bool(x == y)));
        }
        _ => {}
    }
    let function = match operator {
        Compare::Equal => Function::Equal,
        Compare::NotEqual => Function::NotEqual,
        Compare::Less => Function::Less,
        Compare::LessEqual => Function::LessEqual,
        Compare::Greater => Function::Greater,
        Compare::GreaterEqual => Function::GreaterEqual,
    };
    let terms = [beside(x, y)?, beside(y, x)?];
    Ok(Value::Tensor(record_map(function, &terms, Place::caller())))
}
