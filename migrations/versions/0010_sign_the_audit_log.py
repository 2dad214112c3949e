"""0010_sign_the_audit_log

Nodes of the Merkle tree and signed checkpoints (C-5), and triggers by which the database itself
refuses to change or remove what the log and the consent records say, redaction apart (C-10).
"""

import sqlalchemy as sa
from alembic import op

revision = '0010_sign_the_audit_log'
down_revision = '0009_count_tries'
branch_labels = None
depends_on = None

# What redaction may change; every other column stays as it was written.
REDACTABLE = {
    'audit_entries': ('payload', 'salt', 'actor_label', 'origin'),
    'consent_records': (
        'name', 'name_key', 'email', 'postal_address', 'ip_address', 'method_details',
        'source_url', 'user_agent', 'idempotency_key', 'evidence_name', 'evidence_file_name',
        'redacted_at',
    ),
}
FIXED = {
    'audit_entries': (
        'id', 'chain', 'position', 'format', 'event', 'at', 'actor_id', 'account_id',
        'subject_id', 'commitment', 'previous', 'hash',
    ),
    'consent_records': (
        'id', 'organization_id', 'account_id', 'e164', 'event', 'method', 'strength', 'kinds',
        'is_imported', 'is_staff_entry', 'given_at', 'given_zone', 'given_as_written',
        'recorded_at', 'expires_at', 'disclosure_text', 'checkbox', 'form_name', 'form_version',
        'collected_by_id', 'collected_by', 'evidence_sha256', 'evidence_media_type', 'import_id',
        'audit_subject_id', 'sha256',
    ),
}
# Redaction destroys: a payload is never written again, a redacted record never filled.
REDACTS = {
    'audit_entries': 'NEW.payload IS NULL AND NEW.salt IS NULL',
    'consent_records': 'NEW.redacted_at IS NOT NULL',
}


def _same(columns: tuple[str, ...], equals: str) -> str:
    return ' AND '.join(f'NEW.{c} {equals} OLD.{c}' for c in columns)


def _condition(table: str, equals: str) -> str:
    """Say when an update is let through."""
    redactable = _same(REDACTABLE[table], equals) if table == 'consent_records' else 'FALSE'
    return f'{_same(FIXED[table], equals)} AND ({REDACTS[table]} OR ({redactable}))'


def guards(dialect: str) -> list[str]:
    """Return the statements that make the triggers."""
    made = []
    for table in FIXED:
        if dialect == 'sqlite':
            made += [
                f"CREATE TRIGGER {table}_only_redacted BEFORE UPDATE ON {table} "
                f"WHEN NOT ({_condition(table, 'IS')}) "
                f"BEGIN SELECT RAISE(ABORT, '{table} are never changed, only redacted'); END",
                f"CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} are never deleted'); END",
            ]
            continue
        may = _condition(table, 'IS NOT DISTINCT FROM')
        for column in ('NEW.kinds', 'OLD.kinds'):  # json has no equality
            may = may.replace(f'{column} ', f'{column}::text ')
        made += [
            f"CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'UPDATE' THEN IF {may} THEN RETURN NEW; END IF; "
            f"RAISE EXCEPTION '{table} are never changed, only redacted'; END IF; "
            f"RAISE EXCEPTION '{table} are never deleted'; END $$",
            f"CREATE TRIGGER {table}_only_redacted BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_keep()",
        ]
    return made


def lifted(dialect: str) -> list[str]:
    """Return the statements that take the triggers away."""
    made = []
    for table in FIXED:
        if dialect == 'sqlite':
            made += [f'DROP TRIGGER {table}_only_redacted', f'DROP TRIGGER {table}_never_deleted']
        else:
            made += [f'DROP TRIGGER {table}_only_redacted ON {table}', f'DROP FUNCTION {table}_keep()']
    return made


def upgrade() -> None:
    op.create_table('audit_checkpoints',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('chain', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('stamp', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['chain'], ['audit_heads.chain'], name=op.f('fk_audit_checkpoints_chain'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_checkpoints')),
    sa.UniqueConstraint('chain', 'kind', 'size', name=op.f('uq_audit_checkpoints_chain_kind_size'))
    )
    op.create_table('audit_nodes',
    sa.Column('chain', sa.Uuid(), nullable=False),
    sa.Column('level', sa.SmallInteger(), nullable=False),
    sa.Column('place', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['chain'], ['audit_heads.chain'], name=op.f('fk_audit_nodes_chain'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('chain', 'level', 'place', name=op.f('pk_audit_nodes'))
    )
    op.add_column('audit_entries', sa.Column('format', sa.SmallInteger(), server_default=sa.text('1'), nullable=False))
    op.add_column('consent_records', sa.Column('redacted_at', sa.DateTime(timezone=True), nullable=True))
    for statement in guards(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for statement in lifted(op.get_bind().dialect.name):
        op.execute(statement)
    op.drop_column('consent_records', 'redacted_at')
    op.drop_column('audit_entries', 'format')
    op.drop_table('audit_nodes')
    op.drop_table('audit_checkpoints')
