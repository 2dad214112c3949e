"""Plans of an organization, a team or one account: who sees them, who may change them (P-1)."""

from dataclasses import dataclass
from uuid import UUID

from portal.drips.values import Place


@dataclass(frozen=True, slots=True)
class Keeper:
    """Whoever looks at plans from an account: what is seen there, and what is theirs to change."""

    organization_id: UUID
    account_id: UUID
    team_ids: tuple[UUID, ...]  # of the account, or of its owner
    led_ids: tuple[UUID, ...] = ()  # teams whose plans this person keeps
    may_write: bool = False  # plans of the account
    may_share: bool = False

    @property
    def seen_team_ids(self) -> tuple[UUID, ...]:
        """Return the teams whose plans this person sees here."""
        return tuple(dict.fromkeys([*self.team_ids, *self.led_ids]))

    @property
    def places(self) -> tuple[Place, ...]:
        """Return where this person may keep something new."""
        own = (Place(account_id=self.account_id),) if self.may_write else ()
        if not self.may_share:
            return own
        return (*own, *(Place(team_id=id_) for id_ in self.led_ids), Place())

    def may_change(self, place: Place) -> bool:
        """Say whether what is kept there is this person's to change."""
        return place in self.places
