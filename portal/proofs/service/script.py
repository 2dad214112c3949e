"""The offline verifier as one readable file (C-6)."""

import ast
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

from portal.core.offline import ed25519, entries, files, hashes, notes, walk
from portal.proofs.rules import offline

NAME: Final = "consentdesk-verify.py"
_MODULES: Final[tuple[ModuleType, ...]] = (hashes, ed25519, notes, entries, walk, files)
_OURS: Final = "portal."


@cache
def script() -> str:
    """Return the program: the modules the portal itself checks with, one after the other.

    What they import of each other is left out, for it stands above; the rest is the standard
    library.
    """
    head = ast.get_docstring(ast.parse(_source(offline)), clean=False)
    parts = [f'#!/usr/bin/env python3\n"""{head}"""\n']
    parts += [f"\n# {module.__name__.rpartition('.')[2]}\n{_alone(module)}" for module in _MODULES]
    parts += [f"\n# consentdesk-verify\n{_alone(offline)}"]
    return "".join(parts) + '\n\nif __name__ == "__main__":\n    sys.exit(main())\n'


def _alone(module: ModuleType) -> str:
    """Return a module's source without its docstring and what it imports of the portal."""
    source = _source(module)
    tree = ast.parse(source)
    left_out = [node for node in tree.body if _is_ours(node)]
    if ast.get_docstring(tree) is not None:
        left_out.append(tree.body[0])
    gone = {line for node in left_out for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    lines = source.splitlines(keepends=True)
    return "".join(line for number, line in enumerate(lines, 1) if number not in gone).lstrip("\n")


def _is_ours(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (
        node.level > 0 or (node.module or "").startswith(_OURS)
    )


def _source(module: ModuleType) -> str:
    assert module.__file__ is not None
    return Path(module.__file__).read_text(encoding="utf-8")
