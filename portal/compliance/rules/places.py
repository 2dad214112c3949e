"""Where a person may be: states and time zones by address and phone (SPEC P-3).

A number of an area code with several zones may lie in any of them. Zone data is that of the
pinned tzdata package, not of the machine, so that two hosts never disagree (PROMISES 3.6).
"""

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone

from portal.compliance.rules.policy import CANADA
from portal.contacts.rules.people import state_code

Source = Literal["address", "area code", "address and area code", "country code", "unknown"]

_DATA: Final = Path(__file__).parent.parent / "data"
_NANP: Final = "+1"
_NANP_LENGTH: Final = 12
_NO_ZONE: Final = "Etc/Unknown"
_US_TERRITORIES: Final = frozenset(("PR", "VI", "GU", "AS", "MP"))
TZDATA: Final = metadata.version("tzdata")
# Where someone in the United States may be of whom nothing is known.
EVERYWHERE: Final = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Adak",
    "Pacific/Honolulu",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Rows that apply to a person (none: the state is unknown) and zones to keep hours in."""

    codes: tuple[str, ...]
    zones: tuple[str, ...]
    source: Source = "unknown"


NOWHERE: Final = Place((), EVERYWHERE)


def presume(state: str | None, phone: str) -> tuple[Place, ...]:
    """Return where a person may be, and after it what is left if that can never be open.

    The states of address and area code both count, each in the zones of both: numbers move
    with their owners. Of an address in the area code's own state the area code tells the
    zones. The second place is the address alone, as SPEC P-3 has it; it serves people whose
    two presumptions share no open hour, such as Rhode Island with a number of Guam.
    """
    address = _by_state(state)
    number = _by_phone(phone)
    if address is None:
        return (number,)
    if number.source == "unknown":
        return (address,)
    if address.codes == number.codes and set(number.zones) <= set(address.zones):
        return (Place(address.codes, number.zones, "address and area code"), address)
    codes = tuple(dict.fromkeys(address.codes + number.codes))
    zones = tuple(dict.fromkeys(address.zones + number.zones))
    return (Place(codes, zones, "address and area code"), address)


def us_state(area_code: str) -> str | None:
    """Return the state or territory of the United States an area code is of, None elsewhere."""
    place = _AREAS.get(area_code)
    return place.codes[0] if place and place.codes and place.codes[0] in STATE_NAMES else None


@lru_cache(maxsize=1024)
def zone(key: str) -> ZoneInfo:
    """Return a time zone from the pinned data."""
    with resources.files("tzdata").joinpath("zoneinfo", *key.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=key)


@lru_cache(maxsize=1024)
def _by_state(state: str | None) -> Place | None:
    """Return the place of an address; None where it names no state we know."""
    return _STATES.get(state_code(state)) if state else None


def _by_phone(phone: str) -> Place:
    if phone.startswith(_NANP):
        is_whole = len(phone) == _NANP_LENGTH and phone[1:].isdecimal()
        return _AREAS.get(phone[2:5], NOWHERE) if is_whole else NOWHERE
    return _abroad(phone)


@lru_cache(maxsize=4096)
def _abroad(phone: str) -> Place:
    """Return the zones of a foreign number; its state is unknown, its clock is not."""
    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return NOWHERE
    if not zones or _NO_ZONE in zones:
        return NOWHERE
    return Place((), tuple(sorted(zones)), "country code")


def _read_states() -> dict[str, Place]:
    with (_DATA / "states.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Place((row["row"],), tuple(row["zones"].split("|")), "address")
            for row in csv.DictReader(file)
        }


def _read_areas() -> dict[str, Place]:
    with (_DATA / "npa_timezones.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["npa"]: Place(
                _row_of(row["region_iso"], row["us_state"]),
                tuple(row["candidate_zones"].split("|")),
                "area code",
            )
            for row in csv.DictReader(file)
        }


def _row_of(region: str, state: str) -> tuple[str, ...]:
    """Return the row of an area code; "CA" as a region is Canada, as a state California."""
    if region == "US":
        return (state,)
    if region in _US_TERRITORIES:
        return (region,)
    return (CANADA,) if region == "CA" else ()


def _read_names() -> dict[str, str]:
    with (_DATA / "states.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file) if row["row"] != CANADA}


STATE_NAMES: Final = _read_names()
_STATES: Final = _read_states()
_AREAS: Final = _read_areas()
