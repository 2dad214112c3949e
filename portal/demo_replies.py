"""What the people of the demo brokerage keep to use again (Q-5)."""

from typing import Final
from uuid import UUID

from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.messaging.rules.saved import Place, Reader
from portal.messaging.service import saved
from portal.texting_accounts.values import AccountRef

_OWN: Final = (
    ("On my way", "On my way, {first_name}. I am there in ten minutes."),
    ("Parking", "You can park right in front of the house, {first_name}, on either side."),
    ("Papers", "{first_name}, the papers are in your mail. Call me with any question: {agent_phone}."),
)  # fmt: skip
_SHARED: Final = (
    (
        "Showing tomorrow",
        "Hi {first_name}, this is {agent_name} of {brokerage}. See you tomorrow for the showing!",
    ),
    (
        "After an open house",
        "Hi {first_name}, {agent_name} of {brokerage} here. What did you think of the house?",
    ),
)


def save(account: AccountRef, agent: Actor, lead: Actor) -> None:
    """Keep an agent's own replies, and what a lead shares with everybody."""
    assert agent.id is not None
    assert lead.id is not None
    with unit_of_work():
        for by, place, actor, kept in (
            (_reader(account, agent.id), Place(user_id=agent.id), agent, _OWN),
            (_reader(account, lead.id), Place(), lead, _SHARED),
        ):
            for name, body in kept:
                saved.keep(account, by, place, name=name, body=body, actor=actor)


def _reader(account: AccountRef, user_id: UUID) -> Reader:
    return Reader(account.organization_id, user_id, (), may_share=True)
