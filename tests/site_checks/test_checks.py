"""A page of one's own site is checked, kept, checked again each week, and missed when it worsens (C-9)."""

import hashlib
from datetime import timedelta

import pytest

from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.jobs import Job
from portal.gateways import pages
from portal.notifications.models import Notice
from portal.site_checks import queries, rules, service
from portal.site_checks.errors import PageRefused, TooManyChecks
from portal.site_checks.values import CheckState
from tests import cast
from tests.site_checks.pages import NO_RATES, WHOLE
from workers import site_checks as worker

URL = "https://www.juniper.example.com/alerts"


@pytest.fixture
def web():
    before, fake = pages.current(), pages.FakePages()
    pages.use(fake)
    yield fake
    pages.use(before)


def ask(account, url=URL):
    with unit_of_work():
        return service.ask(account.tenant, url, actor=SYSTEM)


def check(account, url=URL):
    check_id = ask(account, url)
    worker.check_page(str(check_id))
    return queries.check_or_404(account.tenant, check_id)


def next_week(account, clock):
    clock.travel(by=timedelta(days=7, minutes=1))
    asked = worker.recheck_pages()
    for check_id in queries.left_behind(clock.now):
        worker.check_page(str(check_id))
    return asked


def told():
    return [
        (n.user_id, n.title, n.text) for n in db.session.query(Notice).filter_by(kind="page_check")
    ]


class TestACheck:
    def test_a_page_is_judged_and_kept_as_it_was_served(self, northside, web):
        web.put(URL, WHOLE)
        done = check(northside)
        assert (done.state, done.found, done.is_whole) == (CheckState.DONE, 10, True)
        words = {v.point.key: v.matched for v in done.verdicts}
        assert any("Message and data rates may apply" in match for match in words["rates"])
        kept = service.path_of(done.snapshot)
        assert kept.read_text() == WHOLE
        assert done.snapshot.sha256 == hashlib.sha256(WHOLE.encode()).hexdigest()
        assert kept.stat().st_mode & 0o077 == 0
        [entry] = db.session.query(AuditEntry).filter_by(event="site-checks:check:finish")
        assert entry.payload["sha256"] == done.snapshot.sha256

    def test_what_is_missing_comes_with_how_to_mend_it(self, northside, web):
        web.put(URL, NO_RATES)
        missing = [v for v in check(northside).verdicts if not v.is_found]
        assert [v.point.key for v in missing] == ["rates"]
        assert "Message and data rates may apply" in missing[0].point.mend

    def test_a_page_that_can_t_be_read_says_why(self, northside, web):
        web.pages[URL] = "The site answered with status 404, not with a page."
        done = check(northside)
        assert (done.state, done.verdicts, done.snapshot) == (CheckState.FAILED, (), None)
        assert "status 404" in done.problem

    def test_doing_it_twice_looks_once(self, northside, web, redis):
        web.put(URL, WHOLE)
        first, second = ask(northside), ask(northside)
        assert first == second  # a page is looked at once at a time
        worker.check_page(str(first))
        worker.check_page(str(first))
        assert web.asked == [URL]
        assert db.session.query(AuditEntry).filter_by(event="site-checks:check:finish").count() == 1

    def test_a_worker_that_dies_leaves_the_check_to_the_next(self, northside, web, clock):
        web.put(URL, WHOLE)
        check_id = ask(northside)
        with unit_of_work():
            lost = service.claim(check_id)
        worker.check_page(str(check_id))
        assert queries.check_or_404(northside.tenant, check_id).state is CheckState.RUNNING
        clock.travel(by=queries.LEASE + timedelta(seconds=1))
        assert queries.left_behind(clock.now) == [check_id]
        worker.check_page(str(check_id))
        with unit_of_work():
            assert not service.finish(lost, None, "too late")
        assert queries.check_or_404(northside.tenant, check_id).found == 10

    def test_the_bell_is_rung_after_the_commit_and_again_by_the_sweep(self, northside, redis):
        check_id = ask(northside)
        name = f"{Job.CHECK_PAGE.name.lower()}-default-{check_id}"
        assert redis.exists(f"rq:job:{name}")
        redis.flushall()
        assert worker.ring_for_page_checks() == 1
        assert redis.exists(f"rq:job:{name}")

    def test_an_address_that_leads_inside_is_not_even_asked_for(self, northside):
        with pytest.raises(PageRefused, match="not a number"):
            ask(northside, "http://169.254.169.254/latest/meta-data")
        assert queries.pages(northside.tenant) == []

    def test_an_account_asks_so_often_a_day(self, northside, web, clock, monkeypatch):
        monkeypatch.setattr(service, "A_DAY", 2)
        check(northside)
        check(northside)
        with pytest.raises(TooManyChecks):
            ask(northside)
        clock.travel(by=timedelta(days=1, minutes=1))
        assert ask(northside)


class TestEveryWeek:
    def test_a_page_is_looked_at_again_and_stored_once(self, northside, web, clock):
        web.put(URL, WHOLE)
        check(northside)
        assert worker.recheck_pages() == 0
        assert next_week(northside, clock) == 1
        [site] = queries.pages(northside.tenant)
        history = queries.checks_of(northside.tenant, site.id)
        assert [c.is_by_schedule for c in history] == [True, False]
        assert len({c.snapshot.name for c in history}) == 1
        assert told() == []

    def test_a_lost_point_is_told_once_to_lead_and_officers(self, northside, web, clock):
        web.put(URL, WHOLE)
        check(northside)
        web.put(URL, NO_RATES)
        next_week(northside, clock)
        next_week(northside, clock)
        assert {user for user, _, _ in told()} == {cast.ALICE, cast.VERA}
        assert len(told()) == 2
        assert "no longer shows: message and data rates" in told()[0][2]
        [site] = queries.pages(northside.tenant)
        lost = [c.lost for c in queries.checks_of(northside.tenant, site.id)]
        assert [[p.key for p in points] for points in lost] == [[], ["rates"], []]

    def test_a_page_that_is_gone_is_tried_the_next_day_then_told_once(self, northside, web, clock):
        web.put(URL, WHOLE)
        check(northside)
        web.pages[URL] = "The site could not be reached."
        next_week(northside, clock)
        assert told() == []
        for _ in range(3):
            clock.travel(by=timedelta(days=1, minutes=1))
            worker.recheck_pages()
            [check_id] = queries.left_behind(clock.now)
            worker.check_page(str(check_id))
        assert [title for _, title, _ in told()] == ["An opt-in page can't be read"] * 2

    def test_a_page_left_alone_is_not_looked_at(self, northside, web, clock):
        web.put(URL, WHOLE)
        check(northside)
        [site] = queries.pages(northside.tenant)
        for is_watched in (False, False):
            with unit_of_work():
                service.watch(northside.tenant, site, is_watched=is_watched, actor=SYSTEM)
        assert next_week(northside, clock) == 0
        assert db.session.query(AuditEntry).filter_by(event="site-checks:page:leave").count() == 1


class TestThePages:
    def test_from_the_address_to_the_report_and_its_evidence(self, alice, northside, web):
        web.put(URL, NO_RATES)
        alice.post("site_checks.ask", 303, {"url": URL}, account_id=northside.id)
        [site] = queries.pages(northside.tenant)
        here = {"account_id": northside.id, "check_id": site.latest.id}
        assert "being read" in alice.get("site_checks.report", **here).text
        worker.check_page(str(site.latest.id))
        shown = alice.get("site_checks.report", **here)
        assert "9 of 10" in shown.text
        assert "Write: \u201cMessage and data rates may apply.\u201d" in shown.text
        assert "9 of 10" in alice.get("site_checks.index", account_id=northside.id).text
        url = alice.url("site_checks.snapshot", **here)
        file = alice.client.get(url, buffered=True)
        assert file.data.decode() == NO_RATES
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert file.mimetype == "application/octet-stream"
        assert "sandbox" in file.headers["Content-Security-Policy"]

    @pytest.mark.parametrize(
        ("typed", "words"),
        [("", "Paste the address"), ("juniper", "must begin with https://"), ("http://10.0.0.1/", "not a number")],
    )  # fmt: skip
    def test_an_address_that_can_t_be_is_told_in_words_and_kept(
        self, alice, northside, typed, words
    ):
        shown = alice.post("site_checks.ask", 422, {"url": typed}, account_id=northside.id)
        assert words in shown.text_of(".field__error")
        assert shown.page.select_one("#url")["value"] == typed

    def test_again_and_no_longer(self, alice, northside, web):
        web.put(URL, WHOLE)
        page_id = check(northside).page_id
        alice.post("site_checks.ask_again", 303, account_id=northside.id, page_id=page_id)
        assert len(queries.checks_of(northside.tenant, page_id)) == 2
        alice.post(
            "site_checks.watch", 303, {"is_watched": "no"}, account_id=northside.id, page_id=page_id
        )
        assert "Not by itself" in alice.get("site_checks.index", account_id=northside.id).text


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("caf\u00e9".encode(), ""), ("caf\u00e9".encode("cp1252"), ""), ("caf\u00e9".encode("latin-1"), "iso-8859-1"),
        ('<meta charset="cp1252">caf\u00e9'.encode("cp1252"), ""), ("caf\u00e9".encode(), "no-such-charset"),
    ],
)  # fmt: skip
def test_a_page_is_read_in_its_letters(body, charset):
    assert rules.text_of(body, charset).endswith("caf\u00e9")
