"""0015_hand_out_proofs"""

import re

import sqlalchemy as sa
from alembic import op

revision = '0015_hand_out_proofs'
down_revision = '0014_join_by_keyword'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('proof_bundles',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('source', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('numbers', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('proven', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Uuid(), nullable=True),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('size', sa.Integer(), nullable=True),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_proof_bundles_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proof_bundles')),
    sa.UniqueConstraint('account_id', 'nonce', name=op.f('uq_proof_bundles_account_id_nonce')),
    sa.UniqueConstraint('organization_id', 'account_id', 'id', name=op.f('uq_proof_bundles_organization_id_account_id_id'))
    )
    with op.batch_alter_table('proof_bundles', schema=None) as batch_op:
        batch_op.create_index('ix_proof_bundles_by_age', ['account_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_proof_bundles_by_state', ['state', 'moved_at'], unique=False)

    op.create_table('proof_bundle_numbers',
    sa.Column('bundle_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('written', sa.String(length=60), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=True),
    sa.Column('record_id', sa.Uuid(), nullable=True),
    sa.Column('why', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'bundle_id'], ['proof_bundles.organization_id', 'proof_bundles.account_id', 'proof_bundles.id'], name=op.f('fk_proof_bundle_numbers_organization_id_account_id_bundle_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('bundle_id', 'position', name=op.f('pk_proof_bundle_numbers'))
    )
    with op.batch_alter_table('proof_bundle_numbers', schema=None) as batch_op:
        batch_op.create_index('ix_proof_bundle_numbers_unproven', ['bundle_id', 'record_id', 'position'], unique=False)

    op.create_table('consent_words',
    sa.Column('record_id', sa.Uuid(), nullable=False),
    sa.Column('word', sa.String(length=100).with_variant(sa.String(length=100, collation='C'), 'postgresql'), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'record_id'], ['consent_records.organization_id', 'consent_records.account_id', 'consent_records.id'], name=op.f('fk_consent_words_organization_id_account_id_record_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('record_id', 'word', name=op.f('pk_consent_words'))
    )
    with op.batch_alter_table('consent_words', schema=None) as batch_op:
        batch_op.create_index('ix_consent_words_account_id_word', ['account_id', 'word', 'record_id'], unique=False)

    op.create_table('proof_certificates',
    sa.Column('record_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('token', sa.String(length=43), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('issued_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'record_id'], ['consent_records.organization_id', 'consent_records.account_id', 'consent_records.id'], name=op.f('fk_proof_certificates_organization_id_account_id_record_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('record_id', name=op.f('pk_proof_certificates')),
    sa.UniqueConstraint('token', name=op.f('uq_proof_certificates_token'))
    )
    op.create_table('shared_links',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('shared_with', sa.String(length=200), nullable=False),
    sa.Column('record_id', sa.Uuid(), nullable=True),
    sa.Column('bundle_id', sa.Uuid(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_by', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Uuid(), nullable=True),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint('(record_id IS NULL) <> (bundle_id IS NULL)', name=op.f('ck_shared_links_shows_one_thing')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'bundle_id'], ['proof_bundles.organization_id', 'proof_bundles.account_id', 'proof_bundles.id'], name=op.f('fk_shared_links_organization_id_account_id_bundle_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'record_id'], ['consent_records.organization_id', 'consent_records.account_id', 'consent_records.id'], name=op.f('fk_shared_links_organization_id_account_id_record_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_shared_links_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shared_links')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_shared_links_account_id_id')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_shared_links_token_hash'))
    )
    with op.batch_alter_table('shared_links', schema=None) as batch_op:
        batch_op.create_index('ix_shared_links_by_age', ['account_id', 'created_at', 'id'], unique=False)

    op.create_table('shared_link_visits',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('link_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ip_address', sa.String(length=45), nullable=False),
    sa.Column('user_agent', sa.String(length=300), nullable=False),
    sa.Column('what', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'link_id'], ['shared_links.account_id', 'shared_links.id'], name=op.f('fk_shared_link_visits_account_id_link_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shared_link_visits'))
    )
    with op.batch_alter_table('shared_link_visits', schema=None) as batch_op:
        batch_op.create_index('ix_shared_link_visits_by_age', ['link_id', 'at', 'id'], unique=False)

    with op.batch_alter_table('consent_records', schema=None) as batch_op:
        batch_op.drop_index('ix_consent_records_by_number')
        batch_op.create_index('ix_consent_records_by_number', ['account_id', 'e164', 'recorded_at', 'id'], unique=False)
        batch_op.create_index('ix_consent_records_by_entry', ['account_id', 'audit_subject_id'], unique=False)
        batch_op.create_index('ix_consent_records_by_event', ['account_id', 'event', 'recorded_at', 'id'], unique=False)
        batch_op.create_index('ix_consent_records_by_form', ['account_id', 'form_name', 'recorded_at', 'id'], unique=False)
        batch_op.create_index('ix_consent_records_by_method', ['account_id', 'method', 'recorded_at', 'id'], unique=False)
        batch_op.create_index('ix_consent_records_by_strength', ['account_id', 'strength', 'recorded_at', 'id'], unique=False)

    _find_records_by_words()


def _find_records_by_words() -> None:
    """Give each record there is the words it is found by: name, e-mail, the number's last digits."""
    records = sa.table(
        'consent_records',
        sa.column('id', sa.Uuid()), sa.column('organization_id', sa.Uuid()),
        sa.column('account_id', sa.Uuid()), sa.column('name_key'), sa.column('email'),
        sa.column('e164'),
    )
    words = sa.table(
        'consent_words',
        sa.column('record_id', sa.Uuid()), sa.column('word'),
        sa.column('organization_id', sa.Uuid()), sa.column('account_id', sa.Uuid()),
    )
    connection, last = op.get_bind(), None
    while True:
        page = sa.select(records).order_by(records.c.id).limit(1000)
        if last is not None:
            page = page.where(records.c.id > last)
        found = connection.execute(page).all()
        if not found:
            return
        last = found[-1].id
        rows = []
        for row in found:
            digits = row.e164[2:] if row.e164.startswith('+1') else row.e164[1:]
            said = re.split(r"[^\w@.+?'-]+", f"{row.name_key} {row.email}")
            each = [w.strip(".'-")[:100] for w in said] + [digits, digits[-7:], digits[-4:]]
            rows += [
                {
                    'record_id': row.id, 'word': word, 'organization_id': row.organization_id,
                    'account_id': row.account_id,
                }
                for word in dict.fromkeys(each) if word
            ]
        connection.execute(words.insert(), rows)


def downgrade() -> None:
    with op.batch_alter_table('consent_records', schema=None) as batch_op:
        batch_op.drop_index('ix_consent_records_by_strength')
        batch_op.drop_index('ix_consent_records_by_method')
        batch_op.drop_index('ix_consent_records_by_form')
        batch_op.drop_index('ix_consent_records_by_event')
        batch_op.drop_index('ix_consent_records_by_entry')
        batch_op.drop_index('ix_consent_records_by_number')
        batch_op.create_index('ix_consent_records_by_number', ['account_id', 'e164', 'recorded_at'], unique=False)

    with op.batch_alter_table('shared_link_visits', schema=None) as batch_op:
        batch_op.drop_index('ix_shared_link_visits_by_age')

    op.drop_table('shared_link_visits')
    with op.batch_alter_table('shared_links', schema=None) as batch_op:
        batch_op.drop_index('ix_shared_links_by_age')

    op.drop_table('shared_links')
    op.drop_table('proof_certificates')
    with op.batch_alter_table('consent_words', schema=None) as batch_op:
        batch_op.drop_index('ix_consent_words_account_id_word')

    op.drop_table('consent_words')
    with op.batch_alter_table('proof_bundle_numbers', schema=None) as batch_op:
        batch_op.drop_index('ix_proof_bundle_numbers_unproven')

    op.drop_table('proof_bundle_numbers')
    with op.batch_alter_table('proof_bundles', schema=None) as batch_op:
        batch_op.drop_index('ix_proof_bundles_by_state')
        batch_op.drop_index('ix_proof_bundles_by_age')

    op.drop_table('proof_bundles')
