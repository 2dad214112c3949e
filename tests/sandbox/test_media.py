"""The carrier twin fetches what goes with a text from this machine, as Twilio does (X-2, S-7)."""

import pytest
from bs4 import BeautifulSoup

PICTURE = (200, "image/png", "\x89PNG picture")


def test_a_file_of_this_machine_is_fetched_before_the_text_is_sent_and_shown(sandbox, ear, send):
    ear.answers.append(PICTURE)
    message = send(media_url=[f"{ear.url}/house"])
    sandbox.flush()

    [fetched] = [call for call in ear.heard if call["path"] == "/house"]
    assert "Authorization" not in fetched["headers"]
    assert ear.heard.index(fetched) == 0  # before any news of the text
    assert message.fetch().status == "delivered"
    page = sandbox.http.request("GET", f"{sandbox.base_url}/handsets/13125550101").data
    source = BeautifulSoup(page, "html.parser").select_one("#thread img")["src"]
    assert b"picture" in sandbox.http.request("GET", sandbox.base_url + source).data


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((404, "text/html", "gone"), 11200),
        ((302, "image/png", "elsewhere"), 11200),
        ((200, "application/x-msdownload", "MZ"), 12300),
        ((200, "image/png", "x" * 5_000_001), 11751),
    ],
    ids=["gone", "moved", "program", "large"],
)
def test_a_file_that_cannot_be_taken_fails_its_text(sandbox, ear, send, answer, code):
    ear.answers.append(answer)
    message = send(media_url=[f"{ear.url}/house"])
    sandbox.flush()

    assert (message.fetch().status, message.fetch().error_code) == ("failed", code)
    assert [call["path"] for call in ear.heard].count("/house") == 1


def test_where_nobody_answers_the_text_fails(sandbox, send):
    message = send(media_url=["http://127.0.0.1:9/house"])
    sandbox.flush()

    assert (message.fetch().status, message.fetch().error_code) == ("failed", 11200)


def test_the_files_of_a_text_count_together(sandbox, ear, send):
    ear.answers += [(200, "image/png", "x" * 3_000_000)] * 2
    message = send(media_url=[f"{ear.url}/a", f"{ear.url}/b"])
    sandbox.flush()

    assert message.fetch().error_code == 11751
