//! A mistake says which part of an operation it is about, wherever that is written.

use fuseloom_numpy::{
    Binary, Bound, Given, Mistake, Outcome, Stop, Subject, Value, Written, attribute, binary, global, index,
};
use fuseloom_tensor::{Number, Tensor};

fn x() -> Value {
    Value::Tensor(Tensor::from(vec![1.0, 2.0, 3.0]))
}

fn number(value: i128) -> Value {
    Value::Number(Number::Int(value))
}

fn mistake<T>(outcome: Outcome<T>) -> Mistake {
    match outcome {
        Err(Stop::Mistake(mistake)) => mistake,
        Err(Stop::Error(error)) => panic!("{error}"),
        Ok(_) => panic!("this is no mistake"),
    }
}

fn call(function: &str, arguments: Vec<(Option<&str>, Value)>) -> Outcome<Value> {
    let Some(Value::Function(row)) = global(function) else { panic!("there is no {function}") };
    let written = arguments.into_iter().map(|(keyword, value)| Written { keyword, value }).collect();
    Bound::new(row, written)?.build()
}

#[test]
fn of_a_call_by_argument_or_name() {
    let text = Value::Text("one".into());
    let found = mistake(call("sum", vec![(None, x()), (Some("axis"), text)]));
    assert_eq!(found.at, Subject::Argument(1));
    assert_eq!(found.message, "here is a string, but an integer or a tuple of integers is expected");
    let found = mistake(call("sum", vec![(None, x()), (Some("axs"), number(0))]));
    assert_eq!((found.at, found.hint.as_deref()), (Subject::Keyword(1), Some("Did you mean `axis`?")));
    let found = mistake(call("hypot", vec![(None, x())]));
    assert_eq!((found.at, found.message.as_str()), (Subject::Name, "hypot lacks its argument `x2`"));
    let found = mistake(call("exp", vec![(None, x()), (None, x())]));
    assert_eq!((found.at, found.message.as_str()), (Subject::Argument(1), "exp takes no more than 1 argument"));
}

#[test]
fn of_an_operator_an_index_and_an_attribute() {
    let given = |value: Value, position: usize| Given { value, at: Subject::Argument(position) };
    let found = mistake(binary(Binary::MatMul, &given(number(1), 0), &given(number(2), 1)));
    assert_eq!((found.at, found.message.as_str()), (Subject::Whole, "`@` multiplies arrays, not numbers"));
    assert_eq!(mistake(binary(Binary::Add, &given(x(), 0), &given(Value::None, 1))).at, Subject::Argument(1));
    assert_eq!(mistake(index(&given(x(), 0), &given(Value::Text("a".into()), 1))).at, Subject::Argument(1));
    let found = mistake(attribute("smu", given(x(), 0)));
    assert_eq!((found.at, found.hint.as_deref()), (Subject::Name, Some("Did you mean `sum`?")));
}
