"""Part 5 says since when texts really wait, and stands in nobody's way (A-3, RULINGS 6)."""

import io
from datetime import timedelta

import pytest

from portal.appeals import queries
from portal.appeals.errors import NotThatWay
from portal.appeals.service import ceasing, replies
from portal.appeals.values import Reply, ReplyKind
from portal.compliance import service as compliance
from portal.core.db import unit_of_work
from portal.core.formats import moment
from portal.messaging.service import bulk_pause
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountState
from tests.appeals.conftest import BOB, OFFICER, TODAY, VERA
from tests.appeals.test_pages import do
from tests.meanwhile import Meanwhile


@pytest.mark.pages
def test_a_pause_that_is_older_is_told_by_its_own_time(vera, bob, case, clock):
    with unit_of_work():
        assert bulk_pause.pause(case.account_id, "Too many opt-outs.", actor=VERA)
    since = clock.now
    clock.travel(by=timedelta(minutes=25))
    with unit_of_work():
        ceasing.stop_traffic(case, 5, actor=BOB)
    zone = accounts.get_or_404(case.tenant).timezone
    part = queries.part_or_404(case, 5)
    assert f"have been stopped since {moment(since, zone)}" in part.text
    shown = bob.get("appeals.show", account_id=case.account_id, case_id=case.id)
    assert "Texts wait since" in shown.text_of("#part-5")
    [told] = shown.page.select("#part-5 p time:last-of-type")[-1:]
    assert told["datetime"].startswith(f"{since:%Y-%m-%dT%H:%M}")


def test_stopping_meets_a_reply_without_a_deadlock(app, sent, monkeypatch):
    """Both hold the case before texts and the account: a page left open stops nothing else."""
    meanwhile, as_before = Meanwhile(app), compliance.judge_anew

    def judge_anew(*args):
        # The reply has moved the case, and holds nothing of the account yet.
        meanwhile.do(lambda: ceasing.stop_traffic(sent, 5, actor=BOB))
        return as_before(*args)

    monkeypatch.setattr(compliance, "judge_anew", judge_anew)
    with unit_of_work():
        replies.record(sent, Reply(ReplyKind.REINSTATED, TODAY, "Granted"), OFFICER, actor=VERA)
    assert meanwhile.end() == [NotThatWay]
    account = accounts.get_or_404(sent.tenant)
    assert (account.state, account.bulk_pause) == (AccountState.ACTIVE, None)


@pytest.mark.pages
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8", "utf-8-sig", "cp1252"])
def test_a_list_is_read_however_a_spreadsheet_wrote_it(bob, case, encoding):
    text = "Phone\tName\r\n(312) 555-0151\tJosé\r\n312-555-0152\tAnn\r\n"
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    named = io.BytesIO(mark + text.encode(encoding)), "named.txt"
    do(bob, case, "name_numbers", 6, list=named)
    assert queries.part_or_404(case, 6).numbers == ("+13125550151", "+13125550152")
