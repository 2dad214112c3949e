"""What puts people into plans by itself."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, bytewise, kind_of
from portal.core.db import Base
from portal.drips.values import Source


class DripTrigger(Base):
    """In one account: a tag, a new lead or a form that puts people into a plan."""

    __tablename__ = "drip_triggers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["organization_id", "drip_id"],
            ["drips.organization_id", "drips.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("account_id", "source", "word", "drip_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    drip_id: Mapped[UUID]
    source: Mapped[Source] = mapped_column(kind_of(Source))
    word: Mapped[str] = mapped_column(bytewise(50), default="")  # a tag's key, or a form's id
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by: Mapped[str] = mapped_column(String(200))
