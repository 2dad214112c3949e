"""What one organization begins keeps no other from the same; only one carries it out (N-2, N-3)."""

import sqlalchemy as sa
from alembic import op

revision = '0049_ask_by_organization'
down_revision = '0048_verify_again'
branch_labels = None
depends_on = None

UNENDED = sa.text('ended_at IS NULL')
MOVING = sa.text('asked_at IS NOT NULL AND ended_at IS NULL')
OPEN = sa.text("state NOT IN ('done', 'canceled')")
ASKED = sa.text("(request_sid IS NOT NULL OR asked_at IS NOT NULL) AND state NOT IN ('done', 'canceled')")


def upgrade() -> None:
    with op.batch_alter_table('transfers', schema=None) as batch_op:
        batch_op.drop_index('uq_transfers_e164_open', sqlite_where=UNENDED, postgresql_where=UNENDED)
        batch_op.create_index('uq_transfers_organization_id_e164_open', ['organization_id', 'e164'], unique=True, sqlite_where=UNENDED, postgresql_where=UNENDED)
        batch_op.create_index('uq_transfers_e164_moving', ['e164'], unique=True, sqlite_where=MOVING, postgresql_where=MOVING)
    with op.batch_alter_table('port_ins', schema=None) as batch_op:
        batch_op.drop_index('uq_port_ins_e164_open', sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.create_index('uq_port_ins_organization_id_e164_open', ['organization_id', 'e164'], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.create_index('uq_port_ins_e164_asked', ['e164'], unique=True, sqlite_where=ASKED, postgresql_where=ASKED)


def downgrade() -> None:
    with op.batch_alter_table('port_ins', schema=None) as batch_op:
        batch_op.drop_index('uq_port_ins_e164_asked', sqlite_where=ASKED, postgresql_where=ASKED)
        batch_op.drop_index('uq_port_ins_organization_id_e164_open', sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.create_index('uq_port_ins_e164_open', ['e164'], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
    with op.batch_alter_table('transfers', schema=None) as batch_op:
        batch_op.drop_index('uq_transfers_e164_moving', sqlite_where=MOVING, postgresql_where=MOVING)
        batch_op.drop_index('uq_transfers_organization_id_e164_open', sqlite_where=UNENDED, postgresql_where=UNENDED)
        batch_op.create_index('uq_transfers_e164_open', ['e164'], unique=True, sqlite_where=UNENDED, postgresql_where=UNENDED)
