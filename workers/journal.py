"""Outcomes that could not be written to the database, kept on disk until they can (PROMISES 2.3).

One JSON line each, forced to disk before the worker goes on. Replaying a line that was
recorded after all changes nothing.

Who replays a file locks it, so it is one at a time, and death frees it; so does who adds to one, or
a line might come after the file was read and before it is deleted. Lines that can't be read are put
aside, for a person: they must not stop all that comes after them.
"""

import fcntl
import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID, uuid4

from portal.core.db import unit_of_work
from portal.core.settings import settings
from portal.gateways.sms import Outcome, Outgoing, Verdict
from portal.messaging.service import outcomes
from portal.messaging.service.gate import Submission
from workers.runtime import ENDS_THE_JOB

logger = logging.getLogger(__name__)

_TAKEN: Final = ".taken"


def append(submission: Submission, outcome: Outcome) -> None:
    """Force one outcome to disk."""
    _add(_folder() / f"{os.getpid()}.jsonl", json.dumps(_line(submission, outcome)))


def replay() -> int:
    """Record what lies on disk, and forget it; return how many outcomes. Raises on DB trouble."""
    for path in sorted(_folder().glob("*.jsonl")):
        with suppress(FileNotFoundError):  # another has taken it meanwhile
            # A name of its own: what is appended from now on goes into another file.
            path.rename(path.with_suffix(f".{uuid4().hex}{_TAKEN}"))
    return sum(_replay_file(taken) for taken in sorted(_folder().glob(f"*{_TAKEN}*")))


def _replay_file(taken: Path) -> int:
    """Record what a taken file holds and delete it; one left by a dead process like one's own."""
    try:
        file = taken.open("rb")
    except FileNotFoundError:
        return 0
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # somebody replays it just now
        count = sum(_replay(line) for line in file.read().splitlines())
        taken.unlink(missing_ok=True)
    return count


def _replay(line: bytes) -> int:
    try:
        submission, outcome = _read(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError):
        logger.exception("a line of the journal can't be read: its text stays unknown")
        _put_aside(line)
        return 0  # the crash came while writing it, or another version wrote it
    try:
        with unit_of_work():
            outcomes.record(submission, outcome)
    except ENDS_THE_JOB:
        raise  # all of the file is tried again
    except Exception:  # one outcome must not stop all that come after it
        logger.exception("an outcome of the journal can't be recorded: its text stays unknown")
        _put_aside(line)
        return 0
    return 1


def _put_aside(line: bytes) -> None:
    _add(_folder() / "unread.txt", line.decode(errors="replace"))


def _add(path: Path, line: str) -> None:
    """Force a line to disk, into a file that has not been taken since it was opened."""
    while True:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(opened, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(path, file):
                continue  # a replay took it, and deletes what it has read of it
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
            return


def _is_at(path: Path, file: IO[str]) -> bool:
    """Say whether an open file still goes by this name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _folder() -> Path:
    folder = settings().var / "journal"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _line(submission: Submission, outcome: Outcome) -> dict[str, Any]:
    return {
        "message": str(submission.message_id),
        "organization": str(submission.organization_id),
        "account": str(submission.account_id),
        "to": submission.e164,
        "from": submission.outgoing.from_number,
        "epoch": submission.epoch,
        "attempt": submission.attempt,
        "outcome": asdict(outcome),
    }


def _read(kept: dict[str, Any]) -> tuple[Submission, Outcome]:
    told = kept["outcome"]
    outgoing = Outgoing(
        message_id=kept["message"],
        attempt=kept["attempt"],
        to=kept["to"],
        from_number=kept["from"],
        service_sid=None,
        body="",
        media_urls=(),
        status_callback="",
        validity_period_s=0,
        account_sid="",
        auth_token="",  # what is left of the text is never handed over again
    )
    submission = Submission(
        UUID(kept["message"]),
        UUID(kept["organization"]),
        UUID(kept["account"]),
        kept["to"],
        kept["epoch"],
        kept["attempt"],
        outgoing,
    )
    return submission, Outcome(**{**told, "verdict": Verdict(told["verdict"])})
