"""Telling who asked that a dossier is ready, or why it could not be made (M-1)."""

from portal.core import formats
from portal.dossiers.values import KEPT_FOR, DossierRef
from portal.notifications import service as notifications


def ready(dossier: DossierRef) -> None:
    """Tell who asked that it can be downloaded, and what is missing in it."""
    text = f"{formats.plural(dossier.rows, 'row')}. The file is kept for {KEPT_FOR.days} days."
    if dossier.missing:
        text = f"{formats.plural(dossier.missing, 'file')} could not be read; it says which. {text}"
    _tell(dossier, "ready", "The export for counsel is ready", text)


def failed(dossier: DossierRef, why: str) -> None:
    """Tell who asked why there is none."""
    _tell(dossier, "failed", "The export for counsel could not be made", f"{why} Ask for it again.")


def _tell(dossier: DossierRef, event: str, title: str, text: str) -> None:
    notifications.notify(
        organization_id=dossier.organization_id,
        account_id=dossier.account_id,
        user_ids=[dossier.created_by_id] if dossier.created_by_id else [],
        kind="dossier",
        title=title,
        text=text,
        url=f"/accounts/{dossier.account_id}/dossiers/{dossier.id}",
        dedupe_key=f"dossier-{event}:{dossier.id}",
    )
