"""The page of a person's own reports by mail (M-3)."""

from uuid import UUID

from flask import Blueprint, Response, flash, g, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.web import page, see_other, takes
from portal.exports.values import FILE_WORDS, FileKind
from portal.people import queries as people
from portal.reports.rules.tables import NAMES, names
from portal.reports.values import ReportName
from portal.schedules import queries, service
from portal.schedules.errors import ReadersRefused
from portal.schedules.forms import ScheduleForm
from portal.schedules.values import RHYTHM_WORDS, Rhythm
from portal.texting_accounts import queries as accounts

bp = Blueprint("schedules", __name__)


@bp.get("/organizations/<uuid:organization_id>/reports-by-mail")
@requires(Permission.VIEW_CREDITS)
@takes("account", "report")
def schedules(organization_id: UUID) -> Response:
    """List the person's own reports by mail, with the form for one more."""
    account_id = _account_id(request.args.get("account", ""))
    known, chosen = names(is_one=account_id is not None), request.args.get("report", "")
    form = ScheduleForm(formdata=None, report=chosen if chosen in known else ReportName.DAYS)
    form.report.choices = list(known.items())
    return _page(organization_id, form, account_id)


@bp.post("/organizations/<uuid:organization_id>/reports-by-mail")
@requires(Permission.VIEW_CREDITS)
def add_schedule(organization_id: UUID) -> Response:
    """Have a report go by mail."""
    form, account_id = ScheduleForm(), _account_id(request.form.get("account", ""))
    form.report.choices = list(names(is_one=account_id is not None).items())
    if not form.validate_on_submit():
        return _page(organization_id, form, account_id, 422)
    addresses = (form.addresses.data or "").replace(",", "\n").split() or [me().email]
    try:
        with unit_of_work():
            service.make(
                g.organization,
                account_id,
                me(),
                report=ReportName(form.report.data),
                rhythm=Rhythm(form.rhythm.data),
                file_kind=FileKind(form.file_kind.data),
                reader_ids=service.readers(organization_id, account_id, addresses),
            )
    except DomainError as error:
        form.refuse("addresses" if isinstance(error, ReadersRefused) else "report", error)
        return _page(organization_id, form, account_id, 422)
    flash(f"{NAMES[form.report.data]} goes by mail from now on.", "ok")
    return see_other(url_for("schedules.schedules", organization_id=organization_id))


@bp.post("/organizations/<uuid:organization_id>/reports-by-mail/<uuid:schedule_id>/stop")
@requires(Permission.VIEW_CREDITS)
def stop_schedule(organization_id: UUID, schedule_id: UUID) -> Response:
    """Send one of the person's own no more."""
    found = queries.schedule_or_404(organization_id, me().user_id, schedule_id)
    with unit_of_work():
        service.stop(found, actor=me().actor)
    flash(f"{NAMES[found.report]} goes by mail no more.", "ok")
    return see_other(url_for("schedules.schedules", organization_id=organization_id))


def _page(
    organization_id: UUID, form: ScheduleForm, account_id: UUID | None, status: int = 200
) -> Response:
    mine = queries.schedules(organization_id, me().user_id)
    reached = accounts.accounts_for(me().user_id, organization_id, me().role)
    return page(
        "schedules/index.html",
        None,
        status,
        form=form,
        schedules=mine,
        account_id=account_id,
        account_names={account.id: account.name for account in reached},
        readers=people.users({id_ for one in mine for id_ in one.reader_ids}),
        names=NAMES,
        rhythms=RHYTHM_WORDS,
        files=FILE_WORDS,
        organization=g.organization,
    )


def _account_id(text: str) -> UUID | None:
    """Return an account the person reaches, None when none is named. Raises BadInput."""
    if not text:
        return None
    reached = accounts.accounts_for(me().user_id, g.organization.id, me().role)
    found = [account.id for account in reached if str(account.id) == text]
    if not found:
        raise BadInput("account: that is no account of yours. Start from the account's reports.")
    return found[0]
