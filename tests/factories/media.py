"""Files kept for texts."""

import io

from portal.core.db import unit_of_work
from portal.media import service as media
from tests.factories.files import picture
from tests.factories.messaging import ALICE_ACTS


def make_file(account, content=None, name="house.png"):
    """Keep a file of an account, a small picture where none is given."""
    checked = media.check(io.BytesIO(content or picture()), name)
    with unit_of_work():
        return media.keep(account, checked, actor=ALICE_ACTS)
