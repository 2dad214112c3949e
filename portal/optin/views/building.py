"""Pages with which forms are built and published (C-3)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, flash, g, request, url_for
from markupsafe import Markup

from portal.consent.service import evidence
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotFound
from portal.core.settings import settings
from portal.core.web import page, see_other, takes
from portal.gateways.uploads import UploadRefused
from portal.optin import queries
from portal.optin import service as optin
from portal.optin.errors import ContentRefused, EditedMeanwhile, PictureRefused
from portal.optin.forms import BeginForm, EditorForm, PictureForm
from portal.optin.rules import colors
from portal.optin.rules import content as content_rules
from portal.optin.rules.points import MAY_MISS_IN_ONE_MESSAGE, POINTS
from portal.optin.rules.wording import LANGUAGE_WORDS, STARTERS
from portal.optin.service import drawing, images, picturing
from portal.optin.values import PICTURE_WORDS, Content, FormRef, Picture
from portal.optin.views.blueprint import bp, form_of_account
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_FORMS = "/accounts/<uuid:account_id>/forms"
_FORM = f"{_FORMS}/<uuid:form_id>"
_VERSION = f"{_FORM}/versions/<int:number>"


@dataclass(frozen=True, slots=True)
class Point:
    """One of the ten points, as the list in the builder draws it."""

    state: str
    text: str
    note: str | None
    url: None = None


@bp.get(_FORMS)
@requires(Permission.VIEW_CONSENT)
def index(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """List the account's forms."""
    found = queries.forms(g.account.tenant)
    return page(
        "optin/index.html",
        forms=found,
        captured=queries.captured(g.account.tenant, [form.id for form in found]),
    )


@bp.route(f"{_FORMS}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_FORMS)
def new(account_id: UUID) -> Response:
    """Begin a form from ready wording."""
    organization = people.organization_settings(g.account.organization_id)
    form = BeginForm(
        account_id=str(account_id),
        starter=STARTERS[0].key,
        sender=organization.sender_name or organization.name,
    )
    mine = _accounts_of_mine()
    form.account_id.choices = [(str(account.id), account.name) for account in mine]
    if form.validate_on_submit():
        chosen = next(each for each in mine if str(each.id) == form.account_id.data)
        with unit_of_work():
            begun = optin.begin_form(
                chosen.tenant,
                name=form.name.data,
                starter=form.starter.data,
                sender=form.sender.data,
                help_contact=form.help_contact.data,
                actor=me().actor,
            )
        return see_other(url_for(".edit", account_id=chosen.id, form_id=begun.id))
    return page(
        "optin/new.html",
        status=422 if form.errors else 200,
        form=form,
        starters={each.key: each for each in STARTERS},
        languages=LANGUAGE_WORDS,
    )


@bp.get(_FORM)
@requires(Permission.VIEW_CONSENT)
def show(account_id: UUID, form_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show a form: where it stands, how to share it, its versions, who came in."""
    form = form_of_account(form_id)
    versions = queries.versions(form.tenant, form_id)
    url = f"{settings().public_url}{form.path}"
    return page(
        "optin/form.html",
        form=form,
        versions=versions,
        is_edited=not versions or versions[0].content != form.draft,
        points=_points(form.draft),
        url=url,
        embed=_snippets(url, versions[0].content.title if versions else ""),
        captures=queries.latest_captures(form.tenant, form_id),
        count=queries.captured(form.tenant, [form_id]).get(form_id, (0, None))[0],
        pictures=queries.pictures(form.tenant, versions[0].id) if versions else {},
        picture_words=PICTURE_WORDS,
    )


@bp.route(f"{_FORM}/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_FORMS)
def edit(account_id: UUID, form_id: UUID) -> Response:
    """Edit the draft; without script the Preview button shows what is typed."""
    found = form_of_account(form_id)
    if request.method == "GET":
        return _editor(found, EditorForm.of(found.name, found.draft, found.edits))
    form = EditorForm()
    is_valid, do = form.validate(), request.form.get("do", "save")
    if do == "preview":
        return _editor(found, form)
    if not is_valid or not _saved(found, form):
        return _editor(found, form, 422)
    if do != "publish":
        flash("The draft is saved. What is published stays as it is.", "ok")
        return see_other(url_for(".edit", account_id=account_id, form_id=form_id))
    return _publish(account_id, queries.form_or_404(found.tenant, form_id))


@bp.post(f"{_FORM}/preview")
@requires(Permission.EDIT_FORMS)
def preview(account_id: UUID, form_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Draw what is typed and tick its points, while it is typed."""
    found = form_of_account(form_id)
    form = EditorForm()
    form.validate()
    return page("optin/draft.html", "optin/_draft.html", **_drawn(found, form.content(found.draft)))


@bp.get(f"{_FORMS}/preview.css")
@requires(Permission.EDIT_FORMS)
@takes("color")
def preview_style(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Give the style sheet of a draft in its brand's color."""
    color = colors.tidy(request.args.get("color", ""))
    if color is None or (color and colors.refusal(color)):
        raise BadInput("color: write it like 0b6479, dark enough to be read on white.")
    return Response(drawing.style(Content(color=color)), mimetype="text/css")


@bp.post(f"{_FORM}/publish")
@requires(Permission.PUBLISH_FORMS)
def publish(account_id: UUID, form_id: UUID) -> Response:
    """Publish the draft as the next version, or say what is missing."""
    return _publish(account_id, form_of_account(form_id))


@bp.post(f"{_FORM}/unpublish")
@requires(Permission.EDIT_FORMS)
def unpublish(account_id: UUID, form_id: UUID) -> Response:
    """Take the form off its address."""
    form = form_of_account(form_id)
    with unit_of_work():
        optin.unpublish_form(form.tenant, form_id, actor=me().actor)
    flash("The form is no longer served. Its versions and records stay.", "ok")
    return see_other(url_for(".show", account_id=account_id, form_id=form_id))


@bp.get(_VERSION)
@requires(Permission.VIEW_CONSENT)
def version(account_id: UUID, form_id: UUID, number: int) -> Response:  # noqa: ARG001 (g.account)
    """Show a published version: what changed with it, its page and its pictures."""
    return _version_page(form_id, number, PictureForm(formdata=None))


@bp.get(f"{_VERSION}/page")
@requires(Permission.VIEW_CONSENT)
def version_page(account_id: UUID, form_id: UUID, number: int) -> Response:  # noqa: ARG001 (g.account)
    """Send a version's self-contained page, as a download."""
    found = queries.version_or_404(g.account.tenant, form_id, number)
    response = Response(evidence.read_kept(found.page_name), mimetype="text/html")
    response.headers.set(
        "Content-Disposition", "attachment", filename=f"{found.slug}-v{found.number}.html"
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@bp.get(f"{_VERSION}/pictures/<string:kind>")
@requires(Permission.VIEW_CONSENT)
def picture(account_id: UUID, form_id: UUID, number: int, kind: str) -> Response:  # noqa: ARG001 (g.account)
    """Show a picture of a version; it is a PNG we made."""
    found = queries.version_or_404(g.account.tenant, form_id, number)
    kept = {each.value: ref for each, ref in queries.pictures(found.tenant, found.id).items()}
    if kind not in kept:
        raise NotFound("There is no such picture of this version.")
    return Response(evidence.read_kept(kept[kind].name), mimetype=kept[kind].media_type)


@bp.post(f"{_VERSION}/pictures")
@requires(Permission.EDIT_FORMS)
def upload_picture(account_id: UUID, form_id: UUID, number: int) -> Response:
    """Keep a picture that a person took, where Chromium took none (C-4)."""
    found = queries.version_or_404(g.account.tenant, form_id, number)
    form = PictureForm()
    if not form.validate_on_submit():
        return _version_page(form_id, number, form, 422)
    try:
        content = images.page(form.picture.data.stream, form.picture.data.filename or "")
        with unit_of_work():
            picturing.upload(found, form.picture_kind, content, actor=me().actor)
    except (PictureRefused, UploadRefused) as error:
        form.refuse("picture", error)
        return _version_page(form_id, number, form, 422)
    flash("The picture is kept with this version.", "ok")
    return see_other(url_for(".version", account_id=account_id, form_id=form_id, number=number))


def _saved(found: FormRef, form: EditorForm) -> bool:
    """Save the draft, or show beside its field why not."""
    upload = form.logo.data
    try:
        logo = images.logo(upload.stream, upload.filename or "") if upload else None
        with unit_of_work():
            optin.edit_form(
                found.tenant,
                found.id,
                form.content(found.draft),
                name=form.name.data,
                edits=form.edits.data or 0,
                logo=logo,
                actor=me().actor,
            )
    except ContentRefused as error:
        form.refuse(error.field, error)
    except UploadRefused as error:
        form.refuse("logo", error)
    except EditedMeanwhile as error:
        form.form_errors.append(error.message)
    else:
        return True
    return False


def _publish(account_id: UUID, form: FormRef) -> Response:
    back = url_for(".edit", account_id=account_id, form_id=form.id)
    if not me().may(Permission.PUBLISH_FORMS):
        flash("The draft is saved. A team lead publishes it.", "ok")
        return see_other(back)
    try:
        with unit_of_work():
            made = optin.publish_form(form.tenant, form.id, edits=form.edits, actor=me().actor)
    except DomainError as error:
        flash(error.message, "bad")
        return see_other(back)
    flash(f"Version {made.number} is published. It never changes; an edit makes a new one.", "ok")
    return see_other(url_for(".show", account_id=account_id, form_id=form.id))


def _editor(found: FormRef, form: EditorForm, status: int = 200) -> Response:
    return page(
        "optin/edit.html",
        None,
        status,
        form=form,
        may_publish=me().may(Permission.PUBLISH_FORMS),
        slots=("programme", "sender", "frequency", "help_contact"),
        **_drawn(found, form.content(found.draft)),
    )


def _drawn(found: FormRef, content: Content) -> dict[str, Any]:
    style_url = url_for(
        ".preview_style", account_id=found.account_id, color=content.color.removeprefix("#")
    )
    return {
        "found": found,
        "points": _points(content),
        "preview": drawing.preview(content, style_url),
    }


def _points(content: Content) -> list[Point]:
    """Return the ten points as a checklist, each with what to do about it."""
    shown = []
    for key, finding in optin.findings_of(content).items():
        text, fix = POINTS[key]
        may_miss = content.is_single_message and key in MAY_MISS_IN_ONE_MESSAGE
        state = "done" if finding.found else "todo" if may_miss else "missing"
        note = finding.remark or (fix if state == "missing" else None)
        if state == "todo":
            note = "May be left out of a form for one text."
        shown.append(Point(state, text, note))
    return shown


def _snippets(url: str, title: str) -> dict[str, str]:
    """Return what a site puts into its page: the script, or the frame alone."""
    frame = Markup('<iframe src="{}/embed" title="{}" width="100%" height="900"></iframe>')
    return {
        "script": f'<script src="{url}/embed.js" async></script>',
        "frame": str(frame.format(url, title)),
    }


def _version_page(form_id: UUID, number: int, upload: PictureForm, status: int = 200) -> Response:
    found = queries.version_or_404(g.account.tenant, form_id, number)
    before = queries.version_or_404(found.tenant, form_id, number - 1) if number > 1 else None
    kept = queries.pictures(found.tenant, found.id)
    lacking = [kind for kind in Picture if kind not in kept]
    upload.kind.choices = [(kind.value, PICTURE_WORDS[kind]) for kind in lacking]
    return page(
        "optin/version.html",
        None,
        status,
        form=form_of_account(form_id),
        version=found,
        changes=content_rules.changes(before.content if before else None, found.content),
        pictures=kept,
        picture_words=PICTURE_WORDS,
        lacking=lacking,
        has_browser=picturing.is_possible(),
        upload=upload,
    )


def _accounts_of_mine() -> list[AccountRef]:
    return accounts.accounts_for(me().user_id, g.account.organization_id, me().role)
