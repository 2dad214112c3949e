"""Tables of API keys, answers kept for them, webhook endpoints and deliveries."""

from datetime import datetime
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import SEALED, UTCDateTime, kind_of
from portal.core.db import Base
from portal.core.secrets_box import Place
from portal.integrations.values import DeliveryState, EndpointState, Event

WAITS = text("state = 'waiting'")


def _of_account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


class ApiKey(Base):
    """A key of one account. Its token is shown once; only a hash of it is here."""

    __tablename__ = "api_keys"
    __table_args__ = (_of_account(), Index("ix_api_keys_account_id", "account_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    token_sha256: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by: Mapped[str] = mapped_column(String(200))
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # to the minute
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def __repr__(self) -> str:
        """Name the key by what may be shown of it."""
        return f"<ApiKey {self.prefix}>"


class ApiAnswer(Base):
    """What was answered under an idempotency key of an account (I9); forgotten after a week."""

    __tablename__ = "api_answers"
    __table_args__ = (_of_account(), Index("ix_api_answers_created_at", "created_at"))

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(128), primary_key=True)
    organization_id: Mapped[UUID]
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]  # None only inside the transaction that makes it
    body: Mapped[str] = mapped_column(Text, default="")  # empty, too, once who is in it was erased
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class WebhookEndpoint(Base):
    """An address the account's events are posted to; its secrets are sealed (X-6)."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        _of_account(),
        UniqueConstraint("organization_id", "account_id", "id"),
        Index("ix_webhook_endpoints_account_id", "account_id"),
        CheckConstraint("given_up >= 0", name="given_up_not_negative"),
        CheckConstraint(
            "(old_secret_sealed IS NULL) = (old_secret_until IS NULL)", name="old_secret_has_an_end"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[str]] = mapped_column(JSON)
    secret_sealed: Mapped[str] = mapped_column(Text, info=SEALED)
    old_secret_sealed: Mapped[str | None] = mapped_column(Text, info=SEALED)  # split by spaces
    old_secret_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # till then they sign
    edits: Mapped[int] = mapped_column(default=0)  # how often the secret was renewed
    state: Mapped[EndpointState] = mapped_column(kind_of(EndpointState), default=EndpointState.ON)
    off_reason: Mapped[str | None] = mapped_column(String(200))
    given_up: Mapped[int] = mapped_column(default=0)  # in a row
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by: Mapped[str] = mapped_column(String(200))
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def place_of_secret(self) -> Place:
        """Return what the secret is bound to (S10)."""
        return Place.of(cast(Table, self.__table__).c.secret_sealed, self.id, self.organization_id)

    @property
    def place_of_old_secret(self) -> Place:
        """Return what the secrets before are bound to (S10)."""
        columns = cast(Table, self.__table__).c
        return Place.of(columns.old_secret_sealed, self.id, self.organization_id)


class WebhookDelivery(Base):
    """One event for one endpoint: written with the event, posted by a worker."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id", "endpoint_id"],
            [
                "webhook_endpoints.organization_id",
                "webhook_endpoints.account_id",
                "webhook_endpoints.id",
            ],
            ondelete="RESTRICT",
        ),
        Index(
            "ix_webhook_deliveries_waiting",
            "endpoint_id",
            "next_try_at",
            sqlite_where=WAITS,
            postgresql_where=WAITS,
        ),
        Index("ix_webhook_deliveries_log", "endpoint_id", "created_at", "id"),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    endpoint_id: Mapped[UUID]
    event: Mapped[Event] = mapped_column(kind_of(Event))
    body: Mapped[str] = mapped_column(Text)  # frozen: each try posts the same
    state: Mapped[DeliveryState] = mapped_column(
        kind_of(DeliveryState), default=DeliveryState.WAITING
    )
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_tried_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
