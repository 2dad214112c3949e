"""Static files under addresses that change with their content; htmx comes from its package.

No third-party code is committed: htmx 2.0.x is a file of the pinned django-htmx package,
installed without its dependencies (RULINGS 24).
"""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, send_file, url_for

from portal.core.access import open_to_all

_FILES = {"htmx.min.js": ("django_htmx", "static/django_htmx/htmx-2.min.js")}
YEAR_S = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Serve package files at `assets` and let every static address carry a version."""
    app.add_url_rule("/assets/<string:name>", "assets", package_file)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = YEAR_S
    version = _version_of_folder(Path(app.static_folder or ""))

    @cache
    def static_url(name: str) -> str:
        """Return the address of a static file: made once, for icons stand on every row (G6)."""
        return url_for("static", filename=name, v=version)

    app.jinja_env.globals["static_url"] = static_url

    @app.url_defaults
    def _package_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "assets" and values.get("name") in _FILES:
            values.setdefault("v", version_of(values["name"]))


@open_to_all
def package_file(name: str) -> Response:
    """Serve one file of an installed package; it may be cached for ever."""
    if name not in _FILES:
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


def _version_of_folder(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(path.read_bytes())
    return total.hexdigest()[:12]
