"""One pass on processes, threads and a Dask cluster: the bytes of the serial one, whatever is lost meanwhile."""

import json
import multiprocessing
import shutil
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import clusters
import numpy as np
import pytest
from conftest import small_spec

import zoo
from zoo.errors import InputError, ZooError
from zoo.genome.bigwig import Writer
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.many import request, units
from zoo.model import Model
from zoo.spec import InputSpec, TrackSpec
from zoo.workers import dask

SAMPLES = 16  # each a unit


@pytest.fixture(scope="module")
def asked(small_folder: Path, genome_files) -> dict[str, object]:
    """Arguments of a pass."""
    samples = {f"s{number:02d}": genome_files.signal for number in range(SAMPLES)}
    return {
        "models": str(small_folder),
        "genome": genome_files.genome,
        "samples": samples,
        "regions": ["chr1:1-20,000", "chr2:5,001-9,000"],
        "write": "bed,bigwig,matrix",
        "reduce": ("max", "mean"),
        "progress": False,
    }


def passed(asked: dict[str, object], folder: Path, **how: object):
    """The pass, to files of this folder."""
    return zoo.predict_many(**asked, output=folder / "out", **how)


def content(folder: Path) -> dict[str, bytes]:
    """Of all files; of the record what does not tell the time."""
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith("out.")}
    record = json.loads(found.pop("out.json"))
    return {**found, "record": json.dumps({**record, "seconds": 0, "resumed": 0}).encode()}


@pytest.fixture(scope="module")
def wanted(asked: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of the serial pass."""
    folder = tmp_path_factory.mktemp("serial")
    assert passed(asked, folder).units == SAMPLES
    found = content(folder)
    assert len(found) == 2 * SAMPLES + 3  # matrix, summary, record
    return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory):
    """Two workers."""
    pytest.importorskip("distributed")
    with clusters.Cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


def parts(folder: Path) -> int:
    """Finished units."""
    return len(list((folder / "out.partial").glob("part-*.npz")))


def when(holds, act) -> None:
    """Do something once something holds, in a thread."""

    def wait() -> None:
        clusters.until(holds, 120)
        act()

    threading.Thread(target=wait, daemon=True).start()


def test_processes_give_the_same_bytes(asked, wanted, tmp_path: Path):
    assert passed(asked, tmp_path, workers=2).units == SAMPLES
    assert content(tmp_path) == wanted


def test_threads_give_the_same_bytes(asked, wanted, tmp_path: Path):
    with ThreadPoolExecutor(3) as executor:
        passed(asked, tmp_path, executor=executor)
    assert content(tmp_path) == wanted


def test_forked_processes_are_refused(asked, wanted, tmp_path: Path):
    refused = pytest.raises(ZooError, match=r"must not compute in a process that was forked.*mp_context")
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as executor, refused:
        passed(asked, tmp_path, executor=executor)


def test_workers_need_paths(asked, small, genome_files, tmp_path: Path):
    with pytest.raises(InputError, match="must be given by a name or a path, if other processes compute"):
        passed({**asked, "models": small}, tmp_path, workers=1)


def test_tracks_that_are_open_keep_what_they_are(genome_files):
    """What bases without data have is no part of a path."""
    tracks = {"signal": Signal(genome_files.signal, 0.5), "other": str(genome_files.signal)}
    plain = json.loads(json.dumps({name: request._track(name, value) for name, value in tracks.items()}))
    again = request._opened(plain)
    assert (again["signal"].fill, again["other"]) == (0.5, str(genome_files.signal))


@pytest.mark.filterwarnings("ignore:.*thin")
def test_bases_without_data_are_what_the_model_says(small: Model, genome_files, tmp_path: Path):
    """As in a single prediction, and not 0."""
    track = tmp_path / "gaps.bw"
    with Writer(track, Genome(genome_files.genome).sizes) as writer:
        writer.add("chr1", np.array([900]), np.array([1_500]), np.array([1.0]))
    reads = InputSpec(256, "none", (TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.25),))
    model = Model(small_spec(input=reads), small.network)
    files = {"genome": genome_files.genome, "regions": ["chr1:1-4,000"], "progress": False}
    found = zoo.predict_many(model, samples={"a": track}, reduce="mean", **files)
    single = model.predict(signal=track, **files)[0]
    assert found.of(model.spec.name, "a")[0] == pytest.approx(float(np.nanmean(single.scores)), abs=1e-6)


def test_two_workers_one_of_which_is_killed_give_the_same_bytes(asked, wanted, cluster, tmp_path: Path):
    when(lambda: parts(tmp_path) >= 3, cluster.workers[0].kill)
    found = passed(asked, tmp_path, dask=str(cluster.file))
    assert (found.units, found.resumed) == (SAMPLES, 0)
    assert content(tmp_path) == wanted


def test_a_worker_elsewhere_that_has_other_files_is_refused(asked, wanted, cluster, tmp_path: Path, monkeypatch):
    """The signal changes after the request was written."""
    signal = shutil.copy(next(iter(asked["samples"].values())), tmp_path / "signal.bw")
    of = units.Place.of

    def then_changed(*arguments):
        place = of(*arguments)
        with open(signal, "ab") as file:
            file.write(b"more")
        return place

    monkeypatch.setattr(units.Place, "of", then_changed)
    with pytest.raises(ZooError, match=r"signal.bw: A worker must see the same files"):
        passed({**asked, "samples": {"a": signal}}, tmp_path, dask=str(cluster.file))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_workers_killed_at_ten_moments(asked, wanted, cluster, tmp_path: Path):
    """After each of ten counts of finished units, and a little later each time."""
    if cluster.workers[0].poll() is not None:  # killed above
        cluster.workers[0] = cluster.add()
    for moment in range(10):
        folder = tmp_path / str(moment)
        folder.mkdir()
        victim = cluster.workers[moment % 2]

        def kill(victim=victim, moment=moment) -> None:
            threading.Event().wait(0.03 * moment)
            victim.kill()

        when(lambda folder=folder, moment=moment: parts(folder) >= 1 + moment * (SAMPLES - 4) // 9, kill)
        passed(asked, folder, dask=str(cluster.file))
        assert content(folder) == wanted, moment
        victim.wait()
        cluster.workers[moment % 2] = cluster.add()


def test_a_scheduler_that_goes_away_leaves_what_is_finished(asked, wanted, cluster, tmp_path: Path, monkeypatch):
    """The last test of this cluster."""
    monkeypatch.setattr(dask, "_WAIT_S", 8)
    when(lambda: parts(tmp_path) >= 2, cluster.scheduler.kill)
    with pytest.raises(ZooError, match="the same call goes on from there"):
        passed(asked, tmp_path, dask=str(cluster.file))
    kept = parts(tmp_path)
    assert 2 <= kept < SAMPLES
    found = passed(asked, tmp_path)
    assert (found.units, found.resumed) == (SAMPLES - kept, kept)
    assert content(tmp_path) == wanted
