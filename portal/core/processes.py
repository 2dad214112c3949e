"""Whether the processes behind the web are alive, as the queue knows them."""

from dataclasses import dataclass
from datetime import datetime

from redis import RedisError
from rq import Worker

from portal.core import jobs
from portal.core.jobs import Lane


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """Whether the background processes are alive."""

    queue_answers: bool
    workers: int
    oldest_beat: datetime | None
    waiting: tuple[tuple[str, int], ...]
    hosts: int = 0  # machines the workers run on


def process_facts() -> ProcessFacts:
    """Return whether the queue answers and which workers were heard of."""
    try:
        workers = Worker.all(connection=jobs.connection())
        beats = [worker.last_heartbeat for worker in workers if worker.last_heartbeat]
    except RedisError:
        return ProcessFacts(queue_answers=False, workers=0, oldest_beat=None, waiting=())
    return ProcessFacts(
        queue_answers=True,
        workers=len(workers),
        oldest_beat=min(beats, default=None),
        waiting=tuple((lane.value, jobs.waiting(lane)) for lane in Lane),
        hosts=len({worker.hostname for worker in workers if worker.hostname}),
    )
