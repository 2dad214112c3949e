"""Outcomes that could not be written to the database, kept on disk until they can (PROMISES 2.3).

One JSON line each, forced to disk before the worker goes on. Replaying a line that was
recorded after all changes nothing.
"""

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from portal.core.db import unit_of_work
from portal.core.settings import settings
from portal.gateways.sms import Outcome, Outgoing, Verdict
from portal.messaging.service import outcomes
from portal.messaging.service.gate import Submission

logger = logging.getLogger(__name__)


def append(submission: Submission, outcome: Outcome) -> None:
    """Force one outcome to disk."""
    path = _folder() / f"{os.getpid()}.jsonl"
    line = json.dumps(_line(submission, outcome)) + "\n"
    with path.open("a", encoding="utf-8") as file:
        os.chmod(path, 0o600)  # noqa: PTH101 (the file is open)
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def replay() -> int:
    """Record what lies on disk, and forget it; return how many outcomes. Raises on DB trouble."""
    count = 0
    for path in sorted(_folder().glob("*.jsonl")):
        taken = path.with_suffix(f".taken-{os.getpid()}")
        try:
            path.rename(taken)  # whoever renames it replays it
        except FileNotFoundError:
            continue
        try:
            for line in taken.read_text(encoding="utf-8").splitlines():
                count += _replay(line)
        except BaseException:
            taken.rename(path)
            raise
        taken.unlink()
    return count


def _replay(line: str) -> int:
    try:
        kept = json.loads(line)
    except ValueError:
        logger.warning("a torn line in the journal: its text stays unknown")
        return 0  # the crash came while writing it
    submission, outcome = _read(kept)
    with unit_of_work():
        outcomes.record(submission, outcome)
    return 1


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
