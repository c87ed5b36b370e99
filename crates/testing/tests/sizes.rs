//! Sizes that are formulas: the interpreter and compiled programs give the same values, and refuse the same sizes in the same
//! words, before anything runs.

use fuseloom::{Array, DType, Error, Expression, Options, Program, Type, evaluate};
use fuseloom_graph::{ArrayValue, Graph, InterpretError, Sizes, interpret, parse};

/// An `f32` array of 1, 2, .. for each input.
fn arrays(graph: &Graph, sizes: &Sizes) -> Vec<(Vec<usize>, Vec<f32>)> {
    let array = |id| {
        let extents = graph.ty(id).shape.iter().map(|dim| dim.eval(sizes).expect("inputs have extents"));
        let shape: Vec<usize> = extents.collect();
        let elements = (1..=shape.iter().product()).map(|k: usize| k as f32).collect();
        (shape, elements)
    };
    graph.inputs().iter().map(|id| array(*id)).collect()
}

fn compiled(graph: &Graph, sizes: &Sizes) -> Result<Vec<f64>, Error> {
    let arrays = arrays(graph, sizes).into_iter().map(|(shape, elements)| Array::new(elements, &shape));
    let arrays = arrays.collect::<Result<Vec<Array>, Error>>()?;
    let results = Program::from_graph(graph.clone(), &Options::new())?.call(&arrays[..])?;
    match results[0].dtype() {
        DType::I64 => Ok(results[0].to_vec::<i64>()?.into_iter().map(|x| x as f64).collect()),
        _ => Ok(results[0].to_vec::<f32>()?.into_iter().map(f64::from).collect()),
    }
}

fn interpreted(graph: &Graph, sizes: &Sizes) -> Result<Vec<f64>, InterpretError> {
    let arrays = arrays(graph, sizes).into_iter();
    let arrays = arrays.map(|(shape, elements)| {
        let elements: Vec<f64> = elements.into_iter().map(f64::from).collect();
        ArrayValue::from_f64(DType::F32, &shape, &elements)
    });
    Ok(interpret(graph, sizes, &arrays.collect::<Vec<_>>())?[0].to_f64())
}

fn sizes(list: &[(&str, usize)]) -> Sizes {
    list.iter().map(|(name, value)| ((*name).into(), *value)).collect()
}

/// A program over vectors of named extents, an `f32[]`, and whatever operations.
fn program(operations: &str) -> Graph {
    let text = format!("graph(%x x: f32[n], %y y: f32[m], %z z: f32[k], %f f: f32[])\n{operations}");
    parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn values() {
    let extent = |n: f64| vec![n];
    let cases: [(&str, [usize; 3], Vec<f64>); 15] = [
        // Quotients are rounded down, whatever the signs.
        ("%c = extent 20+n/(m-5) return %c", [7, 3, 0], extent(16.0)),
        ("%i = iota 20+n/(m-5) %c = sum[0] %i return %c", [7, 3, 0], extent(120.0)),
        ("%c = extent 20-(0-n)/2 return %c", [7, 0, 0], extent(24.0)),
        ("%c = extent n/(m-m) + m/(n-7) return %c", [7, 3, 0], extent(0.0)),
        // A product with 0 is 0, however large the rest.
        ("%c = extent (n*k)*(4611686018427387904+m) return %c", [3, 2, 0], extent(0.0)),
        ("%i = iota (n*k)*(4611686018427387904+m) %c = sum[0] %i return %c", [3, 2, 0], extent(0.0)),
        // Steps and starts far outside an axis.
        ("%s = slice[0 by 9223372036854775807 for min(n,1)] %x return %s", [3, 0, 0], vec![1.0]),
        ("%s = slice[0 by -9223372036854775808 for min(n,1)] %x return %s", [3, 0, 0], vec![1.0]),
        ("%s = slice[0 by 9223372036854775807 for min(n,1)] %x return %s", [0, 0, 0], vec![]),
        ("%s = slice[9223372036854775807 by 1 for m] %x return %s", [3, 0, 0], vec![]),
        ("%s = slice[4611686018427387904 by 1 for max(n-4611686018427387904,0)] %x return %s", [3, 0, 0], vec![]),
        ("%s = slice[9223372036854775807 by 1 for 0] %x return %s", [3, 0, 0], vec![]),
        // An empty window may start where nothing is.
        ("%s = slice[n-9 by 1 for max(n-9,0)] %x return %s", [7, 0, 0], vec![]),
        ("%s = slice[max(n-1,0) by -2 for (n+1)/2] %x return %s", [5, 0, 0], vec![5.0, 3.0, 1.0]),
        ("%p = pad[0:m-5] %x, %f return %p", [2, 7, 0], vec![1.0, 2.0, 1.0, 1.0]),
    ];
    for (operations, [n, m, k], expected) in cases {
        let (graph, sizes) = (program(operations), sizes(&[("n", n), ("m", m), ("k", k)]));
        assert_eq!(interpreted(&graph, &sizes), Ok(expected.clone()), "{operations}");
        let found = compiled(&graph, &sizes).unwrap_or_else(|error| panic!("{error}: {operations}"));
        assert_eq!(found, expected, "{operations}");
    }
}

#[test]
fn refusals() {
    let cases = [
        ("%p = pad[0:m-5] %x, %f %q = neg %p return %q", [7, 3, 0], "pad: (m-5) is -2: an extent cannot be negative"),
        ("%p = pad[9:m-5] %x, %f return %p", [7, 3, 0], "pad: (m-5) is -2: an extent cannot be negative"),
        ("%i = iota m-5 %s = sum[0] %i return %s", [7, 3, 0], "iota: (m-5) is -2: an extent cannot be negative"),
        ("%e = extent m-5 return %e", [7, 3, 0], "extent: (m-5) is -2: an extent cannot be negative"),
        ("%r = reshape[m-5,k-5] %x return %r", [6, 3, 2], "reshape: (m-5) is -2: an extent cannot be negative"),
        (
            "%b = broadcast[m-5,n] %x %s = sum[0] %b return %s",
            [1, 3, 0],
            "broadcast: (m-5) is -2: an extent cannot be negative",
        ),
        // Nobody needs it, and it is refused all the same.
        ("%i = iota m-5 return %x", [7, 3, 0], "iota: (m-5) is -2: an extent cannot be negative"),
        (
            "%e = extent n*4611686018427387904 return %e",
            [7, 3, 0],
            "extent: (4611686018427387904*n) overflows: no array can be that large",
        ),
        // A name may be a number that another asks for, but not two.
        (
            "%a = reshape[m,k] %x %b = reshape[4] %a return %b",
            [6, 2, 3],
            "reshape: number of elements: (k*m) is 6 and 4 is wanted",
        ),
        (
            "%s = slice[n-9 by 1 for 1] %x return %s",
            [7, 0, 0],
            "slice: axis 0: max(0,(n-9)) is 0 and (n-9) has no value",
        ),
    ];
    for (operations, [n, m, k], expected) in cases {
        let (graph, sizes) = (program(operations), sizes(&[("n", n), ("m", m), ("k", k)]));
        assert_eq!(interpreted(&graph, &sizes).unwrap_err().to_string(), expected, "{operations}");
        assert_eq!(compiled(&graph, &sizes).unwrap_err().to_string(), expected, "{operations}");
    }
}

#[test]
fn contradicting_reshapes_are_refused_whatever_the_sizes() {
    let text = "graph(%x x: f32[64], %a a: f32[a], %b b: f32[b]) %y = reshape[a,b] %x %z = reshape[1] %y return %z";
    let graph = parse(text).unwrap();
    let cases = [
        ((8, 8), "reshape: number of elements: (a*b) is 64 and 1 is wanted"),
        ((1, 1), "reshape: number of elements: 64 is wanted and (a*b) is 1"),
    ];
    for ((a, b), expected) in cases {
        let sizes = sizes(&[("a", a), ("b", b)]);
        assert_eq!(interpreted(&graph, &sizes).unwrap_err().to_string(), expected);
        assert_eq!(compiled(&graph, &sizes).unwrap_err().to_string(), expected);
    }
}

/// What NumPy's syntax makes of a named axis is what it makes of a fixed one, for every small extent of it.
#[test]
fn named_axes_do_as_fixed_ones_do() {
    let texts = [
        "np.diff(x, 2)[-3:]",
        "(x[2:] - x[:-2])[1:-1][-2:]",
        "np.diff(x, 10)",
        "np.diff(x, 40)",
        "x[::-1][2:-3:2][::-3][1:]",
        "np.diff(x, 3)[::-2][-5:-1]",
        "x[-5:][-3:][-2:]",
        "x[:5][:3][:2]",
        "x[1:][:-1][2:][:-2][3:][:-3][::2][1:]",
        "np.concatenate([x[1:], x[:-1]])[2:-2][::-1]",
        "np.pad(x, 3)[2:-4][::2]",
        "np.diff(np.pad(x, 2), 4)[1:-1]",
        "np.tile(x, 3)[1::2]",
        "np.repeat(x, 2)[::-3]",
        "np.cumsum(x[::3])[::-2][1:][::-1]",
        "x[9223372036854775807:]",
        "x[:-9223372036854775808:-1]",
        "x[::9223372036854775807]",
        "x[::-9223372036854775808]",
        "x[-9223372036854775808::9223372036854775807]",
        "np.concatenate([x[:1], x[-1:]])",
        "x[::2].sum() - x[-2:].sum()",
        "np.mean(x[::-1][1:] * x[:-1])",
        "np.outer(x[1:], x[:-1]).sum(0)[::-2]",
    ];
    let (mut same, ty) = (0, Type::parse("i64[n]").unwrap());
    for text in texts {
        let program = Expression::parse(text).and_then(|e| e.program(&[("x", ty.clone())], &Options::new()));
        let program = program.unwrap_or_else(|error| panic!("{text}: {error}"));
        for n in 0..14 {
            let x = Array::new((0..n as i64).map(|k| k * k - 3 * k + 1).collect(), &[n]).unwrap();
            let (named, fixed) = (program.call_one(&[&x]), evaluate(text, &[("x", &x)]));
            match (named, fixed) {
                (Ok(named), Ok(fixed)) => {
                    assert_eq!((named.dtype(), named.shape()), (fixed.dtype(), fixed.shape()), "{text} of {n}");
                    assert_eq!(named.to_string(), fixed.to_string(), "{text} of {n}");
                    same += 1;
                }
                (Err(named), Err(_)) => assert!(!named.to_string().contains("internal"), "{text} of {n}: {named}"),
                (Ok(_), Err(fixed)) => panic!("{text} of {n} is refused where {n} is fixed: {fixed}"),
                (Err(named), Ok(_)) => panic!("{text} of {n} is refused where it is a name: {named}"),
            }
        }
    }
    assert!(same > 300, "{same}");
}
