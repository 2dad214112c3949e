"""Opens the addresses that one of everything leaves shut: rarer rows, signed links, words that are few (S2, S19)."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from portal.consent.service import evidence
from portal.consent.values import BOTH_KINDS
from portal.core import checkpoints
from portal.core.audit import Actor
from portal.core.checkpoints import AuditCheckpoint
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.settings import settings
from portal.drips.models import DripTrigger
from portal.drips.service import mailing, triggering
from portal.drips.values import Source
from portal.exports import service as exports
from portal.exports.values import FileKind, Subject, Wanted
from portal.gateways import pages
from portal.gateways.email import Attachment
from portal.mail.models import OutgoingFile, OutgoingMail
from portal.media import queries as files
from portal.media import service as media
from portal.messaging.models import TrafficStop
from portal.messaging.rules.joining import JoinWords
from portal.messaging.service import joining, stops
from portal.messaging.service.optout_import import OptOutHandler
from portal.messaging.values.stops import StopKind
from portal.notifications.models import PushDevice
from portal.notifications.service import choosing
from portal.optin import queries as forms
from portal.optin.models import Capture
from portal.optin.rules import tokens
from portal.optin.service import picturing
from portal.optin.values import Channel, Picture
from portal.reports.values import ReportName
from portal.retention.service import erasing, holds, sweeping
from portal.schedules.models import ReportSchedule
from portal.schedules.values import Rhythm
from portal.site_checks import service as site_checks
from tests import cast
from tests.factories import dnc, proofs
from tests.factories.consent import spoken, written
from tests.factories.contacts import upload
from tests.factories.files import picture
from tests.factories.mail import make_mail
from tests.factories.optin import make_published
from workers.site_checks import check_page

JOIN = JoinWords(
    "Juniper Realty", "new listings", "Up to 4 messages a month", "help@juniper.example",
    "https://juniper.example/terms", "https://juniper.example/privacy",
)  # fmt: skip
# Where a part of an address is one of a few words, or a number that means something.
WORDS = {
    "reports.name": "days", "reports.kind": "csv", "compliance.code": "IL", "appeals.stop_traffic.number": 5,
    "appeals.name_numbers.number": 6, "appeals.numbers_csv.number": 6,
}  # fmt: skip


def furnish(own, account, user_id=cast.ALICE, area="312"):
    """Return what a person owns in an account with what its rarer addresses name besides.

    They are named by the slice or the endpoint; the numbers are of an area nobody else's are of.
    """
    e164, erased = f"+1{area}5550177", f"+1{area}5550178"
    ids = {**own.ids, **WORDS}
    ids |= _rows(ids, account, user_id, e164, erased)
    ids |= _shown(ids, account, user_id, e164)
    ids |= _links(ids, account, user_id, e164)
    return replace(own, ids=ids, words=(*own.words, e164[2:], erased[2:]))


def _rows(ids, account, user_id, e164, erased):
    organization_id, today = account.organization_id, utcnow().date()
    actor = Actor(user_id, "Somebody", "127.0.0.1")
    asked = [Wanted(s, FileKind.CSV, today, today, account.timezone) for s in Subject]
    with unit_of_work():
        texts, statement = (
            exports.ask(account, one, 1, nonce=uuid4().hex, actor=actor) for one in asked
        )
        hold = holds.set_hold(organization_id, e164, reason="a dispute", actor=actor)
        erasure = erasing.report(
            organization_id, erased, reason="a letter", evidence="folder", actor=actor
        )
        sweep = sweeping.dry_run(organization_id, actor=actor)
        stops.stop(account.tenant, StopKind.AGENT, uuid4().hex, label="Bob", why="x", actor=actor)
        triggering.add(account, ids["drip_id"], Source.LEAD, actor=actor)
        device = PushDevice(
            user_id=user_id, endpoint=f"https://push.example/{user_id}", endpoint_hash=user_id.hex,
            p256dh="x", auth="x", browser="Firefox",
        )  # fmt: skip
        report = ReportSchedule(
            organization_id=organization_id, owner_id=user_id, report=ReportName.DAYS,
            rhythm=Rhythm.WEEKLY, file_kind=FileKind.CSV, reader_ids=[], next_at=utcnow() + timedelta(days=7),
        )  # fmt: skip
        db.session.add_all([device, report])
    csv = f"phone\n{e164}\n"
    return {
        "messaging.export_id": texts, "billing.export_id": statement,
        "retention.hold_id": hold, "retention.erasure_id": erasure, "retention.sweep_id": sweep,
        "stop_id": _only(TrafficStop.id, TrafficStop.account_id == account.id),
        "trigger_id": _only(DripTrigger.id, DripTrigger.account_id == account.id),
        "device_id": device.id, "schedule_id": report.id,
        "exemption_id": dnc.relate(account, e164),
        "dnc.import_id": dnc.check_list(account, f"{e164[2:5]}5559999\n").id,
        "messaging.import_id": upload(account, csv, "stops.csv", OptOutHandler()).id,
        "messaging.sid": f"SM{ids['message_id'].hex}",
        "consent.evidence.record_id": spoken(account, e164, evidence=proofs.scan()),
    }  # fmt: skip


def _shown(ids, account, user_id, e164):
    """What a page or a picture belongs to: records, a form, a checked page, a mail, a keyword."""
    png, actor = picture(), Actor(user_id, "Somebody", "127.0.0.1")
    [version] = forms.versions(account.tenant, ids["form_id"])
    record = written(account, e164, evidence=evidence.store_page(f"<p>{e164}</p>", "page.html"))
    tenant = {"organization_id": account.organization_id, "account_id": account.id}
    taken = Capture(
        **tenant, form_id=version.form_id, version_id=version.id, version=version.number, nonce=account.id.hex,
        channel=Channel.HOSTED, e164=e164, record_id=record, contact_id=ids["contact_id"],
        page_url="https://juniper.example/", served_at=utcnow(),
    )  # fmt: skip
    with unit_of_work():
        picturing.keep(version, dict.fromkeys(Picture, png), by=actor)
        db.session.add(taken)
        joining.set_keyword(account.tenant, "HOMES", JOIN, BOTH_KINDS, is_on=True, actor=actor)
        url = f"https://{account.id.hex[:8]}.example.com/"
        check_id = site_checks.ask(account.tenant, url, actor=actor)
    _read_page(url, check_id)
    files = tuple(Attachment(name, "text/plain", b"Hi") for name in ("one.txt", "two.txt"))
    make_mail(f"files {account.id}", to="ana@juniper.example", user_id=user_id, attachments=files)
    photographed = spoken(account, e164, evidence=evidence.store_picture(png, "paper.png"))
    return {
        "proofs.served_page.record_id": record, "proofs.picture.record_id": record,
        "consent.picture.record_id": photographed, "site_checks.snapshot.check_id": check_id,
        "notifications.outbox_file.mail_id": db.session.scalar(
            db.select(OutgoingFile.mail_id)
            .join(OutgoingMail)
            .where(OutgoingMail.user_id == user_id)
            .order_by(OutgoingMail.created_at.desc())
        ),
    }  # fmt: skip


def _read_page(url, check_id):
    """Have a check read its page, which is served here."""
    before, here = pages.current(), pages.FakePages()
    pages.use(here)
    here.put(url, "<p>Sign up</p>")
    check_page(str(check_id))
    pages.use(before)


def _only(column, condition):
    return db.session.scalar(db.select(column).where(condition))


def _links(ids, account, user_id, e164):
    form = make_published(account, name="A form in a frame", origins=["https://juniper.example"])
    kiosk = tokens.KioskToken(form.id, "Alice Moreno", utcnow())
    bundle, until = proofs.bundle(account, e164), utcnow() + timedelta(days=1)
    with unit_of_work():
        media.open_pages(account.tenant, [ids["file_id"]], utcnow())
    urls = {
        "mail_links.token": choosing.unsubscribe_url(user_id, "lead"),
        "plan_links.token": mailing.link_of(account.organization_id, "zelda@quillfeather.example"),
        "media.for_person.token": files.page_url(files.file_or_404(account.tenant, ids["file_id"])),
        "media.for_carrier.token": media.carrier_url(ids["file_id"], ids["message_id"], until),
    }
    newest = _only(AuditCheckpoint.id, AuditCheckpoint.chain == account.organization_id)
    with unit_of_work():
        checkpoints.keep_stamp(newest, b"an authority's answer")
    return {
        **{name: url.rpartition("/")[2] for name, url in urls.items()},
        "hosted.slug": form.slug,
        "hosted.kiosk_token": tokens.sign_kiosk(settings().secret_key, kiosk),
        "proofs.verify.token": proofs.certify(account, ids["record_id"]).token,
        "proofs.shared_bundle.token": proofs.share(account, bundle_id=bundle.id)[1],
        "proofs.shared_evidence.token": proofs.share(account, record_id=ids["record_id"])[1],
        "appeals.token": proofs.share(account, case_id=ids["case_id"])[1],
        "consent.checkpoint_id": newest,
    }
