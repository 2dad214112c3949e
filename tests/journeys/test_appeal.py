"""An appeal from the carrier's suspension to sending again, as its agent and its officer (A-1 to A-6)."""

import csv
import hashlib
import io
import json
import subprocess
import zipfile

import pytest

from portal.appeals import queries
from portal.appeals.service import certificates
from portal.appeals.values import FileKind, State
from portal.core.clock import utcnow
from portal.core.db import db
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountState
from tests.appeals.conftest import TODAY, support, suspend
from tests.appeals.test_proof_gathering import sent
from tests.appeals.test_stopping import HOSTED
from tests.factories import consent as make
from tests.factories.drips import make_drip
from tests.factories.files import picture
from tests.factories.health import came_of
from tests.factories.optin import make_form, make_published
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from workers import appeals as work
from workers.proofs import make_bundle

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

WROTE = "Mail of 2 March, ticket 4711: too many people opted out"
NAMED = [make.CAROL, make.DAVE, *(f"+1312556{n:04d}" for n in range(1000, 1498))]
MAIL = "Hello,\n\nplease give proof of opt-in for these numbers:\n" + "\n".join(NAMED)
PAPER = (
    "Each person signs a sheet at our open houses and ticks a box for texts from Juniper Realty."
)
LINK = "https://loom.example/first-text"
ANSWERED = "Not enough: send the words beside the box as well."


@pytest.fixture
def desks(app, bob, vera, tmp_path):
    """Bob's browser and Vera's, both signed in."""

    def let_in(eye, person, base):
        value = person.client.get_cookie("desk").value
        eye.page.context.add_cookies([{"name": "desk", "value": value, "url": base}])
        eye.base = base

    with served(app) as base, chromium(tmp_path / "shots") as agent, agent.of_another() as officer:
        let_in(agent, bob, base)
        let_in(officer, vera, base)
        yield agent, officer


def suspended_by_mail(eye, account):
    page = eye.page
    page.goto(f"{eye.base}/accounts/{account.id}/restriction")
    page.get_by_label("The carrier's reason").select_option("High opt-out rate")
    page.get_by_label("What the carrier wrote").fill(WROTE)
    page.get_by_role("button", name="Suspend the account").click()
    page.locator("#standstill").get_by_text(f"{WROTE}. Nothing is sent").wait_for()


def begun_from_the_banner(eye, account):
    page = eye.page
    page.goto(f"{eye.base}/accounts/{account.id}/home")
    page.locator("#standstill").get_by_role("link", name="Open the appeal").click()
    eye.look("begin")
    page.get_by_role("button", name="Begin the appeal").click()
    page.locator("#readiness-sum").get_by_text("3 required parts missing").wait_for()


def refused_while_parts_are_missing(eye):
    page = eye.page
    hand_in = page.locator("#next").get_by_role("button", name="Hand in for review")
    assert hand_in.get_attribute("aria-disabled") == "true"
    assert page.locator("#next form[action$='/hand_in']").count() == 0
    eye.look("parts-missing")


def saved(page, number):
    with page.expect_navigation():
        page.get_by_role("button", name=f"Save part {number}").click()


def written(eye):
    """Fill in what lacks: the film, the box, the stop, and the numbers of the carrier's mail."""
    page = eye.page
    page.locator("#part-1").get_by_label("Link to a video or picture").fill(LINK)
    saved(page, 1)
    assert page.locator("#part-1").get_by_label("Link to a video or picture").input_value() == LINK
    if page.locator("#part-3").get_by_text("Missing").count():
        box = {"name": "box.png", "mimeType": "image/png", "buffer": picture()}
        page.locator("#part-3 input[type=file]").set_input_files(box)
        saved(page, 3)
        page.locator("#part-3").get_by_text("box.png").first.wait_for()
    page.locator("#part-4").get_by_label("Answer").fill(PAPER)
    saved(page, 4)
    page.get_by_role("button", name="Stop the traffic and confirm").click()
    page.locator("#part-5").get_by_text("Confirmed by Bob Tran").wait_for()
    page.locator("#part-6").get_by_label("Numbers the carrier named").fill(MAIL)
    page.get_by_role("button", name="Look for proof").click()
    page.locator("#part-6").get_by_text("1 of 500 numbers with proof").wait_for()
    page.locator("#part-6").get_by_text("499 numbers without").click()
    page.locator("#part-6").get_by_text("(312) 555-0143").wait_for()
    eye.look("written")


def handed_in(eye):
    eye.page.reload()
    eye.page.get_by_role("button", name="Hand in for review").click()
    eye.page.get_by_text("Who reviews it is told.").wait_for()


def opened_from_the_queue(eye, account, *, looks=False):
    page = eye.page
    page.goto(f"{eye.base}/organizations/{account.organization_id}/appeals")
    if looks:
        eye.look("queue")
    page.locator("#review").get_by_role("link", name=account.name).click()


def submitted(eye):
    page = eye.page
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("It can be sent now.").wait_for()
    page.get_by_role("button", name="Submit to the carrier").click()
    page.get_by_text("The PDF and ZIP are frozen;").wait_for()


def answered(eye, kind, words):
    page = eye.page
    page.get_by_label("What came of it").select_option(kind)
    page.get_by_label("Day of the reply").fill(TODAY.isoformat())
    page.get_by_label("Their words").fill(words)
    page.get_by_role("button", name="Keep the reply").click()
    page.get_by_text("Kept.").wait_for()


def newest(account):
    db.session.rollback()
    return queries.cases(account.tenant, limit=1)[0]


def certified(case):
    part = queries.part_or_404(case, 6)
    make_bundle(str(certificates.bundle_of(case, part).id))


def mailed(case):
    """Let the worker send what waits."""
    [*_, last] = queries.sendings(case)
    assert work.send_appeal(str(last.id))
    assert work.note_mails() == 1


def downloaded(eye, case):
    """Have the frozen PDF and ZIP through the browser."""
    kept = {f.kind: f for f in queries.files(case)}
    got = []
    for kind in (FileKind.PDF, FileKind.ZIP):
        link = eye.page.locator(f"#sent a[href$='{kept[kind].id}']").first
        with eye.page.expect_download() as waiting:
            link.click()
        content = waiting.value.path().read_bytes()
        assert hashlib.sha256(content).hexdigest() == kept[kind].sha256
        got.append(content)
    return got


def checked(pdf, archive, folder, round_):
    """Open the ZIP, hold its files against their hashes, and read the PDF page by page."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        hashes = json.loads(opened.read("manifest.json"))["files"]
        assert set(opened.namelist()) == {*hashes, "manifest.json"}
        for name, sha256 in hashes.items():
            assert hashlib.sha256(opened.read(name)).hexdigest() == sha256, name
        assert opened.read("appeal.pdf") == pdf
        rows = list(csv.DictReader(io.StringIO(opened.read("numbers.csv").decode("utf-8-sig"))))
    assert len(rows) == 500
    assert [row["Outcome"] for row in rows[:3]] == [
        "Proof of opt-in", "Without proof", "Never texted by this account",
    ]  # fmt: skip
    written_ = folder / f"appeal-{round_}.pdf"
    written_.write_bytes(pdf)
    asked = ["pdftotext", "-layout", str(written_), "-"]
    pages = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("\f")
    pages = pages[:-1]
    assert all(page.strip() for page in pages)
    said = " ".join(" ".join(pages).split())
    for words in (WROTE, LINK, "ticks a box for texts", "Confirmed", make.DAVE, NAMED[-1]):
        assert words in said, words
    return pages


def test_from_the_suspension_to_sending_again(desks, bobs, tmp_path):
    agent, officer = desks
    support()
    make_drip(bobs, name="New buyer")
    make_published(make_form(bobs))
    sent(bobs, [(make.CAROL, make.written(bobs), utcnow()), (make.DAVE, None, utcnow())])

    suspended_by_mail(officer, bobs)
    begun_from_the_banner(agent, bobs)
    refused_while_parts_are_missing(agent)
    written(agent)
    certified(newest(bobs))
    handed_in(agent)
    agent.look("handed-in")

    opened_from_the_queue(officer, bobs, looks=True)
    officer.page.get_by_label("Reason to return").fill("Part 4: say which sheet it is")
    officer.page.get_by_role("button", name="Return").click()
    officer.page.get_by_text("Returned, with your reason.").wait_for()
    agent.page.reload()
    agent.page.get_by_text("Part 4: say which sheet it is.").first.wait_for()
    agent.look("returned")
    agent.page.locator("#part-4").get_by_label("Answer").fill(f"{PAPER} It is our sheet of 2026.")
    saved(agent.page, 4)
    handed_in(agent)

    opened_from_the_queue(officer, bobs)
    officer.look("in-review")
    submitted(officer)
    officer.look("submitted")
    first = newest(bobs)
    mailed(first)
    officer.page.reload()
    officer.page.locator("#sent").get_by_text("to appeals@carrier.example").wait_for()
    checked(*downloaded(officer, first), tmp_path, 1)

    answered(officer, "Denied", ANSWERED)
    officer.page.get_by_text("This is round 2.").wait_for()
    second = newest(bobs)
    agent.page.goto(f"{agent.base}/accounts/{bobs.id}/appeals/{second.id}")
    agent.look("round-2")
    agent.page.get_by_role("button", name="Stop the traffic and confirm").click()
    agent.page.locator("#part-5").get_by_text("Confirmed by Bob Tran").wait_for()
    agent.page.locator("#part-6").get_by_role("button", name="Look for proof").click()
    agent.page.locator("#part-6").get_by_text("1 of 500 numbers with proof").wait_for()
    certified(newest(bobs))
    handed_in(agent)
    opened_from_the_queue(officer, bobs)
    submitted(officer)
    second = newest(bobs)
    mailed(second)
    officer.page.reload()
    officer.page.locator("#earlier").get_by_text("round-1-").first.wait_for()
    checked(*downloaded(officer, second), tmp_path, 2)
    answered(officer, "Reinstated", "Your account sends again.")
    officer.look("reinstated")

    db.session.rollback()
    account = accounts.get_or_404(bobs.tenant)
    assert newest(bobs).state is State.REINSTATED
    assert (account.state, account.ramp_clean_days) == (AccountState.ACTIVE, 0)
    agent.page.goto(f"{agent.base}/accounts/{bobs.id}/restriction")
    agent.page.get_by_text("Texts to one person go.").wait_for()
    agent.look("sends-again")
    assert agent.complaints == []


def test_what_lies_around_an_appeal(desks, bobs):
    """Where they go, and what an auditor sees without a login (A-5, C-12)."""
    agent, officer = desks
    suspend(bobs)
    make_drip(bobs, name="New buyer")
    make_published(make_form(bobs))
    begun_from_the_banner(agent, bobs)
    page = officer.page
    page.goto(f"{officer.base}/organizations/{bobs.organization_id}/appeals")
    page.get_by_role("link", name="Where they go").click()
    page.get_by_text("No address is set").wait_for()
    page.get_by_label("Support address of the carrier").fill("appeals@carrier.example")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("is mailed there").wait_for()
    officer.look("where-they-go")
    page.goto(f"{officer.base}/accounts/{bobs.id}/appeals/{newest(bobs).id}/carrier")
    page.get_by_text("Nothing sent yet").wait_for()
    officer.look("nothing-sent-yet")
    page.get_by_role("link", name="Share with an auditor").click()
    page.get_by_label("Who gets the link?").fill("Casey Ito")
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#address").inner_text()
    with officer.of_another() as auditor:
        auditor.page.goto(f"{officer.base}/shared/{link.rpartition('/')[2]}")
        auditor.page.get_by_role("heading", name="Appeal of Bob Tran").wait_for()
        auditor.look("shared")
    assert agent.complaints == []


def test_what_trouble_comes_from_is_stopped_and_goes_on(desks, northside, clock):
    """H-8."""
    officer = desks[1]
    came_of(northside, clock.now, 3_000, opted_out=4)
    came_of(northside, clock.now, 450, opted_out=41, source=HOSTED)
    page = officer.page
    page.goto(f"{officer.base}/accounts/{northside.id}/causes")
    officer.look("causes")
    page.locator("#opt_outs-causes").get_by_role("button", name="Stop this traffic").first.click()
    page.goto(f"{officer.base}/accounts/{northside.id}/traffic-stops")
    page.get_by_text("Consent “Hosted form”").first.wait_for()
    officer.look("stopped")
    page.get_by_label("What was the cause").fill("The form lacked its words, mended")
    page.get_by_role("button", name="Let it go on").click()
    page.get_by_text("The form lacked its words, mended").wait_for()
    officer.look("goes-on")
    assert officer.complaints == []
