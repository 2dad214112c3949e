"""The pages the public sees: a form's own page, in a frame, on a kiosk (C-2). No sign-in, no script."""

import secrets
from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, request
from sqlalchemy.exc import IntegrityError

from portal.consent.service import evidence
from portal.core.access import open_to_all
from portal.core.assets import YEAR_S
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.core.settings import settings
from portal.core.typed import line
from portal.optin import queries
from portal.optin import service as optin
from portal.optin.errors import OriginRefused
from portal.optin.rules import answers, tokens
from portal.optin.rules.origins import origin_of
from portal.optin.rules.tokens import KioskToken
from portal.optin.service import drawing, guarding, receiving
from portal.optin.service.receiving import Outcome, Posted
from portal.optin.values import Channel, VersionRef, Visit

bp = Blueprint("hosted", __name__, url_prefix="/f/<string:slug>")
VISITOR_COOKIE: Final = "optin-visitor"
KIOSK_RESETS_IN_S: Final = 12
_EMBED_SCRIPT: Final = '<script src="/static/js/frame.js" defer></script>'


@bp.route("", methods=["GET", "POST"])
@open_to_all
def form(slug: str) -> Response:
    """Show a form on its own page, or take what was entered."""
    version = queries.served(slug)
    if request.method == "POST":
        return _take(version, Channel.HOSTED, f"/f/{slug}/thanks")
    return _page(version, Channel.HOSTED)


@bp.get("/thanks")
@open_to_all
def thanks(slug: str) -> Response:
    """Thank a person; the page says nothing about them."""
    version = queries.served(slug)
    return _answer(_thanks(version), version, Channel.HOSTED)


@bp.route("/embed", methods=["GET", "POST"])
@open_to_all
def embed(slug: str) -> Response:
    """Show a form in a frame on a site of its list; other sites are refused."""
    version = queries.served(slug)
    if request.method == "POST":
        return _take(version, Channel.EMBED, f"/f/{slug}/embed/thanks")
    page_url, origin = _around(version)
    return _page(version, Channel.EMBED, page_url=page_url, origin=origin)


@bp.get("/embed/thanks")
@open_to_all
def embed_thanks(slug: str) -> Response:
    """Thank a person inside the frame."""
    version = queries.served(slug)
    html = _thanks(version).replace(drawing.PLACE_OF_SCRIPT, _EMBED_SCRIPT)
    return _answer(html, version, Channel.EMBED)


@bp.get("/embed.js")
@open_to_all
def embed_script(slug: str) -> Response:
    """Give a site of the list the few lines that build the frame and fit its height."""
    version = queries.served(slug)
    _around(version)
    script = drawing.embed_script(f"{settings().public_url}/f/{slug}/embed", version.content.title)
    response = Response(script, mimetype="text/javascript")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # another site loads it
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@bp.route("/kiosk/<string:kiosk_token>", methods=["GET", "POST"])
@open_to_all
def kiosk(slug: str, kiosk_token: str) -> Response:
    """Show a form on a device that staff put up; it comes back empty for the next person."""
    version = queries.served(slug)
    opened = _kiosk(version, kiosk_token)
    if request.method == "POST":
        return _take(
            version, Channel.KIOSK, f"/f/{slug}/kiosk/{kiosk_token}/thanks", kiosk_token=opened
        )
    return _page(version, Channel.KIOSK, opened_by=opened.opened_by)


@bp.get("/kiosk/<string:kiosk_token>/thanks")
@open_to_all
def kiosk_thanks(slug: str, kiosk_token: str) -> Response:
    """Thank a person, then go back to the empty form by itself."""
    version = queries.served(slug)
    _kiosk(version, kiosk_token)
    html = _thanks(version, f"/f/{slug}/kiosk/{kiosk_token}", KIOSK_RESETS_IN_S)
    return _answer(html, version, Channel.KIOSK)


@bp.get("/<int:number>/style.css")
@open_to_all
def style(slug: str, number: int) -> Response:
    """Give the style sheet of a version, as it was published."""
    return _for_ever(Response(queries.any_version(slug, number).css, mimetype="text/css"))


@bp.get("/<int:number>/logo.png")
@open_to_all
def logo(slug: str, number: int) -> Response:
    """Give the logo of a version."""
    name = queries.any_version(slug, number).content.logo
    if not name or not evidence.path_of(name).is_file():
        raise NotFound("There is no logo here.")
    return _for_ever(Response(evidence.path_of(name).read_bytes(), mimetype="image/png"))


def _page(version: VersionRef, channel: Channel, opened_by: str = "", **around: str) -> Response:
    """Serve the page with a token of its own; it is not drawn anew, only kiosks get it bare."""
    html = version.html
    if channel is Channel.KIOSK:  # without what a browser would offer of the person before
        html = drawing.answer(
            version.content, slug=version.slug, number=version.number, resets_at=request.path
        )
    token = receiving.issue(
        version, channel, is_redrawn=channel is Channel.KIOSK, opened_by=opened_by, **around
    )
    return _answer(drawing.with_token(html, token), version, channel)


def _take(
    version: VersionRef, channel: Channel, then: str, kiosk_token: KioskToken | None = None
) -> Response:
    cookie = request.cookies.get(VISITOR_COOKIE, "")[:64]
    posted = Posted(
        given=answers.given_of(request.form),
        is_ticked=request.form.get("agree") == "yes",
        honey=request.form.get("website", ""),
        token=request.form.get("form_token", ""),
        ip=request.remote_addr or "",
        visitor=guarding.hashed("visitor", cookie) if cookie else "",
    )
    looked = receiving.look(version, channel, posted, kiosk_token)
    if looked.answer is None and not looked.is_repeat:
        return _again(version, channel, posted, looked, kiosk_token)
    cookie = cookie or secrets.token_urlsafe(16)
    if looked.answer is not None:
        _capture(version, looked, cookie)
    response = Response(status=303, headers={"Location": then})
    if channel is Channel.HOSTED:
        response.set_cookie(
            VISITOR_COOKIE,
            cookie,
            max_age=timedelta(days=1),
            path="/f/",
            secure=settings().is_https,
            httponly=True,
            samesite="Lax",
        )
    return response


def _capture(version: VersionRef, looked: Outcome, cookie: str) -> None:
    assert looked.answer is not None
    assert looked.token is not None
    token = looked.token
    visit = Visit(
        nonce=token.nonce,
        channel=token.channel,
        issued_at=token.issued_at,
        ip=request.remote_addr or "",
        user_agent=request.headers.get("User-Agent", "")[:500],
        page_url=token.page_url,
        origin=token.origin,
        opened_by=token.opened_by,
        visitor=guarding.hashed("visitor", cookie),
        is_redrawn=token.is_redrawn,
    )
    try:
        with unit_of_work():
            optin.capture(version, looked.answer, visit)
    except IntegrityError:
        # The same token came twice at once, for two numbers: it counts once.
        if queries.capture_by_nonce(token.nonce) is None:
            raise


def _again(
    version: VersionRef,
    channel: Channel,
    posted: Posted,
    looked: Outcome,
    kiosk_token: KioskToken | None,
) -> Response:
    """Show the form again with what was typed; a token that is still good stays."""
    html = drawing.answer(
        version.content,
        slug=version.slug,
        number=version.number,
        given=posted.given,
        problems=looked.problems,
        trouble=looked.trouble,
        resets_at=request.path if kiosk_token else "",
    )
    if looked.token is not None:
        token = receiving.redrawn(looked.token)
    else:
        page_url, origin = _around(version) if channel is Channel.EMBED else ("", "")
        by = kiosk_token.opened_by if kiosk_token else ""
        token = receiving.issue(
            version, channel, page_url=page_url, origin=origin, opened_by=by, is_redrawn=True
        )
    return _answer(drawing.with_token(html, token), version, channel, looked.status)


def _thanks(version: VersionRef, next_url: str = "", resets_in_s: int = 0) -> str:
    return drawing.thanks(
        version.content,
        slug=version.slug,
        number=version.number,
        next_url=next_url,
        resets_in_s=resets_in_s,
    )


def _kiosk(version: VersionRef, token: str) -> KioskToken:
    opened = tokens.read_kiosk(settings().secret_key, token, utcnow())
    if opened.form_id != version.form_id:
        raise NotFound("This kiosk belongs to another form.")
    return opened


def _around(version: VersionRef) -> tuple[str, str]:
    """Return the page and the site around the frame, as told. Raises OriginRefused.

    A browser tells the site in Referer unless the page forbids it; frame-ancestors holds anyway.
    """
    allowed = version.content.origins
    told = [line(request.args.get("page", ""), 2_000), request.headers.get("Referer", "")]
    origins = [origin_of(url) for url in told if url]
    ours = origin_of(settings().public_url)
    if not allowed or any(o not in allowed and o != ours for o in origins):
        raise OriginRefused(
            "This form does not open on that site. Whoever looks after the form can add the site "
            "to its list."
        )
    page_url = told[0] if told[0] and origin_of(told[0]) in allowed else ""
    origin = next((o for o in reversed(origins) if o in allowed), "")
    return page_url, origin


def _answer(html: str, version: VersionRef, channel: Channel, status: int = 200) -> Response:
    """Answer with a page that may be framed by the form's own sites alone, or by nobody."""
    is_embed = channel is Channel.EMBED
    if is_embed:
        html = html.replace(drawing.PLACE_OF_SCRIPT, _EMBED_SCRIPT)
    response = Response(html, status)
    sites = " ".join(version.content.origins) if is_embed else "'none'"
    scripts = "'none'" if channel is Channel.HOSTED else "'self'"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        f"base-uri 'none'; script-src {scripts}; frame-ancestors {sites}"
    )
    return response


def _for_ever(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    return response
