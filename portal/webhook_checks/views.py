"""The page of the carrier's webhooks, for officers and leads and for operators; and the test call."""

from typing import Final
from uuid import UUID

from flask import Blueprint, Response, flash, g, url_for

from portal.core import posted
from portal.core.access import Permission, me, requires, signed_by_carrier
from portal.core.db import unit_of_work
from portal.core.formats import plural
from portal.core.settings import settings
from portal.core.web import page, see_other
from portal.numbers.errors import CarrierTrouble
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef, AccountState
from portal.webhook_checks import queries, rules
from portal.webhook_checks import service as checks
from portal.webhook_checks.values import ROUTE_WORDS, Mark

bp = Blueprint("webhook_checks", __name__)
door = Blueprint("webhook_checks_door", __name__, url_prefix="/webhooks/twilio")
blueprints = (bp, door)
_CALLS: Final = (  # their titles, how the page names them, and whether they are news in JSON
    ("Texts and calls", "call", False),
    ("News of numbers", "news", True),
)


@bp.get("/organizations/<uuid:organization_id>/carrier-webhooks")
@requires(Permission.CHECK_WEBHOOKS)
def index(organization_id: UUID) -> Response:
    """Show whether the carrier reaches us, and whether we believe it."""
    return _page(organization_id, queries.marks(organization_id), {})


@bp.post("/organizations/<uuid:organization_id>/carrier-webhooks")
@requires(Permission.CHECK_WEBHOOKS)
def check(organization_id: UUID) -> Response:
    """Call ourselves through the public address, signed with the organization's token."""
    checks.call(organization_id, actor=me().actor)
    return see_other(url_for(".index", organization_id=organization_id))


@bp.post("/organizations/<uuid:organization_id>/carrier-webhooks/numbers")
@requires(Permission.CHECK_WEBHOOKS)
def point(organization_id: UUID) -> Response:
    """Point the numbers that lead elsewhere here, one after the other, then look again."""
    count, trouble = 0, ""
    try:
        for number in checks.astray(organization_id):
            checks.point(number)
            with unit_of_work():
                checks.note_pointed(number.sender, actor=me().actor)
            count += 1
    except CarrierTrouble as error:
        trouble = f" {error.trouble.sentence} {error.trouble.cause}".rstrip()
    checks.call(organization_id, actor=me().actor)
    flash(f"{plural(count, 'number')} pointed here.{trouble}", "bad" if trouble else "ok")
    return see_other(url_for(".index", organization_id=organization_id))


@bp.get("/admin/carrier-webhooks")
@requires(Permission.ADMINISTER)
def admin_index() -> Response:
    """Show the same for the whole installation, strangers' knocks included."""
    names = {one.id: one.name for one in people.organizations()}
    return _page(None, queries.all_marks(), names)


@bp.post("/admin/carrier-webhooks")
@requires(Permission.ADMINISTER)
def admin_check() -> Response:
    """Call ourselves through the public address, signed with the installation's own token."""
    checks.call(None, actor=me().actor)
    return see_other(url_for(".admin_index"))


@door.post("/check/<string:token>")
@signed_by_carrier
@posted.answers
def arrive(token: str) -> Response:
    """Take in our own test call; it says how it came, whether it is believed or not."""
    came = posted.read_json() if posted.is_json() else posted.read()
    with unit_of_work():
        checks.arrive(token, came)
    return Response(status=204)


def _stopped(organization_id: UUID) -> list[AccountRef]:
    """Return the suspended accounts this person reaches: their numbers may be out of reach (N-7)."""
    reached = accounts.accounts_for(me().user_id, organization_id, me().role)
    return [one for one in reached if one.state is AccountState.SUSPENDED]


def _page(organization_id: UUID | None, marks: list[Mark], names: dict[UUID, str]) -> Response:
    trusted = settings().trusted_proxies
    made = [
        (title, name, found[0])
        for title, name, is_news in _CALLS
        if (found := queries.checks(organization_id, is_news=is_news))
    ]
    forms = next((one for _, name, one in made if name == "call"), None)
    return page(
        "webhook_checks/index.html",
        public_url=settings().public_url,
        trusted=trusted,
        calls=[(*one, rules.verdict(one[2], trusted=trusted)) for one in made],
        looked=forms,
        stopped=_stopped(organization_id) if organization_id else [],
        proxies=rules.proxies(forms.hops, trusted) if forms and forms.arrived_at else "",
        marks=[
            (
                mark,
                rules.WHY[mark.reason] if mark.reason else None,
                rules.parts_differing(mark.signed_url, settings().public_url)
                if mark.signed_url
                else "",
                names.get(mark.organization_id) if mark.organization_id else None,
            )
            for mark in marks
        ],
        route_words=ROUTE_WORDS,
        is_admin=organization_id is None,
        check_url=url_for(".admin_check")
        if organization_id is None
        else url_for(".check", organization_id=g.organization.id),
    )
