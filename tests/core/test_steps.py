"""Work that goes step by step: when it is tried again, and how far it came (ADR 0010, 0011)."""

from datetime import timedelta

import pytest

from portal.core.steps import back_off, milestones, next_look
from portal.transfers.rules.steps import LOOKED_AT_LEAST_EVERY

PARTS = (("Sent", frozenset({"make", "send"})), ("Looked at", frozenset({"wait"})))


def test_waits_grow_and_end():
    assert back_off(0) < back_off(3) < back_off(99) == timedelta(hours=1)
    looks = [
        next_look(timedelta(seconds=s), at_most=LOOKED_AT_LEAST_EVERY) for s in (0, 400, 10**6)
    ]
    assert looks == sorted(looks)
    assert looks[-1] <= timedelta(minutes=30)


@pytest.mark.parametrize(
    ("left", "is_begun", "words"),
    [
        (["make", "send", "wait"], False, ["todo", "todo"]),
        (["send", "wait"], True, ["current", "todo"]),
        (["wait"], True, ["done", "current"]),
        ([], True, ["done", "done"]),
    ],
)
def test_a_part_is_done_once_none_of_its_steps_is_left(left, is_begun, words):
    assert [word for _, word in milestones(PARTS, left, is_begun=is_begun)] == words
