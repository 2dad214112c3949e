"""Workbooks as uploaded: the first visible sheet becomes the CSV everything else reads (K-1, Q-7)."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from importlib import import_module
from typing import Any, Final

from portal.contacts.errors import FileRefused
from portal.core import archives

MAGIC: Final = b"PK\x03\x04"
_MOST_UNPACKED: Final = 150_000_000
_MOST_PARTS: Final = 2_000
_WORKBOOK: Final = "xl/workbook.xml"


def rows(content: bytes, most_rows: int) -> Iterator[list[str]]:
    """Give the cells of the first visible sheet as text. Raises FileRefused, before any row."""
    _check(content)
    calamine = import_module("python_calamine")  # by the few who read one, not by all (G12)
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        name = next(
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible is calamine.SheetVisibleEnum.Visible
        )
        sheet = book.get_sheet_by_name(name)
    except (calamine.CalamineError, StopIteration, ValueError) as error:
        raise FileRefused(_unreadable()) from error
    if sheet.total_height > most_rows + 1:
        raise FileRefused(
            f"The sheet has more than {most_rows:,} rows. Split it and import the parts."
        )
    return (_row(cells) for cells in sheet.to_python(skip_empty_area=True))


def as_csv(content: bytes, most_rows: int) -> bytes:
    """Return the first visible sheet as CSV in UTF-8. Raises FileRefused."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows(content, most_rows))
    return text.getvalue().encode()


def _check(content: bytes) -> None:
    """Refuse what is no workbook, and one that would unpack to more than it may."""
    try:
        with archives.opened(io.BytesIO(content)) as parts:
            listed = parts.infolist()
    except zipfile.BadZipFile as error:
        raise FileRefused(_unreadable()) from error
    if _WORKBOOK not in {part.filename for part in listed}:
        raise FileRefused("This is a ZIP archive. Unpack it and upload the CSV or XLSX file in it.")
    if len(listed) > _MOST_PARTS or sum(part.file_size for part in listed) > _MOST_UNPACKED:
        raise FileRefused("The workbook is too large. Save the sheet as CSV and upload that.")


def _row(cells: list[Any]) -> list[str]:
    return [_text(cell) for cell in cells]


def _text(cell: Any) -> str:
    """Return a cell as one reads it: a phone number kept as a figure has no decimals."""
    match cell:
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        case date() | time():
            return cell.isoformat()
    return str(cell)


def _unreadable() -> str:
    return (
        "This is an Excel workbook that can't be read. Save the sheet as CSV UTF-8 and upload that."
    )
