//! From a parsed expression to recorded tensors: one walk over the nodes, in the order Python evaluates them.

use crate::mistake::{Mistake, place};
use crate::tree::{Argument, At, Kind, Node, NodeId, Statement, Target, Tree};
use fuseloom_engine::{Error, Result, Source, recorded_at};
use fuseloom_numpy::{
    Bound, Compare, Given, Outcome, Sequence, Stop, Subject, Value, Written, attribute, binary, comparison, float,
    global, hint, index, instead, table, unary,
};
use fuseloom_tensor::{Number, Tensor};
use hashbrown::HashMap;
use std::sync::Arc;

/// Records a tree on its inputs, and gives its last statement's value. Mistakes list `names` as what is given.
pub(crate) fn record(
    tree: &Tree,
    source: &Arc<Source>,
    inputs: &[(&str, Tensor)],
    names: &[&str],
) -> Result<Vec<Tensor>> {
    let given = inputs.iter().map(|(name, tensor)| (*name, tensor)).collect();
    Walk { tree, source, given, listed: names, names: HashMap::new(), values: Vec::new() }.statements()
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
    fn statements(&mut self) -> Result<Vec<Tensor>> {
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
        let node = self.tree.node(last.value);
        let result = self.argument(0, last.value);
        let plain = |item: &Value| matches!(item, Value::Number(_));
        match &result.value {
            // Of numbers, such as a shape, one array.
            Value::Tuple(items) if !items.items().iter().all(plain) || items.items().is_empty() => {
                let each = |item: &Value| Given { value: item.clone(), at: result.at }.tensor();
                let tensors: Outcome<Vec<Tensor>> = items.items().iter().map(each).collect();
                let tensors = tensors.map_err(|stop| self.error(stop, node, &[node.whole]))?;
                if tensors.is_empty() {
                    return Err(self.mistake(Mistake::new(node.whole, "the result is an empty tuple")));
                }
                Ok(tensors)
            }
            _ => Ok(vec![self.operation(node, &[node.whole], || result.tensor())?]),
        }
    }

    fn assign(&mut self, statement: &Statement) -> Result<()> {
        let (value, at) = (self.value(statement.value).clone(), self.tree.node(statement.value).whole);
        match &statement.target {
            Target::Nowhere => {}
            Target::Name(name) => {
                self.names.insert(self.text(*name), value);
            }
            Target::Names(names) => {
                let (Value::Tuple(items) | Value::List(items)) = &value else {
                    let message = format!("{} cannot be unpacked into {} names", value.describe(), names.len());
                    return Err(self.mistake(Mistake::new(at, message)));
                };
                if items.items().len() != names.len() {
                    let message = format!("{} values are unpacked into {} names", items.items().len(), names.len());
                    return Err(self.mistake(Mistake::new(at, message)));
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

    fn value(&self, id: NodeId) -> &Value {
        &self.values[id.0 as usize]
    }

    /// A value as an argument of an operation.
    fn argument(&self, position: usize, id: NodeId) -> Given {
        Given { value: self.value(id).clone(), at: Subject::Argument(position) }
    }

    fn mistake(&self, mistake: Mistake) -> Error {
        mistake.error(self.source)
    }

    /// Records an operation at a node, whose arguments are written at `arguments`.
    fn operation<T>(&self, node: &Node, arguments: &[At], record: impl FnOnce() -> Outcome<T>) -> Result<T> {
        let place = place(self.source, node.whole, node.focus);
        recorded_at(&place, record).map_err(|stop| self.error(stop, node, arguments))
    }

    /// The error of an operation at a node.
    fn error(&self, stop: Stop, node: &Node, arguments: &[At]) -> Error {
        let mistake = match stop {
            Stop::Mistake(mistake) => mistake,
            Stop::Error(error) => return error,
        };
        let argument = |position: usize| arguments.get(position).copied().unwrap_or(node.focus);
        let (whole, focus) = match mistake.at {
            Subject::Whole => (node.whole, node.focus),
            Subject::Name => (node.focus, node.focus),
            Subject::Argument(position) => (argument(position), argument(position)),
            Subject::Keyword(position) => {
                let at = self.keyword(node, position).unwrap_or(node.focus);
                (at, at)
            }
        };
        self.mistake(Mistake { message: mistake.message, whole, focus, hint: mistake.hint })
    }

    /// The name that an argument of a call is given under. The array of a method, its first argument, has none.
    fn keyword(&self, node: &Node, position: usize) -> Option<At> {
        let Kind::Call(callee, arguments) = &node.kind else { return None };
        let before = usize::from(matches!(self.value(*callee), Value::Method(..)));
        arguments.get(position.checked_sub(before)?)?.keyword
    }

    fn node(&self, id: usize) -> Result<Value> {
        let node = &self.tree.nodes[id];
        let value = match &node.kind {
            Kind::Number(number) => Value::Number(*number),
            Kind::Text(at) => Value::Text(self.text(*at).into()),
            Kind::None => Value::None,
            Kind::Ellipsis => Value::Ellipsis,
            Kind::Name | Kind::Callee => self.name(node)?,
            Kind::Tuple(items) => Value::Tuple(self.sequence(node, items)?),
            Kind::List(items) => Value::List(self.sequence(node, items)?),
            Kind::Slice(parts) => Value::Slice(self.slice(node, parts)?),
            Kind::Attribute(of) => {
                let given = self.argument(0, *of);
                self.operation(node, &self.at([*of]), || attribute(self.text(node.focus), given))?
            }
            Kind::Call(callee, arguments) => self.call(node, *callee, arguments)?,
            Kind::Unary(operator, x) => {
                let given = self.argument(0, *x);
                self.operation(node, &self.at([*x]), || unary(*operator, &given))?
            }
            Kind::Binary(operator, x, y) => {
                let (a, b) = (self.argument(0, *x), self.argument(1, *y));
                self.operation(node, &self.at([*x, *y]), || binary(*operator, &a, &b))?
            }
            Kind::Compare(operators, operands) => self.compare(node, operators, operands)?,
            Kind::Index(of, at) => {
                let (x, i) = (self.argument(0, *of), self.argument(1, *at));
                self.operation(node, &self.at([*of, *at]), || index(&x, &i))?
            }
        };
        if let Value::Tensor(tensor) = &value {
            tensor.check()?;
        }
        Ok(value)
    }

    /// Where nodes are written.
    fn at<const N: usize>(&self, nodes: [NodeId; N]) -> [At; N] {
        nodes.map(|id| self.tree.node(id).whole)
    }

    fn name(&self, node: &Node) -> Result<Value> {
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
        Err(self.mistake(self.unknown(name, node)))
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
            true => match instead(name) {
                Some(instead) => Some(instead.to_string()),
                None => hint(name, functions.into_iter()),
            },
            false => hint(name, known.into_iter().chain(self.listed.iter().copied()).chain(functions)),
        };
        Mistake::new(node.whole, message).maybe(meant)
    }

    fn sequence(&self, node: &Node, items: &[NodeId]) -> Result<Sequence> {
        let items = items.iter().map(|id| self.value(*id).clone()).collect();
        let mistake = || self.mistake(Mistake::new(node.whole, "this is nested too deep or too long"));
        Sequence::new(items).ok_or_else(mistake)
    }

    fn slice(&self, node: &Node, parts: &[Option<NodeId>; 3]) -> Result<[Option<i64>; 3]> {
        let bound = |part: Option<NodeId>| match part.map(|id| (id, self.argument(0, id))) {
            None | Some((_, Given { value: Value::None, .. })) => Ok(None),
            Some((id, bound)) => bound.integer().map(Some).map_err(|stop| self.error(stop, node, &self.at([id]))),
        };
        Ok([bound(parts[0])?, bound(parts[1])?, bound(parts[2])?])
    }

    fn call(&self, node: &Node, callee: NodeId, arguments: &[Argument]) -> Result<Value> {
        let of_callee = self.tree.node(callee).whole;
        let written = arguments.iter().map(|argument| Written {
            keyword: argument.keyword.map(|at| self.text(at)),
            value: self.value(argument.value).clone(),
        });
        let mut written: Vec<Written<'_>> = written.collect();
        let mut at: Vec<At> = arguments.iter().map(|argument| self.tree.node(argument.value).whole).collect();
        let row = match self.value(callee) {
            Value::Function(row) => row,
            Value::Method(row, of) => {
                written.insert(0, Written { keyword: None, value: Value::Tensor(of.clone()) });
                at.insert(0, of_callee);
                row
            }
            // np.float32(x)
            Value::DType(dtype) => {
                let [Argument { keyword: None, value }] = arguments else {
                    let mistake = Mistake::new(node.focus, "a dtype converts one array or number");
                    return Err(self.mistake(mistake));
                };
                let given = self.argument(0, *value);
                return self.operation(node, &at, || Ok(Value::Tensor(given.in_dtype(*dtype)?)));
            }
            other => {
                let message = format!("{} cannot be called", other.describe());
                return Err(self.mistake(Mistake::new(of_callee, message)));
            }
        };
        self.operation(node, &at, || Bound::new(row, written)?.build())
    }

    fn compare(&self, node: &Node, operators: &[Compare], operands: &[NodeId]) -> Result<Value> {
        if let [left, right] = *operands {
            let (x, y) = (self.argument(0, left), self.argument(1, right));
            return self.operation(node, &self.at([left, right]), || comparison(operators[0], &x, &y));
        }
        // Python's `a < b < c` is `a < b and b < c`.
        let mut all = true;
        for (operator, pair) in operators.iter().zip(operands.windows(2)) {
            let (x, y) = (self.argument(0, pair[0]), self.argument(1, pair[1]));
            let truth = comparison(*operator, &x, &y);
            match truth.map_err(|stop| self.error(stop, node, &self.at([pair[0], pair[1]])))? {
                Value::Number(truth) => all &= float(truth) != 0.0,
                _ => {
                    let message = "a chain of comparisons wants single truth values, which arrays are not";
                    return Err(self.mistake(Mistake::new(node.focus, message).hint("Write (a < b) & (b < c).")));
                }
            }
        }
        Ok(Value::Number(Number::Bool(all)))
    }
}

/// `` `a`, `b` ``
fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
