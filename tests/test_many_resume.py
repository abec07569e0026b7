"""Passes that are interrupted, killed, planned and computed elsewhere: always the same bytes."""

import json
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from dying import child, moments
from stands import Stand

import zoo
from zoo.cli import main
from zoo.data import synthetic
from zoo.errors import InputError, IntegrityError
from zoo.many import units
from zoo.many.run import ManyFiles
from zoo.predict import prediction

LENGTHS = {"chr1": 20_003, "chr2": 12_001}
REGIONS = ["chr1:1,001-14,000", "chr2:5,001-9,000", "chr1:5,001-5,900"]
WRITE = ("bed", "bigwig", "matrix", "matrix_parquet", "matrix_zarr", "h5ad")
MOMENTS = 10


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return synthetic.make(tmp_path_factory.mktemp("resume"), LENGTHS, seed=6, samples=2)


@pytest.fixture
def short_units(monkeypatch: pytest.MonkeyPatch) -> int:
    """Units of at most 64 windows; returns the windows of a unit."""
    monkeypatch.setattr(prediction, "_MOST", 16)
    monkeypatch.setattr(prediction, "_SHARED", 4)
    return 64


@pytest.fixture(scope="module")
def folders(small: zoo.Model, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two models as folders, which other processes can load."""
    root = tmp_path_factory.mktemp("models")
    made = []
    for name, scale in (("test/ONE", 1.0), ("test/TWO", 0.9)):
        from dataclasses import replace

        from zoo import architectures

        network = architectures.build(small.spec.architecture.name, **small.spec.architecture.config)
        network.set_weights([scale * weight for weight in small.network.get_weights()])
        made.append(zoo.Model(replace(small.spec, name=name), network, small.thresholds).save(root / name[-3:]))
    return made


def run(files: synthetic.Synthetic, output: Path, **more: object) -> ManyFiles:
    given = {"genome": files.genome, "samples": {"A": files.signal, "B": files.others[0]}, "regions": REGIONS}
    return zoo.predict_many(**{**given, "output": output, "threshold": 0.3, "write": WRITE, **more})


def bytes_of(output: Path) -> dict[str, bytes]:
    """Of all final files but the sidecar."""
    return {
        path.name.removeprefix(output.name): path.read_bytes()
        for path in output.parent.glob(f"{output.name}.*")
        if path.is_file() and path.suffix != ".json"
    }


def test_killed_at_ten_moments(files, tmp_path, short_units):
    """And interrupted: what was finished is not done again but for a unit, and all files are those of a whole run."""

    def work(output: Path, notes: Path) -> None:
        run(files, output, models=[Stand("a/X", notes=notes), Stand("a/Y", 0.5, window=512)])

    (tmp_path / "whole").mkdir()
    status, steps = child(work, tmp_path / "whole" / "m", tmp_path / "notes")
    assert status == 0
    whole, total = bytes_of(tmp_path / "whole" / "m"), (tmp_path / "notes").stat().st_size
    assert len(whole) == 1 + 2 * 2 * 2 + 4
    for number, moment in enumerate(moments(steps, MOMENTS)):
        folder = tmp_path / str(moment)
        folder.mkdir()
        by, expected = ((signal.SIGKILL, -9), (signal.SIGINT, 130))[number % 2]
        assert child(work, folder / "m", folder / "notes", at=moment, by=by)[0] == expected
        assert child(work, folder / "m", folder / "notes")[0] == 0
        assert bytes_of(folder / "m") == whole, moment
        assert (folder / "notes").stat().st_size <= total + short_units, moment
        assert not (folder / "m.partial").exists()


def test_the_same_call_goes_on_by_unit(files, tmp_path, short_units, interrupt_at):
    models = [Stand("a/X"), Stand("a/Y", 0.5)]
    whole = run(files, tmp_path / "whole", models=models)
    interrupt_at("chr2")
    with pytest.raises(KeyboardInterrupt):
        run(files, tmp_path / "m", models=models)
    kept = len(list((tmp_path / "m.partial").glob("part-*.npz")))
    interrupt_at(None)
    found = run(files, tmp_path / "m", models=models)
    assert kept > 0
    assert (found.resumed, found.units + found.resumed) == (kept, whole.units)
    assert bytes_of(tmp_path / "m") == bytes_of(tmp_path / "whole")
    assert json.loads(found.sidecar.read_text())["resumed"] == kept


@pytest.mark.parametrize("change", [{"reduce": "sum"}, {"regions": REGIONS[:2]}, {"threshold": 0.4}, {"models": 0.6}])
def test_another_call_does_not_take_over_what_depends_on_it(files, tmp_path, short_units, interrupt_at, change: dict):
    interrupt_at("chr2")
    with pytest.raises(KeyboardInterrupt):
        run(files, tmp_path / "m", models=[Stand("a/X")])
    interrupt_at(None)
    given = {**change, "models": [Stand("a/X", change.get("models", 1.0))]}
    assert run(files, tmp_path / "m", **given).resumed == 0
    run(files, tmp_path / "n", **given)
    assert bytes_of(tmp_path / "m") == bytes_of(tmp_path / "n")


def test_other_formats_take_over_what_was_finished(files, tmp_path, short_units, interrupt_at):
    interrupt_at("chr2")
    with pytest.raises(KeyboardInterrupt):
        run(files, tmp_path / "m", models=[Stand("a/X")], write="bed")
    interrupt_at(None)
    assert run(files, tmp_path / "m", models=[Stand("a/X")], write="bed,h5ad").resumed > 0


# --- units elsewhere


def test_units_of_an_executor_give_the_same_bytes(files, folders, tmp_path, short_units):
    whole = run(files, tmp_path / "whole", models=folders)
    with ThreadPoolExecutor(2) as pool:
        found = run(files, tmp_path / "m", models=folders, executor=pool)
        assert pool.submit(int, "3").result() == 3  # it is the caller's, and stays open
    assert found.units == whole.units > 4
    assert bytes_of(tmp_path / "m") == bytes_of(tmp_path / "whole")


def test_a_plan_computed_elsewhere(files, folders, tmp_path, short_units, capsys):
    """Half of its units by the command, then the same call gathers them and computes the others."""
    whole = run(files, tmp_path / "whole", models=folders)
    plan = run(files, tmp_path / "m", models=folders, plan=tmp_path / "units.tsv")
    header, *rows = [line.split("\t") for line in plan.path.read_text().splitlines()]
    assert header == ["unit", "group", "models", "sample", "chrom", "start", "end", "windows", "command"]
    assert (plan.units, plan.total, len(rows)) == (whole.units, whole.units, whole.units)
    assert rows[0][:5] == ["000-000000-0000", "0", "2", "A", "chr1"]
    assert rows[0][-1] == f"zoo unit {tmp_path / 'm.partial'} 000-000000-0000"
    pieces = [row for row in rows if row[3:5] == ["A", "chr1"]]
    assert [row[5] for row in pieces[1:]] == [row[6] for row in pieces[:-1]]
    assert (pieces[0][5], pieces[-1][6]) == ("0", "20003")
    half = [row[0] for row in rows[::2]]
    assert main(["unit", str(plan.folder), *half]) == 0
    assert capsys.readouterr().out == f"{len(half)} units computed, 0 were there\n"
    assert units.compute_units(plan.folder, half[:1]) == 0
    again = run(files, tmp_path / "m", models=folders, plan=tmp_path / "units.tsv")
    assert (again.units, again.total) == (whole.units - len(half), whole.units)
    assert f"{len(half):,} of {whole.units:,} are there" in str(again)
    found = run(files, tmp_path / "m", models=folders)
    assert (found.resumed, found.units) == (len(half), whole.units - len(half))
    assert bytes_of(tmp_path / "m") == bytes_of(tmp_path / "whole")
    assert not plan.folder.exists()
    done = run(files, tmp_path / "m", models=folders, plan=tmp_path / "units.tsv")
    assert (done.units, len(plan.path.read_text().splitlines())) == (0, 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("000-000000-9999", "must be one of the plan"),
        ("0-0-0", "must be named as in the plan"),
        ("../x", "must be named as in the plan"),
    ],
)
def test_units_that_no_plan_has(files, folders, tmp_path, short_units, capsys, name: str, said: str):
    plan = run(files, tmp_path / "m", models=folders[:1], plan=tmp_path / "units.tsv")
    with pytest.raises(InputError, match=said):
        units.compute_units(plan.folder, [name])
    assert main(["unit", str(plan.folder), name]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_a_plan(tmp_path, capsys):
    assert main(["unit", str(tmp_path), "000-000000-0000"]) == 2
    assert "folder of a plan must hold work" in capsys.readouterr().err


def test_a_plan_does_not_replace_what_is_read(files, folders, tmp_path):
    with pytest.raises(InputError, match="replace no folder and no file that the run reads"):
        run(files, tmp_path / "m", models=folders, plan=files.signal)


def test_units_of_models_or_files_that_changed(files, folders, tmp_path, short_units):
    """Between the plan and its units: refused, never mixed."""
    track = tmp_path / "a.bw"
    track.write_bytes(files.signal.read_bytes())
    plan = run(files, tmp_path / "m", models=folders[:1], samples=track, plan=tmp_path / "units.tsv")
    track.write_bytes(files.signal.read_bytes() + b"\0")
    with pytest.raises(IntegrityError, match="must see the same files"):
        units.compute_units(plan.folder, ["000-000000-0000"])
    track.unlink()
    with pytest.raises(IntegrityError, match="bytes=None"):
        units.compute_units(plan.folder, ["000-000000-0000"])


def test_a_worker_that_comes_late_writes_nothing(files, folders, tmp_path, short_units, monkeypatch):
    """Another call began other work in the folder while it computed."""
    first = run(files, tmp_path / "m", models=folders[:1], plan=tmp_path / "units.tsv")
    real = units.Work.compute

    def late(work, unit):
        found = real(work, unit)
        monkeypatch.setattr(units.Work, "compute", real)
        run(files, tmp_path / "m", models=folders[:1], reduce="sum", plan=tmp_path / "units.tsv")
        return found

    monkeypatch.setattr(units.Work, "compute", late)
    with pytest.raises(IntegrityError, match="must find the work that it was given"):
        units.compute_units(first.folder, ["000-000000-0000"])
    assert not list(first.folder.glob("part-*.npz"))


def test_two_processes_give_the_same_bytes(files, folders, tmp_path):
    whole = run(files, tmp_path / "whole", models=folders, regions=REGIONS[:1])
    found = run(files, tmp_path / "m", models=folders, regions=REGIONS[:1], workers=2)
    assert found.units == whole.units == 2
    assert bytes_of(tmp_path / "m") == bytes_of(tmp_path / "whole")
    np.testing.assert_array_equal(found.matrix.values["max"], whole.matrix.values["max"])


def test_the_command_of_a_plan_is_one_of_the_shell(files, folders, tmp_path):
    """Of a folder whose name has a space."""
    import shlex

    output = tmp_path / "my data" / "m"
    plan = run(files, output, models=folders[:1], plan=tmp_path / "units.tsv")
    line = plan.path.read_text().splitlines()[1].split("\t")[-1]
    shown = subprocess.run(["bash", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True).stdout.splitlines()
    assert shown == shlex.split(line) == ["zoo", "unit", str(plan.folder), "000-000000-0000"]
