"""The hash chain: whatever is touched is found, and nothing else is (C-5, RULINGS 8, threat 13)."""

import json
import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.core import audit
from portal.core.audit import GENESIS, INSTALLATION, Actor, AuditEntry, AuditHead
from portal.core.db import db, unit_of_work

BOB = Actor(UUID(int=7), "Bob Tran", "203.0.113.7")
ENTRIES = 6


def write(organization, count=ENTRIES):
    """Write some entries, several to a transaction, with and without what is optional."""
    for number in range(0, count, 2):
        with unit_of_work():
            for step in range(number, min(number + 2, count)):
                audit.record(
                    "consent:consent:record",
                    actor=BOB if step % 2 else audit.SYSTEM,
                    organization_id=organization.id,
                    account_id=uuid4() if step % 3 else None,
                    subject_id=uuid4() if step % 2 else None,
                    phone="+13125550142",
                    step=step,
                    name="Zoë 🏡",
                )


def rows():
    return list(db.session.execute(db.select(AuditEntry.__table__).order_by(AuditEntry.position)))


def change(place, /, **values):
    db.session.execute(db.update(AuditEntry).where(AuditEntry.position == place).values(**values))
    db.session.commit()


def found(organization):
    db.session.commit()
    return audit.verify(organization.id)


def test_an_untouched_chain_holds(juniper):
    write(juniper)

    assert found(juniper) == (ENTRIES, None)


def test_a_chain_without_entries_holds(juniper):
    assert found(juniper) == (0, None)


def test_entries_follow_each_other_from_the_genesis(juniper):
    write(juniper)

    entries = rows()
    assert [entry.position for entry in entries] == list(range(1, ENTRIES + 1))
    assert entries[0].previous == GENESIS
    assert [e.previous for e in entries[1:]] == [e.hash for e in entries[:-1]]
    assert len({entry.salt for entry in entries}) == ENTRIES


CHANGES = {
    "format": 1,
    "event": "consent:consent:end",
    "actor_id": uuid4(),
    "actor_label": "Somebody Else",
    "origin": "198.51.100.1",
    "account_id": uuid4(),
    "subject_id": uuid4(),
    "payload": {"phone": "+13125550142", "step": 99, "name": "Zoë 🏡"},
    "salt": "0" * 32,
    "commitment": "0" * 64,
    "previous": "0" * 63 + "1",
    "hash": "0" * 64,
    "position": 77,
    "chain": None,
    "at": None,
}


def test_every_column_of_an_entry_is_tried():
    assert set(CHANGES) | {"id"} == set(AuditEntry.__table__.columns.keys())


@pytest.mark.parametrize("position", [1, 3, ENTRIES])
@pytest.mark.parametrize("column", CHANGES)
def test_a_change_of_any_column_is_found_at_its_entry(juniper, lakeview, column, position):
    write(juniper)
    before = rows()[position - 1]
    value = CHANGES[column]
    if column == "at":
        value = db.session.get(AuditEntry, before.id).at + timedelta(microseconds=1)
    if column == "chain":
        with unit_of_work():
            audit.record(
                "x:y:z", actor=BOB, organization_id=lakeview.organization_id, account_id=None
            )
        change_to = {"chain": lakeview.organization_id, "position": 500 + position}
        db.session.execute(
            db.update(AuditEntry).where(AuditEntry.id == before.id).values(change_to)
        )
        db.session.commit()
    else:
        change(position, **{column: value})

    holds, fault = found(juniper)

    assert fault is not None
    assert (holds, fault.position) == (position - 1, position)
    assert fault.chain == juniper.id
    assert fault.reason


def test_the_id_of_a_row_carries_no_meaning(juniper):
    """It is a key of the table, not part of what is attested."""
    write(juniper)
    change(2, id=uuid4())

    assert found(juniper) == (ENTRIES, None)


@pytest.mark.parametrize("column", ["actor_id", "origin", "account_id", "subject_id"])
@pytest.mark.parametrize("position", [1, 2, 3, 4])
def test_emptying_what_is_optional_is_found(juniper, column, position):
    write(juniper)
    was = getattr(rows()[position - 1], column)
    change(position, **{column: None})

    assert (found(juniper)[1] is not None) == (was is not None)


def test_a_payload_in_another_order_is_the_same_payload(juniper):
    """No false alarm when a database gives the keys of JSON back in another order."""
    write(juniper)
    payload = rows()[0].payload
    change(1, payload=dict(reversed(list(payload.items()))))

    assert found(juniper) == (ENTRIES, None)


def test_a_redacted_entry_keeps_the_chain(juniper):
    """C-10: personal data may go, the hashes stay."""
    write(juniper)
    chosen = [entry.id for entry in rows()[2:4]]
    with unit_of_work():
        assert audit.redact(juniper.id, chosen) == 2
        assert audit.redact(juniper.id, chosen) == 0

    by_nobody, by_a_user = rows()[2:4]
    assert (by_nobody.payload, by_nobody.salt, by_nobody.actor_label) == (None, None, "redacted")
    assert (by_a_user.payload, by_a_user.salt, by_a_user.actor_label) == (None, None, "Bob Tran")

    assert found(juniper) == (ENTRIES, None)


def test_a_redacted_entry_that_gets_a_new_story_is_found(juniper):
    write(juniper)
    with unit_of_work():
        audit.redact(juniper.id, [rows()[2].id])
    change(3, payload={"phone": "+19995550000"}, salt="1" * 32)

    assert found(juniper)[1].position == 3


def test_a_redacted_entry_that_gets_somebody_elses_name_is_found(juniper):
    write(juniper)
    with unit_of_work():
        audit.redact(juniper.id, [rows()[2].id])
    change(3, actor_label="Bob Tran")

    assert found(juniper)[1].position == 3


def test_entries_of_the_first_format_still_hold(juniper):
    """What was written before a person's name went behind the salt is verified as it was."""
    write(juniper)
    entries = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.position)).all()
    previous = GENESIS
    for entry in entries:
        entry.format, entry.previous = 1, previous
        audit.seal(entry)
        previous = entry.hash
    db.session.execute(db.update(AuditHead).values(hash=previous))
    db.session.commit()
    assert found(juniper) == (ENTRIES, None)

    change(3, actor_label="Nobody")
    assert found(juniper)[1].position == 3


@pytest.mark.parametrize("position", range(1, ENTRIES + 1))
def test_a_deleted_entry_is_found(juniper, position):
    write(juniper)
    db.session.execute(db.delete(AuditEntry).where(AuditEntry.position == position))

    holds, fault = found(juniper)

    assert (holds, fault.position) == (position - 1, position)


@pytest.mark.parametrize("kept", range(ENTRIES))
def test_a_truncated_chain_is_found(juniper, kept):
    write(juniper)
    db.session.execute(db.delete(AuditEntry).where(AuditEntry.position > kept))

    holds, fault = found(juniper)

    assert (holds, fault.position) == (kept, kept + 1)


@pytest.mark.parametrize(
    "head", [{"position": 0, "hash": GENESIS}, {"position": 99}, {"hash": "0" * 64}]
)
def test_a_head_that_was_touched_is_found(juniper, head):
    write(juniper)
    db.session.execute(db.update(AuditHead).where(AuditHead.chain == juniper.id).values(head))

    assert found(juniper)[1].position == ENTRIES + 1


def test_a_chain_cut_to_nothing_is_found_by_its_head(juniper):
    write(juniper)
    db.session.execute(db.delete(AuditEntry))

    assert found(juniper)[1].position == 1
    assert audit.chains() == [juniper.id]


def test_two_entries_that_changed_places_are_found(juniper):
    write(juniper)
    change(2, position=900)
    change(5, position=2)
    change(900, position=5)

    assert found(juniper)[1].position == 2


def test_an_entry_slipped_in_is_found(juniper):
    write(juniper)
    for position in range(ENTRIES, 3, -1):
        change(position, position=position + 1)
    false = {c: getattr(rows()[2], c) for c in AuditEntry.__table__.columns.keys()}  # noqa: SIM118 (a column collection iterates columns)
    db.session.execute(db.insert(AuditEntry), [false | {"id": uuid4(), "position": 4}])

    assert found(juniper)[1].position == 4


def test_an_entry_put_at_the_end_behind_the_heads_back_is_found(juniper):
    write(juniper)
    last = rows()[-1]
    forged = AuditEntry(
        chain=juniper.id,
        position=ENTRIES + 1,
        event="consent:consent:record",
        format=2,
        at=last.at,
        actor_label="Bob Tran",
        payload={},
        salt="",
        commitment="",
        previous=last.hash,
    )
    audit.seal(forged)
    db.session.add(forged)

    assert found(juniper)[1] is not None


def test_the_payload_of_another_entry_does_not_fit(juniper):
    write(juniper)
    second = rows()[1]
    change(4, payload=second.payload)

    assert found(juniper)[1].position == 4


def test_chains_of_organizations_do_not_touch(juniper, lakeview):
    write(juniper)
    with unit_of_work():
        audit.record("a:b:c", actor=BOB, organization_id=lakeview.organization_id)
        audit.record("a:b:c", actor=BOB, organization_id=None)
    change_one = db.update(AuditEntry).where(
        AuditEntry.chain == juniper.id, AuditEntry.position == 2
    )
    db.session.execute(change_one.values(event="x:y:z"))
    db.session.commit()

    assert audit.verify(lakeview.organization_id) == (1, None)
    assert audit.verify(INSTALLATION) == (1, None)
    assert found(juniper)[1].position == 2


def test_an_entry_is_written_with_its_change_or_not_at_all(juniper):
    with pytest.raises(RuntimeError):
        with unit_of_work():
            audit.record("a:b:c", actor=BOB, organization_id=juniper.id)
            raise RuntimeError("the change failed")

    assert found(juniper) == (0, None)
    assert rows() == []


def test_writers_at_once_make_one_chain(app, juniper):
    """Two writers never take the same place (RULINGS 6: the head is locked last)."""
    failures = []

    def writer():
        with app.app_context():
            try:
                for _ in range(5):
                    with unit_of_work():
                        audit.record("a:b:c", actor=BOB, organization_id=juniper.id)
            except Exception as error:
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=writer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert found(juniper) == (20, None)


payloads = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda key: "\0" not in key),
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**31), 2**31),
        st.text(max_size=30).filter(lambda text: "\0" not in text),
        st.lists(st.integers(0, 9), max_size=3),
    ),
    max_size=4,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=payloads, origin=st.none() | st.text(max_size=20).filter(lambda t: "\0" not in t))
def test_no_content_raises_a_false_alarm(juniper, payload, origin):
    """0 false alarms: what goes in comes back as it was, whatever the database does to JSON."""
    payload = {key: value for key, value in payload.items() if _is_free(key)}
    json.dumps(payload)
    with unit_of_work():
        audit.record(
            "a:b:c",
            actor=Actor(None, "x" + (origin or ""), origin),
            organization_id=juniper.id,
            **payload,
        )

    assert found(juniper)[1] is None


def _is_free(key):
    return key not in {
        "event",
        "actor",
        "organization_id",
        "account_id",
        "subject_id",
    } and _encodes(key)


def _encodes(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class TestCommand:
    def test_verify_says_that_all_chains_hold(self, app, juniper):
        write(juniper)

        result = app.test_cli_runner().invoke(args=["audit", "verify"])

        assert result.exit_code == 0, result.output
        assert str(ENTRIES) in result.output

    def test_verify_names_the_first_bad_entry_and_fails(self, app, juniper):
        write(juniper)
        change(4, actor_label="Nobody")

        result = app.test_cli_runner().invoke(args=["audit", "verify"])

        assert result.exit_code != 0
        assert str(juniper.id) in result.output
        assert "4" in result.output

    def test_verify_of_an_empty_installation_is_fine(self, app):
        assert app.test_cli_runner().invoke(args=["audit", "verify"]).exit_code == 0
