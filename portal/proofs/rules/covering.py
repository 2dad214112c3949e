"""The words of a bundle's cover (C-6)."""

from typing import Any

from portal.core import formats, glyphs
from portal.proofs.values import SOURCE_WORDS, BundleRef


def document(
    bundle: BundleRef,
    *,
    application: str,
    organization: str,
    account: str,
    zone: str,
    public_key: str,
    program: str,
) -> dict[str, Any]:
    """Return the text of a bundle's cover, as the JSON its template reads."""
    at = bundle.created_at
    return {
        "application": application,
        "organization": organization,
        "account": account,
        "title": glyphs.code_points(bundle.title),
        "asked": [
            ["Asked for", f"{formats.moment(at, zone)} ({formats.iso(at)})"],
            ["By", glyphs.code_points(bundle.created_by)],
            ["Numbers", f"{formats.number(bundle.numbers)} ({SOURCE_WORDS[bundle.source]})"],
            ["With proof", formats.number(bundle.proven)],
            ["Without proof", formats.number(bundle.numbers - bundle.proven)],
            ["Bundle", str(bundle.id)],
        ],
        "files": [
            ["numbers.csv", "Every number that was asked for, with its proof or why there is none"],
            ["certificates", "One certificate a number: a PDF to read, JSON to check"],
            ["evidence", "The files behind the records, each named by its SHA-256"],
            ["manifest.json", "The SHA-256 of every file, this one too"],
            [program, "Checks all of this off line, with nothing but Python"],
        ],
        "steps": [
            f"Off line: run {program} on this bundle. One changed byte is found and named.",
            "On line: each certificate bears the address of a public page that checks it anew.",
            f"The log is signed with the public key {public_key}.",
        ],
    }
