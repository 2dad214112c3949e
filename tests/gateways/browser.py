"""A browser that subscribed to pushes: it holds the keys, and reads what a push service brings."""

import json
import secrets
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.gateways import push


class PushBrowser:
    def __init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._point = self._key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self._auth = secrets.token_bytes(16)
        self.p256dh, self.auth = push.encode(self._point), push.encode(self._auth)

    def read(self, body):
        """Read a push as RFC 8291 tells a browser to."""
        salt, (_, length) = body[:16], struct.unpack("!IB", body[16:21])
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)

        def derive(secret, salt, info, size):
            return HKDF(SHA256(), size, salt=salt, info=info).derive(secret)

        shared = self._key.exchange(ec.ECDH(), theirs)
        base = derive(shared, self._auth, b"WebPush: info\0" + self._point + sender, 32)
        key = derive(base, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derive(base, salt, b"Content-Encoding: nonce\0", 12)
        said = AESGCM(key).decrypt(nonce, sealed, None)
        assert said[-1:] == b"\x02"  # the last record, without padding
        return json.loads(said[:-1])
