"""Texts that say nearly the same, the numbers they left from, and wordings officers approved (H-2)."""

from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime
from portal.core.db import Base
from portal.messaging.models.outbox import of_account

_ORGANIZATION: Final = "organizations.id"


def _of_campaign() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["account_id", "campaign_id"], ["campaigns.account_id", "campaigns.id"], ondelete="RESTRICT"
    )


def _of_group() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organization_id", "group_id"],
        ["text_groups.organization_id", "text_groups.id"],
        ondelete="CASCADE",
    )


class UnsortedText(Base):
    """A confirmed send whose words are not yet compared with the others of the day."""

    __tablename__ = "unsorted_texts"
    __table_args__ = (
        of_account(),
        _of_campaign(),
        Index("ix_unsorted_texts_due_at", "due_at", "campaign_id"),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    sketch: Mapped[bytes] = mapped_column(LargeBinary)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)  # when it begins to leave


class TextGroup(Base):
    """Texts of an organization that say nearly what its first one said, while the day rolls on."""

    __tablename__ = "text_groups"
    __table_args__ = (
        of_account(),
        _of_campaign(),
        UniqueConstraint("organization_id", "id"),
        Index("ix_text_groups_by_numbers", "organization_id", "numbers"),
        Index("ix_text_groups_last_at", "last_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]  # whose text was the first
    campaign_id: Mapped[UUID]
    sketch: Mapped[bytes] = mapped_column(LargeBinary)  # of that first one
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    numbers: Mapped[int]  # in the day before its last text; later there can only be fewer
    flagged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    told_on: Mapped[date | None]  # the organization's day of the newest notice


class TextGroupKey(Base):
    """One of the hashes by which a group is found."""

    __tablename__ = "text_group_keys"
    __table_args__ = (_of_group(), Index("ix_text_group_keys_group_id", "group_id"))

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    group_id: Mapped[UUID] = mapped_column(primary_key=True)


class TextGroupHour(Base):
    """How many texts of a group left from one number in one hour, and who sent them."""

    __tablename__ = "text_group_hours"
    __table_args__ = (
        of_account(),
        _of_group(),
        CheckConstraint("texts > 0", name="texts_positive"),
    )

    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    e164: Mapped[str] = mapped_column(E164, primary_key=True)
    sent_by: Mapped[str] = mapped_column(String(200), primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    texts: Mapped[int]


class ApprovedTemplate(Base):
    """A wording that may go from many numbers, with the business reason an officer accepted."""

    __tablename__ = "approved_templates"
    __table_args__ = (Index("ix_approved_templates_in_order", "organization_id", "approved_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey(_ORGANIZATION, ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)
    sketch: Mapped[bytes] = mapped_column(LargeBinary)
    justification: Mapped[str] = mapped_column(Text)
    approved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    approved_by_id: Mapped[UUID | None]
    approved_by: Mapped[str] = mapped_column(String(200))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_by: Mapped[str] = mapped_column(String(200), default="")
    withdrawn_because: Mapped[str] = mapped_column(String(300), default="")


class SimilarPolicy(Base):
    """From how many numbers and texts on a group is flagged; never changed, a newer one follows."""

    __tablename__ = "similar_policies"
    __table_args__ = (Index("ix_similar_policies_in_order", "organization_id", "set_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey(_ORGANIZATION, ondelete="RESTRICT"))
    numbers: Mapped[int]
    texts: Mapped[int]
    reason: Mapped[str] = mapped_column(String(300))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    set_by_id: Mapped[UUID | None]
    set_by: Mapped[str] = mapped_column(String(200))
