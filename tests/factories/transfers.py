"""Transfers in their simplest right form."""

from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.transfers import service as transfers
from portal.transfers.service import OldPlace
from portal.transfers.values import TransferRef

OLD_SID = "AC" + "d" * 32


def make_transfer(account, token="", e164="+17735550163") -> TransferRef:
    """Return the account's open transfer, made where there is none; with a token, it holds that."""
    with unit_of_work():
        place = OldPlace(OLD_SID, token, "" if token else e164)
        return transfers.begin(account, place, actor=SYSTEM)
