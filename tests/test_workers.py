"""Units on other processes: what is lost is done again, what cannot be done is said, nothing is left behind."""

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import clusters
import pytest

from zoo.environment import versions
from zoo.errors import InputError, IntegrityError, MissingExtra, ZooError, ZooWarning
from zoo.files import process
from zoo.files.partial import Partial
from zoo.workers import dask, places
from zoo.workers.dask import watched
from zoo.workers.executors import executor_of
from zoo.workers.places import Place
from zoo.workers.processes import Processes
from zoo.workers.running import run


class Scripted:
    """An executor whose futures end as a list says: with None, or with an error."""

    def __init__(self, *outcomes: BaseException | None) -> None:
        self.outcomes, self.submitted = list(outcomes), []

    def submit(self, function, unit) -> Future:
        self.submitted.append(unit)
        future, outcome = Future(), self.outcomes.pop(0) if self.outcomes else None
        if outcome is None:
            future.set_result(function(unit))
        else:
            future.set_exception(outcome)
        return future


class KilledWorker(Exception):
    """What Dask's is called."""


def test_a_unit_whose_worker_is_lost_is_run_again():
    executor, done = Scripted(ConnectionError("gone"), KilledWorker("killed")), []
    assert sorted(run(executor, done.append, [1, 2, 3])) == [1, 2, 3]
    assert sorted(done) == [1, 2, 3]
    assert len(executor.submitted) == 5


def test_a_unit_that_loses_three_workers_ends_the_work():
    executor = Scripted(*[ConnectionError("gone")] * 3)
    with pytest.raises(ZooError, match=r"must stay.*unit=7.*ConnectionError: gone.*goes on from there"):
        list(run(executor, print, [7]))


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError("zoo.many"), RuntimeError("Error during deserialization of the task graph")]
)
def test_workers_with_other_code_are_named_as_such(error: Exception):
    with pytest.raises(ZooError, match="must have the same version of chromatin-zoo"):
        list(run(Scripted(error), print, [1]))


def test_what_a_unit_raises_is_raised_and_the_others_are_taken_back():
    waiting = []

    class Slow(Scripted):
        def submit(self, function, unit) -> Future:
            if unit == 1:
                return super().submit(function, unit)
            waiting.append(Future())
            return waiting[-1]

    with pytest.raises(ValueError, match="mine"):
        list(run(Slow(ValueError("mine")), print, [1, 2, 3]))
    assert [future.cancelled() for future in waiting] == [True, True]


def test_an_executor_that_takes_no_more_units_is_named():
    with ThreadPoolExecutor(1) as executor:
        pass
    with pytest.raises(ZooError, match="must stay, with its workers"):
        list(run(executor, print, [1]))


def test_few_units_wait_at_the_executor():
    """A million units are not handed over at once."""
    executor = Scripted()
    found = run(executor, lambda unit: None, range(10_000))
    next(found)
    assert len(executor.submitted) == 256
    assert len(list(found)) == 9_999


def test_errors_of_other_processes_read_as_they_were_raised():
    error = InputError("A cat must purr", received={"cat": ["a", object]}, where="home", example=3, hint="Feed it")
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(error))))
    assert type(again) is InputError
    assert str(again) == str(error)
    assert (again.rule, again.hint, again.where) == ("A cat must purr", "Feed it", "home")


def test_processes_share_the_cores_and_do_every_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    with executor_of(workers=2) as executor:
        assert len(list(run(executor, clusters.mark, [(str(tmp_path), i) for i in range(20)]))) == 20
    shown = [json.loads(path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()]
    assert len(shown) == 20
    assert os.getpid() not in {item["pid"] for item in shown}
    assert {item["threads"] for item in shown} == {str(max(os.cpu_count() // 2, 1))}


def test_a_process_that_is_killed_is_replaced(tmp_path: Path):
    with Processes(2) as executor:
        done = list(run(executor, clusters.mark_or_die, [(str(tmp_path), i) for i in range(12)]))
    assert sorted(number for _, number in done) == list(range(12))
    assert (tmp_path / "died5").exists()
    assert len(list(tmp_path.glob("*.json"))) == 12


def test_a_unit_that_kills_every_process_ends_the_work(tmp_path: Path):
    with pytest.raises(ZooError, match=r"must stay.*BrokenProcessPool"), Processes(1) as executor:
        list(run(executor, clusters.mark_or_die, [(str(tmp_path), 13)]))


WAITS = """
import sys, clusters
from zoo.workers.processes import Processes
from zoo.workers.running import run

if __name__ == "__main__":
    with Processes(2) as executor:
        list(run(executor, clusters.mark_and_wait, [(sys.argv[1], i) for i in range(8)]))
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_the_one_that_began_them(by: int, tmp_path: Path):
    """Killed, or stopped by Ctrl-C, which the terminal sends to all of them."""
    script = tmp_path / "waits.py"
    script.write_text(WAITS, encoding="utf-8")
    marks = tmp_path / "marks"
    marks.mkdir()
    parent = subprocess.Popen(
        [sys.executable, script, marks],
        env=clusters.environment(),
        start_new_session=True,
        stderr=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    clusters.until(lambda: len(list(marks.iterdir())) == 2)
    time.sleep(0.1)
    children = [json.loads(path.read_text(encoding="utf-8"))["pid"] for path in marks.iterdir()]
    assert all(map(clusters.alive, children))
    if by == signal.SIGINT:
        os.killpg(parent.pid, by)
        _, errors = parent.communicate(timeout=30)
        assert errors.decode().count("Traceback") == 1  # the parent's own
    else:
        parent.kill()
        parent.communicate()
    clusters.until(lambda: not any(map(clusters.alive, children)), 20)


@pytest.fixture
def job(tmp_path: Path):
    """A job at work."""
    with Partial("test", tmp_path / "out.partial", tmp_path / "out.tsv") as work:
        work.keep_parts_of({"a": 1})
        yield work


def keep_text(text: str):
    """As `Place.make` takes it."""
    return lambda: lambda path: path.write_text(text, encoding="utf-8")


def test_a_worker_keeps_a_part_once(job: Partial):
    place = Place.of(job, {"what": "x"}, {"m": "12"}, [])
    assert place == pickle.loads(pickle.dumps(place))
    assert place.read() == {"what": "x"}
    assert place.make("u", keep_text("first"))
    assert not place.make("u", keep_text("second"))
    assert job.part("u").read_text(encoding="utf-8") == "first"


def test_a_worker_must_see_the_folder_of_the_output(job: Partial):
    place = Place.of(job, {}, {}, [])
    Path(place.request).unlink()
    with pytest.raises(InputError, match="folder of the output must be on a disk that every worker sees, and"):
        place.make("u", keep_text("x"))


def test_a_worker_must_see_the_same_files(job: Partial, tmp_path: Path):
    path = tmp_path / "signal.bw"
    path.write_bytes(b"a" * 3_000_000)
    place = Place.of(job, {}, {}, [path, {"other": str(path)}, None])
    assert list(json.loads(Path(place.request).read_text(encoding="utf-8"))["files"]) == [str(path)]
    assert place.read() == {}
    path.write_bytes(b"a" * 2_999_999 + b"b")
    with pytest.raises(IntegrityError, match=r"must see the same files.*bytes=3000000.*another file there"):
        place.read()
    path.unlink()
    with pytest.raises(IntegrityError, match=r"bytes=None.*is not there"):
        place.read()


def test_a_worker_must_have_the_same_models_and_packages(job: Partial, monkeypatch: pytest.MonkeyPatch):
    place = Place.of(job, {}, {"m": "12", "n": "34"}, [])
    place.check({"m": "12", "n": "34"})
    with pytest.raises(IntegrityError, match=r"same models.*different=\['n'\]"):
        place.check({"m": "12", "n": "35"})
    monkeypatch.setattr(places, "versions", lambda: {**versions(), "numpy": "0.1"})
    with pytest.raises(IntegrityError, match=r"same packages.*numpy='0.1, not "):
        place.check({"m": "12", "n": "34"})


def test_a_worker_keeps_nothing_of_a_run_that_is_over(job: Partial):
    """It may end its unit after the user has stopped the work and begun another one at the same place."""
    place = Place.of(job, {}, {}, [])

    def meanwhile():
        job.keep_parts_of({"a": 2})
        Place.of(job, {}, {}, [])
        return lambda path: path.write_text("old", encoding="utf-8")

    with pytest.raises(IntegrityError, match="must find the work that it was given"):
        place.make("u", meanwhile)
    assert not job.part("u").exists()


def test_a_part_must_appear_here_too(job: Partial, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(places, "_APPEARS_S", 0.3)
    place = Place.of(job, {}, {}, [])

    class Unit:
        name = "u"

    with pytest.raises(ZooError, match="must appear in the folder of the output"):
        list(place.done_by(Scripted(), lambda unit: None, [Unit]))


def test_threads_make_one_part_at_a_time(job: Partial):
    """Readers and networks are not used by two at once."""
    place, inside, most = Place.of(job, {}, {}, []), [], []

    def compute():
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return lambda path: path.touch()

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(lambda i: place.make(str(i), compute), range(8)))
    assert most == [1] * 8


def test_a_process_that_was_forked_from_one_that_computes_is_refused(job: Partial, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process, "_computing", None)
    process.enter()
    place = Place.of(job, {}, {}, [])
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as executor:
        future = executor.submit(partial(_make, place))
        with pytest.raises(ZooError, match=r'mp_context=multiprocessing.get_context\("spawn"\)'):
            future.result()


def _make(place: Place) -> None:
    place.make("u", keep_text("x"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"executor": 3}, "must be one of concurrent.futures"),
        ({"executor": ThreadPoolExecutor(1), "workers": 2}, "without workers"),
        ({"dask": "tcp://127.0.0.1:9", "workers": 2}, "without workers"),
        ({"workers": 0}, "workers"),
        ({"dask": "tcp://127.0.0.1"}, "tcp://HOST:PORT"),
        ({"dask": "udp://127.0.0.1:7"}, "tcp://HOST:PORT"),
        ({"dask": "scheduler.json"}, "must be readable: No such file"),
        ({"dask": 8786}, "must be named by its address or file"),
        ({"dask": __file__}, "this is not the file of one"),
    ],
)
def test_what_is_no_executor_is_refused(given: dict, says: str):
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match=says), executor_of(**given):
        pass


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"pip install .*\[dask\]"), executor_of(dask="tcp://127.0.0.1:9"):
        pass


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask, "_WAIT_S", 1)
    with pytest.raises(InputError, match="must answer"), executor_of(dask="tcp://127.0.0.1:9"):
        pass


def test_units_on_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without workers; with two, one of which is killed; and when the scheduler goes away."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask, "_WAIT_S", 2)
    with clusters.Cluster(tmp_path, 0) as cluster:
        with pytest.raises(ZooError, match="must have a worker"), executor_of(dask=str(cluster.file)):
            pass
        monkeypatch.setattr(dask, "_WAIT_S", 60)
        cluster.workers += [cluster.add(), cluster.add()]
        done = []
        with executor_of(dask=str(cluster.file)) as executor:
            for unit in run(executor, clusters.mark, [(str(tmp_path), i) for i in range(300)]):
                done.append(unit)
                if len(done) == 10:
                    cluster.workers[0].kill()
        assert sorted(number for _, number in done) == list(range(300))
        monkeypatch.setattr(dask, "_WAIT_S", 3)
        threading.Thread(target=_kill_when, args=(cluster.scheduler, tmp_path / "1000.json"), daemon=True).start()
        gone = pytest.raises(ZooError, match=r"must stay.*What was finished is kept")
        with gone, executor_of(dask=str(cluster.file)) as executor:
            list(run(executor, clusters.mark_and_wait, [(str(tmp_path), 1000), (str(tmp_path), 1001)]))


def test_a_cluster_without_workers_is_told_once(tmp_path: Path):
    """Of a client of the user's, whose workers may come later."""
    distributed = pytest.importorskip("distributed")
    with clusters.Cluster(tmp_path, 0) as cluster, distributed.Client(scheduler_file=str(cluster.file)) as client:
        given = client.get_executor(resources={"MEMORY": 1})
        executor = watched(given)
        assert executor._executor is given
        with pytest.warns(ZooWarning, match="no worker at present"):
            executor.check()
        executor.check()  # a warning would be an error here


def _kill_when(scheduler: subprocess.Popen, path: Path) -> None:
    clusters.until(path.exists)
    scheduler.kill()
