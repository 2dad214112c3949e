"""How long a test waits for what certainly comes: so that one that hangs ends, and a slow machine fails none."""

import os
import time
from contextlib import contextmanager

ANSWER_S = 30  # from a server in the same process or beside it
PROCESS_S = 600  # a process that starts within 15 s took 200 beside others on a slow day


@contextmanager
def within(cpu_s, wall_s):
    """Let work take so much processor time, that of its children too, and in no case longer than wall_s.

    What a promise gives it is asked in processor time, of which a busy machine takes none away.
    """
    began, used = time.monotonic(), _used()
    yield
    assert _used() - used < cpu_s
    assert time.monotonic() - began < wall_s


def _used():
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system
