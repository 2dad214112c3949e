"""Files that go with a text: put to a draft, frozen with its send, forgotten with its words (S-7)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from portal.core.db import db
from portal.core.tenancy import Tenant
from portal.media import queries as media_files
from portal.media import service as media
from portal.media.errors import FileGone
from portal.media.rules import check_room
from portal.messaging.models import CampaignMedia, InboundMedia, SendApproval, TextDraft
from portal.messaging.rules.plan import Plan
from portal.messaging.values import FILES, Draft, Fate
from portal.texting_accounts.values import AccountRef


def check(tenant: Tenant, ids: Sequence[UUID]) -> None:
    """See that these files are here and are no more than a text takes. Raises FileGone, FileRefused."""
    found = media_files.files(tenant, ids)
    if len(found) != len(set(ids)):
        raise FileGone
    check_room([file.size for file in found])


def freeze(
    account: AccountRef, campaign_id: UUID, draft: Draft, planned: Plan, now: datetime
) -> None:
    """Tie a send's files to it, and open their pages to whom only a link reaches (R-3).

    Raises FileGone where one has gone meanwhile, FileRefused where they are too many.
    """
    ids = [UUID(item.file) for item in draft.media if item.file]
    if not ids:
        return
    held = media.hold(account.tenant, ids)
    check_room([file.size for file in held])
    db.session.execute(
        insert(CampaignMedia),
        [
            {
                "campaign_id": campaign_id,
                "file_id": file_id,
                "organization_id": account.organization_id,
                "account_id": account.id,
                "created_at": now,
            }
            for file_id in dict.fromkeys(ids)
        ],
    )
    leaving = [
        text.not_before or now
        for text in planned.texts
        if text.outcome is not Fate.BLOCKED and not any(part.media for part in text.parts)
    ]
    if leaving:
        media.open_pages(account.tenant, ids, max(leaving))


def free(ids: Iterable[UUID]) -> list[UUID]:
    """Return those of these files on which no text rests any more."""
    wanted = set(ids)
    sent = select(CampaignMedia.file_id).where(CampaignMedia.file_id.in_(wanted))
    came = select(InboundMedia.file_id).where(InboundMedia.file_id.in_(wanted))
    return sorted(wanted - set(db.session.scalars(sent.union(came))))


def in_no_draft(organization_id: UUID, ids: Sequence[UUID]) -> list[UUID]:
    """Return those of these files that no text being written has, nor one that waits for a yes."""
    if not ids:
        return []
    kept = [
        select(table.options).where(table.organization_id == organization_id)
        for table in (TextDraft, SendApproval)
    ]
    written = {
        id_
        for options in (each for query in kept for each in db.session.scalars(query))
        for id_ in options.get(FILES, "").split(",")
    }
    return [id_ for id_ in ids if id_.hex not in written]
