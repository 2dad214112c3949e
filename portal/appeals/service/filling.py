"""A new appeal begins with what the portal knows, ready to be read and mended (A-3)."""

from collections.abc import Mapping
from typing import Final

from portal.appeals import queries
from portal.appeals.models import AppealPart
from portal.appeals.rules import drafting
from portal.appeals.service import files
from portal.appeals.service.files import Checked
from portal.appeals.service.knowing import Known, form_picture
from portal.appeals.values import Answer, CaseRef, FileKind, Slot
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.formats import phone
from portal.texting_accounts.values import AccountRef

_MOST_PICTURES: Final = 4


def fill(
    case: CaseRef, account: AccountRef, found: Known, first_text: Checked | None, *, actor: Actor
) -> None:
    """Write what is known into the parts of a case nobody has written in yet."""
    forms = [(form.name, form.url, form.version.disclosure) for form in found.forms]
    texts: Mapping[Slot, str] = {
        Slot.FIRST_TEXT: found.plans[0].body if found.plans else "",
        Slot.WEB_ADDRESS: "\n".join(form.url for form in found.forms[1:]),
        Slot.CONSENT: drafting.how_people_sign_up(forms),
        Slot.JUSTIFICATION: drafting.business_reason(
            [(one.name, one.justification) for one in found.wordings]
        ),
        Slot.WORDINGS: drafting.wordings([(one.name, one.body) for one in found.wordings]),
        Slot.NUMBERS: drafting.numbers_used(account.name, [phone(e) for e in found.senders]),
    }
    pictures: Mapping[Slot, list[Checked]] = {
        Slot.FIRST_TEXT: [first_text] if first_text is not None else [],
        Slot.CHECKBOX: [
            form_picture(form, form.pictures[0]) for form in found.forms if form.pictures
        ][:_MOST_PICTURES],
    }
    for part in queries.parts(case):
        text, shown = texts.get(part.slot, ""), pictures.get(part.slot, [])
        link = found.forms[0].url if part.slot is Slot.WEB_ADDRESS and found.forms else ""
        for checked in shown:
            files.keep(case, checked, actor=actor, kind=FileKind.MADE, part=part.number)
        if text or link or shown:
            row = db.session.get_one(AppealPart, (case.id, part.number))
            row.text, row.link, row.answer = text, link, Answer.GIVEN
    db.session.flush()  # whoever is shown the case reads it
