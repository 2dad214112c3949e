"""Running counts of texts, so that no report reads the texts themselves (M-3, G13).

They change in the transaction in which a text does, and are never the truth: they can be
counted again from the texts at any time, and the doctor does.
"""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.columns import E164, UTCDateTime, bytewise, kind_of
from portal.core.counting import IN_ITS_KEY
from portal.core.db import Base
from portal.messaging.models.outbox import of_account
from portal.messaging.rules.stages import Stage
from portal.messaging.values import Kind


class TextDay(Base):
    """How many texts confirmed on one day of an account stand where, by who sent them."""

    __tablename__ = "text_days"
    __table_args__ = (of_account(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # the text's own, which never changes
    user_id: Mapped[UUID] = mapped_column(primary_key=True)  # all zeros: no person
    kind: Mapped[Kind] = mapped_column(kind_of(Kind), primary_key=True)
    stage: Mapped[Stage] = mapped_column(kind_of(Stage), primary_key=True)
    error_code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: none
    organization_id: Mapped[UUID]
    texts: Mapped[int]
    segments: Mapped[int]
    credits: Mapped[int]


class CampaignCount(Base):
    """How many texts of one bulk or plan send stand where; a typed text to one is in TextDay alone."""

    __tablename__ = "campaign_counts"
    __table_args__ = (
        of_account(),
        ForeignKeyConstraint(
            ["account_id", "campaign_id"],
            ["campaigns.account_id", "campaigns.id"],
            ondelete="RESTRICT",
        ),
        IN_ITS_KEY,
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    stage: Mapped[Stage] = mapped_column(kind_of(Stage), primary_key=True)
    error_code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: none
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    texts: Mapped[int]
    segments: Mapped[int]
    credits: Mapped[int]


class FormDay(Base):
    """How many texts of one day of an account rested on consent from a form when they left.

    Only what the carrier took is counted: before that nothing rests on anything for good.
    """

    __tablename__ = "form_days"
    __table_args__ = (of_account(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    form_name: Mapped[str] = mapped_column(bytewise(200), primary_key=True)  # empty: no form
    form_version: Mapped[str] = mapped_column(bytewise(40), primary_key=True)
    stage: Mapped[Stage] = mapped_column(kind_of(Stage), primary_key=True)
    organization_id: Mapped[UUID]
    texts: Mapped[int]
    segments: Mapped[int]
    credits: Mapped[int]


class BasisDay(Base):
    """How many texts of one day of an account had left on which basis of consent (M-6).

    Only what the carrier took is counted, whatever became of it later.
    """

    __tablename__ = "basis_days"
    __table_args__ = (of_account(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(kind_of(Kind), primary_key=True)
    method: Mapped[str] = mapped_column(String(32), primary_key=True)  # empty: no record
    strength: Mapped[str] = mapped_column(String(32), primary_key=True)  # empty: no record
    organization_id: Mapped[UUID]
    texts: Mapped[int]
    segments: Mapped[int]
    credits: Mapped[int]


class ReceivedDay(Base):
    """How many texts an account received on one of its days, keywords apart."""

    __tablename__ = "received_days"
    __table_args__ = (of_account(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    keyword: Mapped[str] = mapped_column(String(8), primary_key=True)  # empty: talk
    organization_id: Mapped[UUID]
    texts: Mapped[int]
    segments: Mapped[int]
    credits: Mapped[int]


class HealthHour(Base):
    """What became of the texts that left an account in one hour, and who opted out in it (H-3).

    Notices are not counted, nor what never left. An opt-out is counted in the hour it was said,
    at the number and the send of the last text the person had got.
    """

    __tablename__ = "health_hours"
    __table_args__ = (of_account(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)  # its first instant
    from_e164: Mapped[str] = mapped_column(E164, primary_key=True)  # empty: not known
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)  # all zeros: no bulk or plan send
    error_code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: none
    organization_id: Mapped[UUID]
    attempted: Mapped[int]  # the carrier took them
    delivered: Mapped[int]
    wrong: Mapped[int]  # failed or undelivered
    opted_out: Mapped[int]  # people


class CauseHour(Base):
    """The same as HealthHour, further apart: by who sent and where the consent came from (H-8).

    Of a source one part is set at most: a list, else a form, else a way. An opt-out is counted
    where the last text the person had got is.
    """

    __tablename__ = "cause_hours"
    __table_args__ = (of_account(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)  # its first instant
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)  # all zeros: no bulk or plan send
    user_id: Mapped[UUID] = mapped_column(primary_key=True)  # all zeros: no person
    import_id: Mapped[UUID] = mapped_column(primary_key=True)  # all zeros: no list
    form_name: Mapped[str] = mapped_column(bytewise(200), primary_key=True)
    method: Mapped[str] = mapped_column(String(32), primary_key=True)
    from_e164: Mapped[str] = mapped_column(E164, primary_key=True)  # empty: not known
    error_code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: none
    organization_id: Mapped[UUID]
    attempted: Mapped[int]
    delivered: Mapped[int]
    wrong: Mapped[int]
    opted_out: Mapped[int]


class OptOutCause(Base):
    """The last text a person had got from an account when they opted out of it (H-3, H-8).

    Kept once and never changed, whatever is learned of other texts later; who never got a text
    opted out of none, so there is no row.
    """

    __tablename__ = "opt_out_causes"
    __table_args__ = (of_account(), Index("ix_opt_out_causes_by_time", "account_id", "said_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    message_id: Mapped[UUID]  # of this account; its row is never removed
    said_at: Mapped[datetime] = mapped_column(UTCDateTime)
