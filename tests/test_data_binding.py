"""Regions, cell types and training items of binding models, against the original's and by hand."""

from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.data import meta
from zoo.data.binding import BindingEvaluation, BindingTraining
from zoo.data.pipeline import dataset
from zoo.data.regions import KINDS, Regions, anywhere, around_peaks, joined, on_genome, read_table
from zoo.data.slabs import Slabs, labels, maxima
from zoo.data.windows import Layout
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.genome import bed
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal


@pytest.fixture(scope="module")
def golden(shared: Path) -> Path:
    return shared / "golden" / "maxatac" / "train"


@pytest.fixture(scope="module")
def original(golden: Path) -> tuple[Genome, list[meta.CellType], Path]:
    inputs = golden.parent / "e2e" / "inputs"
    return Genome(inputs / "genome.2bit"), meta.read(golden / "meta.tsv"), inputs


@pytest.mark.parametrize(("name", "chromosomes"), [("training", ["chr1"]), ("validation", ["chr2", "chr3"])])
def test_regions_of_the_original(golden: Path, original: tuple, name: str, chromosomes: list[str]):
    """The same windows, of the same peaks; the program's order is by cell type first."""
    genome, cells, inputs = original
    peaks = [
        (number, kind, bed.read(path))
        for number, cell in enumerate(cells)
        for kind, path in (("ATAC", cell.atac_peaks), ("CHIP", cell.chip_peaks))
    ]
    regions = around_peaks(peaks, genome.sizes, chromosomes, bed.read(inputs / "blacklist.bed"))
    at = [(chrom, int(start)) for chrom, starts in regions.starts.items() for start in starts]
    ours = [
        (*place, KINDS[kind], cells[cell].name)
        for place, kind, cell in zip(at, regions.kinds, regions.cells, strict=True)
    ]
    lines = [line.split("\t") for line in (golden / f"roi_{name}.tsv").read_text().splitlines()[1:]]
    theirs = [(chrom, int(start), kind, cell) for chrom, start, _, kind, cell in lines]
    assert len(ours) == len(regions) == len(theirs)
    assert sorted(ours) == sorted(theirs)


@pytest.fixture(scope="module")
def windows(golden: Path, original: tuple) -> tuple[Slabs, Regions, dict]:
    """The twelve windows of the goldens, in our order, and the arrays of the original in the same one."""
    genome, cells, _ = original
    arrays = dict(np.load(golden / "windows.npz"))
    chroms, starts = arrays["chrom"].astype(str), arrays["start"]
    order = [i for chrom in dict.fromkeys(chroms) for i in np.flatnonzero(chroms == chrom)]
    regions = Regions(
        {chrom: starts[chroms == chrom] for chrom in dict.fromkeys(chroms)}, np.ones(12, int), np.zeros(12, int)
    )
    tracks = [maxima(Signal(cells[0].signal)), labels(Signal(cells[0].binding))]
    slabs = Slabs(genome, tracks, regions.starts, Layout(1024, 0, 1), bin_size=1)
    return slabs, regions, {name: value[order] for name, value in arrays.items() if len(value) == 12}


def test_windows_of_the_original(windows: tuple[Slabs, Regions, dict]):
    slabs, regions, theirs = windows
    x, y = BindingEvaluation(slabs, regions, batch_size=12).batch(0)
    np.testing.assert_allclose(x, theirs["x"], atol=1e-6)
    assert np.array_equal(y, theirs["y"])
    assert 0 < y.mean() < 1
    (made, target), (other, rest) = dataset(BindingEvaluation(slabs, regions, batch_size=7), last_step=2)
    assert np.array_equal(np.concatenate([made, other]), x)
    assert np.array_equal(np.concatenate([target, rest]), y)


def test_reverse_complement_of_the_original_is_a_legacy(windows: tuple[Slabs, Regions, dict]):
    """Spec, B1: theirs rotates the columns and mirrors the targets; ours turns both (each draws its rows anew)."""
    slabs, regions, theirs = windows
    for strands in ("forward", "both", "legacy_revcomp"):
        x, y = BindingTraining(slabs, regions, 12, strands=strands, seed=3).batch(0)
        seen = {"forward": 0, "legacy": 0, "turned": 0}
        for window, target in zip(x, y, strict=True):
            for row in range(12):
                turned = np.concatenate([theirs["x"][row, ::-1, 3::-1], theirs["x"][row, ::-1, 4:]], axis=-1)
                views = {
                    "forward": (theirs["x"][row], theirs["y"][row]),
                    "legacy": (theirs["x_rev_comp"][row], theirs["y_rev_comp"][row]),
                    "turned": (turned, theirs["y"][row, ::-1]),
                }
                for name, (expected, answer) in views.items():
                    seen[name] += bool(np.allclose(window, expected, atol=1e-6) and np.array_equal(target, answer))
        other = {"forward": None, "both": "turned", "legacy_revcomp": "legacy"}[strands]
        assert sum(seen.values()) == 12
        assert {name for name, count in seen.items() if count} == {"forward", other} - {None}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    path = tmp_path_factory.mktemp("small") / "genome.2bit"
    random = np.random.default_rng(5)
    write_twobit(path, {name: random.integers(0, 4, 6000).astype(np.uint8) for name in ("chr1", "chr2")})
    return Genome(path)


@pytest.mark.parametrize(("bound", "target"), [(15, 0), (16, 0), (17, 1), (32, 1)])
def test_more_than_half_of_a_bin_is_bound(small: Genome, bound: int, target: int):
    regions = Regions({"chr1": np.array([64])}, np.ones(1, int), np.zeros(1, int))
    tracks = [labels([]), labels([Interval("chr1", 64 + 96, 64 + 96 + bound)])]
    slabs = Slabs(small, tracks, regions.starts, Layout(1024, 0, 1), bin_size=1)
    assert BindingEvaluation(slabs, regions).batch(0)[1][0].tolist() == [0, 0, 0, target] + 28 * [0]


def test_regions_by_hand():
    """A window of 1,024 around ⌊start + length / 2⌋; from above 0 to below the length; book-ended is clear."""
    peaks = [Interval("chr1", middle, middle + 1) for middle in (512, 513, 3000, 5487, 5488)]
    peaks += [Interval("chr1", 3000, 3003), Interval("chr3", 5, 9)]
    sizes = {"chr1": 6000, "chr2": 6000}
    found = around_peaks([(0, "CHIP", peaks)], sizes, ["chr1"])
    assert found.starts["chr1"].tolist() == [1, 2488, 4975, 2489]
    for touching, left in ((Interval("chr1", 3512, 3513), [1, 2488, 4975]), (Interval("chr1", 3513, 3600), [1, 2488])):
        found = around_peaks([(0, "CHIP", peaks)], sizes, ["chr1"], [touching])
        assert (2489 in found.starts["chr1"]) == (touching.start == 3513)
        assert set(left) <= set(found.starts["chr1"].tolist())
    assert around_peaks([(0, "CHIP", peaks)], sizes, ["chr1"], margin=10).starts["chr1"].tolist() == [2488, 2489]


def test_no_peak_left_tells_what_took_them():
    peaks = [Interval("chr1", 10, 20), Interval("chr1", 3000, 3001), Interval("chr9", 5, 9)]
    with pytest.raises(InputError, match="on other chromosomes=1, at an end=1, blacklisted=1"):
        around_peaks([(0, "ATAC", peaks)], {"chr1": 6000}, ["chr1"], [Interval("chr1", 2900, 3100)])


def test_random_windows_follow_the_lengths():
    sizes = {"chr1": 1_000_000, "chr2": 3_001_024, "chr3": 500}
    blacklist = [Interval("chr2", 0, 1_500_000)]
    found = anywhere(4000, sizes, list(sizes), seed=1)
    counts = {chrom: len(starts) for chrom, starts in found.starts.items()}
    assert sum(counts.values()) == 4000
    assert counts["chr3"] == 0
    assert 900 < counts["chr1"] < 1100
    assert all((starts + 1024 <= sizes[chrom]).all() for chrom, starts in found.starts.items())
    kept = anywhere(4000, sizes, list(sizes), seed=1, blacklist=blacklist)
    assert np.array_equal(kept.starts["chr1"], found.starts["chr1"])
    assert kept.starts["chr2"].min() >= 1_500_000


def test_a_step_draws_from_both_pools(small: Genome):
    """round(10 × 0.7) windows around peaks without repetition, the others from the random ones; the same by seed."""
    near = Regions({"chr1": 1500 + np.arange(8), "chr2": np.array([100])}, np.ones(9, int), np.arange(9) % 2)
    regions = joined(near, anywhere(30, small.sizes, ["chr1", "chr2"], 0, margin=16))
    tracks = [labels([], [Interval("chr1", 0, 6000), Interval("chr2", 0, 6000)]), labels([], [])]
    slabs = Slabs(small, tracks, regions.starts, Layout(1024, 16, 1), bin_size=1)
    items = BindingTraining(slabs, regions, 10, steps=5, random_share=0.3, strands="forward", seed=4)
    rows = []
    slabs_read, slabs.read = slabs.read, lambda rows_, *rest: (rows.append((rows_, *rest)), slabs_read(rows_, *rest))[1]
    for step in range(20):
        items.batch(step)
    chosen = np.stack([found[0] for found in rows])
    kinds = regions.kinds[chosen]
    assert (kinds[:, :7] == 1).all()
    assert (kinds[:, 7:] == 2).all()
    assert all(len(set(step)) == 10 for step in chosen)
    shifts, cells = np.stack([found[2] for found in rows]), np.stack([found[4] for found in rows])
    assert (shifts.min(), shifts.max()) == (0, 32)
    assert 0.3 < cells.mean() < 0.7
    x, _ = items.batch(2)
    assert np.array_equal(x, BindingTraining(slabs, regions, 10, 5, 0.3, strands="forward", seed=4).batch(2)[0])
    assert set(x[..., 4].mean(axis=1)) == {0.0, 1.0}
    own = BindingTraining(slabs, regions, 9, 5, strands="forward", pan_cell=False)
    own.batch(0)
    assert np.array_equal(rows[-1][4], regions.cells[rows[-1][0]])
    parts = [items.batch(3, worker, 2)[0] for worker in (0, 1)]
    whole = items.batch(3)[0]
    assert np.array_equal(whole[::2], parts[0])
    assert np.array_equal(whole[1::2], parts[1])


def test_a_step_that_takes_more_than_there_are(small: Genome):
    """The original refuses; here windows come twice, with other strands and places."""
    regions = Regions({"chr1": np.array([64, 128])}, np.ones(2, int), np.zeros(2, int))
    slabs = Slabs(small, [labels([]), labels([])], regions.starts, Layout(1024, 0, 1), bin_size=1)
    x, _ = BindingTraining(slabs, regions, 5, strands="forward").batch(0)
    assert len(x) == 5
    assert len({window.tobytes() for window in x}) == 2
    with pytest.raises(InputError, match="windows of both kinds"):
        BindingTraining(slabs, regions, 2, random_share=0.5)
    with pytest.raises(InputError, match="both, forward, legacy_revcomp"):
        BindingTraining(slabs, regions, 2, strands="reverse")


@pytest.mark.parametrize("name", ["training", "validation"])
def test_regions_from_a_table_of_the_original(golden: Path, original: tuple, name: str):
    """`--train_roi` and `--validate_roi`: used as they are."""
    genome, cells, _ = original
    path = golden / f"roi_{name}.tsv"
    found = read_table(path, [cell.name for cell in cells], genome.sizes)
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    assert len(found) == len(rows)
    for chrom, starts in found.starts.items():
        assert starts.tolist() == [int(row[1]) for row in rows if row[0] == chrom]
    ordered = [row for chrom in found.starts for row in rows if row[0] == chrom]
    assert [KINDS[kind] for kind in found.kinds] == [row[3] for row in ordered]
    assert [cells[cell].name for cell in found.cells] == [row[4] for row in ordered]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("chr1\t5\t1030\tATAC\tA", "windows of 1,024 bp.*line 2: chr1 5 1030 ATAC A: not 1,024 bp"),
        ("chr1\t5500\t6524\tATAC\tA", "line 2: chr1 5500 6524 ATAC A: beyond its chromosome's ends"),
        ("chr7\t5\t1029\tATAC\tA", "chr7 5 1029 ATAC A: not on a chromosome of the run"),
        ("chr1\t5\t1029\tATAC\tB", "of no cell type that is trained on"),
        ("chr1\t5\t1029\tDNASE\tA", "neither ATAC nor CHIP"),
        (f"chr1\t{'9' * 5000}\t1029\tATAC\tA", "not 1,024 bp"),
        ("chr1\t²\t1029\tATAC\tA", "not 1,024 bp"),
        ("chr1\t5\t9\tCHIP\tA\nchr1\t-5\t1019\tCHIP\tA\nchr1", "line 2: .*line 3: .*line 4: "),
        ("", "must have a region"),
    ],
)
def test_tables_of_regions_with_mistakes(tmp_path: Path, row: str, said: str):
    (tmp_path / "roi.tsv").write_text(f"Chr\tStart\tStop\tROI_Type\tCell_Line\n{row}\n")
    with pytest.raises(InputError, match=said):
        read_table(tmp_path / "roi.tsv", ["A"], {"chr1": 6000})
    (tmp_path / "roi.tsv").write_text("Chr\tStart\n")
    with pytest.raises(InputError, match="Cell_Line"):
        read_table(tmp_path / "roi.tsv", ["A"], {"chr1": 6000})


def test_a_table_of_regions_with_other_names_of_chromosomes(tmp_path: Path):
    (tmp_path / "roi.tsv").write_text("Chr\tStart\tStop\tROI_Type\tCell_Line\r\n1\t5\t1029\tATAC\tA\r\n\r\n")
    assert read_table(tmp_path / "roi.tsv", ["A"], {"chr1": 6000}).starts["chr1"].tolist() == [5]


def test_intervals_that_the_genome_lacks_are_counted(small: Genome, tmp_path: Path):
    (tmp_path / "peaks.bed").write_text("1\t5\t9\nchrUn_1\t5\t9\nchr2\t5\t9\n")
    with pytest.warns(ZooWarning, match=r"peaks.bed: 1 of 3 intervals are left out: the genome lacks chrUn_1\."):
        found = on_genome(tmp_path / "peaks.bed", small)
    assert [(item.chrom, item.start) for item in found] == [("chr1", 5), ("chr2", 5)]
    (tmp_path / "peaks.bed").write_text("chr1\t5999\t6001\n")
    with pytest.raises(GenomeMismatch, match="must end within their chromosomes"):
        on_genome(tmp_path / "peaks.bed", small)


def test_arrays_on_disk_are_those_in_memory(small: Genome, tmp_path: Path):
    starts = {"chr1": np.array([64, 900]), "chr2": np.array([7])}
    tracks = [labels([Interval("chr1", 70, 99)], []), labels([])]
    memory = Slabs(small, tracks, starts, Layout(1024, 0, 1), bin_size=1)
    disk = Slabs(small, tracks, starts, Layout(1024, 0, 1), bin_size=1, scratch=tmp_path)
    assert not list(tmp_path.iterdir())
    for one, other in zip(memory.arrays, disk.arrays, strict=True):
        assert isinstance(other, np.memmap)
        assert np.array_equal(one, other)
    assert disk.nbytes == disk.plan.nbytes(tracks) == (1860 + 1024) * 4 + 24


def test_a_full_disk_says_so(small: Genome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(InputError, match="No space left on device"):
        Slabs(small, [], {"chr1": np.array([64])}, Layout(1024, 0, 1), scratch=tmp_path)
    assert not list(tmp_path.iterdir())


def test_labels_are_zeros_and_ones(tmp_path: Path, small: Genome):
    import pyBigWig

    with pyBigWig.open(str(tmp_path / "coverage.bw"), "w") as file:
        file.addHeader([("chr1", 6000)])
        file.addEntries(["chr1"], [100], ends=[200], values=[3.5])
    with pytest.raises(InputError, match=r"chr1:101: .*zeros and ones.*3.5"):
        Slabs(small, [labels(Signal(tmp_path / "coverage.bw"))], {"chr1": np.array([64])}, Layout(1024, 0, 1), 1)


def table(path: Path, *rows: str) -> Path:
    head = "Cell_Line\tATAC_Signal_File\tBinding_File\tATAC_Peaks\tCHIP_Peaks\tTrain_Test_Label"
    path.write_text("\n".join([head, *rows]) + "\n")
    for name in ("a.bw", "a.bed", "b.bed"):
        (path.parent / name).touch()
    return path


def test_a_table_of_cell_types(tmp_path: Path):
    rows = ["A\ta.bw\t\ta.bed\tb.bed\tTrain", "B\tmissing.bw\t\ta.bed\tb.bed\tTest"]
    (cell,) = meta.read(table(tmp_path / "meta.tsv", *rows))
    assert (cell.name, cell.binding.name, cell.atac_peaks.name) == ("A", "b.bed", "a.bed")
    (cell,) = meta.read(table(tmp_path / "meta.tsv", "A\ta.bw\t\tauto\tb.bed\tTrain"))
    assert cell.atac_peaks == meta.AUTO


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["A\tmissing.bw\t\ta.bed\tb.bed\tTrain"], "line 2: ATAC_Signal_File 'missing.bw' of A"),
        (["A\ta.bw\t\ta.bed\tb.bed\tTrain", "A\ta.bw\t\ta.bed\tb.bed\tTrain"], "line 3: Cell_Line 'A' occurs twice"),
        (
            ["A\tno.bw\t\tno.bed\tb.bed\tTrain", "", "\ta.bw\tx\ta.bed\t\tTrain"],
            "no.bw.*no.bed.*line 4: Cell_Line '' is.*'x'",
        ),
        (["A\ta\0.bw\t\ta.bed\tb.bed\tTrain"], "ATAC_Signal_File must be a path"),
        (["A\ta.bw\t\ta.bed\tb.bed\tTest"], "Train_Test_Label is Train"),
        (["A\ta.bw"], "Train_Test_Label is Train"),
    ],
)
def test_a_table_with_mistakes(tmp_path: Path, rows: list[str], said: str):
    with pytest.raises(InputError, match=said):
        meta.read(table(tmp_path / "meta.tsv", *rows))
    (tmp_path / "meta.tsv").write_text("Cell_Line\tTF\nA\tCTCF\n")
    with pytest.raises(InputError, match="ATAC_Peaks"):
        meta.read(tmp_path / "meta.tsv")


def test_the_signal_of_a_missing_chromosome(small: Genome, tmp_path: Path):
    import pyBigWig

    with pyBigWig.open(str(tmp_path / "one.bw"), "w") as file:
        file.addHeader([("chr1", 6000)])
        file.addEntries(["chr1"], [100], ends=[200], values=[1.0])
    with pytest.raises(InputError, match=r"one.bw.*chrom='chr2'"):
        starts = {"chr2": np.array([64])}
        Slabs(small, [maxima(zoo.Signal(tmp_path / "one.bw"))], starts, Layout(1024, 0, 1), bin_size=1)


def test_codes_of_a_window_with_unknown_bases(tmp_path: Path):
    write_twobit(tmp_path / "n.2bit", {"chr1": encode("ACGTN" * 400)})
    regions = Regions({"chr1": np.array([5])}, np.ones(1, int), np.zeros(1, int))
    slabs = Slabs(Genome(tmp_path / "n.2bit"), [labels([]), labels([])], regions.starts, Layout(1024, 0, 1), 1)
    x, _ = BindingEvaluation(slabs, regions).batch(0)
    assert x[0, :5, :4].tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
