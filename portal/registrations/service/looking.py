"""Looking at the pages a reviewer would open, before a registration is sent in (N-5)."""

from collections.abc import Mapping
from uuid import UUID

from portal.core.clock import utcnow
from portal.core.errors import NotFound
from portal.core.settings import settings
from portal.core.tenancy import Tenant
from portal.gateways import pages as gateways
from portal.gateways.pages import PageNotRead
from portal.optin import queries as optin
from portal.optin.values import FormState
from portal.people import queries as people
from portal.registrations.rules import pages, preflight
from portal.registrations.rules.preflight import Facts
from portal.registrations.service.rows import locked
from portal.registrations.values import Details, Problem, RegistrationRef, Seen
from portal.site_checks import rules as site_rules


def look(registration: RegistrationRef) -> dict[str, Seen]:
    """Open every address as a reviewer would; outside any unit of work.

    A form of ours is read where it is kept. In the sandbox an example's address, where nobody
    can have a site, counts as read.
    """
    found = {}
    for name, url in preflight.addresses(registration.details).items():
        own = _own_form(registration, url) if name == "opt_in_url" else None
        found[name] = own or _look_at(url)
    return found


def keep_seen(tenant: Tenant, registration_id: UUID, seen: Mapping[str, Seen]) -> None:
    """Keep what was found at the addresses, and when."""
    row = locked(tenant, registration_id)
    row.seen = {name: one.to_json() for name, one in seen.items()}
    row.seen_at = utcnow()


def problems_of(registration: RegistrationRef) -> tuple[Problem, ...]:
    """Return what would get a registration rejected, as far as it was looked at."""
    known = people.organization_settings(registration.organization_id)
    own = pages.hosts([registration.details.website, settings().public_url])
    facts = Facts(
        kind=registration.kind,
        sender_names=tuple(name for name in (known.sender_name, known.name) if name),
        own_domains=tuple(dict.fromkeys((*known.website_domains, *own))),
        seen=registration.seen if registration.seen_at else None,
        is_sandbox=settings().is_sandbox,
    )
    return preflight.check(registration.details, facts)


def _own_form(registration: RegistrationRef, url: str) -> Seen | None:
    """Return what a published form of ours shows; None where the address is another."""
    details: Details = registration.details
    if not details.form_id:
        return None
    try:
        form = optin.form_or_404(registration.tenant, UUID(details.form_id))
    except NotFound:
        return None
    if url != f"{settings().public_url.rstrip('/')}{form.path}":
        return None
    if form.state is not FormState.PUBLISHED:
        return Seen(url, problem="This form is not published. Publish it, or choose another one.")
    version = optin.version_or_404(form.tenant, form.id, form.latest)
    return pages.look(url, url, version.html)


def _look_at(url: str) -> Seen:
    if settings().is_sandbox and pages.is_reserved(url):
        return Seen(url, is_taken_as_read=True)
    try:
        read = gateways.current().read(url)
    except PageNotRead as error:
        return Seen(url, problem=str(error))
    return pages.look(url, read.url, site_rules.text_of(read.body, read.charset))
