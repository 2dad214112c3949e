"""The files of a dossier while it is made, each whole or not at all.

Beside each lies a note of how many rows it has, written first: where the file is, the note is.
"""

import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from portal.core import checkpoints
from portal.core.audit_tree import Tree
from portal.core.errors import DomainError
from portal.core.offline.hashes import canonical
from portal.core.private_files import whole
from portal.dossiers.queries import reading
from portal.dossiers.queries.reading import Scope
from portal.dossiers.rules import written
from portal.dossiers.rules.contents import BY_NAME, CONTENTS, EVIDENCE
from portal.dossiers.rules.of_account import SILENT
from portal.dossiers.rules.readme import EVIDENCE_HEAD, EVIDENCE_LIST, Missing
from portal.dossiers.service.asking import folder_of
from portal.dossiers.values import Content, DossierRef, Evidence, Opener
from portal.proofs.rules import offline
from portal.proofs.service.certifying import evidence_name
from portal.proofs.service.packing import info_of

_BOM: Final = b"\xef\xbb\xbf"  # spreadsheets read UTF-8 right only with it
_EVIDENCE_ZIP: Final = "evidence.zip"
Between = Callable[[], object]
Make = Callable[[Between], object]


class Pieces:
    """What is made so far of a dossier, in a folder of its own."""

    count: Final = len(CONTENTS) + 2  # and the proofs of the log, and the evidence

    def __init__(self, dossier: DossierRef, scope: Scope, openers: Mapping[str, Opener]) -> None:
        """Work in the dossier's folder."""
        self._scope, self._openers = scope, openers
        self._folder = folder_of(dossier)
        self._writing = 0  # rows of the file that is being written
        self._rows_of: dict[str, int] = {
            name: self._note(path)["rows"] for path, name in self.files() if path.is_file()
        }

    @property
    def evidence(self) -> Path:
        """Return where the files behind rows lie, in a ZIP of their own."""
        return self._folder / _EVIDENCE_ZIP

    def all(self) -> Iterator[Make]:
        """Give what makes each file, in order; one that is there is not made again."""
        for content in CONTENTS:
            yield partial(self._make, content.name, partial(self._rows, content))
        yield partial(self._make, offline.LOG_PROOFS, self._log)
        yield self._gather

    def files(self) -> Iterator[tuple[Path, str]]:
        """Give every file with its name in the dossier."""
        for name in (*BY_NAME, offline.LOG_PROOFS, EVIDENCE_LIST):
            yield self._path(name), name

    def counts(self) -> dict[str, int]:
        """Return how many rows each file has that is made."""
        return self._rows_of

    def rows(self) -> int:
        """Return how many rows there are so far, those of the file at hand included."""
        return sum(self._rows_of.values()) + self._writing

    def missing(self) -> list[Missing]:
        """Return the files behind rows that could not be read."""
        if not self._path(EVIDENCE_LIST).is_file():
            return []
        return [Missing(**one) for one in self._note(self._path(EVIDENCE_LIST))["missing"]]

    def clear(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make(
        self, name: str, fill: Callable[[IO[bytes], Between], None], between: Between
    ) -> None:
        path = self._path(name)
        if path.is_file():
            return
        self._writing = 0
        with whole(path) as into:
            fill(into, between)
            self._keep(path, {"rows": self._writing})
        self._count(name)

    def _rows(self, content: Content, into: IO[bytes], between: Between) -> None:
        parent = BY_NAME[content.parent[1]] if content.parent else None
        text = io.TextIOWrapper(into, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text)
        if not content.is_lines:
            into.write(_BOM)
            writer.writerow(content.headings)
        for batch in reading.batches(self._scope, content, parent):
            if content.is_lines:
                text.writelines(
                    written.line(dict(zip(content.headings, row, strict=True))) for row in batch
                )
            else:
                writer.writerows([written.cell(value) for value in row] for row in batch)
            self._writing += len(batch)
            between()
        text.detach()

    def _log(self, into: IO[bytes], between: Between) -> None:
        """Write each entry of the log with its way to a signed checkpoint. Raises LogBroken."""
        chain = self._scope.tenant.organization_id
        for batch in reading.log_places(self._scope):
            trees: dict[int, Tree] = {}  # one for all would hold every hash of a long log
            for position, event in batch:
                proof = checkpoints.inclusion(
                    chain, position, discloses=event not in SILENT, trees=trees
                )
                assert proof is not None  # a checkpoint was made after the last of them
                into.write(f"{canonical(proof)}\n".encode())
            self._writing += len(batch)
            between()

    def _gather(self, between: Between) -> None:
        """Gather the files behind rows, each once, and list them with what is missing."""
        if self.evidence.is_file() and self._path(EVIDENCE_LIST).is_file():
            return
        missing: list[Missing] = []
        names: dict[str, int] = {}
        self._writing = 0
        with whole(self._path(EVIDENCE_LIST)) as into, whole(self.evidence) as file:
            into.write(_BOM)
            text = io.TextIOWrapper(into, encoding="utf-8", newline="", write_through=True)
            writer = csv.writer(text)
            writer.writerow(EVIDENCE_HEAD)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for source in EVIDENCE:
                    for batch in reading.evidence(self._scope, source):
                        for row in batch:
                            cells = self._add(archive, source, row, names, missing)
                            writer.writerow([written.cell(cell) for cell in cells])
                            self._writing += 1
                            if self._writing % 20 == 0:
                                between()
            text.detach()
            self._keep(
                self._path(EVIDENCE_LIST),
                {
                    "rows": self._writing,
                    "missing": [
                        {name: getattr(one, name) for name in Missing.__dataclass_fields__}
                        for one in missing
                    ],
                },
            )
        self._count(EVIDENCE_LIST)

    def _add(
        self,
        archive: zipfile.ZipFile,
        source: Evidence,
        row: Mapping[str, Any],
        names: dict[str, int],
        missing: list[Missing],
    ) -> tuple[Any, ...]:
        """Add the file behind a row, and return its line of the list."""
        sha256 = row[source.sha256]
        media_type = (row[source.media_type] if source.media_type else "text/html") or ""
        name, why = evidence_name(sha256, media_type), ""
        if name not in names:
            content, why = self._open(source, row, sha256)
            if not why:
                archive.writestr(info_of(name), content)
                names[name] = len(content)
        key = "/".join(str(written.plain(row[column])) for column in source.key)
        if why:
            missing.append(Missing(name, source.table, key, why))
        size = names.get(name, "")
        return (
            "" if why else name, sha256, size, media_type, row[source.name], source.table, key, why,
        )  # fmt: skip

    def _open(self, source: Evidence, row: Mapping[str, Any], sha256: str) -> tuple[bytes, str]:
        """Return the file behind a row, and why it can't be had."""
        try:
            content = self._openers[source.kind](self._scope.tenant, row)
        except FileNotFoundError:
            return b"", "its file is not on the disk"
        except OSError as error:
            return b"", f"its file can't be read ({error.strerror or type(error).__name__})"
        except DomainError as error:
            return b"", error.message
        if hashlib.sha256(content).hexdigest() != sha256:
            return b"", "its file was changed: it has another SHA-256 than its row says"
        return content, ""

    def _count(self, name: str) -> None:
        self._rows_of[name], self._writing = self._writing, 0

    def _path(self, name: str) -> Path:
        return self._folder / name.replace("/", "-")

    def _keep(self, path: Path, note: Mapping[str, Any]) -> None:
        with whole(_note_of(path)) as into:
            into.write(json.dumps(note).encode())

    def _note(self, path: Path) -> Any:
        return json.loads(_note_of(path).read_text(encoding="utf-8"))


def _note_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.note")
