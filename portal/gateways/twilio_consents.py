"""Consents at Twilio: `accounts.v1.bulk_consents` (facts 1.12)."""

from collections.abc import Sequence
from datetime import UTC

from portal.core.errors import GatewayUnclear
from portal.gateways.consents import ConsentAnswer, ConsentItem
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.twilio_client import TwilioClients, writing


class TwilioConsentGateway:
    """The ConsentGateway that is Twilio."""

    def __init__(self, clients: TwilioClients) -> None:
        """Speak through these clients."""
        self._clients = clients

    def tell(
        self, credentials: CarrierCredentials, items: Sequence[ConsentItem]
    ) -> list[ConsentAnswer]:
        """Tell of at most 25 consents; see ConsentGateway."""
        with writing():
            bulk = self._clients.of(credentials).accounts.v1.bulk_consents
            made = bulk.create(items=[_written(item) for item in items])
            answers = [
                ConsentAnswer(
                    str(said["correlation_id"]),
                    int(said["error_code"]),
                    tuple(str(reason) for reason in said.get("error_messages") or ()),
                )
                for said in made.items
            ]
        if {a.correlation_id for a in answers} != {item.correlation_id for item in items}:
            raise GatewayUnclear("the carrier did not answer every item")
        return answers


def _written(item: ConsentItem) -> dict[str, str]:
    return {
        "contact_id": item.person,
        "correlation_id": item.correlation_id,
        "sender_id": item.sender,
        "status": "opt-out" if item.is_out else "opt-in",
        "source": item.channel.value,
        "date_of_consent": item.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
