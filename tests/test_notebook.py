"""What notebooks and terminals show of results."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import nbclient
import nbformat
import numpy as np
import pytest
from conftest import TABLE, small_spec

import zoo
from zoo.attribution.result import Attributions
from zoo.chaining import Chain, ChainScores
from zoo.chaining import Mapping as Fitted
from zoo.checkup import DoctorReport
from zoo.cli import main
from zoo.comparison.changes import FactorChange
from zoo.comparison.run import Differences
from zoo.errors import InputError
from zoo.genome.doctor import ERROR, OK, Finding
from zoo.genome.interval import Interval
from zoo.genome.vcf import Variant
from zoo.listing import Models
from zoo.many.files import Sites
from zoo.many.matrix import Matrix
from zoo.many.run import ManyFiles
from zoo.notebook import tables
from zoo.predict.check import Check
from zoo.predict.files import PredictionFiles
from zoo.predict.table import Predictions, RegionScores
from zoo.predict.thresholds import Threshold, ThresholdTable
from zoo.priors.run import Targets
from zoo.track_rows import TrackRow, Tracks
from zoo.variants.alleles import Place
from zoo.variants.effects import Skipped
from zoo.variants.haplotype_run import HaplotypeFiles
from zoo.variants.haplotypes import HaplotypePrediction
from zoo.variants.result import VariantScores
from zoo.variants.window import VariantWindow

EVIL = "<script>alert('x')</script>&\"\x1b[31m"
ESCAPED = "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;&quot;\\x1b[31m"
VOID = {"img", "br"}
F32 = np.float32


class Page(HTMLParser):
    """HTML with every element closed: its tags, the cells of its rows, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.rows, self.attributes, self.words, self._open = [], [], [], [], []
        self.feed(html)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attributes]
        self._open += [tag] * (tag not in VOID)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._open[-1:] and self._open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def shown(value: object) -> Page:
    """What a notebook shows of a value."""
    return Page(value._repr_html_())


# ------------------------------------------------------------------------------------------------ parts of HTML


def test_a_table_has_headings_a_caption_and_a_bound():
    page = Page(tables.table(["name", "score"], [[f"row {i}", i / 3] for i in range(1000)], "scores"))
    assert page.rows[0] == ["name", "score"]
    assert page.rows[2] == ["row 1", "0.3333"]
    assert page.rows[-1] == ["… 980 more"]
    assert len(page.rows) == 1 + 20 + 1
    assert {(tag, value) for tag, name, value in page.attributes if name == "scope"} == {("th", "col"), ("th", "row")}
    assert "scores" in page.words
    assert page.tags.count("caption") == page.tags.count("thead") == 1


def test_rows_that_are_not_shown_are_not_made():
    def rows():
        yield from ([i] for i in range(20))
        raise AssertionError

    assert Page(tables.table(["i"], rows(), count=1000)).rows[-1] == ["… 980 more"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (1234567, "1,234,567"),
        (0.000012345, "1.234e-05"),
        (True, "yes"),
        (("a", 2), "a, 2"),
        ("x" * 400, "x" * 300 + "…"),
        (np.float32(0.5), "0.5"),
        (np.int64(12345), "12,345"),
    ],
)
def test_how_a_cell_has_a_value(value: object, expected: str):
    assert tables.shown(value) == expected


def test_facts_leave_out_what_is_not_known():
    assert Page(tables.facts({"a": 1, "b": None, "c": ""})).rows == [["a", "1"]]
    assert tables.facts({"b": None}) == ""


def test_text_is_escaped():
    html = tables.titled(EVIL, tables.paragraph(EVIL), tables.facts({EVIL: EVIL}), tables.table([EVIL], [[EVIL]], EVIL))
    assert "<script" not in html
    assert "\x1b" not in html
    assert html.count(ESCAPED) == 7


# ------------------------------------------------------------------------------------------------ results

PLACE = Interval("chr1", 320, 416, EVIL)
VARIANT = Variant("chr1", 100, "A", "G", name=EVIL, where="v.vcf line 3")


def predictions(count: int = 3) -> Predictions:
    starts = np.array([320, 352, 384])
    row = RegionScores(PLACE, starts, starts + 32, np.array([0.1, 0.9, 0.2], F32))
    return Predictions([row] * count, 32)


def attributions(**changes: object) -> Attributions:
    values = np.zeros((2, 30, 4), F32)
    values[:, 12, 2] = 1.5
    codes = np.full((2, 30), 2, np.uint8)
    found = Attributions(
        codes, values, None, np.full((2, 30), 0.1, F32), np.array([2.0, 3.0]), np.array([0.5, 1.5]), EVIL,
        "deeplift", "sum", None, [Interval("chr1", 100, 130), Interval("chr1", 200, 230)], {"chr1": 1000},
    )  # fmt: skip
    return replace(found, **changes)


def variant_scores(tracks: dict[str, int] | None = None) -> VariantScores:
    others = [Variant("chr1", 200 + i, "C", "T") for i in range(2)]
    variants = [VARIANT, *others]
    names = [f"difference.{track}" for track in tracks] if tracks else ["log2_fold_change", "difference"]
    scores = {name: np.array([0.5, -1.5, np.nan]) * (1 + i) for i, name in enumerate(names)}
    places = [Place(i, "chr1", variant) for i, variant in enumerate(variants[:2])]
    layout = VariantWindow.of(small_spec())
    skipped = [Skipped(variants[2], EVIL)]
    return VariantScores(variants, places, scores, skipped, layout, {"chr1": 1000}, "test/SMALL", tracks=tracks or {})


def change() -> FactorChange:
    numbers = {"gained": 5, "lost": 4, "shared": 3, "sites_condition": 8, "sites_against": 7, "unclear": 0}
    rest = dict.fromkeys(FactorChange.__dataclass_fields__, 0.25)
    return FactorChange(**{**rest, **numbers, "condition": "treated", "against": EVIL, "factor": EVIL})


@pytest.fixture
def files(tmp_path: Path) -> PredictionFiles:
    bigwig = tmp_path / "a<b>.bw"
    bigwig.write_bytes(b"1234")
    found = Threshold("f1", 0.45, 0.7, 0.6)
    written, sidecar = {"bigwig": [bigwig]}, tmp_path / "a.json"
    return PredictionFiles(bigwig, {}, tmp_path / "a.bed", None, None, written, sidecar, found, 12, 34, 0)


@pytest.fixture
def table(tmp_path: Path) -> ThresholdTable:
    path = tmp_path / "thresholds.tsv"
    path.write_text(TABLE)
    return ThresholdTable.read(path)


def results() -> dict[str, object]:
    effects = variant_scores()
    spec = small_spec(name="test/SMALL", description=EVIL)
    reads_signal = SimpleNamespace(spec=spec)
    dna = replace(spec, input=replace(spec.input, tracks=()), outputs=(replace(spec.output, transform="log1p"),))
    path, told = Path(EVIL), {"factor": EVIL, "sample": "", "sites": 5, "with a gene": 4, "genes": 3}
    sites = Sites(EVIL, "maxatac/CTCF", "CTCF", "f1", 0.4, 12, 340, 0.7, None)
    matrix = Matrix([PLACE], ("m",), (EVIL,), {"max": np.zeros((1, 1, 1))}, np.ones(1), {"condition": [EVIL]})
    return {
        "models": Models([SimpleNamespace(name=EVIL, facts={"best_f1": 0.5}, description="d", aliases=(), tissue="t")]),
        "tracks": Tracks([TrackRow("coverage", 0, EVIL, "DNASE:K562", 0.5)]),
        "spec": spec,
        "info": zoo.notebook.rows.Described(spec.to_json()),
        "check": Check(EVIL, 1e-7, 1e-5, {"keras": "3"}),
        "doctor": DoctorReport((Finding("genome", OK, "fine"), Finding("signal", ERROR, EVIL, "mend it")), None),
        "predictions": predictions(),
        "attributions": attributions(),
        "variants": effects,
        "variants of tracks": variant_scores({EVIL: 0, "b": 1}),
        "haplotype": HaplotypePrediction(EVIL, [np.arange(2)], [np.array([0.5, np.nan])], [Skipped(VARIANT, "far")]),
        "haplotypes": HaplotypeFiles([path], {"2 - 1": {"gained": 3}}, {"1": {"far": 2}}, {"n": 1}, {"1": 0}, ["NA1"]),
        "chain": Chain(SimpleNamespace(spec=dna), reads_signal),
        "chain scores": ChainScores(effects, effects, effects, effects),
        "mapping": Fitted(np.arange(3.0), np.arange(3.0), 0.5, 100),
        "differences": Differences(
            [change()], dict.fromkeys((".factors.tsv", ".sites.tsv", ".html"), path), path, [{}]
        ),
        "targets": Targets({"": path}, [path], path, [told], 100),
        "pass": ManyFiles({".bed": path}, path, path, [sites], None, 1, 0),
        "matrix": matrix,
    }


RESULTS = (
    *("models", "tracks", "spec", "info", "check", "doctor", "predictions", "attributions", "variants"),
    *("variants of tracks", "haplotype", "haplotypes", "chain", "chain scores", "differences", "targets", "pass"),
    "matrix",
)


@pytest.mark.parametrize("name", RESULTS)
def test_html_is_closed_escaped_and_without_colors(name: str):
    html = results()[name]._repr_html_()
    page = Page(html)
    assert page.tags[:3] == ["div", "p", "strong"]
    assert "script" not in page.tags
    assert "\x1b" not in html
    assert not re.search(r"(?<![-\w])(?:background|color)\s*:|<font|bgcolor", html)
    if name not in ("chain",):
        assert "&lt;script&gt;" in html, "the name of a user's is shown"


@pytest.mark.parametrize("name", sorted({*RESULTS, "mapping"} - {"info"}))
def test_a_terminal_has_a_few_lines(name: str):
    """But for what is known of a model, which is a JSON object there."""
    lines = repr(results()[name]).splitlines()
    assert 0 < len(lines) <= 12
    assert max(map(len, lines)) < 400


def test_a_listing_is_a_list_and_a_table():
    models = zoo.list_models()
    assert isinstance(models, list)
    assert models == list(models)
    assert isinstance(models[:3], Models)
    assert models[0].name == shown(models).rows[1][0]
    assert shown(models).rows[-1] == [f"… {len(models) - 20:,} more"]
    assert f"{len(models)} models" in shown(models).words
    lines = repr(models).splitlines()
    assert lines[0].split() == ["model", "best", "F1", "description", "also", "called", "tissue"]
    assert lines[-1] == f"… and {len(models) - 20} more models"
    assert repr(zoo.search("no such thing")) == "no models"


def test_info_is_a_json_object_and_tables():
    found = zoo.info("yeast/REB1")
    assert type(dict(found)) is dict
    assert json.loads(json.dumps(found))["name"] == "yeast/REB1"
    rows = shown(found).rows
    assert ["input", "1,024 bp of DNA (sacCer3)"] in rows
    assert ["signal", "ATAC-seq cut sites", "sample", "20", "20,000,000", "99", "0"] in rows
    assert any(row[0] == "f1" and row[1] == "0.275" for row in rows)


def test_info_in_a_terminal_is_what_the_command_prints(capsys: pytest.CaptureFixture):
    found = zoo.info("yeast/REB1")
    assert main(["info", "yeast/REB1"]) == 0
    assert repr(found) == str(found) == capsys.readouterr().out.rstrip("\n")
    assert "input            1,024 bp of DNA (sacCer3) and ATAC-seq cut sites" in repr(found).splitlines()
    found["description"] = "\x1b[2J"
    assert "\x1b" not in repr(found)
    del found["input"]
    assert repr(found) == repr(dict(found))


def test_many_figures_are_a_table_of_metrics_and_what_they_are_of():
    found = zoo.info("yeast/factors")
    rows = shown(found).rows
    assert ["", "AUPR", "average precision"] in rows
    assert ["CBF1", "0.5531", "0.602"] in rows
    assert ["CBF1", "21", "0.00171"] in rows
    lines = [line.split() for line in repr(found).splitlines()]
    assert lines[lines.index(["metrics"]) + 2] == ["CBF1", "0.5531", "0.602"]
    assert lines[lines.index(["facts"]) + 2] == ["CBF1", "21", "0.00171"]


def test_a_model(small: zoo.Model):
    rows = shown(small).rows
    assert ["parameters", f"{small.network.count_params():,}"] in rows
    assert ["f1", "0.4", "0.6", "0.7", "–"] in rows
    assert repr(small) == "Model('test/SMALL': 256 bp × 5 → 8 bins of 32 bp)"
    assert repr(small.spec) == "ModelSpec('test/SMALL': 256 bp × 5 → 8 bins of 32 bp)"


def test_predictions_as_a_table():
    page = shown(predictions(1000))
    assert page.rows[1] == ["chr1:321-416", tables.shown(tables.printable(EVIL)), "3", "0.9", "chr1:353-384"]
    assert page.rows[-1] == ["… 980 more"]
    empty = predictions(1).mapped(lambda scores: np.full_like(scores, np.nan))
    assert shown(empty).rows[1][3:] == ["–", "–"]
    assert "no prediction" in repr(empty)


def test_files_have_their_sizes(files: PredictionFiles):
    page = shown(files)
    assert ["bigwig", str(files.bigwig), "4"] in page.rows
    assert ["sidecar", str(files.sidecar), "–"] in page.rows
    assert ["threshold", "f1: score >= 0.45 (precision 0.700, recall 0.600)"] in page.rows
    assert repr(files) == str(files)


def test_a_check_says_whether_it_passed():
    assert repr(Check("yeast/REB1", 1e-3, 1e-5, {})) == (
        "yeast/REB1: FAILED, largest difference 0.001, tolerance 1e-05"
    )
    assert ["outcome", "passed"] in shown(results()["check"]).rows


# ------------------------------------------------------------------------------------------------ pictures

PNG = b"\x89PNG\r\n\x1a\n"


def pictures(page: Page) -> list[bytes]:
    data = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    return [base64.b64decode(value.removeprefix("data:image/png;base64,")) for value in data]


def test_what_has_a_picture_shows_it_with_a_text(table: ThresholdTable):
    for value in (table, attributions(), attributions(intervals=())):
        page = shown(value)
        assert [data[:8] for data in pictures(page)] == [PNG]
        assert all(value for tag, name, value in page.attributes if (tag, name) == ("img", "alt"))
    assert repr(table) == "ThresholdTable(5 thresholds, best F1 0.640 at 0.4)"


def test_a_threshold_table_is_drawn(table: ThresholdTable):
    (ax,) = table.plot().axes
    assert [line.get_label() for line in ax.lines[:3]] == ["precision", "recall", "F1"]


def test_attributions_are_drawn_around_the_strongest_base():
    found = attributions()
    assert found.strongest(0, 10) == Interval("chr1", 107, 117)
    assert found.strongest(1, 200) == Interval("chr1", 200, 230)
    assert found.plot().axes[0].get_xlim() == (100, 130)
    assert found.plot(1, "chr1:206-215").axes[0].get_xlim() == (205, 215)
    with pytest.raises(InputError, match="number of the window must be a whole number from 0 to 1"):
        found.plot(2)
    with pytest.raises(InputError, match="without a place on a genome must be drawn alone"):
        attributions(intervals=()).plot(tracks={"a": "a.bw"})


def test_variants_are_drawn_by_their_change():
    (ax,) = variant_scores().plot().axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["chr1:201 C>T", "chr1:101 A>G"]
    assert [bar.get_width() for bar in ax.patches] == [-1.5, 0.5]
    assert len(variant_scores().plot("difference", most=1).axes[0].patches) == 1
    heat, _ = variant_scores({"a": 0, "b": 1}).plot().axes
    assert heat.images[0].get_array().tolist() == [[-1.5, -3.0], [0.5, 1.0]]
    for odd in ("no", 3, ["difference"]):
        with pytest.raises(InputError, match="score must be one of log2_fold_change, difference"):
            variant_scores().plot(odd)


def test_no_variant_to_draw():
    none = replace(variant_scores(), scores={"difference": np.full(3, np.nan)})
    with pytest.raises(InputError, match="must be a variant with a score"):
        none.plot()


def test_a_region_of_predictions_is_drawn_as_a_locus(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr("zoo.plot.loci.locus", lambda *values, **options: asked.append((values, options)))
    found = predictions()
    for region in (0, EVIL, "chr1:321-416", Interval("chr1", 320, 416)):
        found.plot(region, "atac.bw", threshold=0.5)
    places = [(place.chrom, place.start, place.end) for (place, *_), _ in asked]
    assert places == [("chr1", 320, 416)] * 4
    assert all(values[1:] == ("atac.bw", found) and options == {"threshold": 0.5} for values, options in asked)
    found.plot("chr2:1-10")
    assert asked[-1][0][0] == Interval("chr2", 0, 10)
    with pytest.raises(InputError, match="region must be a whole number from 0 to 2"):
        found.plot(3)
    with pytest.raises(InputError, match="A region must be"):
        found.plot("no name")
    with pytest.raises(InputError, match="A region must be"):
        Predictions([replace(found[0], interval=Interval("chr1", 320, 416))], 32).plot(".")


def test_files_and_predictions_as_pictures(small: zoo.Model, genome_files, tmp_path: Path):
    given = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": ["chr1:5,001-5,400"]}
    written = small.predict(**given, output=tmp_path / "out")
    for figure in (small.predict(**given).plot(), written.plot("chr1:5,001-5,400")):
        assert len(figure.axes) == 1
        assert figure.axes[0].get_xlim() == (5000, 5400)


# ------------------------------------------------------------------------------------------------ other packages


def test_attributions_as_a_frame_and_an_xarray():
    found = attributions()
    frame = found.to_frame()
    assert list(frame) == ["window", "chrom", "position", "base", "contribution", "signal"]
    assert len(frame) == 60
    assert frame.iloc[42].tolist() == ["chr1:201-230", "chr1", 212, "G", 1.5, F32(0.1)]
    arrays = found.to_xarray()
    assert dict(arrays.sizes) == {"window": 2, "position": 30, "base": 4}
    assert arrays["contribution"].sel(window="chr1:101-130", base="G")[12] == 1.5
    assert arrays["start"].values.tolist() == [100, 200]
    assert "hypothetical" not in arrays
    assert "".join(arrays["sequence"].values[0]) == "G" * 30
    alone = attributions(intervals=(), signal=np.zeros((2, 30, 2), F32), baseline=None)
    assert list(alone.to_frame())[-2:] == ["signal_0", "signal_1"]
    assert alone.to_frame()["position"].tolist() == [*range(30)] * 2
    assert alone.to_xarray()["signal"].dims == ("window", "position", "track")


def test_attributions_as_an_anndata(tmp_path: Path):
    found = attributions()
    data = found.to_anndata()
    assert data.shape == (2, 30)
    assert data.X[0, 12] == 1.5
    assert np.array_equal(data.X, found.scores)
    assert list(data.obs_names) == ["chr1:101-130", "chr1:201-230"]
    assert data.obs["start"].tolist() == [100, 200]
    assert list(data.layers) == ["code", "signal"]
    assert data.uns["bases"][data.layers["code"][0, 12]] == "G"
    assert list(data.obsm) == ["contribution"]
    data.write_h5ad(tmp_path / "a.h5ad")
    alone = attributions(intervals=(), signal=None, baseline=None, hypothetical=np.ones((2, 30, 4), F32)).to_anndata()
    assert (list(alone.layers), list(alone.obsm)) == (["code"], ["contribution", "hypothetical"])
    assert list(alone.obs) == ["prediction"]


def test_names_of_scores_where_one_track_ends_like_another():
    assert variant_scores({"a": 0, "x.a": 1}).names == ["difference"]


def test_scores_of_variants_as_an_anndata_and_an_xarray():
    one, several = variant_scores(), variant_scores({"a": 0, "b": 1})
    data = one.to_anndata()
    assert list(data.var_names) == ["log2_fold_change", "difference"]
    assert np.array_equal(data.X, [[0.5, 1], [-1.5, -3], [np.nan, np.nan]], equal_nan=True)
    assert data.obs["skipped"].tolist() == ["", "", EVIL]
    assert list(data.obs_names) == ["chr1:101 A>G", "chr1:201 C>T", "chr1:202 C>T"]
    data = several.to_anndata()
    assert list(data.var_names) == ["a", "b"]
    assert np.array_equal(data.X[:2], [[0.5, 1], [-1.5, -3]])
    arrays = several.to_xarray()
    assert arrays["difference"].dims == ("variant", "track")
    assert arrays["difference"].sel(variant="chr1:201 C>T", track="b") == -3
    assert arrays["skipped"].values.tolist() == ["", "", EVIL]
    assert {name: arrays[name].dtype.kind for name in ("chrom", "pos", "ref")} == {"chrom": "U", "pos": "i", "ref": "U"}
    profiles = replace(one, reference=np.ones((2, 4), F32), alternative=np.zeros((2, 4), F32)).to_xarray()
    assert profiles["reference"].values[:, 0].tolist()[:2] == [1, 1]
    assert np.isnan(profiles["reference"].values[2]).all()


# ------------------------------------------------------------------------------------------------ a real kernel

CELLS = (
    "import zoo\nzoo.list_models('yeast/*')",
    "model = zoo.load('yeast/REB1')\nmodel",
    "model.thresholds.plot()",
    "import matplotlib.pyplot as plt\nfigure, ax = plt.subplots()\nax.plot([1, 2]);",
    "model.thresholds.plot()",
)


def test_a_kernel_shows_tables_and_pictures_and_no_message(monkeypatch: pytest.MonkeyPatch):
    """A picture is shown once, before pyplot is imported and after."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert [output.name for cell in outputs for output in cell if output.output_type == "stream"] == []
    models, model, picture, _, again = ([output.data for output in cell] for cell in outputs)
    assert [row[0] for row in Page(models[0]["text/html"]).rows if row[0] == "yeast/REB1"] == ["yeast/REB1"]
    assert "Model yeast/REB1" in Page(model[0]["text/html"]).words
    assert model[0]["text/plain"] == "Model('yeast/REB1': 1,024 bp × 5 → 32 bins of 32 bp)"
    for found in (picture, again):
        assert [base64.b64decode(data["image/png"])[:8] for data in found] == [PNG]
