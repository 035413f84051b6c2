"""The web server: Granian, with sockets, limits and a start of our own."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from granian._granian import CallbackScheduler, RSGIWorker, SocketHolder
from granian._signals import set_sync_signals
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import mp
from granian.server.common import WORKERS_METHODS

from petition.cli.listening import BACKLOG
from petition.errors import PetitionError
from petition.web.http.gateway import BODY_SECONDS, App, Gateway

WORKERS: Final = 2
THREADS: Final = 16
HEADER_SECONDS: Final = 10
"""Until a request's line and headers must be there, and how long a connection may rest."""
HEADER_BYTES: Final = 64 * 1024
CONNECTIONS: Final = 4096
"""Open connections of one process; further ones wait in the system's queue."""
STOP_SECONDS: Final = 30
LOOK_SECONDS: Final = 0.5
SPARE_FILES: Final = 512

FAILED_STARTS: Final = 3
DEATHS: Final = 12
WITHIN_SECONDS: Final = 10.0
"""So many failed starts, or sudden ends, of web processes within so short a time are for good."""

PR_SET_PDEATHSIG: Final = 1
"""prctl(2): the signal that a process gets when its parent is gone."""

log = logging.getLogger(__name__)


class WebFailed(PetitionError):
    """The web processes do not run."""


class _Loop:
    """Stands where Granian knows an event loop: what it would run there, the app's threads do."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def call_soon_threadsafe(
        self, callback: Callable[..., None], *arguments: object, context: object = None
    ) -> None:
        self._gateway.soon(lambda: callback(*arguments))

    call_soon = call_soon_threadsafe


class _Requests(CallbackScheduler):
    """Granian hands each request to the scheduler of its coroutines; this one has none."""

    def __init__(self, _loop: _Loop, gateway: Gateway, *_: object) -> None:
        super().__init__()
        self._schedule_fn = lambda watcher: gateway.take(watcher.scope, watcher.proto, watcher.done)


class Server(mp.MPServer):
    """Web processes behind listening sockets; each makes the app for itself.

    A process that dies is started again. Where that does not help, WebFailed says why.
    """

    def __init__(
        self,
        make_app: Callable[[], App],
        sockets: list[socket.socket],
        *,
        threads: int = THREADS,
        body_seconds: float = BODY_SECONDS,
        header_seconds: float = HEADER_SECONDS,
    ) -> None:
        super().__init__(
            "the app",
            interface=Interfaces.RSGI,
            runtime_mode=RuntimeModes.mt,
            workers=len(sockets),
            blocking_threads=1,
            backpressure=_connections(),
            backlog=BACKLOG,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=round(header_seconds * 1000), max_buffer_size=HEADER_BYTES
            ),
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_SECONDS,
            websockets=False,
            log_level=LogLevels.error,
        )
        self._make_app, self._sockets = make_app, sockets
        self._threads, self._body_seconds = threads, body_seconds
        self._failed = _Recently(FAILED_STARTS)
        self._died = _Recently(DEATHS)
        self._reasons, self._reason = os.pipe()
        os.set_blocking(self._reasons, False)
        self._given_up: str | None = None

    def run(self) -> None:
        """Serve until SIGTERM; raises WebFailed."""
        # A worker is forked with the master's handler of SIGTERM, which only takes a note: told to
        # end while it was still importing, or in the moment of its fork, it would go on until it is
        # killed.
        os.register_at_fork(
            before=_hold_back_ends, after_in_child=_end_at_once, after_in_parent=_let_ends_through
        )
        multiprocessing.set_start_method("fork", force=True)  # our sockets are handed on by it
        logging.getLogger("_granian").setLevel(logging.CRITICAL)  # this process speaks for itself
        self.serve(target_loader=self._load, wrap_loader=False)  # type: ignore[arg-type]
        if self._given_up is not None:
            raise WebFailed(self._given_up)

    # -- in a web process -------------------------------------------------------------------

    def _load(self) -> Gateway:
        """Everything that a new web process needs; its end, if it cannot have it."""
        if sys.platform == "linux":
            # A master that was killed cannot end its workers, which would go on answering.
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        for each in self._sockets:
            if each is not self._own:
                each.close()
        try:
            app = self._make_app()
        except Exception as error:
            os.write(self._reason, _one_line(error).encode()[:500] + b"\n")
            sys.exit(1)
        return Gateway(app, self._threads, body_seconds=self._body_seconds)

    @staticmethod
    @mp.WorkerProcess.wrap_target  # type: ignore[untyped-decorator]
    def _spawn_rsgi_worker(
        number: int,
        gateway: Gateway,
        listener: Any,
        ipc: Any,
        _loop: Any,
        mode: RuntimeModes,
        *settings: Any,
    ) -> None:
        """As Granian does it, but for the event loop: requests go straight to the gateway."""
        # Of the settings, the scheduler of coroutines, the log's format and the scope are not ours.
        runtime, blocking, _, idle, most, _, *http, static, _, tls, _, metrics = settings
        ended = threading.Event()
        _hold_back_ends()  # one that comes between these two lines would wake nobody
        asked_to_end = set_sync_signals()  # type: ignore[no-untyped-call]
        asked_to_end.add_cb(ended.set)
        _let_ends_through()
        threads = (runtime, blocking, gateway.threads, idle)
        worker = RSGIWorker(number, listener, ipc, *threads, most, *http, static, *tls, metrics)  # type: ignore[call-arg]
        loop = _Loop(gateway)
        requests = _Requests(loop, gateway, None, _nothing, _nothing)
        getattr(worker, WORKERS_METHODS[mode][False])(requests, loop, asked_to_end)
        _wait(ended)

    # -- in the master ----------------------------------------------------------------------

    def _init_shared_socket(self) -> None:
        self._ssp = self._sso = None

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any) -> mp.WorkerProcess:  # type: ignore[override]
        self._own = self._sockets[idx]
        self._shd = SocketHolder(self._own.fileno(), False, BACKLOG)  # type: ignore[assignment, call-arg]
        return super()._spawn_worker(idx, target, callback_loader)

    def _drop_shared_socket(self) -> None:
        for each in self._sockets:
            each.close()

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        while self._given_up is None:
            _wait(self.main_loop_interrupt)
            self.main_loop_interrupt.clear()
            if self.interrupt_signal:
                return
            if self.reload_signal:
                self._reload(spawn_target, target_loader)  # type: ignore[no-untyped-call]
            ended = []
            while self.interrupt_children:
                ended.append(self.interrupt_children.pop())
            if ended:
                self._judge(ended)
            if ended and self._given_up is None:
                self._respawn_workers(sorted(ended), spawn_target, target_loader)

    def _judge(self, ended: list[int]) -> None:
        """Say what ended, or give up."""
        reasons = self._said()
        for index in ended[len(reasons) :]:
            code = self.wrks[index].inner.exitcode
            log.error("web process %d ended suddenly (%s); another one starts", index + 1, code)
            if self._died.often():
                self._given_up = f"the web processes end again and again, the last one with {code}"
        for reason in reasons:
            if self._failed.often():
                self._given_up = f"the web processes do not start: {reason}"

    def _said(self) -> list[str]:
        with contextlib.suppress(BlockingIOError):
            return os.read(self._reasons, 1 << 16).decode(errors="replace").splitlines()
        return []


class _Recently:
    """Whether something has happened too often of late."""

    def __init__(self, often: int) -> None:
        self._times: deque[float] = deque(maxlen=often)

    def often(self) -> bool:
        """Note that it happened now."""
        now = time.monotonic()
        self._times.append(now)
        return len(self._times) == self._times.maxlen and now - self._times[0] < WITHIN_SECONDS


def _wait(event: threading.Event) -> None:
    """Wait for what a signal's handler sets.

    A signal that comes just before the wait begins, or to another thread, does not end the wait,
    and its handler has its turn only after it. So the wait is a short one, again and again.
    """
    while not event.wait(LOOK_SECONDS):
        pass


def _hold_back_ends() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_ends_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_at_once() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_ends_through()


def _connections() -> int:
    """How many connections a process may hold, with as many open files as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    allowed = CONNECTIONS if soft == resource.RLIM_INFINITY else soft - SPARE_FILES
    return max(64, min(CONNECTIONS, allowed))


def _one_line(error: Exception) -> str:
    """What we understand in its own words; of anything else the kind and the place, no values."""
    if isinstance(error, PetitionError):
        return str(error)
    trace = error.__traceback__
    place = ""
    while trace is not None:
        place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return type(error).__name__ + place


def _nothing(*_: object) -> None:
    """Entering and leaving a task, where there are no tasks."""
