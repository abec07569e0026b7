"""Footprints against the goldens of TOBIAS 0.17.5, its bugs on and off, and small inputs with literal answers."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from zoo.footprints import correcting, cuts, regions, tracks
from zoo.footprints.bias import reverse
from zoo.footprints.run import footprint
from zoo.footprints.sample import Layout, Sample
from zoo.genome import bed
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import merge
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


def original(
    genome: Genome, chromosomes: list[str], reads: Path, peaks: Path, unwanted: Path | None, bias: str, normalize: bool
) -> tuple[Sample, Layout]:
    """A sample by TOBIAS's rules."""
    sizes = {chrom: genome.sizes[chrom] for chrom in chromosomes}
    spans = merge(item for item in bed.read_blacklist(unwanted) if item.chrom in sizes) if unwanted else {}
    layout = Layout.of(regions.read(peaks, sizes, sizes, []), sizes, spans, short=True)
    found, _ = cuts.read(reads, BAM, (4, -5), sizes, only_m=True)
    return Sample.learn(genome, found, layout, bias, normalize, original=True), layout


def names_of(tables: Path) -> dict[tuple[str, int, str, str], dict[str, str]]:
    """Place, strand and motif of each site → its row."""
    found = {}
    for path in tables.glob("*_overview.txt"):
        for row in csv.DictReader(path.open(), delimiter="\t"):
            found[row["TFBS_chr"], int(row["TFBS_start"]), row["TFBS_strand"], row["TFBS_name"]] = row
    return found


class TestGoldenTracks:
    """Bias, expected and corrected cuts."""

    def test_everything_after_the_bias_is_exact_at_every_base(self, golden: Path, human: Genome, blacklist: Path):
        held, wanted = np.load(golden / "human" / "bias64.npz"), np.load(golden / "human" / "tracks.npz")
        numbers = json.loads((golden / "human" / "numbers.json").read_text())["atacorrect"]
        sizes = dict(human.sizes)
        found, _ = cuts.read(golden / "human" / "reads.bam", BAM, (4, -5), sizes, only_m=True)
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

    def test_bias_scores(self, golden: Path, human: Genome, blacklist: Path):
        """Counts of pairs are exact, scores to the last bits."""
        home = golden / "human"
        sample, layout = original(human, ["chr20"], home / "reads.bam", home / "peaks.bed", blacklist, "dwm", True)
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
    def test_edge(self, golden: Path, yeast: Genome, bias: str):
        """Clips, duplicates, `=` CIGARs, nested peaks, a chromosome's ends, a blacklist; with a PWM each strand."""
        home = golden / "edge"
        sample, layout = original(
            yeast, ["chrI"], home / "reads.bam", home / "peaks.bed", home / "blacklist.bed", bias, bias == "pwm"
        )
        compare(yeast, sample, layout, np.load(home / f"{bias}_tracks.npz"))

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["human", "all", "part"])
    def test_whole_chain(self, golden: Path, yeast: Genome, human: Genome, blacklist: Path, name: str):
        if name == "human":
            home = golden / "human"
            given = human, ["chr20"], home / "reads.bam", home / "peaks.bed", blacklist
            wanted = np.load(home / "tracks.npz")
        else:
            home = golden / "yeast"
            given = yeast, YEAST, home / f"{name}.bam", home / "peaks.bed", None
            wanted = np.load(home / f"{name}_tracks.npz")
        sample, layout = original(*given, "dwm", True)
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
