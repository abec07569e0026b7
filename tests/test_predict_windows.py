"""Exact windows, a threshold table of the user's own, the scale of the output."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import TABLE

import zoo
from zoo.errors import GenomeMismatch, InputError, IntegrityError, ZooWarning
from zoo.genome.encode import one_hot
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal


def plain(model: zoo.Model, files, places: list[tuple[str, int]]) -> np.ndarray:
    """Scores of windows that are read one by one."""
    genome, signal = Genome(files.genome), Signal(files.signal)
    rows = [
        np.column_stack([one_hot(genome.codes(chrom, at, at + 256)), signal.values(chrom, at, at + 256)])
        for chrom, at in places
    ]
    return model.predict(np.stack(rows))


def write(path: Path, places: list[tuple[str, int]], length: int = 256) -> Path:
    path.write_text("# windows\n" + "".join(f"{chrom}\t{at}\t{at + length}\n" for chrom, at in places))
    return path


PLACES = [("chr10", 5003), ("chr2", 7), ("chr10", 5067), ("chr10", 9000)]  # the first and the third overlap


def test_a_wrong_window_behind_one_of_no_length(small, genome_files, tmp_path: Path):
    (tmp_path / "w.bed").write_text("chr2\t7\t7\nchr2\t7\t263\n\nchr2\t7\t262\n")
    with pytest.raises(InputError, match=r"w.bed, line 4: Exact windows must have the model's length, 256 bp"):
        small.predict(genome=genome_files.genome, signal=genome_files.signal, windows=tmp_path / "w.bed")


def test_windows_are_predicted_as_they_are(small, genome_files, tmp_path: Path, read_track):
    bed, files = write(tmp_path / "w.bed", PLACES), {"genome": genome_files.genome, "signal": genome_files.signal}
    scores = plain(small, genome_files, PLACES)
    table = small.predict(**files, windows=bed)
    assert [str(row.interval) for row in table] == [f"{chrom}:{at + 1}-{at + 256}" for chrom, at in PLACES]
    np.testing.assert_allclose(table[1].scores, scores[1], atol=1e-6)
    both = (scores[0, 2:] + scores[2, :6]) / 2
    np.testing.assert_allclose(table[0].scores, [*scores[0, :2], *both], atol=1e-6)
    np.testing.assert_allclose(table[2].scores, [*both, *scores[2, 6:]], atol=1e-6)
    assert table[0].starts.tolist() == list(range(5003, 5259, 32))
    threshold = float(np.median(scores))
    made = small.predict(**files, windows=bed, output=tmp_path / "out", threshold=threshold)
    track = read_track(made.bigwig, "chr10")
    np.testing.assert_allclose(track[5003:5323:32], [*scores[0, :2], *both, *scores[2, 6:]], atol=1e-6)
    assert np.flatnonzero(~np.isnan(track)).tolist() == [*range(5003, 5323), *range(9000, 9256)]
    above = np.zeros(len(track), bool)
    for line in made.bed.read_text().splitlines():
        chrom, start, end, *_ = line.split()
        if chrom == "chr10":
            above[int(start) : int(end)] = True
    assert np.array_equal(above, track.astype(float) >= threshold)
    assert len(made.table.read_text().splitlines()) == 1 + 4 * 8
    said = json.loads(made.sidecar.read_text())
    assert said["chromosomes"] == {"chr2": {"bp": 60_001, "windows": 1}, "chr10": {"bp": 40_010, "windows": 3}}
    assert small.predict(**files, windows=bed, output=tmp_path / "out", threshold=threshold).windows == 0
    regions = small.predict(**files, regions=[f"{c}:{a + 1}-{a + 256}" for c, a in PLACES], output=tmp_path / "out")
    assert regions.windows > 4  # another run by its identity


def test_windows_on_the_grid_are_what_the_genome_has_there(small, genome_files):
    """All windows of the grid of a chromosome: every bin is the mean of the same windows."""
    places = [("chr10", at) for at in range(0, 40_010 - 256, 64)]
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    rows = small.predict(**files, windows=[(chrom, at, at + 256) for chrom, at in places])
    whole = small.predict(**files, chromosomes="chr10", compat="maxatac")[0].scores
    for (_, at), row in zip(places, rows, strict=True):
        np.testing.assert_allclose(
            row.scores, whole[at // 32 : at // 32 + 8], atol=3e-6
        )  # stretches fold, these do not


def test_windows_and_the_blacklist(small, genome_files):
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    rows = [("chr10", 1000, 1256), ("chr10", 3000, 3256)]
    call = {**files, "windows": rows, "blacklist": [("chr10", 1100, 1101)]}
    assert np.flatnonzero(np.isnan(small.predict(**call)[0].scores)).tolist() == [3]
    assert [row.interval.start for row in small.predict(**call, compat="maxatac")] == [3000]
    with pytest.raises(InputError, match="A window must be left to predict"):
        small.predict(**{**call, "windows": rows[:1]}, compat="maxatac")
    with pytest.warns(ZooWarning, match="1 regions are left out"):
        found = small.predict(**files, windows=[*rows[:1], ("chr2", 0, 256)], chromosomes="chr2")
    assert [row.interval.chrom for row in found] == ["chr2"]


@pytest.mark.parametrize("length", [255, 257, 1024])
def test_windows_of_another_length_are_named(small, genome_files, tmp_path: Path, length: int):
    bed = write(tmp_path / "w.bed", PLACES[:2])
    with open(bed, "a", encoding="utf-8") as handle:
        handle.write(f"\nchr10\t100\t{100 + length}\n")
    with pytest.raises(InputError, match=rf"w\.bed, line 5: .*must have the model's length, 256 bp.*bp={length}"):
        small.predict(genome=genome_files.genome, signal=genome_files.signal, windows=bed)


def test_windows_whose_bins_do_not_agree_or_that_reach_past_the_end(small, genome_files):
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    with pytest.raises(InputError, match=r"a multiple of 32 bp apart.*chr10:1-256.*chr10:101-356"):
        small.predict(**files, windows=[("chr10", 100, 356), ("chr10", 0, 256)])
    with pytest.raises(GenomeMismatch):
        small.predict(**files, windows=[("chr10", 40_000, 40_256)])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"regions": "chr10"}, "Exact windows must be given without regions"),
        ({"stride": 64}, "Exact windows must be given without stride"),
        ({"center_only": False}, "Exact windows must be given without center_only"),
        ({"threshold": "precison=0.9"}, "has no BED file and must be given without threshold"),
        ({"threshold": 0.5}, "must be given without threshold"),
        ({"table": "t.tsv"}, "must be given without table"),
        ({"output": "out", "threshold": None, "table": "t.tsv"}, "without a threshold has no BED file"),
        ({"scale": "linear"}, "must be left out for a model"),
        ({"scale": "log2"}, "scale must be one of log1p, log, logit, squashed, linear"),
    ],
)
def test_options_without_effect_are_refused(small, genome_files, tmp_path: Path, monkeypatch, more: dict, said: str):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.tsv").write_text(TABLE)
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "windows": [("chr10", 0, 256)]}
    with pytest.raises(InputError, match=said):
        small.predict(**{**call, **more})
    assert [path.name for path in tmp_path.iterdir()] == ["t.tsv"]


@pytest.mark.parametrize(
    "more",
    [
        {"genome": "g.2bit"}, {"signal": "s.bw"}, {"regions": "chr1"}, {"chromosomes": "chr1"}, {"output": "out"},
        {"windows": "w.bed"}, {"blacklist": "b.bed"}, {"stride": 64}, {"compat": "maxatac"}, {"center_only": True},
        {"threshold": 0.5}, {"threshold": None, "table": "t.tsv"},
    ],
)  # fmt: skip
def test_windows_x_go_with_nothing_else(small, more: dict):
    with pytest.raises(InputError, match=f"Windows x must be given without {list(more)[-1]}"):
        small.predict(np.zeros((1, 256, 5)), **more)


def test_a_table_of_the_users_own(small, genome_files, tmp_path: Path):
    table = tmp_path / "mine.tsv"
    table.write_text(TABLE.replace("0.4\t0.6\t0.7", "0.41\t0.61\t0.7"))
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "chromosomes": "chr10"}
    call |= {"output": tmp_path / "out"}
    own, mine = small.predict(**call), small.predict(**call, table=table)
    assert (own.threshold.score, mine.threshold.score, mine.threshold.precision) == (0.4, 0.41, 0.61)
    assert json.loads(mine.sidecar.read_text())["threshold"]["score"] == 0.41
    assert small.predict(**call, table=table, threshold="precision=0.95").threshold.score == 0.8
    table.write_text("no table\n")
    with pytest.raises(IntegrityError, match=r"mine\.tsv"):
        small.predict(**call, table=table)
    (tmp_path / "t.bed").write_text(TABLE)
    with pytest.raises(InputError, match="must replace no folder and no file that the run reads"):
        small.predict(**{**call, "output": tmp_path / "t"}, table=tmp_path / "t.bed")
    with pytest.raises(InputError, match="table"):
        small.predict(**call, table="~nobodyx/t.tsv")


def test_scales_of_a_model_of_accessibility(genome_files, tmp_path: Path):
    """x is exp of what the model returns, minus 1; averages over strands are of what it returns."""
    model = zoo.load("yeast/ATAC")
    call = {"genome": genome_files.genome, "regions": "chr10:10,001-11,000"}
    logs, linear = model.predict(**call), model.predict(**call, scale="linear")
    np.testing.assert_array_equal(model.predict(**call, scale="log1p")[0].scores, logs[0].scores)
    np.testing.assert_allclose(linear[0].scores, np.exp(logs[0].scores.astype(float)) - 1, rtol=1e-5, atol=1e-6)
    assert np.abs(linear[0].scores - logs[0].scores).max() > 1e-3
    both = model.predict(**call, strands="both", scale="linear")[0].scores
    np.testing.assert_allclose(both, np.expm1(model.predict(**call, strands="both")[0].scores), rtol=1e-5, atol=1e-6)
    files = model.predict(**call, scale="linear", output=tmp_path / "out", threshold=float(np.median(linear[0].scores)))
    assert files.intervals > 0
    assert json.loads(files.sidecar.read_text())["parameters"]["scale"] == "linear"
    assert model.predict(**call, output=tmp_path / "out").windows > 0  # other numbers, another run
    x = np.zeros((1, model.spec.input.window, 4), np.float32)
    np.testing.assert_allclose(model.predict(x, scale="linear"), np.expm1(model.predict(x)), rtol=1e-5)
    (tmp_path / "t.tsv").write_text(TABLE)
    with pytest.raises(InputError, match=r"must be used in the scale that it was measured in.*scale='linear'"):
        model.predict(**call, scale="linear", output=tmp_path / "out", table=tmp_path / "t.tsv")


# --- identity


def test_the_same_call_twice_does_nothing(small, genome_files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr10:1-5,000"}
    call |= {"output": tmp_path / "out"}
    small.predict(**call)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    forward = type(small.forward(("forward",)))
    monkeypatch.setattr(forward, "codes", lambda *_: pytest.fail("a forward pass ran"))
    again = small.predict(**call, batch_size=7)
    assert (again.windows, again.intervals) == (0, len(again.bed.read_text().splitlines()))
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before


def test_whatever_changes_numbers_or_files_is_another_run(small, small_folder, genome_files, tmp_path: Path):
    """Weights that were changed in memory, names of regions, the track's fill value, the flat track, the strands."""
    from zoo.evaluate.baselines import Flat

    region = ("chr10", 2000, 3000)
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "output": tmp_path / "out"}
    frames = [[zoo.Interval(*region, name) for name in names] for names in (["a"], ["b"])]
    assert small.predict(**call, regions=frames[0]).windows > 0
    assert small.predict(**call, regions=frames[0]).windows == 0
    assert small.predict(**call, regions=frames[1]).windows > 0
    assert "\tb\t" in (tmp_path / "out.tsv").read_text()
    flat = {**call, "regions": frames[1], "signal": Flat(Signal(genome_files.signal))}
    with pytest.warns(ZooWarning, match="not normalized"):
        assert small.predict(**flat).windows > 0
    with pytest.warns(ZooWarning, match="not normalized"):
        assert small.predict(**flat).windows == 0
    assert small.predict(**{**flat, "signal": Signal(genome_files.signal, fill=0.5)}).windows > 0
    changed = zoo.load(small_folder)
    changed.network.set_weights([weight + 0.01 for weight in changed.network.get_weights()])
    small.predict(**call, regions=frames[1])
    assert changed.predict(**call, regions=frames[1]).windows > 0
    said = json.loads((tmp_path / "out.json").read_text())
    assert said["model"]["network_sha256"] != small.provenance()["network_sha256"]
    assert said["versions"]["backend"].startswith("tensorflow 2.")


def script(code: str, *arguments: object, timeout: int = 200, **environment: str) -> str:
    """The output of Python in a process of its own; fails when it takes too long."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_backend_is_part_of_the_identity(small, small_folder, genome_files, tmp_path: Path):
    pytest.importorskip("jax")
    call = {"genome": str(genome_files.genome), "signal": str(genome_files.signal), "regions": "chr10:1-5,000"}
    call |= {"output": str(tmp_path / "out")}
    small.predict(**call)
    code = "import sys, json, zoo; model = zoo.load(sys.argv[1]); call = json.loads(sys.argv[2])\n"
    code += "print(model.predict(**call).windows, model.predict(**call).windows, model.check().versions['backend'])"
    first, second, backend = script(code, small_folder, json.dumps(call), KERAS_BACKEND="jax").split(maxsplit=2)
    assert int(first) > 0
    assert int(second) == 0
    assert backend.startswith("jax ")
    assert json.loads((tmp_path / "out.json").read_text())["versions"]["backend"] == backend.strip()


# --- processes


_FORKED = """
import multiprocessing, sys, warnings
import zoo
warnings.simplefilter("ignore")

def work(arguments):
    folder, genome, signal = arguments
    try:
        return len(zoo.load(folder).predict(genome=genome, signal=signal, regions="chr10:1-5,000"))
    except zoo.errors.ZooError as error:
        return str(error)

if __name__ == "__main__":
    method, *arguments = sys.argv[1:]
    zoo.load(arguments[0])
    with multiprocessing.get_context(method).Pool(1) as pool:
        print(pool.apply_async(work, [arguments]).get(150))
"""


def test_a_forked_process_is_told_and_a_spawned_one_works(small_folder, genome_files, tmp_path: Path):
    (tmp_path / "work.py").write_text(_FORKED)
    for method, said in (("fork", "must not compute in a process that was forked"), ("spawn", "1")):
        command = [sys.executable, tmp_path / "work.py", method, small_folder, genome_files.genome, genome_files.signal]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment)
        assert done.returncode == 0, done.stderr[-3000:]
        assert said in done.stdout
        assert (method == "fork") == ("spawn method" in done.stdout)
