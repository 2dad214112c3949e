"""An address that is filled in is the one Flask would have made anew (G6)."""

from uuid import uuid4

import pytest
from flask import Flask, url_for
from werkzeug.routing import BuildError

from portal.core.places import PLACES

ONE, OTHER = uuid4(), uuid4()
ASKED = [
    ("contacts.index", {"account_id": ONE}),
    ("messaging.conversation", {"account_id": ONE, "conversation_id": OTHER}),
    ("messaging.conversation", {"conversation_id": ONE, "account_id": OTHER}),
    ("contacts.index", {"account_id": ONE, "selection": OTHER}),  # what is no part goes behind
    ("contacts.index", {"account_id": ONE, "q": "100% of"}),
    ("contacts.index", {"account_id": ONE, "q": None}),
    ("contacts.index", {"account_id": ONE, "_anchor": "list"}),
    ("contacts.index", {"account_id": ONE, "_external": True}),
    ("people.sign_in", {}),
    ("static", {"filename": "logo.svg"}),
]


@pytest.mark.parametrize(("endpoint", "values"), ASKED)
@pytest.mark.parametrize("root", ["", "/desk"])
def test_an_address_is_flasks_own_the_first_time_and_the_next(app, endpoint, values, root):
    for _ in range(2):
        with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
            assert url_for(endpoint, **values) == Flask.url_for(app, endpoint, **values)


def test_an_address_that_lacks_a_part_is_refused_as_ever(app):
    with app.test_request_context("/"), pytest.raises(BuildError):
        url_for("contacts.index")


def test_every_place_of_the_menu_is_one(app):
    assert {place.endpoint for place in PLACES} <= set(app.view_functions)
