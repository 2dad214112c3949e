"""Serves the files of installed packages: Bootstrap's stylesheet and htmx (RULINGS 24)."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, send_file, url_for

from portal.core.access import open_to_all

bp = Blueprint("assets", __name__)

_FILES = {
    "bootstrap.min.css": ("flask_bootstrap", "static/bootstrap5/css/bootstrap.min.css"),
    "htmx.min.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
}
YEAR_S = 365 * 24 * 3600


@bp.get("/assets/<version>/<name>")
@open_to_all
def package_file(version: str, name: str) -> Response:
    """Serve one file; its address changes with its content, so it may be cached for ever."""
    if name not in _FILES or version != version_of(name):
        abort(404)
    response = send_file(path_of(name), max_age=YEAR_S)
    response.cache_control.immutable = True
    return response


@cache
def path_of(name: str) -> Path:
    """Return where the installed package keeps the file."""
    package, inside = _FILES[name]
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"package {package} is not installed; run make setup")
    return Path(spec.origin).parent / inside


@cache
def version_of(name: str) -> str:
    """Return a short hash of the file's content."""
    return hashlib.sha256(path_of(name).read_bytes()).hexdigest()[:12]


def asset_url(name: str) -> str:
    """Return the address of a package's file or of one of our own static files."""
    if name in _FILES:
        return url_for("assets.package_file", version=version_of(name), name=name)
    return url_for("static", filename=name, v=_static_version(name))


@cache
def _static_version(name: str) -> str:
    folder = Path(current_app.static_folder or "")
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]
