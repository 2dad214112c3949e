"""Tables as Excel workbooks, one sheet, written as they come: Office Open XML, no library.

Text is text: it stands in cells of the type "inline string", which no spreadsheet runs as a
formula, whatever it begins with (PROMISES 4, row 4).
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from typing import IO, Final
from xml.sax.saxutils import escape

MOST_ROWS: Final = 1_000_000  # below the head; a sheet of Excel takes 1,048,576 in all
MIMETYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_EPOCH: Final = date(1899, 12, 30)  # day 0 of a sheet
_UNWRITABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Styles: 0 plain, 1 a date, 2 an amount with two digits, 3 the head.
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="4" applyNumberFormat="1"/>'
    '<xf fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>",
}  # fmt: skip
_DATE, _AMOUNT, _BOLD = 1, 2, 3


def write(
    into: IO[bytes], title: str, head: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Write a table as a workbook: numbers as numbers, dates as dates, floats with two digits."""
    name = re.sub(r"[\\/?*\[\]:]", " ", _text(title))[:31] or "Table"
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as parts:
        for path, content in _PARTS.items():
            parts.writestr(path, _HEAD + content)
        parts.writestr(
            "xl/workbook.xml",
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            f'<sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        with parts.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            sheet.write(_row([_string(word, _BOLD) for word in head]))
            for row in rows:
                sheet.write(_row([_cell(value) for value in row]))
            sheet.write(b"</sheetData></worksheet>")


def _row(cells: Sequence[str]) -> bytes:
    return f"<row>{''.join(cells)}</row>".encode()


def _cell(value: object) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, float):
        return f'<c s="{_AMOUNT}"><v>{value:.2f}</v></c>'
    if isinstance(value, int):
        return f"<c><v>{int(value)}</v></c>"
    if isinstance(value, date):  # a moment goes by its day
        return (
            f'<c s="{_DATE}"><v>{(date(value.year, value.month, value.day) - _EPOCH).days}</v></c>'
        )
    return _string(str(value))


def _string(value: str, style: int = 0) -> str:
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{_text(value)}</t></is></c>'


def _text(value: str) -> str:
    return escape(_UNWRITABLE.sub("", value), {'"': "&quot;"})
