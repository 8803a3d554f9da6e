"""How large the package is and how it hangs together: sizes, signatures, circles of files.

Run with `python -m tests.benchmarks.measure_structure [--tree DIR] [--json]`; the tree may be another checkout. Nothing
of it is imported. A function's parameters are counted without `self` and `cls`, its lines without its signature and
docstring. A file depends on a file that any of its imports names, those in functions and "for types" included; of
`from nas_asc.study import x` that is x.py if there is one, else the room's `__init__.py`. A circle is a set of files
each of which depends on each other one by some way.
"""

import argparse
import ast
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = "nas_asc"
CARRIED = ("deadline", "torch_device", "prepared")


@dataclass(frozen=True)
class Function:
    """One function or method.

    Args:
        name: Its own, that of its class before it.
        file: Where it is.
        parameters: Names without self and cls.
        n_lines: Of its statements.
    """

    name: str
    file: str
    parameters: tuple[str, ...]
    n_lines: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"name": self.name, "file": self.file, "n_parameters": len(self.parameters), "n_lines": self.n_lines}


def measure_structure(tree: Path) -> dict[str, Any]:
    """Numbers of the package in a checkout, as plain data.

    Args:
        tree: Folder that holds the package.
    """
    texts = {path.relative_to(tree).as_posix(): path.read_text("utf-8") for path in (tree / PACKAGE).rglob("*.py")}
    trees = {file: ast.parse(texts[file]) for file in sorted(texts)}
    n_lines = {file: len(texts[file].splitlines()) for file in trees}
    functions = [function for file in trees for function in _functions(trees[file], file)]
    outside = [each for each in functions if room_of(each.file) != "cli"]
    rooms = {
        room: {"files": n_files, "lines": sum(n for file, n in n_lines.items() if room_of(file) == room)}
        for room, n_files in sorted(Counter(map(room_of, trees)).items())
    }
    longest = max(n_lines, key=n_lines.__getitem__)
    return {
        "rooms": rooms,
        "all": {"files": len(trees), "lines": sum(n_lines.values())},
        "longest_signature": _most(functions, "n_parameters"),
        "longest_signature_without_cli": _most(outside, "n_parameters"),
        "carried": {name: sum(name in each.parameters for each in functions) for name in CARRIED},
        "circles": find_circles({file: set(_imported(trees[file], trees)) - {file} for file in trees}),
        "longest_file": {"file": longest, "lines": n_lines[longest]},
        "longest_function": _most(functions, "n_lines"),
    }


def room_of(file: str) -> str:
    """Room of a file: the folder or file below the package.

    >>> room_of("nas_asc/data/esc.py"), room_of("nas_asc/errors.py")
    ('data', 'errors')
    """
    return file.split("/")[1].removesuffix(".py")


def find_circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Strongly connected components of two nodes or more, each sorted, the largest first.

    >>> find_circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a", "e"}, "e": set()})
    [['a', 'b', 'c']]
    """
    reached = {node: _reach(node, edges) for node in edges}
    circles = {tuple(sorted(other for other in reached[node] if node in reached[other])) for node in edges}
    return [list(circle) for circle in sorted(circles, key=lambda circle: (-len(circle), circle)) if len(circle) > 1]


def _reach(node: str, edges: Mapping[str, set[str]]) -> set[str]:
    """What lies on a way from a node; itself only on a circle."""
    found: set[str] = set()
    open_ones = [node]
    while open_ones:
        for after in edges[open_ones.pop()] - found:
            found.add(after)
            open_ones.append(after)
    return found


def _imported(tree: ast.Module, files: Mapping[str, object]) -> Iterator[str]:
    """Files of the package that a file's imports name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [[alias.name] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [[f"{node.module}.{alias.name}", node.module] for alias in node.names]
        else:
            continue
        for choices in names:
            paths = [f"{name.replace('.', '/')}{end}" for name in choices for end in (".py", "/__init__.py")]
            yield from [path for path in paths if path in files][:1]


def _functions(tree: ast.Module, file: str) -> Iterator[Function]:
    def visit(node: ast.AST, prefix: str) -> Iterator[Function]:
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(prefix + child.name, file, _parameters(child.args), _n_lines(child))
                inner = f"{prefix}{child.name}."
            elif isinstance(child, ast.ClassDef):
                inner = f"{prefix}{child.name}."
            yield from visit(child, inner)

    return visit(tree, "")


def _parameters(arguments: ast.arguments) -> tuple[str, ...]:
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return tuple(each.arg for each in found if each is not None and each.arg not in ("self", "cls"))


def _n_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _most(functions: Sequence[Function], what: str) -> dict[str, Any] | None:
    found = [function.to_dict() for function in functions]
    return max(found, key=lambda each: each[what]) if found else None


def format_structure(found: Mapping[str, Any]) -> str:
    """Text of what was measured, one fact a line.

    Args:
        found: By `measure_structure`.
    """
    lines = [f"{room:<14}{each['files']:>5} files{each['lines']:>8,} lines" for room, each in found["rooms"].items()]
    lines.append(f"{'all':<14}{found['all']['files']:>5} files{found['all']['lines']:>8,} lines")
    for name in ("longest_signature", "longest_signature_without_cli"):
        if (each := found[name]) is not None:
            where = f"{each['n_parameters']} parameters, {each['name']} in {each['file']}"
            lines.append(f"{name.replace('_', ' ')}: {where}")
    lines.append("functions that take " + ", ".join(f"{name}: {n}" for name, n in found["carried"].items()))
    lines.append(f"longest file: {found['longest_file']['lines']} lines, {found['longest_file']['file']}")
    if (each := found["longest_function"]) is not None:
        lines.append(f"longest function: {each['n_lines']} lines, {each['name']} in {each['file']}")
    lines.append(f"circles of files: {len(found['circles'])}")
    return "\n".join(lines + [f"  {len(circle)}: {', '.join(circle)}" for circle in found["circles"]])


def main(words: Sequence[str] | None = None) -> None:
    """Measure a tree and print it.

    Args:
        words: Of the command line; None takes them from the process.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, default=Path(__file__).parents[2], help="a checkout; default: this one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(words)
    if not (options.tree / PACKAGE).is_dir():
        parser.error(f"--tree must hold the folder {PACKAGE}, but {options.tree} does not.")
    found = measure_structure(options.tree)
    print(json.dumps(found, indent=1) if options.json else format_structure(found))


if __name__ == "__main__":
    main()
