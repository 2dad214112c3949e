"""The files of an answer to the carrier: its words and what goes beside them, frozen (A-6)."""

import hashlib
import io
import json
import zipfile

from portal.appeals import queries
from portal.appeals.service import files, packing
from portal.appeals.service.files import Checked
from portal.appeals.service.sending import Parcel
from portal.appeals.values import CaseRef, FileKind, SendingRef
from portal.core import formats
from portal.texting_accounts import queries as accounts


def pack(case: CaseRef, sending: SendingRef) -> Parcel:
    """Return one ZIP: the answer as text, the files beside it, and the hash of each."""
    account = accounts.get_or_404(case.tenant)
    head = (
        f"Answer {sending.number - 1} in the appeal of {account.name}, round {case.round}\n"
        f"Ticket: {case.carrier_ticket or 'not known'}\n"
        f"Written by {sending.asked_by}, {formats.iso(sending.asked_at)}\n\n"
    )
    content = {"ANSWER.txt": f"{head}{sending.words}\n".encode()}
    for number, file in enumerate(
        (file for file in queries.files(case) if file.about_id == sending.id), start=1
    ):
        content[f"files/{number:02}-{file.name}"] = files.content_of(file)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    content["manifest.json"] = json.dumps({"sha256": hashes}, indent=1).encode()
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for name, data in content.items():
            packing.add(archive, name, data)
    name = f"answer-{sending.number - 1}-round-{case.round}-{case.id.hex[:8]}.zip"
    return Parcel([(FileKind.ZIP, Checked(name, "application/zip", into.getvalue()))])
