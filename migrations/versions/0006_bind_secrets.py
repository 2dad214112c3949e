"""0006_bind_secrets

Seals every stored secret anew, bound to its column, row and organization (S10). Rows that no key
of ENCRYPTION_KEYS opens stay as they are: nothing could read them before, and `flask --app app
keys rotate` binds them once the right key is back.
"""

import base64
import hashlib
import os

import sqlalchemy as sa
from alembic import op
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.core.settings import settings

revision = '0006_bind_secrets'
down_revision = '0005_quick_lists'
branch_labels = None
depends_on = None

SEALED = (
    ('carrier_accounts', 'sealed_token', True),
    ('carrier_accounts', 'sealed_previous_token', True),
    ('webhook_endpoints', 'secret_sealed', True),
    ('users', 'tf_totp_secret', False),
)


def upgrade() -> None:
    keys = settings().encryption_keys
    unbound = MultiFernet([Fernet(key) for key in keys])
    raw = base64.urlsafe_b64decode(keys[0])
    key_id = hashlib.sha256(b'consentdesk key id' + raw).hexdigest()[:16]
    cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=b'consentdesk secrets v2').derive(raw))

    def seal(table, column, row_id, organization_id, secret):
        organization = organization_id.hex if organization_id else ''
        place = '\n'.join(('v2', key_id, f'{table}.{column}', row_id.hex, organization))
        nonce = os.urandom(12)
        whole = nonce + cipher.encrypt(nonce, secret, place.encode())
        return f'v2.{key_id}.{base64.urlsafe_b64encode(whole).decode()}'

    for found, row in _sealed_rows():
        try:
            secret = unbound.decrypt(row.sealed.encode())
        except InvalidToken:
            continue
        fresh = seal(found.name, row.column, row.id, row.organization_id, secret)
        op.execute(found.update().where(found.c.id == row.id).values({row.column: fresh}))


def downgrade() -> None:
    keys = settings().encryption_keys
    oldest_form = Fernet(keys[0])
    ring = {}
    for key in keys:
        raw = base64.urlsafe_b64decode(key)
        key_id = hashlib.sha256(b'consentdesk key id' + raw).hexdigest()[:16]
        ring[key_id] = AESGCM(HKDF(SHA256(), 32, salt=None, info=b'consentdesk secrets v2').derive(raw))
    for found, row in _sealed_rows():
        form, _, rest = row.sealed.partition('.')
        key_id, _, text = rest.partition('.')
        if form != 'v2' or key_id not in ring:
            continue
        organization = row.organization_id.hex if row.organization_id else ''
        place = '\n'.join(('v2', key_id, f'{found.name}.{row.column}', row.id.hex, organization))
        whole = base64.urlsafe_b64decode(text)
        secret = ring[key_id].decrypt(whole[:12], whole[12:], place.encode())
        fresh = oldest_form.encrypt(secret).decode()
        op.execute(found.update().where(found.c.id == row.id).values({row.column: fresh}))


def _sealed_rows():
    """Give each table with each of its rows that holds a secret, column by column."""
    for table, column, has_organization in SEALED:
        columns = [sa.column('id', sa.Uuid()), sa.column(column, sa.Text())]
        if has_organization:
            columns.append(sa.column('organization_id', sa.Uuid()))
        found = sa.table(table, *columns)
        organization = found.c.organization_id if has_organization else sa.null()
        query = sa.select(
            found.c.id,
            organization.label('organization_id'),
            found.c[column].label('sealed'),
            sa.literal(column).label('column'),
        ).where(found.c[column].is_not(None))
        for row in op.get_bind().execute(query).all():
            yield found, row
