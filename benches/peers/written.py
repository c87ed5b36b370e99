"""A user's own expression as a function of its inputs."""

import ast


class Without(Exception):
    """A system does not do this; the message says why."""


def parsed(text):
    """The statements of an expression's text, and the node that is its result: the last one, or what that assigns."""
    *body, last = ast.parse(text.strip()).body
    if isinstance(last, ast.Expr):
        return body, last.value
    target = last.targets[0] if isinstance(last, ast.Assign) else last.target
    return [*body, last], ast.Name(target.id, ast.Load())


def defined(names, body, result, scope):
    """The function of parameters of these names that does these statements and returns that."""
    function = ast.parse(f"def expression({', '.join(names)}): pass").body[0]
    function.body = [*body, ast.Return(result)]
    module = ast.fix_missing_locations(ast.Module([function], []))
    exec(compile(module, "expression", "exec"), scope)
    return scope["expression"]


def function(text, names, np):
    """The expression on arrays of `np`, which is NumPy or something with its names. They are known without `np.` too."""
    return defined(names, *parsed(text), vars(np) | {"np": np})
