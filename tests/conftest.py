"""What tests share: the data beside the project, a model of our own, a small genome; and a limit for every wait."""

import faulthandler
import gc
import json
import os
import random
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}

import zoo
from registry import digests
from zoo import architectures, folder
from zoo.data import synthetic
from zoo.genome.encode import encode
from zoo.genome.sequence import Genome, write_twobit
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

TABLE = "Standard_Thresh\tMonotonic_Avg_Precision\tMonotonic_Avg_Recall\tMonotonic_Avg_log2FC\tAvg_F1\n" + "".join(
    f"{t}\t{p}\t{r}\t{fc}\t{f1}\n"
    for t, p, r, fc, f1 in [
        (0.0, 0.01, 0.99, 0.0, 0.02),
        (0.2, 0.3, 0.9, 4.0, 0.45),
        (0.4, 0.6, 0.7, 6.0, 0.64),
        (0.6, 0.8, 0.5, 6.5, 0.61),
        (0.8, 0.95, 0.1, 7.0, 0.18),
    ]
)


RECIPES = Path(__file__).parents[1] / "recipes"
PLAIN = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # Python takes a locale as it is
_LIMIT_S = 240  # of a wait that names none
_TEST_S = 300  # of a test, as in .pytest.ini
_GRACE_S = 30  # after which a test that hangs where no signal of Python's arrives ends its process


def pytest_configure(config: pytest.Config) -> None:
    """Give every wait a limit, so that whatever hangs has a name."""
    config.stash[_STDERR] = os.dup(2)  # nothing is captured yet
    socket.setdefaulttimeout(_LIMIT_S)
    wait, communicate = subprocess.Popen.wait, subprocess.Popen.communicate
    subprocess.Popen.wait = lambda self, timeout=None: wait(self, _limit(timeout))
    subprocess.Popen.communicate = lambda self, input=None, timeout=None: communicate(self, input, _limit(timeout))
    threading.Thread.join = _joined(threading.Thread.join)


_STDERR = pytest.StashKey[int]()


def _limit(timeout: float | None) -> float:
    return _LIMIT_S if timeout is None else timeout


def _joined(join):
    def joined(self, timeout: float | None = None) -> None:
        join(self, _limit(timeout))
        if timeout is None and self.is_alive():
            raise TimeoutError(f"{self} has not ended within {_LIMIT_S} s")

    return joined


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their number: those of gzip hold the time, and all workers must collect tests of the same names."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    """A test that hangs inside a C library, where no time limit of Python's arrives: say where, and end the process."""
    marker = item.get_closest_marker("timeout")
    limit = marker.args[0] if marker and marker.args else _TEST_S
    faulthandler.dump_traceback_later(limit + _GRACE_S, exit=True, file=item.config.stash[_STDERR])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin every test and its fixtures with the same random numbers: Keras seeds initial weights by Python's."""
    random.seed(0)


def _shared() -> Path | None:
    root = os.environ.get("ZOO_SHARED")
    return Path(root) if root and Path(root).is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of goldens, real data and real weights."""
    root = _shared()
    if root is None:
        pytest.skip("ZOO_SHARED does not name a folder with goldens, real data and the authors' weights")
    return root


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory):
    """One cache for the whole run, empty at its start; no network but the loopback."""
    root = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_CACHE", str(root))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setenv("ZOO_UPSTREAM", "http://127.0.0.1:9")  # the discard port: nothing answers
        yield root


@pytest.fixture(scope="module", autouse=True)
def forgotten():
    """What a module leaves in the process, millions of objects of TensorFlow's, is not searched for garbage again."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def asap_data(shared: Path) -> Path:
    """What ASAP's package made of a small synthetic genome."""
    return shared / "golden" / "asap" / "data"


@pytest.fixture(scope="session")
def asap_genome(asap_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Genome:
    """That genome."""
    records = (asap_data / "inputs" / "genome.fa").read_text().split(">")[1:]
    path = tmp_path_factory.mktemp("asap") / "genome.2bit"
    write_twobit(path, {record.split()[0]: encode("".join(record.split("\n")[1:])) for record in records})
    return Genome(path)


@pytest.fixture(scope="session")
def ctcf(shared: Path) -> zoo.Model:
    """The authors' CTCF model."""
    return zoo.load("maxatac/CTCF")


def small_spec(**changes: object) -> ModelSpec:
    """A model of the maxATAC kind, small enough for tests: 256 bp → 8 bins of 32 bp, windows every 64 bp."""
    spec = {
        "name": "test/SMALL",
        "description": "random weights",
        "architecture": Architecture("maxatac", {"window": 256, "filters": 4}),
        "input": InputSpec(256, "none", (TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0),)),
        "outputs": (OutputSpec(8, 32, 0, "SMALL", "binding score", name="binding", kind="binding"),),
        "prediction": PredictionSpec(64, ("forward", "reverse_complement", "rotated", "rotated_reverse_complement")),
        "metrics": {"best_f1": 0.64},
        "provenance": {"source": "tests"},
    }
    return ModelSpec(**{**spec, **changes})


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete model folder with random weights."""
    import keras

    keras.utils.set_random_seed(7)
    spec = small_spec()
    network = architectures.build(spec.architecture.name, **spec.architecture.config)
    random = np.random.default_rng(7)
    network.set_weights([weight + 0.1 * random.random(weight.shape) for weight in network.get_weights()])
    inputs = np.eye(5, dtype=np.float32)[random.integers(0, 4, (50, 256))]
    inputs[..., 4] = random.random((50, 256))
    _spread(network, inputs)
    inputs = inputs[:3]
    target = tmp_path_factory.mktemp("models") / "small"
    target.mkdir()
    golden = folder.Golden(inputs, np.asarray(network(inputs, training=False)))
    folder.write(target, spec, network, golden, TABLE.encode(), "# SMALL\n")
    digests.write_digests(target, {"source": "tests"})
    return target


def _spread(network, inputs: np.ndarray) -> None:
    """Scale the last layer so that scores spread over 0 to 1: answers that are all alike would hide mistakes."""
    head = network.get_layer("binding")
    kernel, _ = head.get_weights()
    features = np.asarray(type(network)(network.input, head.input)(inputs, training=False))
    logits = features @ kernel[0]
    scale = 1.5 / logits.std()
    head.set_weights([kernel * scale, -logits.mean(axis=(0, 1)) * scale])
    assert 0.1 < np.asarray(network(inputs, training=False)).std() < 0.4


@pytest.fixture(scope="session")
def small(small_folder: Path) -> zoo.Model:
    """That model, loaded."""
    return zoo.load(small_folder)


@pytest.fixture(scope="session")
def genome_files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    """A genome of three chromosomes whose lengths no bin size divides, its signal and peaks."""
    lengths = {"chr1": 100_003, "chr2": 60_001, "chr10": 40_010}
    return synthetic.make(tmp_path_factory.mktemp("genome"), lengths, seed=1)


@pytest.fixture(scope="session")
def long_genome(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    """A small chromosome and one that takes seconds, for runs that are stopped at work."""
    return synthetic.make(tmp_path_factory.mktemp("long"), {"chr1": 64_000, "chr2": 4_500_000}, seed=2)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A Hub, an empty cache, an empty folder of indexes, and no other source."""
    import hub_server

    import registry

    with hub_server.serve(tokens={"secret": "lab", "other": "stranger"}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", "secret")
        monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setenv("ZOO_FAMILIES", str(tmp_path / "families"))
        monkeypatch.delenv("ZOO_SHARED", raising=False)
        (tmp_path / "families").mkdir()
        registry.families.cache_clear()
        yield server
    registry.families.cache_clear()


@pytest.fixture
def run_recipe(capfd: pytest.CaptureFixture):
    """Function: run a recipe by its name in a folder, with variables that differ, in this process."""
    import running

    def run(recipe: str, *arguments: object, cwd: Path, **environment: str) -> running.Done:
        return running.run(["python", RECIPES / f"{recipe}.py", *arguments], cwd, capfd, **environment)

    return run


@pytest.fixture
def interrupt_at(monkeypatch: pytest.MonkeyPatch):
    """Function: let Ctrl-C happen when this chromosome is predicted, in groups of few windows; with None, no more."""
    from zoo.inputs.reader import WindowReader
    from zoo.predict import prediction

    real = WindowReader.rows
    monkeypatch.setattr(prediction, "_MOST", 16)
    monkeypatch.setattr(prediction, "_SHARED", 16)

    def arm(target: str | None) -> None:
        def rows(reader, chrom, start, end):
            if chrom == target:
                raise KeyboardInterrupt
            return real(reader, chrom, start, end)

        monkeypatch.setattr(WindowReader, "rows", rows)

    return arm


@pytest.fixture
def read_track():
    """Function: the values of a chromosome of a bigWig, NaN where there is none."""
    import pyBigWig

    def read(path: Path, chrom: str) -> np.ndarray:
        with pyBigWig.open(str(path)) as file:
            return file.values(chrom, 0, file.chroms(chrom), numpy=True)

    return read


@pytest.fixture(params=["POSIX", "Latin-1"])
def locale(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a locale that is not Unicode."""
    if request.param == "POSIX":
        return {**PLAIN, "LC_ALL": "POSIX"}
    if not shutil.which("localedef"):
        pytest.skip("localedef, which makes a Latin-1 locale, is not installed")
    folder = tmp_path_factory.mktemp("locales")
    made = subprocess.run(
        ["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(folder / "en_US.ISO-8859-1")], capture_output=True
    )
    if not (folder / "en_US.ISO-8859-1").is_dir():
        pytest.skip(f"a Latin-1 locale cannot be made here ({made.stderr.decode('utf-8', 'replace').strip()[-80:]})")
    return {**PLAIN, "LC_ALL": "en_US.ISO-8859-1", "LOCPATH": str(folder)}


def edit_json(path: Path, **changes: object) -> None:
    """Change top-level keys of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
