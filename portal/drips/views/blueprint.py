"""The blueprint of SmartPlans, and what its pages share."""

from typing import Final

from flask import Blueprint, g, url_for

from portal.core.access import me
from portal.drips.queries import library
from portal.drips.rules.library import Keeper
from portal.drips.values import DripRef, Place
from portal.people import queries as people

bp = Blueprint("drips", __name__)

ALL: Final = "/accounts/<uuid:account_id>/plans"
ONE: Final = f"{ALL}/<uuid:drip_id>"


def keeper() -> Keeper:
    """Return what this person sees of the library here, and what they may change."""
    return library.keeper(g.account, me())


def whose(by: Keeper) -> dict[Place, str]:
    """Return whose plans this person sees, in words."""
    teams = {team.id: team.name for team in people.teams(by.organization_id)}
    return {
        Place(account_id=by.account_id): f"This account, {g.account.name}",
        **{Place(team_id=id_): f"Team {teams[id_]}" for id_ in by.seen_team_ids},
        Place(): f"Everybody at {g.organization.name}",
    }


def url_of(drip: DripRef) -> str:
    """Return the address of a plan's page."""
    return url_for("drips.show", account_id=g.account.id, drip_id=drip.id)
