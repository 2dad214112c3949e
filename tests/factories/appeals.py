"""An appeal of an account, with a file, while the account may send again."""

import io

from portal.appeals.service import cases, files, parts
from portal.appeals.values import Kind
from portal.compliance import service as compliance
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import Cause
from tests.factories.files import picture


def make_appeal(account, words, actor=SYSTEM):
    """Return a case whose suspension was lifted since, and the picture in its first part."""
    checked = files.check(io.BytesIO(picture()), "first.png")
    with unit_of_work():
        compliance.suspend(account, words, cause=Cause.HIGH_ERRORS, actor=actor)
    with unit_of_work():
        case = cases.open_case(accounts.get_or_404(account.tenant), Kind.SUSPENSION, actor=actor)
        parts.write_part(case, 4, text=words, link="", edits=0, actor=actor)
        shown = parts.attach(case, 1, checked, actor=actor)
    with unit_of_work():
        compliance.lift_suspension(
            accounts.get_or_404(account.tenant), "Lifted by their mail", actor=actor
        )
    return case, shown
