"""Calls placed at Twilio: `calls.create` with its TwiML in the request (N-8)."""

from typing import Final

from portal.gateways.credentials import CarrierCredentials
from portal.gateways.twilio_client import TwilioClients, named, writing

RING_S: Final = 25


class TwilioVoiceGateway:
    """The VoiceGateway that is Twilio."""

    def __init__(self, clients: TwilioClients) -> None:
        """Speak through these clients."""
        self._clients = clients

    def call(
        self, credentials: CarrierCredentials, *, to: str, from_number: str, twiml: str
    ) -> str:
        """Call a phone; see VoiceGateway."""
        with writing():
            placed = self._clients.of(credentials).calls.create(
                to=to, from_=from_number, twiml=twiml, timeout=RING_S
            )
            return named(placed.sid)
