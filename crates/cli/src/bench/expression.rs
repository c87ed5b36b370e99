//! `fuseloom bench --expr`: a user's own expression, fused against eager, other systems and the machine's limit.

use super::limit::Limit;
use super::peer::{Found, Task};
use super::progress::Progress;
use super::random::Random;
use super::report::Row;
use super::systems::Contender;
use super::{Against, Bench, SEED, bytes, check, systems, vector_bits};
use crate::failure::{Failure, Result};
use crate::given::{Given, What, in_order};
use crate::source::{self, Source};
use fuseloom::{Array, DType, Options, Program};
use std::rc::Rc;
use std::time::Instant;

/// What its rows are called.
const NAME: &str = "expression";

impl Bench {
    /// Measures the expression on the arrays given, and on random ones of the types given.
    pub(super) fn expression(&self, text: &str, given: &[Given], progress: &Progress) -> Result<Vec<Row>> {
        let (fused, inputs, result, fused_cold) = first_call(text, given, &self.fused)?;
        progress.begin(NAME);
        let (eager, _, eager_result, eager_cold) = first_call(text, given, &self.eager)?;
        let exact = fuseloom::measure::products(fused.graph())?.is_empty();
        let rounding = rounding(&result)?;
        let tolerance = if exact { (0.0, 0.0) } else { rounding };
        if let Some(found) = check::difference(&result, &eager_result, tolerance)? {
            return Err(format!("fused and eager disagree: {found}").into());
        }
        let read: Vec<usize> = inputs.iter().map(bytes).collect();
        let mut limit = Limit::new(fused.graph(), &read, bytes(&result), self.threads, vector_bits(&self.isa))?;
        let mut contenders =
            vec![systems::returning("fused", &fused, &inputs, fused_cold), systems::fresh(&fused, &inputs, fused_cold)];
        if self.against.contains(&Against::Eager) {
            contenders.push(systems::returning("eager", &eager, &inputs, eager_cold));
        }
        contenders.extend(self.others(text, &fused, &inputs, (&result, rounding), progress)?);
        let times = self.measure(NAME, &mut contenders, &mut limit, progress)?;
        let rows = contenders.iter().zip(&times);
        rows.map(|(contender, times)| self.row(NAME, contender, times, limit.seconds())).collect()
    }

    /// The other systems that do the expression and come to this result, within a tolerance; of each that does not, says why.
    fn others(
        &self,
        text: &str,
        program: &Program,
        inputs: &[Array],
        (result, tolerance): (&Array, (f64, f64)),
        progress: &Progress,
    ) -> Result<Vec<Contender>> {
        let without = |system: &str, why: &str| progress.tell(format!("{system} is left out: {why}"));
        let expression = match source::open(text)? {
            Source::Expression(expression) => expression,
            Source::Graph(_) => {
                self.peers.iter().for_each(|peer| without(peer.system, "it does not read the text of a graph"));
                return Ok(Vec::new());
            }
        };
        let names: Vec<String> = program.inputs().iter().map(|(name, _)| name.to_string()).collect();
        let mut others = Vec::new();
        for peer in &self.peers {
            if inputs.iter().any(|input| input.dtype() == DType::BF16) {
                without(peer.system, "NumPy's files hold no bf16");
                continue;
            }
            match peer.contender(Task::Expression(expression.text(), &names), inputs, self.threads)? {
                Found::Does(contender, theirs) => match check::difference(result, &theirs, tolerance)? {
                    None => others.push(contender),
                    Some(found) => without(peer.system, &format!("it comes to another result: {found}")),
                },
                Found::Without(why) => without(peer.system, &why),
            }
        }
        Ok(others)
    }
}

/// How far two orders of the same sums of products may be apart: so much of the largest element.
fn rounding(result: &Array) -> Result<(f64, f64)> {
    let share = match result.dtype() {
        DType::F64 => 1e-11,
        DType::F32 => 1e-4,
        DType::F16 | DType::BF16 => 5e-2,
        DType::Bool
        | DType::I8
        | DType::I16
        | DType::I32
        | DType::I64
        | DType::U8
        | DType::U16
        | DType::U32
        | DType::U64 => return Ok((0.0, 0.0)),
    };
    let largest = check::numbers(result)?.into_iter().map(f64::abs).filter(|x| x.is_finite()).fold(0.0, f64::max);
    Ok((share, share * largest))
}

/// A program, its inputs, its first result, and the seconds from the text to that.
fn first_call(text: &str, given: &[Given], options: &Options) -> Result<(Rc<Program>, Vec<Array>, Array, f64)> {
    let mut seconds = 0.0;
    let start = Instant::now();
    let (program, given) = source::open(text)?.program(given, options)?;
    seconds += start.elapsed().as_secs_f64();
    let mut random = Random::new(SEED);
    let mut inputs = Vec::new();
    for ((name, ty), given) in program.inputs().into_iter().zip(in_order(&program, &given)?) {
        let given = given.ok_or_else(|| format!("input `{name}`, {ty}, is not given: add -i {name}=FILE.npy"))?;
        inputs.push(match &given.what {
            What::Type(dtype, extents) => drawn(&mut random, *dtype, extents)?,
            What::Npy(_) | What::Npz(..) => {
                given.load()?.ok_or_else(|| Failure::Message(format!("input `{name}` is no array")))?
            }
        });
    }
    if program.outputs().len() != 1 {
        return Err(format!("there are {} results: an expression of one is measured", program.outputs().len()).into());
    }
    let start = Instant::now();
    let result = program.call_one(&inputs)?;
    seconds += start.elapsed().as_secs_f64();
    Ok((Rc::new(program), inputs, result, seconds))
}

/// Random elements: normals of floats, small numbers of integers, which are good indices and divisors too.
fn drawn(random: &mut Random, dtype: DType, shape: &[usize]) -> Result<Array> {
    let normals = |random: &mut Random| random.normals::<f32>(shape);
    let cast = |array: Array| Ok(fuseloom::Tensor::from(array).cast(dtype).eval()?);
    match dtype {
        DType::F32 => normals(random),
        DType::F64 => random.normals::<f64>(shape),
        DType::F16 | DType::BF16 => cast(normals(random)?),
        DType::Bool => random.array(shape, |random| random.unit() < 0.5),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 | DType::U64 => {
            cast(random.array(shape, |random| (random.unit() * 100.0) as i64)?)
        }
    }
}
