"""Pictures of loci: which rows there are, what is drawn where, and that all of it can be read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from attributing import sequences
from pictures import check_picture, shown_texts

import zoo
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError, ZooWarning
from zoo.formats import bigwig
from zoo.genome.gtf import Gene, Transcript
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.genome.spans import NONE
from zoo.genome.vcf import Variant
from zoo.plot import gene_models, locus, lollipops, style
from zoo.plot.tracks import recorded, summarized
from zoo.predict.thresholds import Threshold

SIZES = {"chr1": 100_003}
REGION = "chr1:10,001-20,000"


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Data from 12,000 on, -2 at 15,000."""
    values = np.full(1000, np.nan, np.float32)
    values[120:] = 1
    values[150] = -2
    path = tmp_path / "atac.gm12878.bw"
    bigwig.write_track(path, SIZES, [("chr1", values)], 100)
    return path


def gene(symbol: str, start: int, end: int, strand: str = "+") -> Gene:
    exons = np.array([[start, start + 100], [end - 100, end]])
    one = Transcript(symbol, symbol, symbol, "", "chr1", start, end, strand, frozenset(), exons, NONE, NONE, NONE)
    return Gene(symbol, symbol, "chr1", start, end, strand, (one,))


def labels(figure) -> list[str]:
    return [ax.get_ylabel() for ax in figure.axes]


def ticks(ax) -> list[str]:
    return [text.get_text() for text in ax.get_xticklabels()]


def test_missing_data_are_not_zero(track: Path):
    read = recorded(Signal(track), "chr1")
    assert np.isnan(read(11_000, 12_000)).all()
    assert np.isnan(read(-5, 0)).all()
    edges, values = summarized(read, Interval("chr1", 10_000, 20_000))
    assert len(edges) == 1001
    assert np.isnan(values[:200]).all()
    assert values[200:500].tolist() == [1] * 300
    assert values[500:510].tolist() == [-2] * 10
    figure = locus(REGION, track)
    filled = figure.axes[0].collections[0].get_paths()
    assert min(path.vertices[:, 0].min() for path in filled) == 12_000
    check_picture(figure)


def test_rows_in_their_order(track: Path, small: zoo.Model):
    attributions = replace(
        small.attribute(sequences(1, 256, 5), count=2), intervals=[Interval("chr1", 10_000, 10_256)], sizes=SIZES
    )
    figure = locus(
        REGION,
        {"ATAC-seq": track, "a sample of a name that is longer than a line, 2nd replicate": track},
        (Interval("chr1", 10_000, 20_000), np.arange(20.0)),
        peaks={"peaks": [Interval("1", 15_000, 15_200)]},
        attributions=attributions,
        variants=[("chr1", 15_001, "A", "G"), ("chr1", 90_000, "A", "G")],
        genes=[gene("ABC", 9000, 12_000), gene("FAR", 50_000, 60_000)],
        threshold={"ATAC-seq": 0.5},
        assembly="hg19",
    )
    assert labels(figure) == [
        "ATAC-seq",
        "a sample of a name that\nis longer than a line,\n2nd replicate",
        "values",
        "peaks",
        "contribution to\npredicted SMALL\n(DeepLIFT)",
        "variants",
        "genes",
    ]
    assert figure.get_suptitle() == "chr1:10,001–20,000, hg19"
    assert ticks(figure.axes[-1]) == ["12,000", "14,000", "16,000", "18,000", "20,000"]
    assert figure.axes[-1].get_xticks()[0] == 11_999.5  # the middle of base 12,000, counted from 1
    assert figure.axes[-1].get_xlabel() == "position on chr1 (bp)"
    written = [text.get_text() for text in shown_texts(figure)]
    assert "threshold\n0.5" in written
    assert "A>G" in written
    assert "ABC →" in written
    assert not any("FAR" in text for text in written)
    check_picture(figure)


def test_one_to_twenty_tracks(track: Path):
    for count in (1, 20):
        figure = locus(REGION, {f"sample {number}": track for number in range(count)})
        assert len(figure.axes) == count
        check_picture(figure)
    with pytest.raises(InputError, match="must have from 1 to 60 rows"):
        locus(REGION)


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (10_395_000, 10_396_000, ["10,395,200", "10,395,400", "10,395,600", "10,395,800", "10,396,000"]),
        (999, 1009, ["1,000", "1,002", "1,004", "1,006", "1,008"]),
        (0, 50_000_000, ["10", "20", "30", "40", "50"]),
        (1_000_000, 2_250_000, ["1.25", "1.50", "1.75", "2.00", "2.25"]),
    ],
)
def test_positions_are_round_and_few(start: int, end: int, shown: list[str]):
    figure = style.figure(5, 2)
    ax = style.positions(figure.subplots(), Interval("chr1", start, end))
    assert ticks(ax) == shown
    check_picture(figure)


def test_letters_up_to_200_bp_then_bars(small: zoo.Model):
    found = replace(
        small.attribute(sequences(2, 256, 5), count=2),
        intervals=[Interval("chr1", 1000, 1256), Interval("chr1", 1100, 1356)],
    )
    near = locus("chr1:1,101-1,300", attributions=found)
    assert sum(len(each.get_paths()) for each in near.axes[0].collections) > 150  # letters
    wide = locus("chr1:1,101-1,301", attributions=found)
    assert not wide.axes[0].collections
    assert len(wide.axes[0].patches) == 2  # bars above 0 and below
    partly = locus("chr1:1,301-1,400", attributions=found)
    (grey,) = partly.axes[0].patches
    assert (grey.get_x(), grey.get_width()) == (1356, 44)  # beyond the windows nothing is known
    for figure in (near, wide, partly):
        check_picture(figure)
    with pytest.raises(InputError, match="must have a window in the region"):
        locus("chr1:5,001-5,100", attributions=found)


def test_each_base_is_of_the_nearest_window(small: zoo.Model):
    made = small.attribute(sequences(2, 256, 5), count=2)
    values = np.zeros_like(made.values)
    values[0, :, 0], values[1, :, 0] = 1, 2
    found = replace(made, values=values, intervals=[Interval("chr1", 1000, 1256), Interval("chr1", 1100, 1356)])
    figure = locus("chr1:1,001-1,356", attributions=found)
    heights, edges, _ = figure.axes[0].patches[0].get_data()
    assert heights.tolist() == [1] * 178 + [2] * 178
    assert edges.tolist() == list(range(1000, 1357))


def test_genes_and_their_names_never_touch():
    region = Interval("chr1", 0, 100_000)
    found = [gene(f"GENE{number}", 500 * number, 500 * number + 400, "+-."[number % 3]) for number in range(180)]
    placed = gene_models.layout(found, region, 6.2)
    assert 0 < placed.named.sum() < 180
    figure = locus("chr1:1-100,000", genes=found)
    assert labels(figure) == [f"genes\n(180, {180 - placed.named.sum()} without name)"]
    check_picture(figure)
    few = locus("chr1:1-100,000", genes=found[:3])
    assert [text.get_text() for text in few.axes[0].texts] == ["GENE0 →", "← GENE1", "GENE2"]
    check_picture(few)


def test_a_gene_without_transcripts_is_a_box_with_its_strand():
    plain = replace(gene("tRNA1", 2000, 3000, "-"), transcripts=())
    unknown = replace(gene("NEW", 5000, 6000, "."), transcripts=())
    figure = locus("chr1:1-10,000", genes=[plain, unknown, gene("ABC", 8000, 9000)])
    check_picture(figure)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["← tRNA1", "NEW", "ABC →"]
    boxes = [path.get_extents() for path in axes.collections[0].get_paths()]
    assert [(box.x0, box.x1) for box in boxes] == [(2000, 3000), (5000, 6000), (8000, 8100), (8900, 9000)]
    arrows = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [(line.get_color(), line.get_marker(), len(line.get_xdata()) > 0) for line in arrows] == [
        (style.WHITE, 4, True),
        (style.DARK, 5, True),
    ]


def test_a_gene_at_the_edge_keeps_its_name():
    figure = locus("chr1:10,001-20,000", genes=[gene("A-GENE-OF-A-LONG-NAME", 9000, 10_050), gene("B", 19_990, 30_000)])
    check_picture(figure)
    axes = figure.axes[0]
    box = axes.get_window_extent()
    for text in axes.texts:
        assert box.x0 - 1 <= text.get_window_extent().x0 < text.get_window_extent().x1 <= box.x1 + 1


def test_alleles_never_touch():
    variants = [Variant("chr1", 15_000 + number, "A", "ACGTACGTACGT") for number in range(12)]
    figure = locus(REGION, variants=variants)
    assert [text.get_text() for text in figure.axes[0].texts] == ["A>ACGTACG… (12 bp)"] * 12
    check_picture(figure)
    many = locus(REGION, variants=[Variant("chr1", 11_000 + number, "A", "C") for number in range(61)])
    assert labels(many) == ["variants\n(61)"]
    assert lollipops.MOST == 60
    check_picture(many)


def test_predictions_and_their_threshold(small: zoo.Model, genome_files: Synthetic, tmp_path: Path):
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr1:50,001-52,000"}
    written = small.predict(**files, output=tmp_path / "small", threshold="f1")
    table = small.predict(**files)
    figure = locus("chr1:50,001-54,000", {"again": table}, written)
    assert labels(figure) == ["again\n(score)", "predicted SMALL\n(score)"]
    texts = [text.get_text() for text in shown_texts(figure)]
    assert "threshold of\nbest F1\n0.4" in texts
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()  # of one unit
    for ax in figure.axes:
        assert [(patch.get_x(), patch.get_width()) for patch in ax.patches][-1][1] == pytest.approx(1984, abs=64)
    check_picture(figure)
    row = zoo.plot.Track(table, "x", unit="binding score", threshold=Threshold("precision=0.9", 0.77, 0.9))
    figure = locus("chr1:50,001-52,000", row)
    assert "threshold of\nprecision 0.9\n0.77" in [text.get_text() for text in shown_texts(figure)]


def test_a_gene_by_its_name(tmp_path: Path, track: Path):
    path = tmp_path / "a.gtf"
    line = '1\tX\t{}\t{}\t{}\t.\t+\t.\tgene_id "{}"; transcript_id "T{}"; gene_name "{}";\n'
    path.write_text(
        "".join(
            line.format(kind, first, last, name, name, symbol)
            for symbol, name, first, last in (
                ("ABC", "G1", 15_001, 16_000),
                ("TWO", "G2", 1, 9),
                ("TWO", "G3", 9001, 9010),
            )
            for kind in ("gene", "exon")
        )
    )
    figure = locus("ABC", track, genes=path)
    assert figure.get_suptitle() == "ABC, chr1:10,001–21,000"
    assert figure.axes[0].get_xlim() == (10_000, 21_000)
    assert locus("G2", track, genes=path, flank=10).axes[0].get_xlim() == (0, 19)
    check_picture(figure)
    with pytest.raises(InputError, match="must be in one place"):
        locus("TWO", track, genes=path)
    for options, message in (
        ({"where": "ABCD", "genes": path}, "The closest is ABC"),
        ({"where": "ABC"}, "with genes the name of a gene"),
        ({"where": REGION, "genes": path, "flank": 5}, "flank"),
    ):
        with pytest.raises(InputError, match=message):
            locus(options.pop("where"), track, **options)


def test_files_of_other_chromosomes_are_told(track: Path, tmp_path: Path):
    for options in ({"peaks": {"ChIP": [Interval("chr7", 1, 2)]}}, {"variants": [("chr7", 5, "A", "G")]}):
        with pytest.warns(ZooWarning, match="lies on chr1"):
            check_picture(locus(REGION, track, **options))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("chr2:1-10",), {}, "must have the chromosome that is drawn"),
        (("chr1:100,001-100,010",), {}, "must lie within its chromosome"),
        ((REGION, 5), {}, "A track must be a .bw file, predictions"),
        ((REGION,), {"threshold": {"other": 1}}, "must be of a track that is drawn"),
        ((REGION,), {"threshold": "f1"}, "must be a number"),
    ],
)
def test_what_is_refused(track: Path, arguments: tuple, options: dict, message: str):
    with pytest.raises(InputError, match=message):
        locus(arguments[0], track, *arguments[1:], **options)
