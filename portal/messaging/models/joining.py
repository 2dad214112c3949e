"""The keyword by which people sign up for an account's texts (Q-6)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.contacts.values import Language
from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base


class JoinKeyword(Base):
    """An account's own keyword, with what it is answered with; what was sent stays in the records."""

    __tablename__ = "join_keywords"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)  # one an account
    organization_id: Mapped[UUID]
    word: Mapped[str] = mapped_column(String(20))  # as it is compared
    is_on: Mapped[bool] = mapped_column(default=True)
    programme: Mapped[str] = mapped_column(String(120))
    frequency: Mapped[str] = mapped_column(String(120))
    help_contact: Mapped[str] = mapped_column(String(120))
    terms_url: Mapped[str] = mapped_column(String(200))
    privacy_url: Mapped[str] = mapped_column(String(200))
    kinds: Mapped[list[str]] = mapped_column(JSON)
    language: Mapped[Language] = mapped_column(kind_of(Language), default=Language.EN)
    version: Mapped[int] = mapped_column(default=1)  # one more with every change
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    changed_by: Mapped[str] = mapped_column(String(200))
