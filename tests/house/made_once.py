"""Says which statements made once don't know the type of what they are asked with.

A column that points at another table has no type until that table is known. A statement made
before takes none from it, and SQLite then refuses a UUID. So it depends on what was imported
first, which is another thing in each process: run with the modules one of them begins with.
"""

import sys
from importlib import import_module

from sqlalchemy import BinaryExpression, BindParameter
from sqlalchemy.sql import ClauseElement, visitors
from sqlalchemy.types import NullType


def statements():
    """Give every statement that stands in a module of the product, with its name."""
    for module in [name for name in sys.modules if name.startswith(("portal.", "workers."))]:
        for name, value in vars(sys.modules[module]).items():
            if isinstance(value, ClauseElement):
                yield f"{module}.{name}", value


def untyped(statement):
    """Give the names of what a statement compares with and has no type."""
    for part in visitors.iterate(statement):
        if isinstance(part, BinaryExpression):
            for side in (part.left, part.right):
                if isinstance(side, BindParameter) and isinstance(side.type, NullType):
                    yield side.key


if __name__ == "__main__":
    for begun in sys.argv[1:]:
        import_module(begun)
    found = list(statements())
    for name, statement in found:
        for key in untyped(statement):
            print(f"{name}: {key}")
    print(len(found), "statements")
