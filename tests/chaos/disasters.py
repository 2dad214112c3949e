"""Does process faults: kills, freezes, hard stops; counts what really happened."""

import random
from collections import Counter
from collections.abc import Callable, Mapping

from redis import RedisError

from tests.chaos.nursery import Role, family, members
from tests.chaos.stage import Stage
from tests.chaos.weather import Fault

LONG_FREEZE_S = 32.0  # longer than a lease, and than a text has to its first byte
LONGEST_S = 6.0  # of any other freeze
ALL_OF_WEB = frozenset(
    {"kill web", "kill web child", "freeze web", "freeze web master", "freeze web child"}
)


class Disasters:
    """The hand that does them."""

    def __init__(self, stage: Stage, seed: int, is_web_up: Callable[[], bool]) -> None:
        self._stage, self._crew, self._is_web_up = stage, stage.crew, is_web_up
        self._die = random.Random(f"{seed} whom")
        self.done: Counter[str] = Counter()
        self._ways: Mapping[str, Callable[[Fault], bool]] = {
            "kill worker": lambda fault: self._crew.kill(members(self._worker(fault).pid)),
            "kill worker, leave its child": lambda f: self._crew.kill([self._worker(f).pid]),
            "kill work horse": lambda fault: self._crew.kill(self._worker(fault).children),
            "freeze worker": lambda fault: self._freeze(fault, members(self._worker(fault).pid)),
            "freeze work horse": lambda fault: self._freeze(fault, self._worker(fault).children),
            "kill web": lambda _: self._crew.kill(members(self._web())),
            "kill web child": lambda _: self._crew.kill(self._web_child()),
            "freeze web": lambda fault: self._freeze(fault, members(self._web())),
            "freeze web master": lambda fault: self._freeze(fault, [self._web()]),
            "freeze web child": lambda fault: self._freeze(fault, self._web_child()),
            "kill scheduler": lambda _: self._crew.kill(members(self._scheduler())),
            "freeze scheduler": lambda fault: self._freeze(fault, members(self._scheduler())),
            "stop database": self._stop_database,
            "freeze database": lambda fault: self._freeze(fault, self._database()),
            "kill queue": self._kill_queue,
            "freeze queue": lambda fault: self._freeze(fault, [self._stage.valkey.pid]),
            "flush queue": self._flush_queue,
        }

    def do(self, fault: Fault) -> bool:
        """Do one; False when there was nobody to do it to."""
        if fault.kind in ALL_OF_WEB and not self._is_web_up():
            return False  # on a slow machine nobody would ever be let in
        kind = f"{fault.kind} past the deadline" if self._is_long(fault) else fault.kind
        has_hit = self._ways[fault.kind](fault)
        self.done[kind] += has_hit
        return has_hit

    @property
    def count(self) -> int:
        return self.done.total()

    def _is_long(self, fault: Fault) -> bool:
        return fault.is_long and fault.kind in {"freeze worker", "freeze work horse"}

    def _freeze(self, fault: Fault, pids: list[int]) -> bool:
        lasts = LONG_FREEZE_S if self._is_long(fault) else fault.lasts * LONGEST_S
        return self._crew.freeze(pids, lasts)

    def _worker(self, fault: Fault) -> Role:
        return self._crew.roles[f"worker-{fault.worker + 1}"]

    def _scheduler(self) -> int:
        return self._crew.roles["scheduler"].pid

    def _web(self) -> int:
        return self._crew.roles["web"].pid

    def _database(self) -> list[int]:
        assert self._stage.server is not None
        return family(self._stage.server.pid)

    def _web_child(self) -> list[int]:
        children = self._crew.roles["web"].children
        return [self._die.choice(children)] if children else []

    def _stop_database(self, fault: Fault) -> bool:
        self._crew.thaw(self._database())  # frozen, it would not hear that it is to stop
        self._stage.restart_database(fault.lasts * 0.3)
        return True

    def _kill_queue(self, fault: Fault) -> bool:
        self._stage.restart_valkey(fault.lasts * 0.5)
        return True

    def _flush_queue(self, _fault: Fault) -> bool:
        with self._stage.queue() as queue:
            try:
                return bool(queue.flushall())
            except RedisError:
                return False
