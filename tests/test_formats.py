"""Formats of output: literal files of each, one that is added from outside, and which go with what."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import toy

import zoo
from zoo.cli import main
from zoo.errors import InputError, MissingExtra
from zoo.files import npz
from zoo.formats import bed, bigwig, formats, parquet, tsv
from zoo.formats import zarr as zarr_format
from zoo.formats.content import BedStyle, Bins, Intervals, Piece, pieces_of, plain_names
from zoo.formats.formats import ARRAYS, BINS, FORMATS, INTERVALS, TABLE, Format
from zoo.genome.interval import Interval
from zoo.predict.table import Predictions, RegionScores

nan, F32 = np.nan, np.float32
LENGTHS = {"chr1": 130, "HLA-A*01:01": 64}
TWO = {"chr1": [[1, 10], [nan, nan], [3, 30], [4, nan], [5, 50]], "HLA-A*01:01": [[nan, nan], [7, 70]]}


def two_tracks() -> Bins:
    def pieces() -> Iterator[Piece]:
        for chrom, rows in TWO.items():
            yield from pieces_of(chrom, np.array(rows, np.float32), 32)

    return Bins(LENGTHS, 32, 32, pieces, ("plus", "minus/rev"))


def table() -> Predictions:
    rows = [
        RegionScores(Interval("chr1", 40, 90, "peak 1"), np.array([32, 64]), np.array([64, 96]), F32([0.1, nan])),
        RegionScores(Interval("chr2", 0, 9), np.array([0]), np.array([32]), F32([1e-7])),
    ]
    return Predictions(rows, 32)


# --- one literal file of each


def test_bigwig_of_one_of_the_tracks(tmp_path: Path):
    bigwig.write(tmp_path / "o.bw", two_tracks().track(1))
    with pyBigWig.open(str(tmp_path / "o.bw")) as file:
        assert file.chroms() == LENGTHS
        assert file.intervals("chr1") == ((0, 32, 10.0), (64, 96, 30.0), (128, 130, 50.0))
        assert file.intervals("HLA-A*01:01") == ((32, 64, 70.0),)


def test_bigwig_of_bins_that_overlap_has_their_middles(tmp_path: Path):
    """Of bins of 200 bp every 50 bp; a middle that begins beyond the last base is left out."""
    bins = Bins({"c": 180}, 200, 50, lambda: pieces_of("c", np.float32([1, 2, 3]), 50))
    bigwig.write(tmp_path / "o.bw", bins)
    with pyBigWig.open(str(tmp_path / "o.bw")) as file:
        assert file.intervals("c") == ((75, 125, 1.0), (125, 175, 2.0), (175, 180, 3.0))


def test_bed(tmp_path: Path):
    intervals = Intervals(lambda: iter([("chr1", 0, 64, 0.1), ("chr2", 32, 40, 1.0)]))
    for _ in range(2):  # they are read anew, and counted anew
        bed.write(tmp_path / "o.bed", intervals)
        assert (tmp_path / "o.bed").read_text() == (
            "chr1\t0\t64\tsite_1\t100\t.\t0.1\nchr2\t32\t40\tsite_2\t1000\t.\t1.0\n"
        )
        assert intervals.count == 2


@pytest.mark.parametrize(
    ("style", "text"),
    [
        (BedStyle("CTCF"), "c\t0\t64\tCTCF_1\t124\t.\t0.1236\nc\t64\t96\tCTCF_2\t1000\t.\t12.39\n"),
        (BedStyle("A", fraction=False), "c\t0\t64\tA_1\t1\t.\t0.1236\nc\t64\t96\tA_2\t123\t.\t12.39\n"),
        (BedStyle(plain=True), "c\t0\t64\t0.1236\nc\t64\t96\t12.39\n"),
    ],
)
def test_styles_of_bed(tmp_path: Path, style: BedStyle, text: str):
    bed.write(tmp_path / "o.bed", Intervals(lambda: [("c", 0, 64, 0.1236), ("c", 64, 96, 12.39)], style))
    assert (tmp_path / "o.bed").read_text() == text


def test_the_shade_of_a_change_is_its_size():
    assert [bed.shade(value, True) for value in (-0.25, 0.0, 2.0)] == [250, 0, 1000]
    assert [bed.shade(value, False) for value in (-0.29, 99.99, 1e9)] == [2, 999, 1000]


def test_table(tmp_path: Path):
    tsv.write(tmp_path / "o.tsv", table())
    expected = (
        "region\tname\tchrom\tstart\tend\tscore\n"
        "chr1:41-90\tpeak 1\tchr1\t32\t64\t0.1\n"
        "chr1:41-90\tpeak 1\tchr1\t64\t96\tnan\n"
        "chr2:1-9\t.\tchr2\t0\t32\t1e-07\n"
    )
    assert (tmp_path / "o.tsv").read_text() == expected
    table().write_tsv(text := io.StringIO())
    assert text.getvalue() == expected


def test_npz(tmp_path: Path):
    FORMATS["npz"].write(tmp_path / "o.npz", {"a": np.arange(3), "b": np.float32([nan])})
    found = npz.read(tmp_path / "o.npz")
    assert found["a"].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(found["b"], [nan])


def test_parquet(tmp_path: Path):
    pyarrow = pytest.importorskip("pyarrow.parquet")
    parquet.write(tmp_path / "o.parquet", table())
    file = pyarrow.read_table(tmp_path / "o.parquet")
    assert [str(kind) for kind in file.schema.types] == ["string"] * 3 + ["int64"] * 2 + ["float"]
    assert file.schema.metadata[b"bin_size"] == b"32"
    scores = file.to_pydict().pop("score")
    assert file.drop(["score"]).to_pydict() == {
        "region": ["chr1:41-90", "chr1:41-90", "chr2:1-9"],
        "name": ["peak 1", "peak 1", "."],
        "chrom": ["chr1", "chr1", "chr2"],
        "start": [32, 64, 0],
        "end": [64, 96, 32],
    }
    np.testing.assert_array_equal(np.float32(scores), np.float32([0.1, nan, 1e-7]))


def test_parquet_in_blocks(tmp_path: Path):
    """Regions of 40,000 bins each: two to a row group, and the bytes are those of another writing."""
    pyarrow = pytest.importorskip("pyarrow.parquet")
    starts = np.arange(40_000)
    row = RegionScores(Interval("c", 0, 40_000), starts, starts + 1, np.random.default_rng(0).random((40_000, 2), "f4"))
    for name in ("o", "again"):
        parquet.write(tmp_path / name, Predictions([row] * 3, 1, ("plus", "minus")))
    file = pyarrow.ParquetFile(tmp_path / "o")
    assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [80_000, 40_000]
    assert file.schema_arrow.names[-2:] == ["score_plus", "score_minus"]
    np.testing.assert_array_equal(file.read()["score_minus"], np.tile(row.scores[:, 1], 3))
    assert (tmp_path / "o").read_bytes() == (tmp_path / "again").read_bytes()


def test_zarr(tmp_path: Path):
    zarr = pytest.importorskip("zarr")
    zarr_format.write(tmp_path / "o.zarr.zip", two_tracks())
    with zarr.storage.ZipStore(tmp_path / "o.zarr.zip", mode="r") as store:
        group = zarr.open_group(store, mode="r")
        assert dict(group.attrs) == {
            "bin_size": 32,
            "step": 32,
            "tracks": ["plus", "minus/rev"],
            "chromosomes": LENGTHS,
        }
        assert sorted(group) == ["HLA-A_01_01", "chr1"]
        assert sorted(group["chr1"]) == ["minus_rev", "plus"]
        array = group["HLA-A_01_01/minus_rev"]
        assert array.dtype == np.float32
        assert dict(array.attrs) == {"chrom": "HLA-A*01:01", "track": "minus/rev", "bin_size": 32, "step": 32}
        np.testing.assert_array_equal(group["chr1/plus"][:], [1, nan, 3, 4, 5])
        np.testing.assert_array_equal(array[:], [nan, 70])


def test_zarr_of_bins_on_no_grid(tmp_path: Path):
    zarr = pytest.importorskip("zarr")
    pieces = [("c", np.array([5, 37]), np.float32([1, 2])), ("c", np.array([80]), np.float32([3]))]
    zarr_format.write(tmp_path / "o.zip", Bins({"c": 130}, 32, 32, lambda: iter(pieces), on_grid=False))
    with zarr.storage.ZipStore(tmp_path / "o.zip", mode="r") as store:
        group = zarr.open_group(store, mode="r")["c"]
        assert group["start"][:].tolist() == [5, 37, 80]
        assert group["score"][:].tolist() == [1, 2, 3]


@pytest.mark.parametrize("size", [1 << 20, 100_000])
def test_zarr_in_pieces_of_any_size(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch):
    """Memory holds the chunks of a piece and no more; the same bytes again; chunks without a score take no room."""
    zarr = pytest.importorskip("zarr")
    scores = np.random.default_rng(1).random(5 * zarr_format.CHUNK + 17, np.float32)
    scores[: 2 * zarr_format.CHUNK] = nan

    def pieces() -> Iterator[Piece]:
        for first in range(0, len(scores), size):
            part = scores[first : first + size]
            yield "c", (first + np.arange(len(part))) * 4, part
            complete = max(min(first + size, len(scores)) // zarr_format.CHUNK - 2, 0)  # the first two hold no score
            assert len(written) == complete, "a chunk stayed in memory"

    written, write = [], zipfile.ZipFile.writestr
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *given: (written.append(given[1]), write(*given)))
    for name in ("o", "again"):
        written.clear()
        zarr_format.write(tmp_path / name, Bins({"c": 4 * len(scores)}, 4, 4, pieces))
    assert (tmp_path / "o").read_bytes() == (tmp_path / "again").read_bytes()
    with zarr.storage.ZipStore(tmp_path / "o", mode="r") as store:
        np.testing.assert_array_equal(zarr.open_group(store, mode="r")["c/score"][:], scores)
    names = [name for name in zipfile.ZipFile(tmp_path / "o").namelist() if "/c/" in name]
    assert names == [f"c/score/c/{number}" for number in range(2, 6)]


def test_names_of_tracks_as_files():
    assert plain_names(["plus", "Plus", "a/b", "a b", "..", "µ"]) == [
        "plus",
        "Plus_2",
        "a_b",
        "a_b_4",
        "track",
        "track_6",
    ]
    assert plain_names(["CNhs1+", "CNhs1-", "a-b", "+"]) == ["CNhs1_plus", "CNhs1_minus", "a-b", "track"]


# --- predictions


@pytest.fixture
def given(genome_files) -> dict[str, Path]:
    return {"genome": genome_files.genome, "signal": genome_files.signal}


@pytest.fixture
def sums_format() -> Iterator[Format]:
    """A format from outside: the sum of each chromosome's scores, as text."""

    def write(path: Path, bins: Bins) -> None:
        sums = dict.fromkeys(bins.lengths, 0.0)
        for chrom, _, scores in bins.pieces():
            sums[chrom] += float(np.nansum(scores, dtype=np.float64))
        path.write_text("".join(f"{chrom} {total:.3f}\n" for chrom, total in sums.items()))

    made = Format("sums", ".sums", BINS, write)
    formats.register(made)
    yield made
    FORMATS.remove("sums")


def test_a_format_from_outside(small, given: dict, sums_format: Format, tmp_path: Path, read_track):
    found = small.predict(**given, output=tmp_path / "out", write=["bigwig", "sums"])
    sums = {chrom: np.nansum(read_track(found.bigwig, chrom)[::32], dtype=float) for chrom in ("chr1", "chr2")}
    lines = (tmp_path / "out.sums").read_text().splitlines()
    assert lines[:2] == [f"{chrom} {total:.3f}" for chrom, total in sums.items()]
    assert str(found) == "".join(f"{tmp_path}/out{end}\n" for end in (".bw", ".sums", ".json")).rstrip()


@pytest.mark.parametrize("regions", [None, ["chr1:1,001-9,000", "chr2:1-3,000", "chr10:501-900"]])
def test_every_format_after_an_interruption(
    small, given: dict, sums_format: Format, interrupt_at, tmp_path: Path, regions: list[str] | None
):
    """One from outside, too: the bytes are those of a quiet run."""
    there = {BINS, INTERVALS} if regions is None else {BINS, INTERVALS, TABLE}
    write = [name for name, each in FORMATS.items() if each.holds in there]
    for name in write:
        if FORMATS[name].package is not None:
            pytest.importorskip(FORMATS[name].package)
    call = {**given, "regions": regions, "write": write, "threshold": 0.5}
    whole = small.predict(**call, output=tmp_path / "whole")
    interrupt_at("chr2")
    with pytest.raises(KeyboardInterrupt):
        small.predict(**call, output=tmp_path / "out")
    interrupt_at(None)
    found = small.predict(**call, output=tmp_path / "out")
    assert found.resumed >= 1
    assert found.written.keys() == {"bigwig", "bed", "zarr", "sums"} | ({"table", "parquet"} if regions else set())
    for name, (path,) in found.written.items():
        assert path.read_bytes() == whole.written[name][0].read_bytes(), name
    sidecar = json.loads(found.sidecar.read_text())
    assert sidecar["formats"] == write
    assert sidecar["files"].keys() == {path.name for (path,) in found.written.values()}
    assert small.predict(**call, output=tmp_path / "out").windows == 0


def test_tables_of_regions_and_of_exact_windows(small, given: dict, tmp_path: Path):
    pyarrow = pytest.importorskip("pyarrow.parquet")
    for name, places in (("regions", ["chr10:1,001-2,000"]), ("windows", ["chr10:1,001-1,256", "chr10:1,065-1,320"])):
        table = small.predict(**given, **{name: places})
        found = small.predict(**given, **{name: places}, output=tmp_path / name, write="parquet,zarr", threshold=None)
        assert (found.bigwig, found.bed, found.table) == (None, None, None)
        assert {path.name for path in tmp_path.glob(f"{name}*")} == {
            f"{name}{suffix}" for suffix in (".json", ".parquet", ".zarr.zip")
        }
        frame = pyarrow.read_table(found.written["parquet"][0]).to_pandas()
        np.testing.assert_array_equal(frame["score"], np.concatenate([row.scores for row in table]))


def test_several_tracks(tmp_path: Path):
    """A bigWig for each; zarr and Parquet have all in one file."""
    zarr, pyarrow = pytest.importorskip("zarr"), pytest.importorskip("pyarrow.parquet")
    from zoo.genome.encode import encode
    from zoo.genome.sequence import write_twobit

    write_twobit(tmp_path / "g.2bit", {"chr1": encode("ACGGT" * 80)})
    bigwig.write_track(tmp_path / "s.bw", {"chr1": 400}, [("chr1", np.arange(400.0))], 1)
    signal = {"atac": tmp_path / "s.bw", "mappability": tmp_path / "s.bw"}
    given = {"genome": tmp_path / "g.2bit", "signal": signal, "covariates": {"depth": 1.0}, "regions": "chr1:101-140"}
    model = zoo.Model(toy.spec(), toy.network())
    table = model.predict(**given)
    found = model.predict(**given, output=tmp_path / "o", write=("bigwig", "zarr", "parquet"))
    assert [path.name for path in found.written["bigwig"]] == ["o.plus.bw", "o.minus.bw", "o.both.bw"]
    with zarr.storage.ZipStore(found.written["zarr"][0], mode="r") as store:
        group = zarr.open_group(store, mode="r")["chr1"]
        assert sorted(group) == ["both", "minus", "plus"]
        for column, name in enumerate(("plus", "minus", "both")):
            np.testing.assert_array_equal(group[name][100:140], table[0].scores[:, column])
            with pyBigWig.open(str(found.bigwigs[name])) as file:
                np.testing.assert_array_equal(file.values("chr1", 0, 400, numpy=True), group[name][:])
    frame = pyarrow.read_table(found.written["parquet"][0]).to_pandas()
    np.testing.assert_array_equal(frame[["score_plus", "score_minus", "score_both"]], table[0].scores)


@pytest.mark.parametrize(
    ("write", "more", "message"),
    [
        ("bigbed", {}, 'write must be one of bigwig, bed, table, zarr, parquet.*write="bigwig"'),
        ("npz", {}, "must be one of bigwig, bed"),
        ("", {}, "must be one of"),
        ([], {}, "each once"),
        ("bed,bed", {"threshold": 0.5}, "each once"),
        (3, {}, "must be given as a list of names"),
        ("bigwig,bed", {"threshold": None}, "format bed must go with a threshold"),
        ("table", {"regions": None, "chromosomes": "chr10"}, "format table must go with regions or windows"),
        ("parquet", {"regions": None, "chromosomes": "chr10"}, "format parquet must go with regions or windows"),
        ("bigwig", {"threshold": 0.5}, "without a BED file must be given without threshold"),
        ("bigwig", {"table": "t.tsv"}, "without a BED file must be given without table"),
        ("bigwig", {"output": None}, "without output must be given without write"),
    ],
)
def test_formats_that_do_not_go_with_the_rest(small, given: dict, tmp_path: Path, write, more: dict, message: str):
    call = {**given, "regions": "chr10:1-1,000", "output": tmp_path / "out", "write": write, **more}
    with pytest.raises(InputError, match=message):
        small.predict(**call)
    assert not list(tmp_path.iterdir())


def test_a_package_that_is_missing(small, given: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pyarrow must be installed to write parquet.*pip install .*\[parquet\]"):
        small.predict(**given, regions="chr10:1-100", output=tmp_path / "out", write="parquet")
    assert not list(tmp_path.iterdir())


def test_formats_that_cannot_be_registered():
    def nothing(path: Path, content: object) -> None: ...

    for make, message in (
        (lambda: Format("x", ".x", "pictures", nothing), "must hold"),
        (lambda: Format("x", "x", BINS, nothing), "begins with a point"),
        (lambda: Format("x", ".json", TABLE, nothing), "not that of the sidecar"),
        (lambda: Format("x", ".x", TABLE, nothing, each_track=True), "file for each track must hold"),
        (lambda: formats.register(Format("x", ".bw", BINS, nothing)), "suffix of its own"),
        (lambda: formats.register(Format("bed", ".x", INTERVALS, nothing)), "name of its own"),
        (lambda: formats.register(Format("b,d", ".x", ARRAYS, nothing)), "letters, digits"),
    ):
        with pytest.raises(InputError, match=message):
            make()
    of_matrices = ["matrix", "matrix_parquet", "matrix_zarr", "h5ad"]
    assert list(FORMATS) == ["bigwig", "bed", "table", "npz", "zarr", "parquet", "counts", *of_matrices]


def test_by_the_command(small_folder: Path, given: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    pytest.importorskip("pyarrow")
    command = ["predict", str(small_folder), "--genome", str(given["genome"]), "--signal", str(given["signal"])]
    command += ["--regions", "chr10:1-1,000", "--output", str(tmp_path / "out")]
    assert main([*command, "--write", "bigwig,parquet"]) == 0
    assert capsys.readouterr().out == "".join(f"{tmp_path}/out{end}\n" for end in (".bw", ".parquet", ".json"))
    assert main([*command, "--write", "bigwig,bam"]) == 2
    assert "bigwig, bed, table, zarr, parquet" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0  # and by default today's, in their place
    assert {path.name for path in tmp_path.iterdir()} == {"out.bw", "out.bed", "out.tsv", "out.json"}
