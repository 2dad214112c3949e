"""The examples of docs/api.md work as they stand."""

import itertools
import re
import shlex
from pathlib import Path

import pytest

from portal.integrations.rules import signing
from portal.integrations.rules.schedule import WAITS
from portal.integrations.service.pace import PER_MINUTE
from tests.factories.integrations import read

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
COMMANDS = re.findall(r"^curl .*?(?<!\\)\n", PAGE, re.MULTILINE | re.DOTALL)


def asked(command, program):
    """Do what a curl command does."""
    words = shlex.split(command.replace("\\\n", " ").replace("$PORTAL", "").replace("$KEY", "K"))
    headers = dict(w.split(": ") for o, w in itertools.pairwise(words) if o == "-H")
    assert headers.pop("Authorization") == "Bearer K"
    data = [w for o, w in itertools.pairwise(words) if o == "-d"]
    url = next(word for word in words if word.startswith("/api"))
    sent = {"data": data[0]} if data else {}
    return program.ask("POST" if data else "GET", url, key="", headers=headers, **sent)


def test_the_commands_get_the_answers_the_page_promises(program, carol):
    found = [asked(command, program) for command in COMMANDS]
    for answer in found:
        read(answer)
    assert [answer.status_code for answer in found] == [200, 202, 404, 200, 201, 200]


@pytest.mark.parametrize("others", [(), (b"n" * 32,)])  # alone, and beside the new one
def test_the_page_s_own_check_takes_what_we_sign_and_nothing_else(clock, others):
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {}
    exec(code, names)
    secret, body = signing.show_secret(b"k" * 32), '{"a": "\u00e9"}'
    names["time"] = type("Now", (), {"time": staticmethod(clock.now.timestamp)})
    holding = [*map(signing.show_secret, others), secret]
    headers = dict(signing.headers(holding, "1", clock.now, body))
    assert not names["is_genuine"](signing.show_secret(b"o" * 32), headers, body.encode())
    assert names["is_genuine"](secret, headers, body.encode())
    assert not names["is_genuine"](secret, headers, body.encode() + b" ")
    old = dict(signing.headers(holding, "1", clock.now.replace(year=2025), body))
    assert not names["is_genuine"](secret, old, body.encode())


@pytest.mark.parametrize("words", ["5 s, 1 min, 5 min, 30 min, 2 h, 6 h and 15 h", "120 times"])
def test_the_figures_are_the_code_s(words):
    spelled = [5, 60, 300, 1800, 7200, 21600, 54000]
    assert [wait.total_seconds() for wait in WAITS] == spelled
    assert f"{PER_MINUTE} times" == "120 times"
    assert words in PAGE
