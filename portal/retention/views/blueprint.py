"""The blueprint of retention and what its pages share."""

import csv
import io
from collections.abc import Mapping

from flask import Blueprint, Response

from portal.retention.values import COUNT_WORDS

bp = Blueprint("retention", __name__)


def counts_file(counts: Mapping[str, int], name: str) -> Response:
    """Return counts as a CSV file to keep."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["what", "count"])
    writer.writerows((COUNT_WORDS.get(what, what), count) for what, count in counts.items())
    response = Response(out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
