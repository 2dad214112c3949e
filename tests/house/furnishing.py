"""Opens the addresses that one of everything leaves shut: rarer rows, signed links, words that are few (S2, S19)."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

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
from portal.media import queries as files
from portal.media import service as media
from portal.messaging.models import TrafficStop
from portal.messaging.service import stops
from portal.messaging.service.optout_import import OptOutHandler
from portal.messaging.values.stops import StopKind
from portal.notifications.models import PushDevice
from portal.notifications.service import choosing
from portal.optin.rules import tokens
from portal.reports.values import ReportName
from portal.retention.service import erasing, holds, sweeping
from portal.schedules.models import ReportSchedule
from portal.schedules.values import Rhythm
from tests import cast
from tests.factories import dnc, proofs
from tests.factories.consent import spoken
from tests.factories.contacts import upload
from tests.factories.optin import make_published

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
    return {
        **{name: url.rpartition("/")[2] for name, url in urls.items()},
        "hosted.slug": form.slug,
        "hosted.kiosk_token": tokens.sign_kiosk(settings().secret_key, kiosk),
        "proofs.verify.token": proofs.certify(account, ids["record_id"]).token,
        "proofs.shared_bundle.token": proofs.share(account, bundle_id=bundle.id)[1],
        "proofs.shared_evidence.token": proofs.share(account, record_id=ids["record_id"])[1],
        "appeals.token": proofs.share(account, case_id=ids["case_id"])[1],
        "consent.checkpoint_id": _only(
            AuditCheckpoint.id, AuditCheckpoint.chain == account.organization_id
        ),
    }
