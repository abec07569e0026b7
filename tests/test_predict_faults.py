"""What users do by mistake: inputs named as outputs, two runs at once, odd files, odd arguments."""

import json
import os
import struct
import threading
from pathlib import Path

import numpy as np
import pandas
import pyBigWig
import pytest

import zoo
from zoo.errors import GenomeMismatch, InputError, IntegrityError, ZooWarning
from zoo.formats import bigwig
from zoo.genome.encode import encode
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.predict.files import PredictionOutput


@pytest.fixture
def files(genome_files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Copies of the inputs in the current folder, which predictions may try to destroy."""
    for path in (genome_files.genome, genome_files.signal):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "peaks.bed").write_text("chr10\t1000\t2000\n")
    monkeypatch.chdir(tmp_path)
    return {"genome": tmp_path / "genome.2bit", "signal": tmp_path / "atac.bw"}


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("output", "more"),
    [
        ("atac", {"regions": "chr10:1-100"}),
        ("peaks", {"regions": "peaks.bed"}),
        ("peaks.bw", {"regions": "chr10:1-100", "blacklist": Path("peaks.bed")}),
        ("link", {"regions": "chr10:1-100"}),
    ],
)
def test_no_input_is_written_over(small, files, tmp_path: Path, output: str, more: dict):
    (tmp_path / "link.bw").symlink_to(tmp_path / "atac.bw")
    before = everything(tmp_path)
    with pytest.raises(InputError, match="replace no folder and no file"):
        small.predict(**files, output=output, **more)
    assert everything(tmp_path) == before


def test_two_runs_to_one_output(small, files, tmp_path: Path):
    """The second one is refused; the first one does not notice."""
    results = []

    def predict() -> None:
        try:
            results.append(small.predict(**files, output="out"))
        except InputError as error:
            results.append(str(error))

    with PredictionOutput("out"):
        predict()
    assert "written by one run at a time" in results.pop()
    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(result, str) for result in results) >= 1
    assert all("written by one run at a time" in result for result in results if isinstance(result, str)), results
    assert {"out.bw", "out.bed", "out.json"} <= {path.name for path in tmp_path.iterdir()}
    assert not list(tmp_path.glob("*.partial")) + list(tmp_path.glob(".*.lock"))


def test_a_folder_of_the_users_own_is_left_alone(small, files, tmp_path: Path):
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "precious.txt").write_text("mine")
    with pytest.raises(InputError, match="runs make and remove"):
        small.predict(**files, output="out", regions="chr10:1-100")
    assert (tmp_path / "out.partial" / "precious.txt").read_text() == "mine"


def test_files_of_an_earlier_run_do_not_stay_beside_a_new_one(small, files, tmp_path: Path):
    small.predict(**files, output="out", regions="peaks.bed")
    assert (tmp_path / "out.tsv").exists()
    small.predict(**files, output="out", chromosomes="chr10", threshold=None)
    assert {path.name for path in tmp_path.glob("out.*")} == {"out.bw", "out.json"}


def test_a_bed_that_is_not_ours_stays(small, files, tmp_path: Path):
    (tmp_path / "out.bed").write_text("mine\n")
    small.predict(**files, output="out", chromosomes="chr10", threshold=None)
    assert (tmp_path / "out.bed").read_text() == "mine\n"


def test_another_threshold_goes_on_with_what_is_finished(small, files, interrupt_at):
    interrupt_at("chr2")
    with pytest.raises(KeyboardInterrupt):
        small.predict(**files, output="out")
    interrupt_at(None)
    found = small.predict(genome="genome.2bit", signal="atac.bw", output="out", threshold="precision=0.6")
    assert found.resumed == 1


@pytest.mark.parametrize("output", ["..", "sub/", "", b"out", 3, "a\0b", "a" * 300, "file/out"])
def test_outputs_that_are_no_path(small, files, tmp_path: Path, output: object):
    (tmp_path / "file").write_text("")
    before = everything(tmp_path)
    with pytest.raises(InputError, match="output"):
        small.predict(**files, output=output, regions="chr10:1-100")
    assert everything(tmp_path) == before


def test_a_tilde_is_the_home_folder(small, files, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    found = small.predict(genome="~/genome.2bit", signal="~/atac.bw", regions="~/peaks.bed", output="~/out")
    assert found.bigwig == tmp_path / "out.bw"


def track(path: Path, **lengths: int) -> Path:
    scores = ((chrom, np.ones(length, np.float32)) for chrom, length in lengths.items())
    bigwig.write_track(path, lengths, scores, 1)
    return path


def test_a_chromosome_of_another_length_matters_only_where_it_is_used(small, tmp_path: Path):
    """UCSC's hg19 has another chrM than most tracks; chr1 can be predicted all the same."""
    write_twobit(tmp_path / "g.2bit", {"chr1": encode("ACGT" * 500), "chrM": encode("ACGT" * 100)})
    files = {"genome": tmp_path / "g.2bit", "signal": track(tmp_path / "s.bw", chr1=2000, chrM=399)}
    assert len(small.predict(**files, regions="chr1:1-1,000")) == 1
    assert small.predict(**files, output=tmp_path / "out").windows > 0  # chrM is no main chromosome
    with pytest.raises(GenomeMismatch, match="chrM"):
        small.predict(**files, chromosomes="chrM")


def test_chromosomes_and_regions_together(small, files, tmp_path: Path):
    with pytest.warns(ZooWarning, match="^1 regions are left out: they lie on other chromosomes"):
        table = small.predict(**files, chromosomes=["chr2"], regions=["chr10:1-100", "chr2:1-100"])
    assert [str(interval) for interval in table.intervals] == ["chr2:1-100"]
    with pytest.warns(ZooWarning, match="^2 regions are left out"):
        found = small.predict(**files, chromosomes="2", regions=["10:1-9", "1:1-9", "2:1-9"], output="out")
    assert json.loads(found.sidecar.read_text())["left out"]["regions elsewhere"] == 2
    for chromosomes in (["chr1"], ["chr2", "chr1"]):
        with pytest.raises(InputError, match=r"must hold a region.*chromosomes=\['chr1'\], regions on=\['chr2'\]"):
            small.predict(**files, chromosomes=chromosomes, regions=["chr2:1-100"])


def test_ensembl_names(small, tmp_path: Path):
    write_twobit(tmp_path / "g.2bit", {"1": encode("ACGT" * 500), "HLA-A*01:01": encode("ACGT" * 200)})
    files = {"genome": tmp_path / "g.2bit", "signal": track(tmp_path / "s.bw", **{"1": 2000, "HLA-A*01:01": 800})}
    assert small.predict(**files, regions="chr1")[0].interval.end == 2000
    assert small.predict(**files, regions="HLA-A*01:01:11-20")[0].interval.start == 10
    assert small.predict(**files, regions="HLA-A*01:01")[0].interval.end == 800
    assert len(small.predict(**files, chromosomes=["chr1"], compat="maxatac")) == 1
    assert small.predict(**files, output=tmp_path / "out", compat="maxatac").windows == 28


def test_blacklists_are_read_alike_however_they_are_given(small, files, tmp_path: Path):
    (tmp_path / "empty.bed").write_text("")
    arguments = {**files, "regions": "chr10:1-128"}
    for nothing in ([], tmp_path / "empty.bed"):
        assert not np.isnan(small.predict(**arguments, blacklist=nothing)[0].scores).any()
    masked = small.predict(**arguments, blacklist=[("chr10", 64, 10**9), ("chrY", 1, 2)])
    assert np.isnan(masked[0].scores).tolist() == [False, False, True, True]


def test_numpy_numbers_are_numbers(small, files):
    table = small.predict(**files, regions="chr10:1-100", stride=np.int64(32), batch_size=np.int32(8))
    assert len(table[0].scores) == 4
    assert Genome(files["genome"]).sequence("chr1", np.int64(0), np.int64(3)) == "NNN"


@pytest.mark.parametrize(
    "regions",
    [
        "chr10:,-,",
        "x" * 400,
        pandas.DataFrame({"chrom": ["chr10"], "start": [float("nan")], "end": [5]}),
        pandas.DataFrame({"chrom": ["chr10"], "start": [1.7], "end": [100.9]}),
        pandas.DataFrame({"chrom": [], "start": [], "end": []}),
        [("chr10", 1, 2**70)],
        5,
    ],
)
def test_odd_regions_are_one_clear_line(small, files, regions: object):
    with pytest.raises(InputError) as caught:
        small.predict(**files, regions=regions)
    assert len(str(caught.value).splitlines()) == 1


def test_whole_numbers_as_floats_in_a_data_frame(small, files):
    frame = pandas.DataFrame({"chrom": ["chr10"], "start": [64.0], "end": [128.0]})
    assert small.predict(**files, regions=frame)[0].starts.tolist() == [64, 96]


@pytest.mark.parametrize(
    "changes", [{"chromosomes": [1]}, {"x": [[1, 2], [3]]}, {"stride": "64"}, {"batch_size": "8"}, {"batch_size": True}]
)
def test_odd_arguments(small, files, changes: dict):
    arguments = {} if "x" in changes else {**files, "regions": "chr10:1-100"}
    with pytest.raises(InputError):
        small.predict(**{**arguments, **changes})


@pytest.mark.parametrize("fill", [float("nan"), float("inf")])
def test_a_fill_value_is_finite(files, fill: float):
    with pytest.raises(InputError, match="The fill value must be a finite number"):
        Signal(files["signal"], fill=fill)


# --- files of the C libraries, which crash on some of them


def test_a_bigwig_damaged_inside(small, files, tmp_path: Path):
    data = bytearray(files["signal"].read_bytes())
    data[1000 : len(data) // 2] = bytes(len(data) // 2 - 1000)
    (tmp_path / "bad.bw").write_bytes(data)
    with pytest.raises(InputError, match=r"bad\.bw.*damaged"):
        small.predict(genome=files["genome"], signal=tmp_path / "bad.bw", regions="chr1:1-50,000")


def test_random_bytes_between_right_magic_numbers(tmp_path: Path):
    magic = b"\x26\xfc\x8f\x88"
    (tmp_path / "bad.bw").write_bytes(magic + os.urandom(5000) + magic)
    with pytest.raises(InputError, match="damaged"):
        Signal(tmp_path / "bad.bw")


def test_a_bigwig_without_data(tmp_path: Path):
    with pyBigWig.open(str(tmp_path / "empty.bw"), "w") as file:
        file.addHeader([("chr1", 100)])
    try:
        values = Signal(tmp_path / "empty.bw").values("chr1", 0, 5)
    except InputError as error:
        assert "damaged" in str(error)  # noqa: PT017 - the library may leave such a file without an index
    else:
        assert values.tolist() == [0] * 5


def test_twobit_with_long_offsets_and_swapped_bytes(tmp_path: Path):
    write_twobit(tmp_path / "g.2bit", {"chr1": encode("ACGTNACGT")})
    data = (tmp_path / "g.2bit").read_bytes()
    name, offset = data[16:21], struct.unpack("<I", data[21:25])[0]
    long = struct.pack("<IIII", 0x1A412743, 1, 1, 0) + name + struct.pack("<Q", offset + 4) + data[25:]
    (tmp_path / "long.2bit").write_bytes(long)
    assert Genome(tmp_path / "long.2bit").sequence("chr1", 0, 9) == "ACGTNACGT"
    (tmp_path / "swapped.2bit").write_bytes(data[:4][::-1] + data[4:])
    with pytest.raises(InputError, match="must be intact"):
        Genome(tmp_path / "swapped.2bit")
    (tmp_path / "version.2bit").write_bytes(data[:4] + b"\1\0\0\0" + data[8:])
    with pytest.raises(InputError, match="damaged"):
        Genome(tmp_path / "version.2bit")


# --- model folders


def test_a_folder_without_weights(small_folder: Path, tmp_path: Path):
    for name in ("config.json", "thresholds.tsv"):
        (tmp_path / name).write_bytes((small_folder / name).read_bytes())
    with pytest.raises(IntegrityError, match="weights of a model must be readable: No such file"):
        zoo.load(tmp_path)


def test_arguments_of_a_network_that_do_not_fit():
    with pytest.raises(InputError, match="argument filters of maxatac must be a whole number"):
        zoo.build("maxatac", filters="a")


@pytest.mark.parametrize("name", ["a" * 400, "~nobody-of-this-name/x"])
def test_names_that_the_system_refuses(name: str):
    with pytest.raises((InputError, zoo.errors.UnknownModel)):
        zoo.load(name)
