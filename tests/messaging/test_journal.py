"""Outcomes on disk are lost by no death, no outage and no bad line (PROMISES 2.3)."""

import fcntl
import json
import stat

import pytest
from sqlalchemy.exc import OperationalError

from portal.messaging.service import outcomes
from portal.messaging.values import State
from tests.factories.messaging import clear, make_campaign, make_recipients, take, texts
from workers import journal


@pytest.fixture
def two(northside, sender, carrier_fake, settings):
    """Two texts that left and whose outcomes are not recorded, as the worker holds them."""
    folder = settings.var / "journal"
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*"):
        path.unlink()
    make_campaign(northside, make_recipients(northside, 2))
    cleared = [clear(claim) for claim in take(northside)]
    return [(one, carrier_fake.send(one.outgoing, 0.0)) for one in cleared]


def states(account):
    return sorted(text.state.value for text in texts(account))


def left(settings):
    return sorted(path.name for path in (settings.var / "journal").iterdir())


def test_an_outcome_that_cannot_be_recorded_stops_no_other(northside, two, settings, monkeypatch):
    for one in two:
        journal.append(*one)
    record, bad = outcomes.record, two[0][0].message_id

    def breaks_on_one(submission, outcome):
        record(submission, outcome)
        if submission.message_id == bad:
            raise ValueError("no row like that")

    monkeypatch.setattr(outcomes, "record", breaks_on_one)
    assert journal.replay() == 1
    assert states(northside) == [State.ACCEPTED, State.SUBMITTING]
    assert left(settings) == ["unread.txt"]
    assert str(bad) in (settings.var / "journal" / "unread.txt").read_text()


def test_what_is_appended_while_a_replay_fails_is_kept(northside, two, settings, monkeypatch):
    journal.append(*two[0])

    def away(*_):
        journal.append(*two[1])
        raise OperationalError("x", {}, Exception("away"))

    with monkeypatch.context() as patched:
        patched.setattr(outcomes, "record", away)
        with pytest.raises(OperationalError):
            journal.replay()
    assert journal.replay() == 2
    assert states(northside) == [State.ACCEPTED, State.ACCEPTED]
    assert left(settings) == []


def test_a_file_taken_since_it_was_opened_is_not_written_to(northside, two, settings, monkeypatch):
    """Once the line came into a file that was read already, and was deleted with it."""
    journal.append(*two[0])
    lock, replayed = fcntl.flock, []

    def taken_first(file, how):
        if how == fcntl.LOCK_EX and not replayed:  # opened, and not locked yet
            replayed.append(0)
            replayed[0] = journal.replay()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", taken_first)
    journal.append(*two[1])
    assert (replayed, journal.replay()) == ([1], 1)
    assert states(northside) == [State.ACCEPTED, State.ACCEPTED]
    assert left(settings) == []


def test_a_file_is_not_taken_from_who_writes_to_it(northside, two, settings, monkeypatch):
    """It is renamed then, and read by the next replay."""
    journal.append(*two[0])
    is_at, replayed = journal._is_at, []

    def taken_after(path, file):
        found = is_at(path, file)
        replayed.append(journal.replay())  # locked, and nothing written yet
        return found

    monkeypatch.setattr(journal, "_is_at", taken_after)
    journal.append(*two[1])
    assert (replayed, journal.replay()) == ([0], 2)
    assert states(northside) == [State.ACCEPTED, State.ACCEPTED]
    assert left(settings) == []


def test_only_the_owner_reads_what_is_kept(two, settings):
    journal.append(*two[0])
    [path] = (settings.var / "journal").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["77.taken-99", "77.0123.taken"])
def test_what_a_dead_process_had_taken_is_replayed(northside, two, settings, name):
    journal.append(*two[0])
    [path] = (settings.var / "journal").glob("*.jsonl")
    path.rename(path.with_name(name))
    assert journal.replay() == 1
    assert states(northside) == [State.ACCEPTED, State.SUBMITTING]
    assert left(settings) == []


@pytest.mark.parametrize(
    "bad", ["{", "{}", "[]", json.dumps({"message": 7, "outcome": {}}), "\udcff"]
)
def test_a_line_that_cannot_be_read_is_put_aside(northside, two, settings, bad):
    folder = settings.var / "journal"
    (folder / "1.jsonl").write_bytes(bad.encode(errors="surrogateescape") + b"\n")
    journal.append(*two[0])
    assert journal.replay() == 1
    assert states(northside) == [State.ACCEPTED, State.SUBMITTING]
    assert left(settings) == ["unread.txt"]
