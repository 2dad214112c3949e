"""Running counts of texts, so that no report reads the texts themselves (M-3, G13).

They change in the transaction in which a text does, and are never the truth: they can be
counted again from the texts at any time, and the doctor does.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.columns import bytewise, kind_of
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
    """How many texts of one bulk send stand where; a text to one person is in TextDay alone."""

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
