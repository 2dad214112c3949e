"""Saved replies and team templates: whose they are, who may change them, how they are named (Q-5)."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

LONGEST_NAME: Final = 80
LONGEST_KEY: Final = 3 * LONGEST_NAME  # folding case makes up to three characters of one
LONGEST_BODY: Final = 1_600  # what one text holds at most
MOST_KEPT: Final = 100  # by one keeper, those archived left out


class Shelf(StrEnum):
    """Who keeps a wording, and so who sees it."""

    OWN = "own"
    TEAM = "team"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a wording is kept: with one person, with a team, or, with neither, for everybody."""

    user_id: UUID | None = None
    team_id: UUID | None = None

    @property
    def shelf(self) -> Shelf:
        """Return which of the three it is."""
        if self.user_id is not None:
            return Shelf.OWN
        return Shelf.TEAM if self.team_id is not None else Shelf.ORGANIZATION


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever picks words in an account: what is theirs, and the teams the account belongs to."""

    organization_id: UUID
    user_id: UUID
    team_ids: tuple[UUID, ...]  # of the account, or of its owner
    led_ids: tuple[UUID, ...] = ()  # teams whose templates this person keeps
    may_share: bool = False

    @property
    def seen_team_ids(self) -> tuple[UUID, ...]:
        """Return the teams whose templates this person sees here."""
        return tuple(dict.fromkeys([*self.team_ids, *self.led_ids]))

    @property
    def places(self) -> tuple[Place, ...]:
        """Return where this person may keep something new."""
        own = (Place(user_id=self.user_id),)
        if not self.may_share:
            return own
        return (*own, *(Place(team_id=id_) for id_ in self.led_ids), Place())

    def may_change(self, place: Place) -> bool:
        """Say whether what is kept there is this person's to change."""
        return place in self.places


def name_key(name: str) -> str:
    """Return what two names are compared by: case and doubled blanks make no difference."""
    return tidy_name(name).casefold()


def tidy_name(name: str) -> str:
    """Return a name on one line."""
    return " ".join(name.split())


def joined(typed: str, more: str) -> str:
    """Return what was typed with more on a new line: picking words never takes any away."""
    return f"{typed.rstrip()}\n{more}" if typed.strip() else more


def is_found(words: str, texts: Collection[str]) -> bool:
    """Say whether each of these words stands in one of the texts, whatever its case."""
    whole = " ".join(texts).casefold()
    return all(word in whole for word in words.casefold().split())
