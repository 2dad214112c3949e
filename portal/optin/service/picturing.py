"""Pictures of a published page: taken by headless Chromium, or uploaded (C-4)."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

from portal.consent.service import evidence
from portal.core import audit
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.optin import queries
from portal.optin.errors import PictureRefused
from portal.optin.models import VersionPicture
from portal.optin.values import PICTURE_WORDS, Picture, VersionRef

SIZES: Final = {Picture.DESKTOP: (1280, 1600), Picture.PHONE: (390, 1900)}
_TIMEOUT_S: Final = 40
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS: Final = (
    "--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-dev-shm-usage", "--force-color-profile=srgb",
    "--force-device-scale-factor=1", "--incognito",
    # The page has everything in itself: whatever it might name is never looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9",
    "--blink-settings=preferredColorScheme=1",
)  # fmt: skip


@cache
def browser() -> str | None:
    """Return where Chromium is, or None."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def is_possible() -> bool:
    """Say whether pictures can be taken on this machine."""
    return browser() is not None


def take(version: VersionRef) -> dict[Picture, bytes]:
    """Return the pictures a version lacks; nothing where Chromium is missing or fails.

    It belongs outside a unit of work: it takes seconds.
    """
    program = browser()
    missing = [kind for kind in Picture if kind not in queries.pictures(version.tenant, version.id)]
    if program is None or not missing:
        return {}
    page = evidence.path_of(version.page_name)
    with tempfile.TemporaryDirectory(prefix="picture") as folder:
        home = Path(folder)
        shutil.copy(page, home / "page.html")
        return {kind: found for kind in missing if (found := _shoot(program, home, kind))}


def keep(version: VersionRef, taken: dict[Picture, bytes], *, by: Actor = SYSTEM) -> int:
    """Store pictures that are not there yet; return how many were kept."""
    known = queries.pictures(version.tenant, version.id)
    fresh = {kind: content for kind, content in taken.items() if kind not in known}
    for kind, content in fresh.items():
        _store(version, kind, content, by)
    return len(fresh)


def upload(version: VersionRef, kind: Picture, content: bytes, *, actor: Actor) -> None:
    """Keep a picture somebody took, as `images.page` gives it. Raises PictureRefused."""
    known = queries.pictures(version.tenant, version.id).get(kind)
    if known is not None:
        raise PictureRefused("This version has that picture already. It stays as it was taken.")
    _store(version, kind, content, actor)


def _store(version: VersionRef, kind: Picture, content: bytes, actor: Actor) -> None:
    stored = evidence.store_picture(content, f"{version.slug}-v{version.number}-{kind.value}.png")
    taken_by = actor.label if actor is not SYSTEM else f"Chromium {_release()}".strip()
    db.session.add(
        VersionPicture(
            version_id=version.id,
            kind=kind,
            organization_id=version.organization_id,
            account_id=version.account_id,
            name=stored.name,
            sha256=stored.sha256,
            media_type=stored.media_type,
            taken_at=utcnow(),
            taken_by=taken_by[:200],
        )
    )
    audit.record(
        "optin:picture:keep",
        actor=actor,
        organization_id=version.organization_id,
        account_id=version.account_id,
        subject_id=version.id,
        form=version.name,
        version=version.number,
        picture=PICTURE_WORDS[kind],
        taken_by=taken_by,
        sha256=stored.sha256,
    )


def _shoot(program: str, home: Path, kind: Picture) -> bytes | None:
    """Take one picture; None where Chromium gave none in time."""
    width, height = SIZES[kind]
    to = home / f"{kind.value}.png"
    command = [
        program,
        *_FLAGS,
        *(("--no-sandbox",) if os.geteuid() == 0 else ()),  # Chromium refuses root otherwise
        f"--user-data-dir={home / kind.value}",
        f"--window-size={width},{height}",
        f"--screenshot={to}",
        (home / "page.html").as_uri(),
    ]
    running = subprocess.Popen(  # noqa: S603 (our own command line)
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={"HOME": str(home), "PATH": os.environ.get("PATH", "")},
    )
    try:
        running.wait(_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        return None
    return _trimmed(to.read_bytes()) if to.exists() else None


def _trimmed(content: bytes) -> bytes:
    """Return a picture without the empty ground below the page."""
    with Image.open(BytesIO(content), formats=["PNG"]) as opened:
        picture = opened.convert("RGB")
    last = picture.height - 1
    ground = picture.getpixel((0, last))
    lines = picture.load()
    assert lines is not None
    while last > 0 and all(lines[x, last] == ground for x in range(0, picture.width, 7)):
        last -= 1
    out = BytesIO()
    picture.crop((0, 0, picture.width, min(picture.height, last + 40))).save(out, "PNG")
    return out.getvalue()


@cache
def _release() -> str:
    program = browser()
    if program is None:
        return ""
    said = subprocess.run(  # noqa: S603 (our own command line)
        [program, "--version"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    ).stdout
    found = re.search(r"\d+(?:\.\d+){0,3}", said)
    return found[0] if found else ""
