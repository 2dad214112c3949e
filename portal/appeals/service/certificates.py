"""The certificates of the numbers a carrier named, as one bundle of proofs (A-3, C-6).

The bundle is made by the worker that makes every bundle; the same numbers of the same appeal are
asked for once, so nothing is kept here of which bundle it is.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from portal.appeals import queries
from portal.appeals.errors import NotThatWay
from portal.appeals.rules.submission import Attached
from portal.appeals.values import CaseRef, PartRef
from portal.core.audit import Actor
from portal.proofs import queries as proofs
from portal.proofs.service import bundling
from portal.proofs.values import Asked, BundleRef, Source

NAME: Final = "proof-of-opt-in.zip"
_MOST_TIMES: Final = 100
MOST_BYTES: Final = 40_000_000  # a larger bundle goes by a shared link (C-12)


def ask(case: CaseRef, e164s: Sequence[str], *, actor: Actor) -> None:
    """Have the certificates of these numbers made; the same numbers are asked for once."""
    if not e164s:
        return
    nonce, known = _newest(case, e164s)
    if known is not None:
        return
    bundling.ask(
        case.tenant,
        [Asked(e164, e164) for e164 in e164s],
        source=Source.LIST,
        title=f"Appeal, round {case.round}: numbers the carrier named",
        nonce=nonce,
        actor=actor,
    )


def ask_for_all(case: CaseRef, *, actor: Actor) -> None:
    """Have those made that go out with a case: a next round has none yet, and old ones are deleted."""
    for part in queries.parts(case):
        if part.is_given:
            ask(case, part.numbers, actor=actor)


def bundle_of(case: CaseRef, part: PartRef) -> BundleRef | None:
    """Return the bundle of a part's numbers, None where none was asked for."""
    if not part.numbers:
        return None
    _, found = _newest(case, part.numbers, with_gone=True)
    return found


def attached(case: CaseRef, part: PartRef) -> tuple[Attached, ...]:
    """Return the bundle that goes out with a part; one too large for it is left to a link.

    Raises NotThatWay while it is still being made.
    """
    bundle = bundle_of(case, part)
    if bundle is None or bundle.is_gone:
        return ()
    if bundle.is_moving:
        raise NotThatWay(
            "The certificates of the named numbers are still being made. Try again in a minute."
        )
    if not bundle.proven or (bundle.size or 0) > MOST_BYTES:
        return ()
    content = bundling.open_bundle(bundle).read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return (Attached(NAME, "application/zip", sha256, content),)


def _newest(
    case: CaseRef, e164s: Sequence[str], *, with_gone: bool = False
) -> tuple[str, BundleRef | None]:
    """Return the newest bundle of these numbers that is kept, else under which nonce to ask.

    A bundle is deleted after its time; the same numbers are then asked for under the next nonce.
    """
    asked = hashlib.sha256("\n".join(e164s).encode()).hexdigest()
    last = None
    for again in range(_MOST_TIMES):
        nonce = f"{case.id.hex}{asked[:28]}-{again}"
        found = proofs.bundle_of_nonce(case.tenant, nonce)
        if found is None:
            break
        last = proofs.bundle_or_404(case.tenant, found)
        if not last.is_gone:
            return nonce, last
    return nonce, last if with_gone else None
