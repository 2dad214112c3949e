"""Health, readiness and metrics for whoever runs the portal (X-5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.core import clock, jobs
from portal.core.access import open_to_all
from portal.core.db import db
from portal.core.jobs import Lane

bp = Blueprint("health", __name__)
_EXTENSION = "health"


@dataclass(frozen=True, slots=True)
class Gauges:
    """What a slice adds to the metrics: a name, what it measures, and its values by label."""

    name: str
    meaning: str
    label: str
    read: Callable[[], Mapping[str, float]]


def init_app(app: Flask, gauges: Sequence[Gauges]) -> None:
    """Let the metrics hold what slices measure; the factory calls this once."""
    app.extensions[_EXTENSION] = tuple(gauges)
    app.register_blueprint(bp)


@bp.get("/healthz")
@open_to_all
def alive() -> Response:
    """Say that the process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
@open_to_all
def ready() -> tuple[Response, int]:
    """Say whether the database and the queue answer; 503 names what doesn't.

    Texts wait safely while the queue is down, so only the database makes the portal unready.
    """
    parts = {"database": _database_answers(), "queue": _queue_answers()}
    answer = {name: "ok" if fine else "down" for name, fine in parts.items()}
    return jsonify(answer), 200 if parts["database"] else 503


@bp.get("/metrics")
@open_to_all
def metrics() -> Response:
    """Give Prometheus the queue lengths and what is up; no personal data."""
    registry = CollectorRegistry()
    up = Gauge("consentdesk_up", "Whether a part answers", ["part"], registry=registry)
    up.labels("database").set(_database_answers())
    up.labels("queue").set(_queue_answers())
    waiting = Gauge("consentdesk_jobs_waiting", "Jobs waiting", ["lane"], registry=registry)
    for lane in Lane:
        waiting.labels(lane.value).set(jobs.waiting(lane))
    ahead = Gauge("consentdesk_clock_offset_seconds", "Sandbox time offset", registry=registry)
    ahead.set(clock.offset().total_seconds())
    for gauges in current_app.extensions[_EXTENSION]:
        gauge = Gauge(gauges.name, gauges.meaning, [gauges.label], registry=registry)
        for value, count in gauges.read().items():
            gauge.labels(value).set(count)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def _queue_answers() -> bool:
    try:
        return bool(jobs.connection().ping())
    except RedisError:
        return False
