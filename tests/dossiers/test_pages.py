"""Asking for everything about an account, watching and downloading it (issue 9, M-4)."""

import pytest

from portal.core.db import unit_of_work
from portal.dossiers import queries
from portal.dossiers.service import asking
from tests import cast
from tests.factories import dossiers
from workers.dossiers import make_dossier

pytestmark = pytest.mark.pages


def fields(vera, **changes):
    nonce = vera.get("dossiers.index", account_id=cast.NORTHSIDE).field("nonce")
    return {
        "counsel": "Casey Ito",
        "reason": "A complaint",
        "first": "",
        "last": "",
        "nonce": nonce,
        **changes,
    }


def test_an_officer_asks_waits_and_downloads(vera, northside):
    settings = vera.get("texting_accounts.settings", account_id=northside.id)
    assert "export for counsel" in settings.text_of("#dossiers a")
    sent = vera.post("dossiers.ask", status=303, account_id=northside.id, data=fields(vera))
    [waiting] = queries.dossiers(northside.tenant)
    assert sent.location.endswith(f"/dossiers/{waiting.id}")
    where = {"account_id": northside.id, "dossier_id": waiting.id}
    page = vera.get("dossiers.dossier", **where)
    assert page.page.select_one("#dossier")["hx-trigger"] == "every 2s"
    vera.get("dossiers.download", status=303, **where)

    make_dossier(str(waiting.id))
    made = dossiers.again(northside, waiting.id)
    part = vera.htmx.get("dossiers.dossier", **where)
    assert part.is_partial
    assert "hx-trigger" not in part.page.select_one("#dossier").attrs
    assert made.sha256 in part.text
    assert dossiers.downloaded(vera, made) == asking.file_of(made).read_bytes()
    assert "Ready" in vera.get("dossiers.index", account_id=northside.id).text_of(
        f"#dossier-{made.id}"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"counsel": " "}, "Say who gets it"),
        ({"reason": ""}, "Say why it is needed"),
        ({"counsel": "x" * 201}, "Keep it to 200 characters."),
        ({"reason": "x" * 501}, "Keep it to 500 characters."),
        ({"first": "yesterday"}, "This is not a date. Write it like 2026-03-14."),
        ({"first": "0026-03-14"}, "Check the year of this day."),
        ({"first": "2026-03-02", "last": "2026-03-01"}, "2026-03-01 is before 2026-03-02."),
    ],
)
def test_what_is_wrong_is_told_at_its_field(vera, northside, changes, said):
    page = vera.post(
        "dossiers.ask", status=422, account_id=northside.id, data=fields(vera, **changes)
    )
    assert said in page.text_of(".field__error")
    assert queries.dossiers(northside.tenant) == []


def test_asking_while_one_is_made_leads_to_it(vera, northside):
    dossier_id = dossiers.ask(northside)
    sent = vera.post("dossiers.ask", status=303, account_id=northside.id, data=fields(vera))
    assert sent.location.endswith(f"/dossiers/{dossier_id}")
    page = vera.follow(sent)
    assert "One is being made already" in page.text_of("#flash")


def test_no_browser_keeps_what_was_downloaded(vera, northside):
    made = dossiers.dossier(northside)
    where = {"account_id": northside.id, "dossier_id": made.id}
    reply = vera.open("GET", vera.url("dossiers.download", **where), buffered=True)
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Disposition"] == f"attachment; filename={made.file_name}"
    assert reply.headers["Content-Type"] == "application/zip"


def test_files_of_our_own_are_kept(vera):
    """Their address changes with them."""
    reply = vera.open("GET", vera.url("static", filename="css/tokens.css"), buffered=True)
    assert reply.headers["Cache-Control"] == "public, max-age=31536000"


def test_nobody_but_officers_has_it(alice, bob, northside, bobs):
    made = dossiers.dossier(northside)
    alice.get("dossiers.index", status=403, account_id=northside.id)
    alice.get("dossiers.download", status=403, account_id=northside.id, dossier_id=made.id)
    bob.get("dossiers.index", status=403, account_id=bobs.id)
    assert not alice.get("texting_accounts.settings", account_id=northside.id).page.select(
        "#dossiers"
    )


def test_one_of_another_account_is_not_found(vera, northside, bobs):
    made = dossiers.dossier(northside)
    vera.get("dossiers.dossier", status=404, account_id=bobs.id, dossier_id=made.id)
    vera.get("dossiers.download", status=404, account_id=bobs.id, dossier_id=made.id)


def test_one_that_failed_or_is_gone_says_why_and_what_to_do(vera, northside):
    made = dossiers.dossier(northside)
    with unit_of_work():
        asking.let_go(made.id)
    where = {"account_id": northside.id, "dossier_id": made.id}
    assert "deleted after its 30 days" in vera.get("dossiers.dossier", **where).text_of(".notice")
    vera.get("dossiers.download", status=303, **where)
