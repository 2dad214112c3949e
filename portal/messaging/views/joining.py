"""The join keyword of an account: its settings, and a sheet to print (Q-6)."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.core import phone
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.web import page, see_other
from portal.messaging import queries
from portal.messaging.errors import AnswerLacks
from portal.messaging.forms.joining import JoinKeywordForm
from portal.messaging.rules import joining as rules
from portal.messaging.rules.joining import JoinKeywordRef
from portal.messaging.service import joining
from portal.messaging.views.blueprint import bp
from portal.numbers import queries as numbers
from portal.people import queries as people


@bp.get("/accounts/<uuid:account_id>/join-keyword")
@requires(Permission.VIEW_CONSENT)
def join_keyword(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the keyword, what it is answered with, and what to write on a sign."""
    keyword = queries.join_keyword(g.account.tenant)
    data: dict[str, object] = {}
    if keyword is not None:
        data = {
            "word": keyword.word.upper(),
            "programme": keyword.programme,
            "frequency": keyword.frequency,
            "help_contact": keyword.help_contact,
            "terms_url": keyword.terms_url,
            "privacy_url": keyword.privacy_url,
            "kinds": "both" if len(keyword.kinds) > 1 else "one_to_one",
            "language": keyword.language.value,
            "is_on": keyword.is_on,
        }
    return _show(JoinKeywordForm(formdata=None, data=data), keyword)


@bp.post("/accounts/<uuid:account_id>/join-keyword")
@requires(Permission.SET_UP_NUMBER)
def set_join_keyword(account_id: UUID) -> Response:
    """Settle the keyword; everything typed is kept when something is wrong."""
    form = JoinKeywordForm()
    tenant = g.account.tenant
    if not form.validate_on_submit():
        return _show(form, queries.join_keyword(tenant), 422)
    try:
        with unit_of_work():
            joining.set_keyword(
                tenant,
                form.word.data,
                form.words(_sender()),
                form.agreed_kinds(),
                is_on=form.is_on.data,
                actor=me().actor,
            )
    except AnswerLacks as error:
        for field, points in error.lacks.items():
            form.refuse(field, BadInput(f"The answer must say {', '.join(points)}."))
        return _show(form, queries.join_keyword(tenant), 422)
    except BadInput as error:
        form.refuse("word", error)
        return _show(form, queries.join_keyword(tenant), 422)
    word = rules.folded(form.word.data).upper()
    flash(f"{word} {'signs people up' if form.is_on.data else 'is switched off'}.", "ok")
    return see_other(url_for("messaging.join_keyword", account_id=account_id))


@bp.get("/accounts/<uuid:account_id>/join-keyword/sheet")
@requires(Permission.VIEW_CONSENT)
def join_sheet(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show a sheet to print and put up: the keyword, the number and the whole disclosure."""
    keyword, number = queries.join_keyword(g.account.tenant), _number()
    if keyword is None or not keyword.is_on or number is None:
        raise NotFound("There is no keyword to print: switch it on and set up a number first.")
    words = joining.words_of(g.account.tenant, keyword)
    return page(
        "messaging/join_sheet.html",
        words=words,
        word=keyword.word.upper(),
        number=phone.show(number),
        sign=rules.sign(words, keyword.word, phone.show(number)),
    )


def _show(form: JoinKeywordForm, keyword: JoinKeywordRef | None, status: int = 200) -> Response:
    number = _number()
    words = joining.words_of(g.account.tenant, keyword) if keyword else None
    return page(
        "messaging/join_keyword.html",
        None,
        status,
        form=form,
        keyword=keyword,
        sender=_sender(),
        number=number,
        answer=rules.answer(words) if words else "",
        sign=rules.sign(words, keyword.word, phone.show(number))
        if words and keyword and number
        else "",
        may_edit=me().may(Permission.SET_UP_NUMBER),
    )


def _sender() -> str:
    return people.organization_settings(g.account.organization_id).sender_name


def _number() -> str | None:
    sender = numbers.default_sender(g.account.id)
    return sender.e164 if sender else None
