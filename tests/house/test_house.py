"""The house rules that a machine can keep (HOUSE 2.11)."""

import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from rq.utils import import_attribute

from portal.core.access import PERMISSIONS, Permission
from portal.core.jobs import Job
from portal.core.variables import VARIABLES

ROOT = Path(__file__).parents[2]
PYTHON = [p for folder in ("portal", "workers", "tests") for p in (ROOT / folder).rglob("*.py")]
PARTIALS = list((ROOT / "templates").rglob("_*.html"))
HEAD_PIECES = {"_head.html", "_script.html"}  # they live in <head>: no root element
NOT_SLICES = {"core", "gateways", "sandbox", "bench", "demo", "__pycache__"}
READ_EVERYTHING = ("portal.reports", "portal.doctor.queries")  # across slices, writing nothing
NOT_PAGES = {"static", "assets"}
SLICE_FILES = {
    "__init__", "values", "errors", "rules", "models", "queries", "service", "forms", "views",
    "api", "cli", "data", "happenings",
}  # fmt: skip


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_small(path):
    limit = 600 if path.is_relative_to(ROOT / "tests") else 400
    assert len(path.read_text().splitlines()) <= limit


def test_every_route_says_who_may_enter(app):
    bare = {
        e for e, view in app.view_functions.items() if e != "static" and not hasattr(view, "access")
    }
    assert bare == set()


def test_urls_are_kebab_case_with_typed_parameters(app):
    shape = r"(/([a-z0-9.-]+|<(uuid|int|path|string):[a-z0-9_]+>))+/?|/"
    odd = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in NOT_PAGES and not re.fullmatch(shape, rule.rule)
    ]
    assert odd == []


def test_tables_are_private_to_their_slice():
    graph = grimp.build_graph("portal", "workers")
    strangers = [
        f"{importer} -> {models}"
        for models in graph.find_matching_modules("portal.*.models")
        for importer in graph.find_modules_that_directly_import(models)
        if not importer.startswith((models.rpartition(".")[0], "portal.factory", *READ_EVERYTHING))
    ]
    assert strangers == []


def test_slices_hold_only_the_usual_files():
    for folder in (ROOT / "portal").iterdir():
        if folder.is_dir() and folder.name not in NOT_SLICES:
            odd = {p.stem for p in folder.iterdir() if p.stem != "__pycache__"} - SLICE_FILES
            assert odd == set(), f"{folder.name}: {odd}"


@pytest.mark.parametrize("job", list(Job))
def test_every_job_name_is_a_real_function(job):
    assert callable(import_attribute(job.value))


def test_every_permission_is_somebodys():
    held = frozenset().union(*PERMISSIONS.values())
    assert held == set(Permission)


def test_every_template_compiles(app):
    for name in app.jinja_env.list_templates(extensions=["html", "txt"]):
        app.jinja_env.get_template(name)


@pytest.mark.parametrize("path", PARTIALS, ids=lambda p: str(p.relative_to(ROOT)))
def test_partials_say_what_they_need_and_can_be_swapped(path):
    text = path.read_text()
    assert text.startswith("{# ")
    if path.name not in HEAD_PIECES:
        root = r'<\w[\w-]*\s[^>]*\bid="|{% call panel\("[^"]+", "[\w-]+"'
        assert re.search(root, text), "the outermost element carries an id"


def test_every_setting_stands_in_the_operations_page():
    page = (ROOT / "docs" / "operations.md").read_text()
    assert [v.name for v in VARIABLES if f"`{v.name}`" not in page] == []


def test_every_job_stands_in_the_operations_page():
    page = (ROOT / "docs" / "operations.md").read_text()
    assert [j.name for j in Job if f"`{j.name.lower()}`" not in page] == []


def test_nothing_in_the_project_reads_outside_itself():
    """The project is whole in itself: no path of one machine, no neighbour folder."""
    odd = re.compile(r"\.\./shared|/work/|/root/")
    found = [
        str(p.relative_to(ROOT))
        for folder in ("portal", "workers", "templates", "static", "docs", "migrations")
        for p in (ROOT / folder).rglob("*")
        if p.suffix in {".py", ".html", ".css", ".js", ".md"} and odd.search(p.read_text())
    ]
    assert found == []


def test_no_file_lies_dead_beside_a_folder_of_its_name():
    """Python imports the folder and never says that the file is there."""
    folders = [*ROOT.glob("portal/**/__init__.py"), *ROOT.glob("workers/**/__init__.py")]
    assert [f.parent.name for f in folders if f.parent.with_suffix(".py").exists()] == []


@pytest.mark.parametrize(
    "begun", [("portal.gunicorn_conf", "app"), ("workers.__main__",)], ids=["web", "worker"]
)
def test_statements_made_once_know_their_types_in_whatever_process(begun):
    """Types hang on what was imported first; here it is what a real process begins with."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.house.made_once", *begun],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert said[:-1] == []
    assert int(said[-1].split()[0]) > 20
