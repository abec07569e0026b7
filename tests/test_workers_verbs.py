"""Attribution, variants and haplotypes on other processes: the bytes of the serial work."""

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.attribution import run as attribution
from zoo.attribution.methods import Gradients
from zoo.errors import InputError, IntegrityError
from zoo.genome.sequence import Genome
from zoo.model import Model
from zoo.variants import run as variants
from zoo.workers import calls


@pytest.fixture(scope="module")
def processes():
    """One, for all tests: it imports TensorFlow once."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        yield executor


@pytest.fixture(scope="module")
def vcf(genome_files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Substitutions every 400 bp, phased."""
    genome = Genome(genome_files.genome)
    rows = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tdonor"]
    for place in range(1_000, 21_000, 400):
        base = genome.sequence("chr1", place, place + 1)
        if base in "ACGT":
            rows.append(f"chr1\t{place + 1}\t.\t{base}\t{'ACGT'['CGTA'.index(base)]}\t.\t.\t.\tGT\t0|1")
    path = tmp_path_factory.mktemp("vcf") / "v.vcf"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def work(genome_files, vcf: Path, small: Model, monkeypatch: pytest.MonkeyPatch):
    """Function: a verb of the model, to files of a folder."""
    monkeypatch.setattr(attribution, "_KEPT", 1)
    monkeypatch.setattr(variants, "_KEPT", 8)
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "progress": False}
    regions = [f"chr2:{start + 1}-{start + 300}" for start in range(1_000, 21_000, 1_000)]
    verbs = {
        "attribute": {"regions": regions, "target": (2, 5), "seed": 3},
        "score_variants": {"variants": vcf, "profiles": True},
        "predict_haplotypes": {"variants": str(vcf), "regions": "chr1:1-100,000"},
    }

    def call(verb: str, folder: Path, **how: object):
        return getattr(small, verb)(**{**files, **verbs[verb], "output": folder / "out", **how})

    return call


def content(folder: Path) -> dict[str, bytes]:
    """Of all files; of the record what does not tell the time."""
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    record = json.loads(found.pop("out.json"))
    return {**found, "record": json.dumps({**record, "seconds": 0}).encode()}


@pytest.mark.parametrize("verb", ["attribute", "score_variants", "predict_haplotypes"])
def test_processes_and_threads_give_the_same_bytes(verb: str, work, processes, tmp_path: Path, monkeypatch):
    made, put = [], calls.Place.make
    folders = [tmp_path / name for name in ("serial", "processes", "threads")]
    for folder in folders:
        folder.mkdir()
    work(verb, folders[0])
    work(verb, folders[1], executor=processes)
    monkeypatch.setattr(
        calls.Place, "make", lambda place, name, compute: (made.append(name), put(place, name, compute))
    )
    with ThreadPoolExecutor(2) as executor:
        work(verb, folders[2], executor=executor)
    assert content(folders[1]) == content(folders[0])
    assert content(folders[2]) == content(folders[0])
    assert len(set(made)) == len(made) >= (1 if verb == "predict_haplotypes" else 4)


def test_a_run_goes_on_where_workers_left_it(work, tmp_path: Path):
    """Parts of workers are those of this process."""
    (tmp_path / "whole").mkdir()
    work("score_variants", tmp_path / "whole")

    class Stops(ThreadPoolExecutor):
        def submit(self, function, unit):
            if unit.start >= 16:
                raise RuntimeError("cannot schedule new futures after shutdown")
            return super().submit(function, unit)

    (tmp_path / "parts").mkdir()
    with Stops(1) as executor, pytest.raises(zoo.errors.ZooError, match="the same call goes on from there"):
        work("score_variants", tmp_path / "parts", executor=executor)
    kept = sorted(path.name for path in (tmp_path / "parts" / "out.partial").glob("part-0*.npz"))
    assert kept == ["part-000000000.npz", "part-000000008.npz"]
    work("score_variants", tmp_path / "parts")
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


def test_a_model_that_changed_after_it_was_loaded_is_refused(work, small: Model, tmp_path: Path):
    """Its file has other weights than this process."""
    before = small.network.get_weights()
    small.network.set_weights([weight + np.float32(0.5) for weight in before])
    try:
        with ThreadPoolExecutor(1) as executor, pytest.raises(IntegrityError, match="must have the same models"):
            work("attribute", tmp_path, executor=executor)
    finally:
        small.network.set_weights(before)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"output": None, "workers": 2}, "Work without output must be given without workers"),
        ({"output": None, "dask": "tcp://127.0.0.1:9"}, "without dask"),
        ({"executor": 3}, "must be one of concurrent.futures"),
        ({"workers": 0}, "workers"),
        (
            {"workers": 1, "seed": None, "method": Gradients()},
            "method must be a path, text or a number, if other",
        ),
        ({"workers": 1, "x": np.zeros((1, 256, 5), np.float32)}, "Windows x must be given without"),
    ],
)
def test_what_other_processes_cannot_do_is_refused(how: dict, says: str, work, tmp_path: Path):
    with pytest.raises(InputError, match=says):
        work("attribute", tmp_path, **how)


def test_arrays_and_models_of_this_process_stay_here(small: Model, tmp_path: Path):
    x = np.eye(5, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (2, 256))]
    with pytest.raises(InputError, match="x must be a path, text or a number"):
        small.attribute(x, output=tmp_path / "a", workers=1)
    with pytest.raises(InputError, match=r"one that zoo.load gave.*Save it"):
        Model(small.spec, small.network).attribute(x, output=tmp_path / "b", workers=1)


def test_paths_of_a_call_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Workers are elsewhere; what is no file stays what it is."""
    monkeypatch.chdir(tmp_path)
    Path("a.bw").touch()
    assert calls._plain("signal", {"ATAC": "a.bw", "other": None}) == {"ATAC": str(tmp_path / "a.bw"), "other": None}
    assert calls._plain("regions", "chr1:1-10") == "chr1:1-10"
    assert calls._plain("method", "a.bw") == "a.bw"
    assert calls._plain("target", (np.int64(8), 24)) == [8, 24]
    assert calls._tuples({"target": [8, [24]]}) == {"target": (8, (24,))}
