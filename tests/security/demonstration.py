"""A whole system of separate processes with demonstration accounts, on which Plays are played."""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.children import find_free_port
from tests.e2e.cast import Staff
from tests.e2e.demo import Play
from tests.support.servers import Api, Worker, run_command, start_api, start_worker
from tests.support.system import System, start_servers


@dataclass(frozen=True)
class Demonstration:
    """What runs."""

    system: System
    api: Api
    worker: Worker

    def play(self) -> Play:
        """Play the main job whole."""
        with contextlib.redirect_stdout(io.StringIO()):
            play = Play(self.api.url)
            play.run()
        return play

    def begin(self) -> Play:
        """Play the main job up to the acceptance, so that something is under way."""
        with contextlib.redirect_stdout(io.StringIO()):
            play = Play(self.api.url)
            play._arrive()
            item, point = play._choose()
            play.clerk = Staff(play._base, f"clerk-{point}")
            play.clerk.log_in()
            pre_review = play._review(item, point)
            play._accept(item, play._visit(item, point, pre_review), pre_review)
        return play


@contextlib.contextmanager
def start_demonstration(**env: str) -> Iterator[Demonstration]:
    """Run everything; the post's pushes reach the API. `env` changes settings.

    No engine is opened in this process, which may have one already.
    """
    port = find_free_port()
    with start_servers(f"http://127.0.0.1:{port}/api/v1/callbacks/carriers/ems") as system:
        system.env.update(env)
        run_command("server migrate", system.env)
        run_command("server seed", system.env)
        with start_api(system.env, port) as api, start_worker(system.env) as worker:
            yield Demonstration(system, api, worker)
