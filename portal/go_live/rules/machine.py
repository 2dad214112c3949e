"""What the installation itself runs on: keys, database, queue, processes, log, backups, no demo."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from portal.core.formats import plural
from portal.go_live.rules.judging import LOOK, NOT_LOOKED, RESTART, by_operation
from portal.go_live.values import Check, MachineFacts, Place, Standing, Topic

SCHEDULER_WITHIN: Final = timedelta(minutes=2)
SIGNED_WITHIN: Final = timedelta(hours=2)  # checkpoints are made every hour
UNSIGNED: Final = (
    "Entries of the audit log have had no signed checkpoint for more than two hours: look into the "
    "scheduler's log."
)
BACKUP_WITHIN: Final = timedelta(days=31)
FEWEST_SIGNS: Final = 12  # different ones a random key of 32 has at least
_Judged = tuple[Standing, str, str]


def checks(facts: MachineFacts, now: datetime) -> list[Check]:
    """Judge all that runs here."""
    return list(_checks(facts, now))


def is_weak(secret: str) -> bool:
    """Say whether a secret is plainly no random one."""
    return len(set(secret)) < FEWEST_SIGNS


def _checks(facts: MachineFacts, now: datetime) -> Iterator[Check]:
    parts: tuple[tuple[str, Callable[[], _Judged], Place | None], ...] = (
        ("Demo data", lambda: _demo(facts), None),
        ("Keys", lambda: _keys(facts), None),
        ("Database", lambda: _database(facts), None),
        ("Queue", lambda: _queue(facts), None),
        ("Workers", lambda: _workers(facts), Place.HOME),
        ("Scheduler", lambda: _scheduler(facts, now), None),
        ("Audit log", lambda: _log(facts), Place.HOME),
        ("Backups", lambda: _backups(facts, now), None),
    )
    for title, judge, place in parts:
        at = facts.log.at if title == "Audit log" and facts.log else None
        yield Check(Topic.MACHINE, title, *judge(), looked_at=at, place=place)


def _demo(facts: MachineFacts) -> _Judged:
    if not facts.is_demo:
        return (
            Standing.GOOD,
            (
                "There is none, and none can come: the demo is loaded with the sandbox into an empty "
                "installation alone."
            ),
            "",
        )
    return (
        by_operation(is_sandbox=facts.is_sandbox),
        "The demo brokerage is in this database. Real credentials are refused beside it.",
        (
            "For real operation name an empty database in DATABASE_URL (or make reset), and run "
            "flask --app app setup."
        ),
    )


def _keys(facts: MachineFacts) -> _Judged:
    grave = by_operation(is_sandbox=facts.is_sandbox)
    if facts.is_weak:
        return (
            grave,
            "SECRET_KEY is no random one: whoever guesses it signs in as anybody.",
            (
                "Set it to what python -c 'import secrets; print(secrets.token_urlsafe(48))' says, "
                f"and {RESTART}; everybody signs in anew."
            ),
        )
    if facts.has_demo_keys:
        return (
            grave,
            "The keys in var/keys are the demo's: whoever had the demo may have them.",
            f"Set {', '.join(facts.made_keys)}, or begin with an empty var/, and {RESTART}.",
        )
    if facts.made_keys and facts.hosts > 1:
        return (
            Standing.FAILING,
            (
                f"Workers run on {facts.hosts} machines, but {', '.join(facts.made_keys)} were made on "
                "each by itself."
            ),
            f"Give all machines the same values, and {RESTART}.",
        )
    if facts.made_keys:
        return (
            Standing.GOOD,
            (
                f"{', '.join(facts.made_keys)}: made for this installation alone, kept in var/keys. Keep a "
                "copy apart from backups of the database."
            ),
            "",
        )
    return Standing.GOOD, "All keys are your own, from the environment.", ""


def _database(facts: MachineFacts) -> _Judged:
    if facts.database != "sqlite":
        return Standing.GOOD, "PostgreSQL, for any number of machines.", ""
    if facts.hosts > 1:
        return (
            Standing.FAILING,
            f"SQLite is one file on one machine, but workers run on {facts.hosts}.",
            "Name one PostgreSQL in DATABASE_URL for all of them.",
        )
    return (
        Standing.GOOD,
        (
            "SQLite, one file on this machine: fit for real operation on a single machine with a disk "
            "of its own. For several machines, or a standby, it takes PostgreSQL in DATABASE_URL."
        ),
        "",
    )


def _queue(facts: MachineFacts) -> _Judged:
    if not facts.queue_answers:
        return (
            Standing.FAILING,
            "The queue does not answer: texts wait, and nothing is lost.",
            "Start Redis, or mend REDIS_URL.",
        )
    if facts.is_embedded_queue:
        return (
            Standing.GOOD,
            (
                "The embedded Valkey answers. It serves this machine alone; what is to be done stands in "
                "the database."
            ),
            "",
        )
    return Standing.GOOD, "Redis answers.", ""


def _workers(facts: MachineFacts) -> _Judged:
    if not facts.workers:
        return (
            Standing.FAILING,
            "No worker was heard of: texts, imports and these looks wait."
            if facts.queue_answers
            else "While the queue does not answer, no worker can be heard of.",
            "Start one: python -m workers worker.",
        )
    where = f" on {facts.hosts} machines" if facts.hosts > 1 else ""
    return Standing.GOOD, f"{plural(facts.workers, 'worker')} heard of{where}.", ""


def _scheduler(facts: MachineFacts, now: datetime) -> _Judged:
    mend = "Start one: python -m workers scheduler."
    if facts.scheduler_at is None:
        return Standing.FAILING, "No scheduler has ever run.", mend
    if now - facts.scheduler_at > SCHEDULER_WITHIN:
        return (
            Standing.FAILING,
            (
                "The scheduler was not heard of for more than two minutes: held texts, renewals and "
                "checkpoints wait."
            ),
            mend,
        )
    if facts.failed:
        return (
            Standing.FAILING,
            (
                "The scheduler runs, but some of its work failed and is tried again within eleven "
                f"minutes: {', '.join(facts.failed)}."
            ),
            (
                "Open this page again after that. What still stands here has its error in the "
                "scheduler's log: search it for the name."
            ),
        )
    return Standing.GOOD, "The scheduler runs.", ""


def _log(facts: MachineFacts) -> _Judged:
    if facts.log is None:
        return Standing.TODO, NOT_LOOKED, LOOK
    if facts.log.problem:
        return (
            Standing.FAILING,
            facts.log.problem,
            "Keep a copy of the database, and run flask --app app audit verify.",
        )
    if not facts.is_signed:
        return (
            Standing.TODO,
            "The audit log has no signed checkpoint yet.",
            "The scheduler makes the first one by itself, within an hour or two.",
        )
    return Standing.GOOD, "The audit log is signed up to the last hours.", ""


def _backups(facts: MachineFacts, now: datetime) -> _Judged:
    keys = " and var/keys, apart from it" if facts.made_keys else ""
    mend = (
        f"Back up the database, var/evidence, var/audit{keys}; read a copy back elsewhere; then say "
        "so here."
    )
    if facts.backup is None:
        return (
            Standing.TODO,
            "The portal can't see backups made outside it, and nobody has said that there are any.",
            mend,
        )
    if now - facts.backup.at > BACKUP_WITHIN:
        return (
            Standing.TODO,
            (
                f"{facts.backup.by} said so more than {BACKUP_WITHIN.days} days ago. The portal can't see "
                "backups made outside it."
            ),
            mend,
        )
    return (
        Standing.GOOD,
        f"{facts.backup.by} said that a backup was made and read back. The portal itself can't see it.",
        "",
    )
