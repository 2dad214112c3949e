"""What was found for the numbers the carrier named, as a file (A-3, M-4)."""

from uuid import UUID

from flask import Response, request

from portal.appeals import queries
from portal.appeals.service import checking, proof_gathering
from portal.appeals.views.blueprint import bp
from portal.appeals.views.cases import ONE
from portal.appeals.views.showing import case_of
from portal.core import audit
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work


@bp.get(f"{ONE}/parts/<int:number>/numbers.csv")
@requires(Permission.VIEW_CONSENT)
def numbers_csv(account_id: UUID, case_id: UUID, number: int) -> Response:  # noqa: ARG001 (g.account)
    """Send the numbers of a part with what was found; `only=without` leaves out those with proof."""
    case = case_of(case_id)
    part = queries.part_or_404(case, number)
    is_short = request.args.get("only") == "without"
    found = [
        one for one in checking.proof_of(case, part.numbers) if not (is_short and one.is_proven)
    ]
    with unit_of_work():
        audit.record(
            "appeals:numbers:download",
            actor=me().actor,
            organization_id=case.organization_id,
            account_id=case.account_id,
            subject_id=case.id,
            numbers=len(found),
        )
    response = Response(proof_gathering.as_csv(found), content_type="text/csv; charset=utf-8")
    name = f"appeal-{case.id.hex[:8]}-{'without-proof' if is_short else 'numbers'}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
