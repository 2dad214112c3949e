"""How templates are drawn: as Jinja does, with less around each value and each call (G6).

A list of fifty rows writes some 1,500 values and calls some 400 macros. Jinja makes a Markup of
every value, only to join them, and asks of everything it calls four times whether it wants the
context. The text that comes out is the same to the letter.
"""

from collections import ChainMap
from collections.abc import MutableMapping
from types import FunctionType, MethodType
from typing import Any

from flask.templating import Environment
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Macro
from markupsafe import Markup, escape
from markupsafe._speedups import _escape_inner

_PLAIN = (FunctionType, MethodType)


def written(value: object) -> str:
    """Return a value as a template writes it: escaped, unless it is markup already."""
    kind = type(value)
    if kind is str:
        return _escape_inner(value)  # type: ignore[arg-type]  # mypy does not read the line above
    if kind is Markup:
        return value  # type: ignore[return-value]  # likewise
    return escape(value)


class _Writer(CodeGenerator):
    """Compiles templates so that values are written by `written`."""

    def visit_Template(  # noqa: N802 (Jinja's name)
        self, node: nodes.Template, frame: Frame | None = None
    ) -> None:
        self.writeline(f"from {__name__} import {written.__name__}")
        super().visit_Template(node, frame)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
            return
        self.write(f"{written.__name__}(")
        if finalize.src is not None:
            self.write(finalize.src)


class _Page(Context):
    """What a template is drawn with; it calls macros and our own functions without asking around."""

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call something as a template does; see Context."""
        kind = type(called)
        if kind is Macro:
            args = (self.eval_ctx, *args)
        elif kind not in _PLAIN or hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, **kwargs)
        kwargs.pop("_block_vars", None)  # Jinja's own, for those who ask for the context
        kwargs.pop("_loop_vars", None)
        return called(*args, **kwargs)


class Drawing(Environment):
    """Flask's environment of templates, drawn with less ado."""

    code_generator_class = _Writer
    context_class = _Page

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return what a template finds everywhere; all share one, unless one is given its own."""
        return ChainMap(d, self.globals) if d else self.globals
