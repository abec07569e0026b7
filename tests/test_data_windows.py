"""Where the windows of accessibility models lie, against the lists of the authors' package and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from zoo.data import windows
from zoo.data.windows import EVALUATION, ROBUSTNESS, TRAINING, Layout
from zoo.errors import InputError
from zoo.genome import bed, vcf
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit

LAYOUTS = {
    "train": TRAINING,
    "val": EVALUATION,
    "wg_dataset": EVALUATION,
    "peak_dataset": EVALUATION,
    "robustness_wg_dataset": ROBUSTNESS,
    "robustness_peak_dataset": ROBUSTNESS,
}


@pytest.fixture(scope="module")
def inputs(asap_data: Path) -> Path:
    return asap_data / "inputs"


@pytest.fixture(scope="module")
def golden(asap_data: Path) -> dict:
    return json.loads((asap_data / "windows.json").read_text())


@pytest.fixture(scope="module")
def starts(asap_genome: Genome, inputs: Path):
    """Function: the starts of a builder with a filter set, chromosome by chromosome."""
    peaks = inputs / "peaks.narrowPeak"
    blacklist = {"bed": bed.read(inputs / "blacklist.bed"), "no_filters": []}
    blacklist["bed_and_vcf"] = blacklist["bed"] + vcf.read_intervals(inputs / "snvs.vcf")
    unmappable = bed.read(inputs / "unmappable.bed")

    def of(builder: str, filters: str, compat: str | None) -> dict[str, list[int]]:
        layout, found = LAYOUTS[builder], {}
        summits = windows.summits(peaks, compat=compat)
        for chrom, length in asap_genome.sizes.items():
            if "peak" in builder:
                chosen = windows.around(summits[chrom], length, layout, compat)
            else:
                chosen = windows.tiled(asap_genome, chrom, layout, compat)
            here = [[item for item in items if item.chrom == chrom] for items in (blacklist[filters], unmappable)]
            if filters == "no_filters":
                here = [[], []]
            found[chrom] = chosen[windows.usable(chosen, layout, *here, compat)].tolist()
        return found

    return of


@pytest.mark.parametrize("filters", ["no_filters", "bed", "bed_and_vcf"])
@pytest.mark.parametrize("builder", LAYOUTS)
def test_windows_of_the_original(golden: dict, starts, builder: str, filters: str):
    assert starts(builder, filters, "asap") == golden["v0.2.2"][builder][filters]


def test_summits_of_the_original(shared: Path, inputs: Path):
    expected = json.loads((inputs.parent / "merged_peaks.json").read_text())
    found = windows.summits(inputs / "peaks.narrowPeak", compat="asap")
    assert {chrom: positions.tolist() for chrom, positions in found.items()} == expected


def difference(ours: dict[str, list[int]], theirs: dict[str, list[int]]) -> dict[str, list[int]]:
    """Starts that only we have."""
    return {chrom: sorted(set(ours[chrom]) - set(theirs[chrom])) for chrom in ours}


def test_slab_at_the_first_base_is_lost_in_the_original(golden: dict, starts):
    theirs = golden["v0.2.2"]["train"]["no_filters"]
    assert difference(starts("train", "no_filters", None), theirs) == {"chr1": [], "chr2": [0], "chr3": []}


def test_last_peak_of_a_chromosome_is_lost_in_the_original(golden: dict, starts):
    theirs = golden["v0.2.2"]["peak_dataset"]["no_filters"]
    expected = {"chr1": [55909], "chr2": [37044], "chr3": [25474]}
    assert difference(starts("peak_dataset", "no_filters", None), theirs) == expected


def test_touching_a_long_unmappable_interval_is_enough_in_the_original(golden: dict, starts):
    """0.2.2 counts an interval that one base of the slab touches with its whole length; 0.2.1 clipped it, as we do."""
    ours = starts("train", "bed", None)
    theirs = golden["v0.2.2"]["train"]["bed"]
    assert difference(ours, theirs)["chr1"] == [10219, 11243, 15339, 16363, 29675, 36843]
    older = golden["v0.2.1_pandas2"]["train"]["bed"]
    assert difference(older, ours) == {"chr1": [], "chr2": [], "chr3": []}
    # What 0.2.1 has not: slabs that a blacklisted interval touches from outside (33771, 20480, 24586), and that at 0.
    assert difference(ours, older) == {"chr1": [29675], "chr2": [0, 4096, 16384], "chr3": [20490]}


def test_margins_are_not_looked_at_in_the_original(starts):
    """Their evaluation windows may read blacklisted and unmappable bases on the left; ours read none anywhere."""
    held = [(9000, 9500), (33771, 33780), (50000, 50001), (3000, 3200), (3300, 3900), (14000, 16500), (40000, 47000)]

    def reads(start: int) -> bool:
        return any(begin < start + 1536 and start - 512 < end for begin, end in [*held, (52000, 52040)])

    assert any(reads(start) for start in starts("val", "bed", "asap")["chr1"])
    assert not any(reads(start) for start in starts("val", "bed", None)["chr1"])


def test_variants_are_held_out_of_training(starts, inputs: Path):
    """Version 0.2.1 forgot them (its lists with and without the VCF are the same)."""
    for chrom, kept in starts("train", "bed_and_vcf", None).items():
        positions = [item.start for item in vcf.read_intervals(inputs / "snvs.vcf") if item.chrom == chrom]
        assert positions
        assert not any(start <= position < start + 4096 for start in kept for position in positions)


def span(*ends: int) -> list[Interval]:
    return [Interval("chr1", start, end) for start, end in zip(ends[::2], ends[1::2], strict=True)]


def test_share_of_unmappable_bases():
    layout = Layout(100, 0, 100, 0.35)
    assert windows.usable(np.array([0]), layout, unmappable=span(10, 45)).all()
    assert not windows.usable(np.array([0]), layout, unmappable=span(10, 46)).any()


def test_summits_merge_in_chains(tmp_path: Path):
    path = tmp_path / "peaks.narrowPeak"
    rows = [("chr2", 0, 100, 7), ("chr1", 1000, 1500, 0), ("chr1", 900, 1500, 300), ("chr1", 1400, 1500, 0)]
    rows += [("chr1", 1601, 1700, 0), ("chr1", 3000, 3101, -1)]
    text = "".join(f"{chrom}\t{start}\t{end}\tp\t0\t.\t1\t1\t1\t{at}\n" for chrom, start, end, at in rows)
    path.write_text(text)
    found = {chrom: positions.tolist() for chrom, positions in windows.summits(path).items()}
    assert found == {"chr2": [7], "chr1": [1200, 1601, 3050]}  # 1000, 1200, 1400 are one chain; 1601 is 201 away


@pytest.mark.parametrize("summit", ["600", "x", "-2", "1.5"])
def test_summits_outside_their_peak_are_named(tmp_path: Path, summit: str):
    (tmp_path / "peaks.narrowPeak").write_text(f"chr1\t0\t9\np\t0\t600\tp\t0\t.\t1\t1\t1\t{summit}\n")
    with pytest.raises(InputError, match=r"peaks.narrowPeak, line 2.*Column 10|Column 10.*line 2"):
        windows.summits(tmp_path / "peaks.narrowPeak")


def test_a_chromosome_without_bases_has_no_windows(tmp_path: Path):
    write_twobit(tmp_path / "n.2bit", {"chr1": np.full(9000, 4, np.uint8)})
    assert not len(windows.tiled(Genome(tmp_path / "n.2bit"), "chr1", TRAINING))


def test_lines_that_are_not_vcf_are_named(tmp_path: Path):
    path = tmp_path / "snvs.vcf"
    path.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t5\t.\tAC\tA\nchr1\tx\t.\tA\tG\n")
    with pytest.raises(InputError, match=r"snvs.vcf, line 4"):
        vcf.read_intervals(path)
    path.write_text("#CHROM\tPOS\tID\tREF\tALT\nchr1\t0\t.\tA\tG\nchr1\t5\trs1\tAC\tA\n")  # POS 0: a telomere
    assert vcf.read_intervals(path) == [Interval("chr1", 4, 6, "rs1")]


def test_compat_is_asap_or_nothing():
    with pytest.raises(InputError, match='compat must be None or "asap"'):
        windows.usable(np.array([0]), TRAINING, compat="maxatac")
