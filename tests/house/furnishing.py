"""Opens the addresses that one of everything leaves shut: rarer rows, signed links, words that are few (S19)."""

from datetime import timedelta
from uuid import uuid4

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
from tests.factories.messaging import ALICE_ACTS
from tests.factories.optin import make_published

NUMBER = "+13125550177"
# Where a part of an address is one of a few words, or a number that means something.
WORDS = {
    "reports.name": "days", "reports.kind": "csv", "compliance.code": "IL", "appeals.stop_traffic.number": 5,
    "appeals.name_numbers.number": 6, "appeals.numbers_csv.number": 6,
}  # fmt: skip


def furnish(own, account):
    """Add to what an account owns what its rarer addresses name, by the slice or the endpoint."""
    own.ids.update({**WORDS, **_rows(own.ids, account), **_links(own.ids, account)})


def _rows(ids, account):
    organization_id, today = account.organization_id, utcnow().date()
    asked = [Wanted(s, FileKind.CSV, today, today, account.timezone) for s in Subject]
    with unit_of_work():
        texts, statement = (
            exports.ask(account, one, 1, nonce=uuid4().hex, actor=ALICE_ACTS) for one in asked
        )
        hold = holds.set_hold(organization_id, NUMBER, reason="a dispute", actor=dnc.VERA_ACTS)
        erasure = erasing.report(
            organization_id, "+13125550178", reason="a letter", evidence="folder", actor=dnc.VERA_ACTS
        )  # fmt: skip
        sweep = sweeping.dry_run(organization_id, actor=dnc.VERA_ACTS)
        stops.stop(
            account.tenant, StopKind.AGENT, str(cast.BOB), label="Bob", why="x", actor=ALICE_ACTS
        )
        triggering.add(account, ids["drip_id"], Source.LEAD, actor=ALICE_ACTS)
        device = PushDevice(
            user_id=cast.ALICE, endpoint="https://push.example/x", endpoint_hash="x", p256dh="x",
            auth="x", browser="Firefox",
        )  # fmt: skip
        report = ReportSchedule(
            organization_id=organization_id, owner_id=cast.ALICE, report=ReportName.DAYS,
            rhythm=Rhythm.WEEKLY, file_kind=FileKind.CSV, reader_ids=[], next_at=utcnow() + timedelta(days=7),
        )  # fmt: skip
        db.session.add_all([device, report])
    csv = f"phone\n{NUMBER}\n"
    return {
        "messaging.export_id": texts, "billing.export_id": statement,
        "retention.hold_id": hold, "retention.erasure_id": erasure, "retention.sweep_id": sweep,
        "stop_id": db.session.scalar(db.select(TrafficStop.id)),
        "trigger_id": db.session.scalar(db.select(DripTrigger.id)),
        "device_id": device.id, "schedule_id": report.id,
        "exemption_id": dnc.relate(account, NUMBER),
        "dnc.import_id": dnc.check_list(account, "3125559999\n").id,
        "messaging.import_id": upload(account, csv, "stops.csv", OptOutHandler()).id,
        "messaging.sid": f"SM{ids['message_id'].hex}",
        "consent.evidence.record_id": spoken(account, NUMBER, evidence=proofs.scan()),
    }  # fmt: skip


def _links(ids, account):
    form = make_published(account, name="A form in a frame", origins=["https://juniper.example"])
    kiosk = tokens.KioskToken(form.id, "Alice Moreno", utcnow())
    bundle, until = proofs.bundle(account, NUMBER), utcnow() + timedelta(days=1)
    with unit_of_work():
        media.open_pages(account.tenant, [ids["file_id"]], utcnow())
    urls = {
        "mail_links.token": choosing.unsubscribe_url(cast.ALICE, "lead"),
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
        "consent.checkpoint_id": db.session.scalar(db.select(AuditCheckpoint.id)),
    }
