"""The workloads as a user of numexpr writes them: what is elementwise in one expression, the rest in NumPy."""

import ast

import numexpr as ne
import numpy as np
import with_numpy
import written

# Literals of an expression are doubles and would widen it; numbers of the arrays' own dtype do not.
F32 = {
    name: np.float32(value)
    for name, value in {
        "half": 0.5, "one": 1, "c": 0.7978845608, "d": 0.044715, "r": 0.03, "n1": -1.5976, "n2": 0.07056, "eps": 1e-5
    }.items()
}
F64 = {name: float(value) for name, value in F32.items()} | {
    "r": 0.03, "n1": -1.5976, "n2": 0.07056, "c": 0.7978845608, "d": 0.044715, "eps": 1e-5
}


def numbers(x):
    return F32 if x.dtype == np.float32 else F64


def gelu(x):
    return ne.evaluate("half*x*(one + tanh(c*(x + d*x*x*x)))", {"x": x} | numbers(x))


def black_scholes(s, k, t, v):
    names = {"s": s, "k": k, "t": t, "v": v} | numbers(s)
    # An expression has no local names: what is used twice is an array between two expressions, or written twice.
    names["d1"] = ne.evaluate("(log(s/k) + (r + half*v*v)*t) / (v*sqrt(t))", names)
    names["d2"] = ne.evaluate("d1 - v*sqrt(t)", names)
    return ne.evaluate(
        "s/(one + exp(n1*d1 - n2*d1*d1*d1)) - k*exp(-r*t)/(one + exp(n1*d2 - n2*d2*d2*d2))", names
    )


def standardize(x):
    mean, std = x.mean(0), x.std(0)
    return ne.evaluate("(x - mean) / std")


def softmax(x):
    m = x.max(-1, keepdims=True)
    e = ne.evaluate("exp(x - m)")
    s = e.sum(-1, keepdims=True)
    return ne.evaluate("e / s")


def layernorm(x):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return ne.evaluate("(x - mean) / sqrt(var + eps)", {"x": x, "mean": mean, "var": var} | numbers(x))


def logsumexp_axis0(x):
    m = x.max(0)
    return np.log(ne.evaluate("exp(x - m)").sum(0)) + m


def pairwise(p):
    a, b = p[:, None, :], p[None, :, :]
    return ne.evaluate("sum((a - b)**2, 2)")


def rbf_matvec(x, v):
    d = pairwise(x)
    return ne.evaluate("exp(-0.5*d)") @ v


def pairwise_gram(x):
    s = (x * x).sum(1)
    a, b, g = s[:, None], s[None, :], x @ x.T
    return ne.evaluate("sqrt(where(a - 2*g + b > 0, a - 2*g + b, 0))")


def life(b):
    p = np.pad(b, 1)
    names = {"b": b}
    for row in range(3):
        for column in range(3):
            names[f"p{row}{column}"] = p[row : row + b.shape[0], column : column + b.shape[1]]
    n = ne.evaluate("p00 + p01 + p02 + p10 + p12 + p20 + p21 + p22", names)
    return ne.evaluate("(n == 3) | ((n == 2) & (b == 1))").astype(np.int32)


def transpose_add(x):
    y = x.T
    return ne.evaluate("x + y")


def point_dist(p, pts):
    x, y = pts[:, 0], pts[:, 1]
    a, b = p
    return ne.evaluate("sqrt((a - x)**2 + (b - y)**2)")


def cross_entropy(x, labels):
    m = x.max(-1, keepdims=True)
    s = ne.evaluate("sum(exp(x - m), 1)")
    chosen = x[np.arange(len(labels)), labels] - m[:, 0]
    return (np.log(s) - chosen).mean()


WORKLOADS = {
    "chain5": lambda a, b, c, d, e: ne.evaluate("a*b + c*d - e"),
    "gelu": gelu,
    "blackscholes": black_scholes,
    "standardize": standardize,
    "softmax": softmax,
    "layernorm": layernorm,
    "logsumexp_axis0": logsumexp_axis0,
    "pairwise": pairwise,
    "rbf_matvec": rbf_matvec,
    "life": life,
    "transpose_add": transpose_add,
    "point_dist": point_dist,
    "reciprocal": lambda n: ne.evaluate("1.0 / n"),
    "sigmoid": lambda x: ne.evaluate("1 / (1 + exp(-x))"),
    "meshgrid_sinc": lambda x, y: ne.evaluate("sin(x**2 + y**2) / (x**2 + y**2)"),
    "masked_mean": with_numpy.WORKLOADS["masked_mean"],
    "pairwise_gram": pairwise_gram,
    "cross_entropy": cross_entropy,
}


# What numexpr knows, by NumPy's names.
CALLS = {name: name for name in """
    where sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh log log10 log1p exp expm1 sqrt abs floor ceil
""".split()} | {"absolute": "abs"}
OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.Mod: "%", ast.BitAnd: "&", ast.BitOr: "|",
    ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>", ast.USub: "-", ast.Invert: "~", ast.Lt: "<", ast.LtE: "<=",
    ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}


class Split:
    """An expression split as its user would: what is elementwise for numexpr, what is not for NumPy, one statement each."""

    def __init__(self, text, names):
        self.done = []
        self.numbers = {}
        self.evaluations = 0
        self.made = 0
        body, result = written.parsed(text)
        for statement in body:
            if isinstance(statement, ast.AugAssign):
                value = ast.BinOp(ast.Name(statement.target.id, ast.Load()), statement.op, statement.value)
                statement = ast.Assign([statement.target], value)
            self.done.append(ast.Assign(statement.targets, self.array(statement.value)))
        self.result = self.array(result)
        self.names = names

    def function(self):
        if self.evaluations == 0:
            raise written.Without("nothing in it is elementwise")

        def compute(*arrays):
            floats = [array.dtype for array in arrays if array.dtype.kind == "f"]
            number = (np.result_type(*floats) if floats else np.dtype(float)).type
            compute.made = made = compute.made or defined({name: number(n) for name, n in self.numbers.items()})
            return made(*arrays)

        def defined(numbers):
            return written.defined(self.names, self.done, self.result, vars(np) | {"np": np, "ne": ne} | numbers)

        compute.made = None
        return compute

    def name(self):
        self.made += 1
        return f"ne{self.made}"

    def keep(self, value):
        """A statement that gives a value a name."""
        name = self.name()
        self.done.append(ast.Assign([ast.Name(name, ast.Store())], value))
        return name

    def array(self, node):
        """A node of Python for the value of a node."""
        if not self.elementwise(node):
            return self.python(node)
        text = self.text(node)
        self.evaluations += 1
        used = sorted({name.id for name in ast.walk(ast.parse(text)) if isinstance(name, ast.Name)} - set(CALLS.values()))
        values = ast.Dict([ast.Constant(name) for name in used], [ast.Name(name, ast.Load()) for name in used])
        call = ast.Call(ast.parse("ne.evaluate", mode="eval").body, [ast.Constant(text), values], [])
        return ast.Name(self.keep(call), ast.Load())

    def called(self, node):
        """The name of numexpr's function that a node calls, if it does."""
        match node:
            case ast.Call(ast.Attribute(ast.Name("np" | "numpy"), name) | ast.Name(name), keywords=[]):
                return CALLS.get(name)

    def elementwise(self, node):
        match node:
            case ast.BinOp(op=op) | ast.UnaryOp(op=op) | ast.Compare(ops=[op]):
                return type(op) in OPERATORS
        return self.called(node) is not None

    def text(self, node):
        """A node as numexpr writes it."""
        match node:
            case ast.Name(name):
                return name
            case ast.Constant(float(value)):
                # A literal is a double and would widen the rest; a number of the arrays' own dtype does not.
                self.numbers[name := self.name()] = value
                return name
            case ast.Constant(int(value)):
                return repr(value)
        if not self.elementwise(node):
            return self.keep(self.python(node))
        match node:
            case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]):
                return f"({self.text(left)} {OPERATORS[type(op)]} {self.text(right)})"
            case ast.UnaryOp(op, operand):
                return f"({OPERATORS[type(op)]}{self.text(operand)})"
            case ast.Call(args=args):
                return f"{self.called(node)}({', '.join(map(self.text, args))})"

    def python(self, node):
        """A node that NumPy does, with what is elementwise in it done before."""
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                setattr(node, field, self.array(value))
            elif isinstance(value, list):
                setattr(node, field, [self.array(item) if isinstance(item, ast.expr) else item for item in value])
        return node


def expression(text, names):
    return Split(text, names).function()
