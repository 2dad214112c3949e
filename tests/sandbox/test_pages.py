"""The handsets and the other pages, as a person sees and uses them."""

import re
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup

from portal.sandbox.knobs import KNOBS
from portal.sandbox.magic import TO

PERSON = "+13125550101"


@pytest.fixture
def browser(sandbox):
    with requests.Session() as session:
        yield session


@pytest.fixture
def visit(sandbox, browser):
    def visit(path="/"):
        answer = browser.get(sandbox.base_url + path, timeout=30)
        assert answer.status_code == 200, answer.text
        return page(answer)

    return visit


@pytest.fixture
def submit(sandbox, browser):
    def submit(path, **form):
        files = form.pop("files", None)
        answer = browser.post(sandbox.base_url + path, data=form, files=files, timeout=30)
        assert answer.status_code == 200, answer.text
        return page(answer)

    return submit


def page(answer):
    """Parse a page after checking what must hold on every one."""
    csp = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in csp
    assert "unsafe" not in csp
    soup = BeautifulSoup(answer.text, "html.parser")
    assert len(soup.find_all("h1")) == 1
    assert soup.title.text.startswith(soup.h1.text)
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert not soup.find_all(style=True)
    assert not [tag for tag in soup.find_all("script") if tag.text.strip()]
    for field in soup.select("input:not([type=hidden]), textarea, select"):
        assert soup.find("label", attrs={"for": field["id"]}), field
    return soup


def test_without_texts_the_page_says_what_belongs_there(visit):
    assert "No texts yet" in visit().select_one("#people").text
    assert "Buy one in the portal first" in visit().text


def test_a_phone_shows_texts_of_both_sides_once_they_arrived(sandbox, visit, send, number):
    send(body="Hi <b>Maya</b>")
    assert "1 on the way" in visit("/handsets/13125550101").text
    sandbox.flush()
    sandbox.says(PERSON, number, "Hello")
    thread = visit("/handsets/13125550101").select_one("#thread")
    assert [bubble.text.strip() for bubble in thread.select(".chat__bubble--in")] == [
        "Hi <b>Maya</b>"
    ]
    assert [bubble.text.strip() for bubble in thread.select(".chat__bubble--out")] == ["Hello"]
    assert "(312) 555-0101" in visit().select_one("#people").text


def test_a_text_that_failed_shows_as_an_event_with_its_reason(sandbox, visit, send):
    send(to="+13125551003")
    sandbox.flush()
    event = visit("/handsets/13125551003").select_one(".chat__event")
    assert "No text has arrived yet" in visit().select_one("#people").text
    assert event.text == "A text did not arrive: Unreachable destination handset (30003)"


def test_a_person_answers_in_the_box(sandbox, ear, visit, submit, send, number):
    send()
    sandbox.flush()
    shown = submit("/handsets", **{"from": PERSON, "to": number, "body": "Is it <sold>?"})
    assert shown.select(".chat__bubble--out")[-1].text.strip() == "Is it <sold>?"
    assert ear.forms("SmsMessageSid")[0]["Body"] == "Is it <sold>?"


def test_quick_answers_stop_and_start(sandbox, visit, submit, number):
    shown = submit("/handsets", **{"from": PERSON, "to": number, "word": "STOP"})
    assert "Stopped (312) 555-0160" in shown.select_one("#about").text
    assert visit().select_one("#people .pill").text == "Stopped"
    sandbox.flush()
    shown = visit("/handsets/13125550101")
    assert "successfully been unsubscribed" in shown.select_one("#thread").text
    assert "Carrier's own reply" in shown.select_one("#thread").text
    shown = submit("/handsets", **{"from": PERSON, "to": number, "word": "START"})
    assert "Has stopped nobody" in shown.select_one("#about").text


def test_anybody_can_text_from_a_new_number(ear, submit, number):
    shown = submit("/handsets", **{"from": "(872) 555-0110", "to": number, "body": "saw your sign"})
    assert shown.h1.text == "(872) 555-0110"
    assert ear.heard[0]["form"]["From"] == "+18725550110"


def test_a_picture_is_sent_and_shown(sandbox, ear, browser, submit, number):
    picture = {"picture": ("a.png", b"\x89PNG\r\n", "image/png")}
    form = {"from": PERSON, "to": number, "body": ""}
    shown = submit("/handsets", **form, files=picture)
    source = shown.select_one("img.handset__picture")["src"]
    assert browser.get(sandbox.base_url + source, timeout=30).content.startswith(b"\x89PNG")
    assert ear.heard[0]["form"]["NumMedia"] == "1"


def test_pictures_from_the_portal_are_links_not_loaded(sandbox, visit, send):
    send(media_url=["https://example.com/house.png"])
    sandbox.flush()
    link = visit("/handsets/13125550101").select_one(".handset__media")
    assert link["href"] == "https://example.com/house.png"
    assert not visit("/handsets/13125550101").select("#thread img")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"from": "12", "body": "Hi"}, "12 is not a phone number"),
        ({"from": PERSON, "body": "  "}, "Write something first"),
        ({"from": PERSON, "to": "+13125550188", "body": "Hi"}, "nobody's number"),
    ],
    ids=["number", "empty", "nobody"],
)
def test_a_text_that_cannot_go_is_explained(submit, number, form, words):
    assert words in submit("/handsets", **{"to": number, **form}).select_one("#flash").text


def test_a_webhook_that_fails_is_explained_on_the_phone(ear, submit, number):
    ear.answers[:] = [(500, "text/plain", "")]
    shown = submit("/handsets", **{"from": PERSON, "to": number, "body": "Hi"})
    assert "did not take it: 11200" in shown.select_one("#flash").text


def test_people_are_found_by_number_and_the_search_can_be_cleared(sandbox, visit, number):
    for person in ("+13125550101", "+18725550110"):
        sandbox.says(person, number, "Hi")
    assert [tag.text for tag in visit("/?q=872").select(".convo__name")] == ["(872) 555-0110"]
    assert "No phone matches" in visit("/?q=999").select_one("#people").text


def test_a_phone_with_two_threads_shows_one_and_links_the_other(sandbox, twilio, visit, number):
    other = twilio.incoming_phone_numbers.create(area_code="773").phone_number
    sandbox.says(PERSON, number, "First")
    sandbox.says(PERSON, other, "Second")
    assert "First" not in visit("/handsets/13125550101").select_one("#thread").text
    links = [tag["href"] for tag in visit("/handsets/13125550101").select("#about a")]
    assert "First" in visit(links[1]).select_one("#thread").text


def test_knobs_are_turned_and_put_to_rest(sandbox, visit, submit):
    names = {knob.name for knob in KNOBS}
    assert names <= {tag.get("name") for tag in visit("/knobs").select("input")}
    form = {knob.name: str(knob.rest) for knob in KNOBS if not knob.is_switch}
    submit("/knobs", **form | {"rate_429": "0.5"})
    assert sandbox.get("knobs")["rate_429"] == 0.5
    assert sandbox.get("knobs")["carrier_keywords"] is False
    assert "between 0 and 1" in submit("/knobs", **form | {"rate_429": "7"}).text
    submit("/knobs", action="rest")
    assert sandbox.get("knobs")["rate_429"] == 0
    assert sandbox.get("knobs")["carrier_keywords"] is True


def test_time_moves_for_every_process_that_watches_the_clock_file(sandbox, submit):
    submit("/clock", by="day")
    submit("/clock", by="hour")
    clock_file = sandbox.state.parent / "clock"
    moved = float(clock_file.read_text())
    submit("/clock", by="now")
    assert float(clock_file.read_text()) == 0
    assert moved


def test_an_account_is_suspended_and_reactivated_on_the_page(sandbox, visit, submit):
    shown = submit(f"/accounts/{sandbox.sid}", status="suspended")
    assert "Suspended" in shown.text
    assert "Active" in submit(f"/accounts/{sandbox.sid}", status="active").text


def test_callbacks_are_carried_on_demand(ear, submit, send):
    send()
    shown = submit("/flush")
    assert re.search("2 callbacks delivered, 0 failed", shown.select_one("#flash").text)


def test_the_page_and_the_manual_show_every_magic_number(visit):
    shown = visit("/magic").text
    manual = (Path(__file__).parents[2] / "docs/sandbox.md").read_text()
    for magic in TO:
        assert magic.shown in shown
        assert f"| {magic.shown} | {magic.words} |" in manual


def test_the_log_shows_requests_and_webhooks(sandbox, visit, send):
    send()
    sandbox.flush()
    shown = visit("/log")
    assert "Accepted" in shown.select_one("#attempts").text
    assert "Delivered" in shown.select_one("#webhooks").text


def test_unknown_places_are_told_apart(sandbox, browser):
    assert browser.get(f"{sandbox.base_url}/nowhere", timeout=30).status_code == 404
    path = f"{sandbox.base_url}/api/2010-04-01/Nowhere.json"
    answer = browser.get(path, timeout=30, auth=(sandbox.sid, sandbox.token))
    assert answer.json()["code"] == 20404
