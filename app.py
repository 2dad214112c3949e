"""WSGI entry, and the commands that stand above the application."""

from portal.bench.cli import bench_command
from portal.factory import create_app

app = create_app()
app.cli.add_command(bench_command)  # it builds applications of its own, so no slice may know it
