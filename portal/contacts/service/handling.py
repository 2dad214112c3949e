"""What a kind of import brings to the machinery that reads its file."""

from collections.abc import Sequence
from typing import Protocol

from portal.contacts.rules.mapping import Field
from portal.contacts.service.rows import Row, Verdict
from portal.contacts.values import ImportKind, ImportRef, Run
from portal.core.audit import Actor


class Batcher(Protocol):
    """Takes the rows of one run, a batch at a time, in order."""

    def prepare(self, rows: Sequence[Row]) -> None:
        """Do what takes time with the next rows, before any transaction is open."""

    def take(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Answer each row; write what it asks for unless this is the dry run."""

    def runs(self) -> tuple[Run, ...]:
        """Return runs of numbers seen, once all rows were taken (K-7)."""


class RowHandler(Protocol):
    """What a kind of import does with its rows."""

    @property
    def kind(self) -> ImportKind:
        """Say what the file holds."""

    @property
    def tables(self) -> Sequence[str]:
        """Name the tables its rows go to."""

    @property
    def fields(self) -> Sequence[Field]:
        """Return the fields a column may be matched to."""

    def mapping_problem(self, mapping: Sequence[str]) -> str | None:
        """Say what is missing in a mapping, or None."""

    def open(self, import_: ImportRef, *, dry: bool, actor: Actor) -> Batcher:
        """Return a batcher for a run that starts or goes on."""
