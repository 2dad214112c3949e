"""A statement made once, at import, knows what it is asked with."""

from uuid import UUID

from sqlalchemy import ForeignKey, MetaData, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column, registry

from portal.core.columns import Id
from portal.core.db import Base


class Elsewhere(Base):
    """Tables of this test alone."""

    __abstract__ = True
    registry = registry(metadata=MetaData(), type_annotation_map={UUID: Id()})
    metadata = registry.metadata


class Child(Elsewhere):
    """Refers to a table that is not there yet."""

    __tablename__ = "children"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[UUID] = mapped_column(ForeignKey("parents.id"))
    friend_id: Mapped[UUID | None] = mapped_column(ForeignKey("friends.id"))


def test_a_reference_is_an_id_before_the_other_table_is_there():
    assert isinstance(Child.__table__.c.parent_id.type, Id)
    assert isinstance(Child.__table__.c.friend_id.type, Id)


def test_a_statement_made_at_import_binds_an_id():
    statement = select(Child.id).where(Child.parent_id == bindparam("parent"))
    assert isinstance(statement.compile().binds["parent"].type, Id)
