"""Work through many tasks on whatever executor there is: threads, processes, a Dask client.

In: a module-level function, tasks one by one, an executor. Out: each task with its result or its exception,
as they finish. Few tasks are handed out at a time; what was not opened here is not closed here. Knows nothing
of what the tasks are; Dask and ipyparallel are known by their methods and never imported.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from .errors import SettingsError
from .settings import available_cpus, can_start_threads, cap_threads

Task = TypeVar("Task")
Result = TypeVar("Result")

ExecutorLike: TypeAlias = "int | Literal['thread', 'process'] | Executor | Any | None"
"""None and 1: one task at a time. A number: so many processes. A name: as many as there are processors. An
`Executor`, a Dask or ipyparallel client: borrowed."""

AHEAD = 2
"""Tasks handed out for each worker: one at work, one waiting, so that none is idle and few are lost."""
ATTEMPTS = 3
"""How often a task is given to a new pool after a worker died; it may be the task that kills."""


class Workers(Generic[Task, Result]):
    """An executor, how large it is, and whose it is."""

    def __init__(self, executor: ExecutorLike) -> None:
        """Take an executor or open one.

        Raises:
            SettingsError: it is none of the kinds of `ExecutorLike`.
        """
        self._make: Callable[[], Executor] | None = None
        self._size: Callable[[], int] = lambda: 1
        self._executor: Executor | None = None
        self.is_here = True
        """Whether the work is done in this process."""
        self.rescued: list[tuple[Task, Result]] = []
        """What was under way when `finish` was ended early, and has come to a result since."""
        if executor is None or (executor == 1 and not isinstance(executor, bool)):
            # A thread of its own, so that what is finished is kept while the next is worked on.
            self._open(lambda: ThreadPoolExecutor(1, "ocr_nb-study") if can_start_threads() else _AtOnce(), 1)
        elif executor == "thread":
            self._open(lambda: ThreadPoolExecutor(available_cpus(), "ocr_nb-study"), available_cpus())
        elif executor == "process" or (isinstance(executor, int) and executor > 1):
            self._open_processes(executor if isinstance(executor, int) else available_cpus())
        else:
            self._borrow(executor)

    def _open(self, make: Callable[[], Executor], size: int) -> None:
        self._make, self._size, self._executor = make, lambda: size, make()

    def _open_processes(self, count: int) -> None:
        self.is_here = False
        # Spawned: a forked child would inherit locks of threads that it does not have.
        context = multiprocessing.get_context("spawn")
        self._open(lambda: ProcessPoolExecutor(count, context, cap_threads, (1,)), count)

    def _borrow(self, given: Any) -> None:
        self.is_here = isinstance(given, ThreadPoolExecutor)
        if isinstance(given, Executor):
            count = getattr(given, "_max_workers", None) or available_cpus()
            self._executor, self._size = given, lambda: int(count)
        elif callable(getattr(given, "get_executor", None)):  # a Dask client; workers come and go
            self._executor = given.get_executor(pure=False)
            self._size = lambda: sum(given.nthreads().values())
        elif callable(getattr(given, "executor", None)):  # an ipyparallel client
            self._executor, self._size = given.executor(), lambda: len(given)
        else:
            raise SettingsError(
                f"executor cannot be {given!r}: give a number of processes, 'thread', 'process', an Executor "
                "or a Dask client."
            )

    def finish(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Result | Exception], None, None]:
        """Yield each task with what `function` returned or raised, as they finish.

        When a worker of our own pool dies, its tasks are given to a new one. When a borrowed executor breaks,
        the tasks it held are yielded with its exception and nothing more is handed out.

        Raises:
            SettingsError: a borrowed executor broke before all tasks were handed out.
        """
        yield from _Round(self, function, iter(tasks)).work()

    @property
    def is_own(self) -> bool:
        """Whether the executor was opened here."""
        return self._make is not None

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Hand out one task."""
        assert self._executor is not None
        return self._executor.submit(function, task)

    @property
    def window(self) -> int:
        """How many tasks may be out at once; asked anew each time, since clusters grow and shrink."""
        return AHEAD * max(1, self._size())

    def renew(self) -> bool:
        """Replace a broken pool of our own; False when it is not ours."""
        if self._make is None:
            return False
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._make()
        return True

    def close(self) -> None:
        """Close what was opened here, after the tasks at work; those waiting are dropped."""
        if self._make is not None and self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Workers[Task, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Round(Generic[Task, Result]):
    """One pass over tasks: which are out, which must be given out again."""

    def __init__(
        self, workers: Workers[Task, Result], function: Callable[[Task], Result], tasks: Iterator[Task]
    ) -> None:
        self.workers, self.function, self.tasks = workers, function, tasks
        self.out: dict[Future[Result], tuple[Task, int]] = {}
        self.again: deque[tuple[Task, int]] = deque()

    def work(self) -> Iterator[tuple[Task, Result | Exception]]:
        try:
            while self._hand_out():
                done, _ = wait(self.out, return_when=FIRST_COMPLETED)
                broken: list[tuple[Task, int, Exception]] = []
                for future in done:
                    task, attempts = self.out.pop(future)
                    result = _result(future)
                    if isinstance(result, BrokenExecutor):
                        broken.append((task, attempts, result))
                    else:
                        yield task, result
                if broken:
                    yield from self._recover(broken)
        finally:
            under_way = [(task, future) for future, (task, _) in self.out.items() if not future.cancel()]
            if self.workers.is_own:  # a borrowed executor may keep us waiting for others' work
                for task, future in under_way:
                    result = _result(future)
                    if not isinstance(result, Exception):
                        self.workers.rescued.append((task, result))

    def _hand_out(self) -> bool:
        """Fill the window; False when everything is done."""
        while len(self.out) < self.workers.window:
            if self.again:
                task, attempts = self.again.popleft()
            else:
                try:
                    task, attempts = next(self.tasks), 1
                except StopIteration:
                    break
            try:
                self.out[self.workers.submit(self.function, task)] = task, attempts
            except BrokenExecutor:
                self.again.appendleft((task, attempts))
                if self.out:
                    break  # the others are about to say so too
                self._renew()
        return bool(self.out)

    def _recover(
        self, broken: list[tuple[Task, int, Exception]]
    ) -> Iterator[tuple[Task, Result | Exception]]:
        """Give the tasks of a broken pool to a new one; those that were there too often have failed."""
        for future in list(self.out):
            task, attempts = self.out.pop(future)
            result = _result(future)
            if isinstance(result, BrokenExecutor):
                broken.append((task, attempts, result))
            else:
                yield task, result
        for task, attempts, error in broken:
            if attempts < ATTEMPTS and self.workers.is_own:
                self.again.append((task, attempts + 1))
            else:
                yield task, error
        self._renew()

    def _renew(self) -> None:
        if not self.workers.renew():
            raise SettingsError(
                "The executor broke (a worker was killed?) and is not ours to replace: run the study again "
                "with a new one; what is finished is stored."
            )


def _result(future: Future[Result]) -> Result | Exception:
    try:
        return future.result()
    except Exception as error:  # from another process: any kind, also of the executor's own
        return error


class _AtOnce(Executor):
    """Does each task when it is handed over, where there are no threads, as in a browser."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it; return the future, done."""
        done: Future[Any] = Future()
        try:
            done.set_result(function(*args, **kwargs))
        except Exception as error:  # an error is a row, whatever it is
            done.set_exception(error)
        return done
