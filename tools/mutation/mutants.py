"""Small mistakes, one at a time: where a file can have them, and the file with one of them.

Neither of the usual tools fits: mutmut leaves out decorated functions, and every rule is one; cosmic-ray mutates
annotations, which are never evaluated here, so that half of its mutants are no mistakes, and starts a process for each.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Continue: ast.Break,
    ast.Break: ast.Continue,
}
UNSPOKEN = {
    "dataclass",
    "TypeVar",
    "cast",
    "NewType",
}  # what these calls say is for readers and checkers of types


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: the how-manyth node of the file that can be wrong, and what it becomes."""

    source: Path
    number: int
    line: int
    column: int
    was: str
    becomes: str
    function: (
        tuple[str, int] | None
    )  # the outermost one that holds it, with its first line; null: run at import

    @property
    def kind(self) -> str:
        """Say what sort of mistake it is."""
        return self.was.partition(" ")[0] if self.was in {"True", "False"} else self.becomes.partition(":")[0]


def mutants_of(source: Path) -> list[Mutant]:
    """Return every mistake that a file can have."""
    tree = ast.parse(source.read_text("utf-8"))
    return [
        Mutant(source, n, node.lineno, node.col_offset, ast.unparse(node)[:90], what, inside)
        for n, (node, what, inside) in enumerate(_points(tree, None))
    ]


def mutated(mutant: Mutant) -> ast.Module:
    """Return the file with the mistake in it."""
    tree = ast.parse(mutant.source.read_text("utf-8"))
    node, what, _ = next(p for n, p in enumerate(_points(tree, None)) if n == mutant.number)
    _spoil(node, what)
    return ast.fix_missing_locations(tree)


Point = tuple[ast.expr | ast.stmt, str, tuple[str, int] | None]


def _points(node: ast.AST, inside: tuple[str, int] | None, within: str = "") -> Iterator[Point]:
    for name, child in _evaluated(node):
        here, path = inside, within
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            path = f"{within}{child.name}."
        if isinstance(node, ast.FunctionDef) and name == "body" and inside is None:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            here = (within.rstrip("."), first)
        if isinstance(child, ast.expr | ast.stmt):
            yield from ((child, what, here) for what in _mistakes(child))
        yield from _points(child, here, path)


def _evaluated(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what is run of a node: no annotation, no docstring, nothing that is said to type checkers alone."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "type_params", "type_comment"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_unspoken(child):
                yield name, child


def _is_unspoken(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        return name in UNSPOKEN
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    if isinstance(node, ast.Assign):
        return any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
    said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return said or isinstance(node, ast.Import | ast.ImportFrom)


def _mistakes(node: ast.expr | ast.stmt) -> Iterator[str]:  # noqa: C901, PLR0912 - one line for each sort of node
    match node:
        case ast.Compare(ops=ops):
            for n, op in enumerate(ops):
                if type(op) in SWAPS:
                    yield f"operator {n}: {SWAPS[type(op)].__name__}"
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op):
            if type(op) in SWAPS:
                yield f"operator: {SWAPS[type(op)].__name__}"
        case ast.UnaryOp(op=ast.Not()):
            yield "not: without it"
        case ast.Constant(value=bool(value)):
            yield f"constant: {not value}"
        case ast.Constant(value=int(value)):
            yield f"constant: {value + 1}"
        case ast.Constant(value=float(value)):
            yield f"constant: {value * 2 + 1}"
        case ast.Constant(value=str(value)):
            yield f"constant: {'another text' if value else 'a text'}"
        case ast.If() | ast.IfExp() | ast.While():
            yield "condition: negated"
        case ast.comprehension(ifs=[_, *_]):
            yield "condition: left out"
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield "return: None"
        case ast.Continue() | ast.Break():
            yield f"statement: {SWAPS[type(node)].__name__}"
        case ast.Expr():
            yield "statement: left out"


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _spoil(node: ast.expr | ast.stmt, what: str) -> None:
    """Make the mistake, in place: the node stays where it is in the tree."""
    match node:
        case ast.Compare():
            n = int(what.partition(":")[0].split()[1])
            node.ops[n] = SWAPS[type(node.ops[n])]()  # type: ignore[call-overload]
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign():
            node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
        case ast.Constant(value=value):
            node.value = _other(value)
        case ast.If() | ast.IfExp() | ast.While():
            node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        case ast.UnaryOp(operand=operand):
            _become(node, ast.Call(func=ast.Name("bool", ast.Load()), args=[operand], keywords=[]))
        case ast.Return():
            node.value = ast.Constant(None)
        case ast.Continue() | ast.Break():
            _become(node, SWAPS[type(node)]())
        case ast.Expr():
            _become(node, ast.Pass())


def _other(value: object) -> str | int | float:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"XX{value}XX"
    return value + 1 if isinstance(value, int) else float(str(value)) * 2 + 1


def _become(node: ast.AST, other: ast.AST) -> None:
    """Turn a node into another one, for whoever holds it."""
    place = {name: getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")}
    node.__class__ = type(other)
    node.__dict__.clear()
    node.__dict__.update(copy.copy(other.__dict__) | place)
