"""Reading very many rows, some at a time: each read begins after the last row of the one before."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

T = TypeVar("T")


def in_batches(read: Callable[[T | None], Sequence[T]]) -> Iterator[Sequence[T]]:
    """Yield what `read` returns, first of all (None), then after the last of those before.

    The order `read` keeps must not change by what is done with a batch: an id, a number, the
    moment something came. So rows that can't be done are passed by, however many they are.
    """
    last = None
    while batch := read(last):
        yield batch
        last = batch[-1]


def one_by_one(read: Callable[[T | None], Sequence[T]]) -> Iterator[T]:
    """Yield the rows themselves that are read so."""
    return chain.from_iterable(in_batches(read))
