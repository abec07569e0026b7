"""Footprints against the goldens of TOBIAS 0.17.5, its bugs on and off, and small inputs with literal answers."""

import csv
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import OptimizeWarning, curve_fit

from zoo import cli
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.evaluate import bins
from zoo.evaluate.comparison import compare as compare_predictors
from zoo.evaluate.motif_sites import at_sites
from zoo.files.progress import Progress
from zoo.footprints import (
    conditions,
    correcting,
    cuts,
    detecting,
    fitting,
    regions,
    scanning,
    scoring,
    store,
    threshold,
    tracks,
)
from zoo.footprints.bias import Bias, count, reverse
from zoo.footprints.learning import learn
from zoo.footprints.options import Options
from zoo.footprints.regions import Region
from zoo.footprints.run import footprint
from zoo.footprints.sample import Layout, Sample
from zoo.genome import bed
from zoo.genome.encode import encode
from zoo.genome.motifs import read_motifs
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.genome.spans import merge
from zoo.prepare import bias as ends
from zoo.prepare.kinds import BAM

UNSURE = "ignore:The threshold of bound sites:zoo.errors.ZooWarning"
YEAST = ["chrI", "chrIII", "chrVI"]


@pytest.fixture(scope="module")
def golden(shared: Path) -> Path:
    """What TOBIAS 0.17.5 wrote."""
    return shared / "golden" / "tobias"


@pytest.fixture(scope="module")
def yeast(shared: Path) -> Genome:
    """The genome of the goldens `yeast` and `edge`."""
    return Genome(shared / "data" / "sacCer3_atac_tf" / "sacCer3.2bit")


@pytest.fixture(scope="module")
def human(shared: Path) -> Genome:
    """That of `human`."""
    return Genome(shared / "data" / "hg19_chr20_gm12878" / "hg19_chr20_to_11095000.2bit")


@pytest.fixture(scope="module")
def blacklist(shared: Path) -> Path:
    """That of `human`."""
    return shared / "data" / "blacklists" / "hg19-blacklist.v2.bed"


def read_cuts(reads: Path, sizes: dict[str, int], folder: Path) -> dict[str, cuts.Cuts]:
    """Cuts of a BAM file by TOBIAS's rules, kept in a folder."""
    counts, _ = cuts.read(reads, BAM, (4, -5), sizes, True, folder / "cuts.bin")
    return cuts.opened(folder / "cuts.bin", counts)


def original(
    folder: Path,
    genome: Genome,
    chromosomes: list[str],
    reads: Path,
    peaks: Path,
    unwanted: Path | None,
    bias: str,
    normalize: bool,
) -> tuple[Sample, Layout]:
    """A sample by TOBIAS's rules; its cuts are kept in a folder."""
    sizes = {chrom: genome.sizes[chrom] for chrom in chromosomes}
    spans = merge(item for item in bed.read_blacklist(unwanted) if item.chrom in sizes) if unwanted else {}
    layout = Layout.of(regions.read(peaks, sizes, sizes, []), sizes, spans, short=True)
    found = read_cuts(reads, sizes, folder)
    return Sample.learn(genome, found, layout, bias, normalize, original=True), layout


def names_of(tables: Path) -> dict[tuple[str, int, str, str], dict[str, str]]:
    """Place, strand and motif of each site → its row."""
    found = {}
    for path in tables.glob("*_overview.txt"):
        for row in csv.DictReader(path.open(), delimiter="\t"):
            found[row["TFBS_chr"], int(row["TFBS_start"]), row["TFBS_strand"], row["TFBS_name"]] = row
    return found


class TestStore:
    """Cuts on disk."""

    def test_sorted_without_all_in_memory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """As a stable sort has them, whatever is put aside and however; chromosomes in the genome's order."""
        random, sizes = np.random.default_rng(1), {"b": 5000, "none": 0, "a": 700, "left": 300, "c": 1}
        parts = []
        for number in range(300):
            chrom = ("a", "b", "c")[number % 3]
            at = random.integers(0, sizes[chrom], number % 7)
            rest = random.integers(0, 99, len(at)), random.integers(0, 99, len(at)), at % 2, at % 3 > 0
            parts.append((chrom, dict(zip(store.COLUMNS, (at, *rest), strict=True))))
        found = {}
        for most, stretch in ((1 << 22, 1 << 25), (10, 256), (1, 1)):
            monkeypatch.setattr(store, "_AT_ONCE", most)
            monkeypatch.setattr(store, "_STRETCH", stretch)
            sorting = store.Sorting(tmp_path / "scratch.tmp", sizes)
            for chrom, columns in parts:
                sorting.add(chrom, columns)
            sorting.write(tmp_path / "cuts.bin")
            found[most] = store.opened(tmp_path / "cuts.bin", sorting.counts)
            assert list(found[most]) == ["b", "a", "c"]
            assert not (tmp_path / "scratch.tmp").exists()
        for chrom in "abc":
            whole = {name: np.concatenate([c[name] for where, c in parts if where == chrom]) for name in store.COLUMNS}
            order = np.argsort(whole["at"], kind="stable")
            for each in found.values():
                for name, kind in store.COLUMNS.items():
                    assert each[chrom][name].dtype == kind
                    assert each[chrom][name].tolist() == whole[name][order].tolist(), name

    def test_a_file_that_is_not_whole(self, tmp_path: Path):
        sorting = store.Sorting(tmp_path / "scratch.tmp", {"chr1": 10})
        sorting.add("chr1", dict(zip(store.COLUMNS, map(np.array, ([3], [0], [9], [1], [True])), strict=True)))
        sorting.write(tmp_path / "cuts.bin")
        assert cuts.opened(tmp_path / "cuts.bin", {"chr1": 1})["chr1"].counts(2, 5).tolist() == [[0] * 3, [0, 1, 0]]
        assert cuts.opened(tmp_path / "none.bin", {"chr1": 1}) is None
        with open(tmp_path / "cuts.bin", "r+b") as file:
            file.truncate(17)
        assert cuts.opened(tmp_path / "cuts.bin", {"chr1": 1}) is None


class TestGoldenTracks:
    """Bias, expected and corrected cuts."""

    def test_everything_after_the_bias_is_exact_at_every_base(
        self, golden: Path, human: Genome, blacklist: Path, tmp_path: Path
    ):
        held, wanted = np.load(golden / "human" / "bias64.npz"), np.load(golden / "human" / "tracks.npz")
        numbers = json.loads((golden / "human" / "numbers.json").read_text())["atacorrect"]
        sizes = dict(human.sizes)
        found = read_cuts(golden / "human" / "reads.bam", sizes, tmp_path)
        lengths = held["end"] - held["start"]
        parts = {side: np.split(np.nan_to_num(held[side]), np.cumsum(lengths)[:-1]) for side in ("forward", "reverse")}
        made = []
        for start, end, *biases in zip(held["start"], held["end"], parts["forward"], parts["reverse"], strict=True):
            here = found["chr20"].counts(int(start), int(end))
            one, two = (correcting.correct([u], [b], 1e7 / 4893, True)[0] for u, b in zip(here, biases, strict=True))
            made.append(one + two)
        assert pytest.approx(numbers["factor"], abs=1e-5) == 1e7 / 4893
        for name in ("uncorrected", "expected", "corrected"):
            values = np.concatenate([getattr(item, name) for item in made])
            np.testing.assert_allclose(values, wanted[name][: len(values)], rtol=1.3e-7, atol=1e-9)

    def test_bias_scores(self, golden: Path, human: Genome, blacklist: Path, tmp_path: Path):
        """Counts of pairs are exact, scores to the last bits."""
        home = golden / "human"
        sample, layout = original(
            tmp_path, human, ["chr20"], home / "reads.bam", home / "peaks.bed", blacklist, "dwm", True
        )
        numbers = json.loads((home / "numbers.json").read_text())["atacorrect"]
        assert (sample.in_peaks, sample.outside, sample.learned_from) == (
            numbers["peak"],
            numbers["nonpeak"],
            numbers["bias_reads"],
        )
        tracks_ = np.load(home / "tracks.npz")
        assert [item.start for item in layout.output[:70]] == tracks_["start"].tolist()
        assert [item.end for item in layout.output[:70]] == tracks_["end"].tolist()
        held = np.load(home / "bias64.npz")
        first = 0
        for start, end in zip(held["start"].tolist(), held["end"].tolist(), strict=True):
            codes, here = human.codes("chr20", start, end), slice(first, first + end - start)
            found = sample.models[0].scores(codes), sample.models[1].scores(reverse(codes))[::-1]
            for side, values in zip(("forward", "reverse"), found, strict=True):
                known = ~np.isnan(held[side][here])
                np.testing.assert_allclose(values[known], held[side][here][known], rtol=0, atol=1e-11)
            first += end - start

    @pytest.mark.parametrize("bias", ["pwm", "dwm"])
    def test_edge(self, golden: Path, yeast: Genome, bias: str, tmp_path: Path):
        """Clips, duplicates, `=` CIGARs, nested peaks, a chromosome's ends, a blacklist; with a PWM each strand."""
        home = golden / "edge"
        sample, layout = original(
            tmp_path,
            yeast,
            ["chrI"],
            home / "reads.bam",
            home / "peaks.bed",
            home / "blacklist.bed",
            bias,
            bias == "pwm",
        )
        compare(yeast, sample, layout, np.load(home / f"{bias}_tracks.npz"))

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["human", "all", "part"])
    def test_whole_chain(self, golden: Path, yeast: Genome, human: Genome, blacklist: Path, name: str, tmp_path: Path):
        if name == "human":
            home = golden / "human"
            given = human, ["chr20"], home / "reads.bam", home / "peaks.bed", blacklist
            wanted = np.load(home / "tracks.npz")
        else:
            home = golden / "yeast"
            given = yeast, YEAST, home / f"{name}.bam", home / "peaks.bed", None
            wanted = np.load(home / f"{name}_tracks.npz")
        sample, layout = original(tmp_path, *given, "dwm", True)
        compare(given[0], sample, layout, wanted)


def compare(genome: Genome, sample: Sample, layout: Layout, wanted: np.lib.npyio.NpzFile) -> None:
    """Tracks with those of a golden: where it is stable to 1e-5 of a cut, at 99.5 % of the bases, and all to 0.05."""
    chosen = layout.output[: len(wanted["start"])]
    assert [item.chrom for item in chosen] == wanted["chrom"].tolist()
    assert [(item.start, item.end) for item in chosen] == list(
        zip(wanted["start"].tolist(), wanted["end"].tolist(), strict=True)
    )
    pairs = sample.correct(genome, chosen, original=True)
    sides = {"": [one + two for one, two in pairs], "_forward": [one for one, _ in pairs]}
    sides["_reverse"] = [two for _, two in pairs]
    compared = 0
    for side, items in sides.items():
        for name in tracks.TRACKS:
            if f"{name}{side}" not in wanted:
                continue
            compared += 1
            found = np.concatenate([getattr(item, name) for item in items])
            off = np.abs(found - wanted[f"{name}{side}"]) / sample.factor
            if name in ("uncorrected", "bias"):
                np.testing.assert_allclose(found, wanted[f"{name}{side}"], rtol=1e-7, atol=2e-6)
                continue
            stable = wanted["stable"] if "stable" in wanted else np.ones(len(off), bool)
            assert np.mean(off[stable] <= 1e-5) >= 0.995
            assert off[stable].max() <= 0.05
            assert stable.all() or np.mean(off[~stable] <= 0.01) >= 0.88
    assert compared >= 2


class TestGoldenScores:
    """Footprint scores of golden corrected cuts, bit by bit."""

    @pytest.mark.parametrize(
        ("folder", "peaks", "signal", "wanted"),
        [
            ("human", "peaks.bed", "corrected.bw", "footprints.bw"),
            ("edge", "peaks.bed", "dwm_corrected.bw", "footprints.bw"),
            ("edge", "peaks.stranded.bed", "dwm_corrected.bw", "footprints_stranded.bw"),
        ],
    )
    def test_exact(
        self,
        golden: Path,
        yeast: Genome,
        human: Genome,
        tmp_path: Path,
        folder: str,
        peaks: str,
        signal: str,
        wanted: str,
    ):
        home, genome = golden / folder, human if folder == "human" else yeast
        made = footprint(
            home / signal, tmp_path / "out", genome, home / peaks, given="corrected", compat="tobias", progress=False
        )
        found, other = Signal(made.tracks[signal.split(".")[0]]["footprints"]), Signal(home / wanted)
        count = 0
        for chrom, size in other.sizes.items():
            expected = other.values(chrom, 0, size)
            np.testing.assert_array_equal(found.values(chrom, 0, size), expected)
            count += np.count_nonzero(expected)
        assert count > 15_000


@pytest.mark.filterwarnings(UNSURE)
class TestGoldenSites:
    """Every site and call, from golden footprints."""

    @pytest.mark.parametrize(
        ("folder", "table", "conditions", "sites"),
        [
            ("human", "bindetect", ["gm12878"], 488),
            ("yeast", "bindetect_one", ["all"], 384),
            ("yeast", "bindetect_two", ["all", "part"], 384),
        ],
    )
    def test_all(
        self,
        golden: Path,
        yeast: Genome,
        human: Genome,
        tmp_path: Path,
        folder: str,
        table: str,
        conditions: list[str],
        sites: int,
    ):
        home = golden / folder
        files = (
            [home / "footprints.bw"] if folder == "human" else [home / f"{name}_footprints.bw" for name in conditions]
        )
        made = footprint(
            files,
            tmp_path / "out",
            human if folder == "human" else yeast,
            home / "peaks.bed",
            motifs=home / "motifs.meme",
            names=conditions,
            given="footprints",
            compat="tobias",
        )
        wanted = names_of(home / table)
        rows = list(csv.DictReader(made.sites.open(), delimiter="\t"))
        assert len(rows) == len(wanted) == sites
        for row in rows:
            held = wanted[row["chrom"], int(row["start"]), row["strand"], row["motif"]]
            assert (row["end"], row["motif_score"]) == (held["TFBS_end"], held["TFBS_score"])
            assert (row["peak_start"], row["peak_end"]) == (held["peak_start"], held["peak_end"])
            for name in conditions:
                assert row[f"{name}_bound"] == held[f"{name}_bound"]
                assert float(row[f"{name}_score"]) == pytest.approx(float(held[f"{name}_score"]), rel=2e-6)
            if len(conditions) == 2:
                assert float(row["all_part_log2fc"]) == pytest.approx(float(held["all_part_log2fc"]), abs=2e-5)
        self.check_motifs(made.motifs, home / table / "bindetect_results.txt", conditions)
        self.check_distances(made.distances, home / table / "bindetect_distances.txt")
        numbers = json.loads((home / "numbers.json").read_text())[table]
        said = json.loads(made.record.read_text())["sites"]
        assert said["threshold"]["value"] == pytest.approx(numbers["threshold"], rel=1e-5)
        assert said["pseudocount"] == pytest.approx(numbers["pseudo"], rel=1e-5)
        assert 100 * said["fraction of G and C"] == pytest.approx(numbers["gc"], abs=0.005)
        found = [float(row["threshold"]) for row in csv.DictReader(made.motifs.open(), delimiter="\t")]
        assert found == numbers["motif_thresholds"]

    @staticmethod
    def check_motifs(path: Path, wanted: Path, conditions: list[str]) -> None:
        held = {row["motif_id"]: row for row in csv.DictReader(wanted.open(), delimiter="\t")}
        for row in csv.DictReader(path.open(), delimiter="\t"):
            other = held.pop(row["motif"])
            assert row["sites"] == other["total_tfbs"]
            for name in conditions:
                assert row[f"{name}_bound"] == other[f"{name}_bound"]
                assert float(row[f"{name}_mean_score"]) == pytest.approx(float(other[f"{name}_mean_score"]), rel=1e-6)
            if len(conditions) == 2:
                assert float(row["all_part_change"]) == pytest.approx(float(other["all_part_change"]), abs=2e-5)
                assert float(row["all_part_p_value"]) == pytest.approx(float(other["all_part_pvalue"]), rel=0.01)
                assert row["all_part_highlighted"] == str(int(other["all_part_highlighted"] == "True"))
        assert not held

    @staticmethod
    def check_distances(path: Path, wanted: Path) -> None:
        head, *lines = wanted.read_text().splitlines()
        names = head.removeprefix("# ").split("\t")
        table = {row["motif"]: row for row in csv.DictReader(path.open(), delimiter="\t")}
        for name, line in zip(names, lines, strict=True):
            assert [table[name][other] for other in names] == line.split("\t")


class TestBaseline:
    """What footprints are worth beside the motif alone, on the golden sample."""

    @pytest.mark.parametrize(
        ("factor", "peaks", "motif", "wanted"),
        [
            ("CTCF", "BroadGm12878Ctcf", "CTCF", (0.180, 0.187, 0.431)),
            ("SPI1", "Pu1Pcr1x", "SPI1", (0.115, 0.113, 0.054)),
            ("MAX", "MaxIggmus", "MAX", (0.108, 0.108, 0.039)),
            ("ELF1", "Gm12878Elf1", "ELF1", (0.186, 0.131, 0.057)),
            ("YY1", "Gm12878Yy1", "TYY1", (0.128, 0.128, 0.145)),
            ("EGR1", "Egr1Pcr2x", "EGR1", (0.353, 0.382, 0.543)),
        ],
    )
    @pytest.mark.filterwarnings("ignore:.*positive:zoo.errors.ZooWarning")
    def test_average_precision(
        self,
        shared: Path,
        golden: Path,
        human: Genome,
        factor: str,
        peaks: str,
        motif: str,
        wanted: tuple[float, ...],
        tmp_path: Path,
    ):
        home = shared / "data" / "hg19_chr20_gm12878"
        signal, (region,) = Signal(home / "gm12878_minmax_p99.bw"), bed.read(home / "region.bed")
        motifs = read_motifs(golden / "human" / "motifs.meme", f"{motif}.")
        cut = read_cuts(golden / "human" / "reads.bam", dict(human.sizes), tmp_path)["chr20"]
        predictors = at_sites(
            human,
            motifs,
            bed.read(golden / "human" / "peaks.bed"),
            Signal(golden / "human" / "footprints.bw"),
            Counted(cut),
        )
        bound = bins.Bound(next((home / "peaks_GM12878").glob(f"*{peaks}*.narrowPeak")), signal.sizes, "half")
        rows = compare_predictors(predictors, bound, signal, None, region, repeats=1)
        found = [row.binding.average_precision for row in rows]
        assert found == pytest.approx(wanted, abs=0.006), factor
        assert (found[0], found[2]) == pytest.approx((wanted[0], wanted[2]), abs=0.0006)


class Counted:
    """Cuts as a track."""

    sizes = {"chr20": 11_095_000}

    def __init__(self, found: cuts.Cuts) -> None:
        self._found = found

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        return self._found.counts(start, end).sum(axis=0)


@dataclass(frozen=True)
class Small:
    """A genome of 40 kb, the fragments of a sample, and where they are many."""

    genome: Path
    fragments: Path
    bam: Path
    peaks: Path
    motifs: Path
    chosen: list[tuple[int, int]]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Cuts prefer a G at their base; 20 peaks have half of them."""
    home = tmp_path_factory.mktemp("footprints")
    random = np.random.default_rng(5)
    codes = random.integers(0, 4, 40_000).astype(np.uint8)
    write_twobit(home / "genome.2bit", {"chr1": codes, "chr2": codes[:5000]})
    peaks = [(start, start + 400) for start in range(1000, 39_000, 1900)]
    likely = np.where(codes == 2, 4.0, 1.0)
    for start, end in peaks:
        likely[start:end] *= 10
    starts = random.choice(np.arange(200, 39_500), 6000, p=likely[200:39_500] / likely[200:39_500].sum()) - 4
    chosen = sorted(
        {
            (int(start), int(start) + int(length))
            for start, length in zip(starts, random.integers(60, 300, 6000), strict=True)
        }
    )
    (home / "sample.tsv").write_text("".join(f"chr1\t{start}\t{end}\tcell\t1\n" for start, end in chosen))
    (home / "peaks.bed").write_text("".join(f"chr1\t{start}\t{end}\n" for start, end in peaks))
    (home / "motifs.meme").write_text(
        "MEME version 4\n\nALPHABET= ACGT\n\n"
        + "".join(
            f"MOTIF {name}\nletter-probability matrix: alength= 4 w= 6 nsites= 20\n{rows}\n" for name, rows in MOTIFS
        )
    )
    write_bam(home / "sample.bam", chosen)
    return Small(
        *(home / name for name in ("genome.2bit", "sample.tsv", "sample.bam", "peaks.bed", "motifs.meme")), chosen
    )


ROWS = {letter: " ".join("0.97" if base == letter else "0.01" for base in "ACGT") + "\n" for letter in "ACGT"}
MOTIFS = [(name, "".join(ROWS[letter] for letter in name)) for name in ("ACGTTG", "TTGACA")]


def write_bam(path: Path, found: list[tuple[int, int]], cigar: str = "50M") -> None:
    """Pairs of reads of 50 bp, sorted."""
    import pysam

    rows = []
    for number, (start, end) in enumerate(found):
        rows += [(start, 99, f"r{number}", end - start, end - 50), (end - 50, 147, f"r{number}", start - end, start)]
    head = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 40_000}, {"SN": "chr2", "LN": 5000}]}
    with pysam.AlignmentFile(str(path), "wb", header=head) as file:
        for place, flag, name, length, mate in sorted(rows):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag, read.reference_id, read.reference_start = name, flag, 0, place
            read.mapping_quality, read.cigarstring, read.next_reference_id = 60, cigar, 0
            read.next_reference_start, read.template_length = mate, length
            read.query_sequence = "A" * 50
            file.write(read)


def values(path: Path, start: int = 0, end: int = 40_000) -> np.ndarray:
    """Of a track."""
    return Signal(path).values("chr1", start, end)


@pytest.mark.filterwarnings(UNSURE, "ignore:.* do not tell whether:zoo.errors.ZooWarning")
class TestRun:
    """The whole of it on a small sample."""

    def test_fragments_and_reads_are_the_same(self, small: Small, tmp_path: Path):
        made = [
            footprint(reads, tmp_path / reads.suffix[1:], small.genome, small.peaks, motifs=small.motifs, shift=True)
            for reads in (small.fragments, small.bam)
        ]
        for name in ("corrected", "footprints", "bias", "expected", "uncorrected"):
            one, two = (values(item.tracks["sample"][name]) for item in made)
            np.testing.assert_array_equal(one, two)
            assert np.any(one)
        assert made[0].sites.read_text() == made[1].sites.read_text()
        assert made[0].sites.read_text().count("\n") > 1

    def test_a_bias_is_learned(self, small: Small, tmp_path: Path):
        """Forward reads cut G four times as often, and are expected to; reverse ones have no preference."""
        made = footprint(
            small.bam, tmp_path / "out", small.genome, small.peaks, shift=True, bias="pwm", split_strands=True
        )
        codes = Genome(small.genome).codes("chr1", 0, 40_000)
        inside = np.zeros(40_000, bool)
        for region in bed.read(small.peaks):
            inside[region.start : region.end] = True
        means = {}
        for name in ("uncorrected_forward", "expected_forward", "expected_reverse", "bias_forward"):
            track = values(made.tracks["sample"][name])
            means[name] = track[inside & (codes == 2)].mean(), track[inside & (codes != 2)].mean()
        ratios = {name: one / two for name, (one, two) in means.items()}
        assert ratios["uncorrected_forward"] == pytest.approx(4, rel=0.1)
        assert ratios["expected_forward"] > 3
        assert ratios["expected_reverse"] == pytest.approx(1, rel=0.2)
        assert np.subtract(*means["bias_forward"]) == pytest.approx(2, rel=0.1)

    def test_scaling_strands_and_choices(self, small: Small, tmp_path: Path):
        raw = footprint(
            small.bam, tmp_path / "raw", small.genome, small.peaks, shift=True, normalize=False, split_strands=True
        )
        scaled = footprint(small.bam, tmp_path / "scaled", small.genome, small.peaks, shift=True)
        factor = json.loads(scaled.record.read_text())["samples"]["sample"]["factor"]
        inside = json.loads(scaled.record.read_text())["samples"]["sample"]["in peaks"]
        assert factor == pytest.approx(1e7 / inside)
        one, two = (values(item.tracks["sample"]["uncorrected"]) for item in (raw, scaled))
        np.testing.assert_allclose(one * factor, two, rtol=1e-6)
        sides = [values(raw.tracks["sample"][f"corrected_{side}"]) for side in ("forward", "reverse")]
        np.testing.assert_allclose(sides[0] + sides[1], values(raw.tracks["sample"]["corrected"]), atol=1e-5)
        assert (
            sum(start + 4 == 1100 for start, _ in small.chosen)
            == values(raw.tracks["sample"]["uncorrected_forward"], 1100, 1101)[0]
        )
        assert (
            sum(end - 5 == 1100 for _, end in small.chosen)
            == values(raw.tracks["sample"]["uncorrected_reverse"], 1100, 1101)[0]
        )

    def test_shifted_fragments_cut_at_their_ends(self, small: Small, tmp_path: Path):
        moved = tmp_path / "moved.tsv"
        moved.write_text("".join(f"chr1\t{start + 4}\t{end - 5}\tcell\t1\n" for start, end in small.chosen))
        one = footprint(moved, tmp_path / "one", small.genome, small.peaks, shift=False).tracks["moved"]
        two = footprint(small.fragments, tmp_path / "two", small.genome, small.peaks, shift=True).tracks["sample"]
        np.testing.assert_array_equal(values(one["corrected"]), values(two["corrected"]))

    def test_two_conditions(self, small: Small, tmp_path: Path):
        half = tmp_path / "half.tsv"
        half.write_text("".join(small.fragments.read_text().splitlines(keepends=True)[::2]))
        made = footprint(
            [small.fragments, half],
            tmp_path / "out",
            small.genome,
            small.peaks,
            motifs=small.motifs,
            names=["a", "b"],
            shift=True,
        )
        assert made.tracks["b"]["corrected"].name == "out_b_corrected.bw"
        head = made.sites.read_text().split("\n")[0].split("\t")
        assert head[8:] == ["a_score", "b_score", "a_bound", "b_bound", "a_b_log2fc"]
        rows = list(csv.DictReader(made.motifs.open(), delimiter="\t"))
        assert [row["motif"] for row in rows] == ["ACGTTG", "TTGACA"]
        assert {"a_b_change", "a_b_p_value", "a_b_highlighted"} <= set(rows[0])

    def test_what_exists_goes_on_from_there(self, small: Small, tmp_path: Path):
        """From tracks of an earlier call, with the same numbers."""
        every = footprint(small.bam, tmp_path / "all", small.genome, small.peaks, motifs=small.motifs, shift=True)
        corrected = every.tracks["sample"]["corrected"]
        later = footprint(
            corrected,
            tmp_path / "later",
            small.genome,
            small.peaks,
            motifs=small.motifs,
            names=["sample"],
            given="corrected",
        )
        last = footprint(
            later.tracks["sample"]["footprints"],
            tmp_path / "last",
            small.genome,
            small.peaks,
            motifs=small.motifs,
            names=["sample"],
            given="footprints",
        )
        assert every.sites.read_text() == later.sites.read_text() == last.sites.read_text()
        assert last.tracks == {"sample": {}}

    def test_an_interrupted_run_goes_on(self, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(tracks, "_BLOCK", 3200)
        asked = []
        real = Sample.correct

        def correct(sample, genome, pieces, original):
            asked.append(pieces[0].start)
            return real(sample, genome, pieces, original)

        monkeypatch.setattr(Sample, "correct", correct)
        whole = footprint(small.bam, tmp_path / "whole", small.genome, small.peaks, shift=True, workers=1)
        every, updates = list(asked), iter([None, None, KeyboardInterrupt])
        asked.clear()

        def update(bar, n=1):
            if next(updates, None) is not None:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Progress, "update", update)
            with pytest.raises(KeyboardInterrupt):
                footprint(small.bam, tmp_path / "out", small.genome, small.peaks, shift=True, workers=1)
        assert not list(tmp_path.glob("out*.bw"))
        asked.clear()
        made = footprint(small.bam, tmp_path / "out", small.genome, small.peaks, shift=True, workers=1)
        assert 0 < len(asked) < len(every)
        for name, path in made.tracks["sample"].items():
            assert path.read_bytes() == whole.tracks["sample"][name].read_bytes()
        assert not (tmp_path / "out.partial").exists()
        asked.clear()
        footprint(small.bam, tmp_path / "out", small.genome, small.peaks, shift=True, workers=1)
        assert not asked

    def test_other_choices_leave_no_old_files(self, small: Small, tmp_path: Path):
        footprint(small.bam, tmp_path / "out", small.genome, small.peaks, motifs=small.motifs, shift=True)
        footprint(small.bam, tmp_path / "out", small.genome, small.peaks, shift=True)
        assert not (tmp_path / "out_sites.tsv").exists()

    def test_command(self, small: Small, tmp_path: Path, capsys: pytest.CaptureFixture):
        line = ["footprint", str(small.bam), "--output", str(tmp_path / "out"), "--genome", str(small.genome)]
        line += ["--peaks", str(small.peaks), "--motifs", str(small.motifs), "--shift", "yes"]
        assert cli.main(line) == 0
        said = capsys.readouterr().out
        assert "sites of 2 motifs" in said
        assert str(tmp_path / "out_sites.tsv") in said
        assert cli.main([*line, "--json"]) == 0
        record = json.loads(capsys.readouterr().out)
        assert record["options"]["bias"] == "dwm"
        assert len(record["not as in TOBIAS 0.17.5"]) == 8


@pytest.mark.filterwarnings("ignore:.* do not tell whether:zoo.errors.ZooWarning")
class TestRefused:
    """What cannot be used, with what is to be done."""

    @pytest.mark.parametrize(
        ("choices", "message"),
        [
            ({"compat": "maxatac"}, "compat must be one of tobias"),
            ({"bias": "kmer"}, "model of the bias must be one of dwm, pwm"),
            ({"given": "tracks"}, "must hold one of reads, corrected, footprints"),
            ({"motif_p_value": 1e-3}, "motif p value must be chosen with motifs only"),
            ({"pseudocount": 2.0}, "pseudocount must be chosen with motifs and several conditions only"),
            ({"given": "corrected", "bias": "pwm"}, "bias must be chosen of reads only"),
            ({"names": ["a", "b"]}, "different names, one for each file"),
            ({"names": ["a/b"]}, "name of a condition must be letters"),
            ({"chromosomes": ["chr7"]}, "chromosomes that are asked for must be there"),
            ({"chromosomes": ["chr2"]}, "Peaks must lie on the chosen chromosomes"),
            ({"workers": 0}, "workers must be a whole number"),
            ({"normalize": "no"}, "normalize must be True or False"),
        ],
    )
    def test_choices(self, small: Small, tmp_path: Path, choices: dict, message: str):
        with pytest.raises(InputError, match=message):
            footprint(small.bam, tmp_path / "out", small.genome, small.peaks, **choices)
        assert not list(tmp_path.iterdir())

    def test_a_bound_of_zero(self, small: Small, tmp_path: Path):
        with pytest.raises(InputError, match="bound p value must be above 0 and below 1"):
            footprint(small.bam, tmp_path / "out", small.genome, small.peaks, motifs=small.motifs, bound_p_value=0)

    def test_tobias_ignores_a_pseudocount(self):
        with pytest.raises(InputError, match="takes one and ignores it"):
            Options(pseudocount=2.0, compat="tobias").check_effects(True, 2, False, False)

    def test_footprints_without_motifs(self):
        with pytest.raises(InputError, match="must be given with motifs"):
            Options(given="footprints").check_effects(False, 1, False, False)

    def test_peaks_beyond_the_end(self, small: Small, tmp_path: Path):
        peaks = tmp_path / "peaks.bed"
        peaks.write_text("chr1\t100\t400\nchr1\t39900\t40001\n")
        with pytest.raises(GenomeMismatch, match="A peak must lie within a chromosome"):
            footprint(small.bam, tmp_path / "out", small.genome, peaks)

    def test_no_reads_outside_of_peaks(self, small: Small, tmp_path: Path):
        reads = tmp_path / "few.tsv"
        reads.write_text("".join(f"chr1\t{start}\t{start + 80}\tcell\t1\n" for start in range(1050, 1200)))
        with pytest.raises(InputError, match="cuts of both strands in peaks, and outside"):
            footprint(reads, tmp_path / "out", small.genome, small.peaks, shift=True)
        assert not list(tmp_path.glob("out*"))

    def test_motifs_are_read_first(self, small: Small, tmp_path: Path):
        with pytest.raises(InputError, match="Motifs must be in a MEME file"):
            footprint(small.bam, tmp_path / "out", small.genome, small.peaks, motifs=small.peaks)
        assert not list(tmp_path.iterdir())

    def test_a_condition_without_scores(self):
        with pytest.raises(InputError, match="Every condition must have footprint scores above 0"):
            threshold.factors_of([np.ones(20), np.zeros(20)])

    def test_a_bigwig_as_reads(self, small: Small, tmp_path: Path, golden: Path):
        with pytest.raises(InputError, match="A file of reads must be a BAM file"):
            footprint(golden / "human" / "corrected.bw", tmp_path / "out", small.genome, small.peaks)

    def test_a_track_of_another_assembly(self, small: Small, tmp_path: Path, golden: Path, human: Genome):
        with pytest.raises(GenomeMismatch):
            footprint(
                golden / "edge" / "dwm_corrected.bw", tmp_path / "out", small.genome, small.peaks, given="corrected"
            )

    def test_an_output_that_is_read(self, small: Small, tmp_path: Path):
        (tmp_path / "out_footprints.bw").write_bytes(small.peaks.read_bytes())
        with pytest.raises(InputError, match="must replace no folder and no file that the run reads"):
            footprint(small.bam, tmp_path / "out", small.genome, tmp_path / "out_footprints.bw", shift=True)

    def test_shifted_reads_are_told(self, small: Small, tmp_path: Path):
        """TOBIAS never looks; a shift that the bases speak against is said."""
        notes: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conditions, "bias_of", lambda *_: ends.Bias(0.0, 0.9, 5000))
            genome = Genome(small.genome)
            found = conditions.open_all(
                small.bam, None, "reads", genome, genome.sizes, shift=True, original=False, notes=notes
            )
        assert found[0].shift == (4, -5)
        assert "were shifted already" in notes[0]


class TestOriginal:
    """What is mended, and what `compat="tobias"` keeps."""

    def test_nested_peaks(self):
        nested = [Region("chr1", 100, 500, "a", "+"), Region("chr1", 200, 300, "b", "-"), Region("chr1", 500, 600)]
        assert [item[1:3] for item in regions.merged(nested)] == [(100, 500), (500, 600)]
        assert [item[1:] for item in regions.merged(nested, short=True)] == [
            (100, 300, "b", "-"),
            (500, 600, ".", "."),
        ]

    def test_minus_strand(self):
        ramp = np.arange(5.0)
        assert tracks.turned(ramp, Region("chr1", 0, 5, ".", "-"), False).tolist() == [0, 1, 2, 3, 4]
        assert tracks.turned(ramp, Region("chr1", 0, 5, ".", "-"), True).tolist() == [4, 3, 2, 1, 0]

    def test_the_right_rim(self):
        """A footprint of 20 bp between shoulders of 10 is found in a region's last bases, too."""
        signal = np.zeros(200, np.float32)
        signal[125:135] = signal[155:165] = 2.0
        signal[135:155] = -1.0
        mended, kept = scoring.scores([signal], False)[0], scoring.scores([signal], True)[0]
        assert mended[135 - 30 : 155 - 30].tolist() == [3.0] * 20
        assert kept[135 - 30 : 155 - 30].max() < 3.0
        np.testing.assert_array_equal(mended[:40], kept[:40])

    def test_cigars_with_equal_signs_count_for_the_bias(self, small: Small, tmp_path: Path):
        write_bam(tmp_path / "equal.bam", small.chosen[:100], "50=")
        write_bam(tmp_path / "clipped.bam", small.chosen[:100], "5S45M")
        for name, only_m, learned in (("equal", True, 0), ("equal", False, 200), ("clipped", False, 100)):
            target = tmp_path / "cuts.bin"
            counts, reading = cuts.read(tmp_path / f"{name}.bam", BAM, (4, -5), {"chr1": 40_000}, only_m, target)
            found = cuts.opened(target, counts)
            assert found["chr1"].learned_from.sum() == learned
            assert (reading.cuts, reading.no_bias) == (200, 200 - learned)
        assert sorted(found["chr1"].at[found["chr1"].strand == 0].tolist()) == sorted(
            start - 5 + 4 for start, _ in small.chosen[:100]
        )

    def test_motifs_of_rounded_counts(self, tmp_path: Path):
        """0.97 of 20 sites are 19: the strands differ in TOBIAS, and not here."""
        path = tmp_path / "motif.meme"
        path.write_text(
            "MEME version 4\n\nMOTIF odd\nletter-probability matrix: alength= 4 w= 2 nsites= 20\n"
            "0.97 0.01 0.01 0.01\n0.02 0.94 0.02 0.02\n"
        )
        even = np.full(4, 0.25)
        mended, kept = scanning.patterns(path, even, 1e-4)[0], scanning.patterns(path, even, 1e-4, rounded=True)[0]
        np.testing.assert_array_equal(mended.reverse, mended.forward[::-1, ::-1])
        np.testing.assert_array_equal(kept.forward, mended.forward)
        assert kept.reverse[3, 1] == pytest.approx(np.log((19 / 19 + 0.0025) / 1.01 / 0.25))

    def test_short_motifs_at_the_end_of_a_peak(self):
        motif = np.log(np.where(np.eye(4)[:, [0, 1, 2, 3]] > 0, 0.97, 0.01) / 0.25)
        pattern = scanning.Pattern("ACGT", motif, np.full((4, 4), -9.0), 5.0)
        codes = [encode("ACGTTTACGT")]
        assert scanning.scan([pattern], codes)[0].start.tolist() == [0, 6]
        assert scanning.scan([pattern], codes, missed=True)[0].start.tolist() == [0]

    def test_the_mean_of_windows(self):
        """One window fits one cut exactly; the mean at the rim is over those that are there."""
        fits = np.ones((3, 100))
        assert correcting._shape(fits, 154, False)[12:22].tolist() == [1.0] * 10
        assert correcting._shape(fits, 154, True)[12:22].tolist() == [0.1] * 10


class TestParts:
    """Literal answers of the parts."""

    def test_fits_are_those_of_scipy(self):
        """To the last bit; one in seven windows has a single cut, where the fit hangs on it."""
        random = np.random.default_rng(3)
        x = random.normal(0, 2, (300, 100))
        y = random.poisson(np.maximum(0, 0.03 * x + random.choice([-0.03, 0.02, 0.1], (300, 1)))).astype(float)
        y[np.arange(300), random.integers(0, 100, 300)] += 1.0
        found, good = fitting.solve(x, y)
        for number in range(300):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error", OptimizeWarning)
                    line, _ = curve_fit(lambda x, a, b: np.maximum(0, a * x + b), x[number], y[number], (1.0, 1.0))
                assert good[number]
                assert found[:, number].tolist() == line.tolist()
            except (RuntimeError, OptimizeWarning):
                assert not good[number]
        one, _ = fitting.solve(x[7:8], y[7:8])
        np.testing.assert_array_equal(one[:, 0], found[:, 7])

    def test_a_fit_without_covariance(self):
        """Of scores that are all 0 the slope has none; 0 everywhere is what scores less the smallest at a cut are."""
        assert not fitting.solve(np.zeros((1, 100)), np.eye(1, 100))[1][0]
        assert not fitting.fit(np.zeros((1, 100)), np.eye(1, 100)).any()

    def test_regions(self):
        items = [Region("chr1", 100, 200), Region("chr1", 300, 120_300)]
        spans = {"chr1": np.array([[150, 160], [190, 310]])}
        assert [item[1:3] for item in regions.without(items, spans)] == [(100, 150), (160, 190), (310, 120_300)]
        assert [item[1:3] for item in regions.split(items)] == [
            (100, 200),
            (300, 50_300),
            (50_300, 100_300),
            (100_300, 120_300),
        ]
        assert [item[1:3] for item in regions.within([Region("chr1", -5, 1000)], {"chr1": 900}, 30)] == [(30, 870)]

    def test_layout(self):
        """Peaks 300 bp apart are put out as one; the chromosome's first 62 bp are not."""
        peaks = [Region("chr1", 0, 100), Region("chr1", 400, 500), Region("chr1", 2000, 2100)]
        layout = Layout.of(peaks, {"chr1": 3000}, {}, short=False)
        assert [item[1:3] for item in layout.output] == [(62, 600), (1900, 2200)]
        assert [item[1:3] for item in layout.outside] == [(100, 400), (500, 2000), (2100, 3000)]

    def test_counts_of_kmers(self):
        kmers = np.stack([encode("A" * 25), encode("ACGTN" * 5)])
        found = count(kmers, np.array([3, 2]))
        assert found.kmers == 3
        assert found.single[4].tolist() == [3, 0, 0, 0]
        assert count(kmers, np.array([3, 2]), gaps=True).kmers == 5
        assert count(kmers, np.array([3, 2]), gaps=True).single[4].tolist() == [3, 0, 0, 0]

    def test_a_contig_shorter_than_a_kmer(self, tmp_path: Path):
        """It has cuts, and no bias is learned from them."""
        write_twobit(tmp_path / "genome.2bit", {"chr1": encode("ACGT" * 5)})
        cut = cuts.Cuts(*map(np.array, ([3, 9], [0, 1], [True, True], [0, 0], [20, 20])))
        found, used = learn(Genome(tmp_path / "genome.2bit"), {"chr1": cut}, [Region("chr1", 0, 20)], False, False)
        assert used == 2
        assert [pair.kmers for strand in found for pair in strand] == [0, 0, 0, 0]

    def test_a_score_of_single_bases(self):
        """15 cuts on G, 15 background k-mers on A, all else alike: log2(16 / 1) at G, its negative at A."""
        cut, background = (np.zeros((15, 25), np.uint8) for _ in range(2))
        cut[:, 12] = 2
        model = Bias.learn(count(cut, np.ones(15)), count(background, np.ones(15)), "pwm")
        found = model.scores(encode("A" * 12 + "G" + "A" * 12 + "N"))
        assert found[12] == 4.0
        assert np.count_nonzero(found) == 1
        assert model.scores(encode("A" * 25))[12] == -4.0

    def test_thresholds_of_motifs(self):
        """The best of 4^6 words is less probable than 1e-3, the best of 4^2 is not."""
        even, letter = np.full(4, 0.25), np.array([2.0, -1.0, -1.0, -1.0])
        assert scanning.threshold_of(np.tile(letter[:, None], 6), even, 1e-3) == 9.0005
        assert scanning.threshold_of(np.tile(letter[:, None], 2), even, 1e-3) == 4.0 - 1.5

    def test_overlapping_hits(self):
        """The worse goes; of equal ones the earlier."""
        offsets = np.array([0, 100])
        rows = [(0, 0, 5.0), (3, 0, 6.0), (7, 1, 6.0), (20, 0, 9.0), (24, 0, 8.0), (105, 0, 1.0)]
        found = scanning._sites(rows, 6, offsets)
        assert found.start.tolist() == [7, 20, 5]
        assert found.sequence.tolist() == [0, 0, 1]
        assert found.strand.tolist() == ["-", "+", "+"]

    def test_distances(self):
        even = np.zeros((4, 6))
        patterns = [scanning.Pattern(name, even, even, 0.0) for name in "ab"]
        sites = [
            scanning.Sites(np.zeros(len(at), np.int64), np.array(at), np.full(len(at), "+"), np.zeros(len(at)))
            for at in ([0, 100], [3, 105, 200])
        ]
        begins = np.zeros(1, np.int64)
        assert detecting.distances(patterns, sites, begins)[0, 1] == pytest.approx(1 - 4 / 12)
        assert detecting.distances(patterns, sites, begins, original=True)[1, 0] == pytest.approx(1 - 3 / 12)

    def test_too_few_scores(self):
        with pytest.raises(InputError, match="must be above 0 at 10 of them"):
            threshold.threshold_of([np.array([0.0, 1.0, 2.0])], 1e-3)

    def test_a_threshold_of_few_scores_is_told(self, small: Small, tmp_path: Path):
        with pytest.warns(ZooWarning, match="make it unsure"):
            footprint(small.bam, tmp_path / "out", small.genome, small.peaks, motifs=small.motifs, shift=True)
