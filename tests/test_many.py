"""One pass over many models and samples: equal to single predictions, files, groups, and what is refused."""

import csv
import errno
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import small_spec
from pyarrow import parquet
from stands import ATAC, MAPPABLE, OPEN, Stand, table

import zoo
from zoo.data import synthetic
from zoo.errors import GenomeMismatch, InputError, UnknownModel, ZooWarning
from zoo.files import npz
from zoo.formats import bigwig
from zoo.genome.encode import encode
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.spec import CovariateSpec, InputSpec

LENGTHS = {"chr1": 30_003, "chr2": 12_001}
REGIONS = ["chr1:1,001-14,000", "chr2:5,001-5,010", "chr1:5,001-9,000", "chr1:5,001-5,900", "chr1:29,990-30,003"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    """A genome of two chromosomes and two samples."""
    return synthetic.make(tmp_path_factory.mktemp("many"), LENGTHS, seed=5, samples=2)


@pytest.fixture(scope="module")
def samples(files: synthetic.Synthetic) -> dict[str, Path]:
    return {"A": files.signal, "B": files.others[0]}


@pytest.fixture(scope="module")
def models(small: zoo.Model) -> list[zoo.Model]:
    """Three small networks: two that read the same, one with other windows."""
    import keras

    from zoo import architectures

    made = []
    for name, window, bins, seed in (("test/ONE", 256, 8, 1), ("test/WIDE", 512, 16, 2), ("other/TWO", 256, 8, 3)):
        keras.utils.set_random_seed(seed)
        config = {"window": window, "filters": 4}
        network = architectures.build("maxatac", **config)
        network.set_weights([1.5 * weight for weight in network.get_weights()])
        spec = small_spec(
            name=name,
            architecture=replace(small.spec.architecture, config=config),
            input=replace(small.spec.input, window=window),
            outputs=(replace(small.spec.outputs[0], bins=bins, target=name[-3:]),),
        )
        made.append(zoo.Model(spec, network, small.thresholds))
    return made


@pytest.fixture
def short_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units of at most 64 windows: regions cross them."""
    from zoo.predict import prediction

    monkeypatch.setattr(prediction, "_MOST", 16)
    monkeypatch.setattr(prediction, "_SHARED", 4)


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


# --- equal to single predictions


def test_a_matrix_is_what_single_predictions_give(models, files, samples, short_units):
    """Regions that overlap and cross units, one of a part of a bin, a blacklisted one; the mean, sum and maximum."""
    blacklist = ["chr1:5,001-5,920"]
    given = {"genome": files.genome, "regions": REGIONS, "blacklist": blacklist}
    matrix = zoo.predict_many(models, samples=samples, reduce=("max", "mean", "sum"), **given)
    assert matrix.models == ("test/ONE", "test/WIDE", "other/TWO")
    assert (matrix.samples, len(matrix.regions)) == (("A", "B"), 5)
    assert np.isnan(matrix.values["max"][3]).all()
    assert not np.isnan(matrix.values["sum"][[0, 1, 2, 4]]).any()
    assert np.nanstd(matrix.values["mean"]) > 0.05
    for model in models:
        for sample, path in samples.items():
            single = model.predict(signal=path, **given)
            scores = [row.scores[~np.isnan(row.scores)].astype(np.float64) for row in single]
            assert [len(each) for each in scores] == matrix.counts.tolist()
            for how, reduce in (("max", np.max), ("mean", np.mean), ("sum", np.sum)):
                wanted = [reduce(each) if len(each) else np.nan for each in scores]
                found = matrix.of(model.spec.name, sample, how)
                np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


def test_tracks_and_sites_are_what_single_predictions_give(models, files, samples, short_units, tmp_path, read_track):
    given = {"genome": files.genome, "regions": REGIONS, "threshold": 0.5}
    found = zoo.predict_many(models, samples=samples, output=tmp_path / "m", write="bed,bigwig,matrix", **given)
    summary = {(row.sample, row.model): row for row in found.sites}
    assert sum(row.sites for row in found.sites) > 10
    for model, name in zip(models, ("ONE", "WIDE", "TWO"), strict=True):
        for sample, path in samples.items():
            single = model.predict(signal=path, output=tmp_path / f"s{name}{sample}", **given)
            bed = [line.split("\t") for line in (tmp_path / f"m.{sample}.{name}.bed").read_text().splitlines()]
            wanted = [line.split("\t") for line in single.bed.read_text().splitlines()]
            assert [row[:3] for row in bed] == [row[:3] for row in wanted]
            np.testing.assert_allclose([float(row[6]) for row in bed], [float(row[6]) for row in wanted], atol=1e-6)
            row = summary[sample, model.spec.name]
            assert (row.sites, row.bases) == (len(bed), sum(int(end) - int(start) for _, start, end, *_ in bed))
            for chrom in LENGTHS:
                tracks = [read_track(each, chrom) for each in (tmp_path / f"m.{sample}.{name}.bw", single.bigwig)]
                np.testing.assert_allclose(*tracks, atol=1e-6)


def test_whole_chromosomes_are_those_of_single_predictions(models, files, samples, short_units, tmp_path, read_track):
    found = zoo.predict_many(
        models[:1], genome=files.genome, samples=files.signal, chromosomes="chr2", output=tmp_path / "m", write="bigwig"
    )
    single = models[0].predict(genome=files.genome, signal=files.signal, chromosomes="chr2", output=tmp_path / "s")
    assert found.matrix is None
    track = read_track(tmp_path / "m.atac.ONE.bw", "chr2")
    assert len(track) == 12_001
    np.testing.assert_allclose(track, read_track(single.bigwig, "chr2"), atol=1e-6)


# --- files, summary


def test_the_summary_says_what_each_model_found(files, samples, tmp_path):
    models = [Stand("lab/X", 1.2, thresholds=table(tmp_path)), Stand("lab/Y")]
    output = tmp_path / "m"
    found = zoo.predict_many(models, genome=files.genome, samples=samples, output=output, regions=REGIONS)
    assert sorted(path.name for path in tmp_path.glob("m.*")) == [
        *("m.A.X.bed", "m.B.X.bed", "m.json", "m.matrix.tsv", "m.summary.tsv")
    ]
    table_of = rows(found.summary)
    assert list(table_of[0]) == [
        *("sample", "model", "factor", "threshold", "score", "sites", "bases", "precision", "recall")
    ]
    first = table_of[0]
    assert [first[name] for name in ("sample", "model", "factor", "threshold")] == ["A", "lab/X", "X", "f1"]
    assert (float(first["score"]), float(first["precision"]), float(first["recall"])) == (0.4, 0.6, 0.7)
    assert int(first["sites"]) == len((tmp_path / "m.A.X.bed").read_text().splitlines()) > 0
    assert [row["model"] for row in table_of] == ["lab/X", "lab/X", "lab/Y", "lab/Y"]
    assert [row["sites"] for row in table_of[2:]] == ["", ""]
    sidecar = json.loads(found.sidecar.read_text())
    assert sidecar["files"].keys() == {path.name for path in tmp_path.glob("m.*")} - {"m.json"}
    shown = str(found).splitlines()
    assert shown[1].split() == ["threshold", "precision", "A", "B"]
    assert shown[2].split() == ["X", "0.4", "0.6", first["sites"], table_of[1]["sites"]]
    assert "5 files" in shown[3]


def test_a_summary_of_127_models_and_6_samples_fits_a_terminal():
    from zoo.many.files import Sites, sites_table

    names = [f"sample_{number}" for number in range(6)]
    sites = [
        Sites(sample, f"maxatac/M{m}", f"M{m}", "f1", 0.5, 54_321, 1, 0.6, 0.5) for m in range(127) for sample in names
    ]
    lines = sites_table(sites).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == ["threshold", "precision", *names[:5]]
    assert lines[2].split() == ["M0", "0.5", "0.6", *["54,321"] * 5]
    assert len(lines) == 1 + 128 + 1 + 128


def test_names_of_files_have_the_family_only_if_they_must(files, tmp_path):
    models = [Stand("a/X"), Stand("b/X", 0.5)]
    given = {"genome": files.genome, "samples": {"s/1": files.signal}, "regions": REGIONS, "threshold": 0.3}
    zoo.predict_many(models, output=tmp_path / "m", write="bed", **given)
    assert sorted(path.name for path in tmp_path.glob("*.bed")) == ["m.s_1.a_X.bed", "m.s_1.b_X.bed"]


def test_files_that_a_call_no_longer_writes_are_retired(files, tmp_path):
    given = {"genome": files.genome, "samples": files.signal, "regions": REGIONS, "threshold": 0.3}
    zoo.predict_many([Stand("a/X"), Stand("a/Y")], output=tmp_path / "m", write="bed,bigwig", **given)
    zoo.predict_many([Stand("a/X")], output=tmp_path / "m", write="bed", **given)
    assert {path.name for path in tmp_path.iterdir()} == {"m.atac.X.bed", "m.summary.tsv", "m.json"}


def test_every_file_is_opened_and_hashed_once(files, samples, tmp_path, monkeypatch):
    counts: Counter[tuple[str, str]] = Counter()
    for kind in (Genome, Signal):
        begin, identity = kind.__init__, kind.identity

        def counted(self, path, *more, begin=begin):
            counts["open", Path(path).name] += 1
            begin(self, path, *more)

        def hashed(self, identity=identity):
            counts["hash", self.path.name] += 1
            return identity(self)

        monkeypatch.setattr(kind, "__init__", counted)
        monkeypatch.setattr(kind, "identity", hashed)
    models = [Stand("a/X"), Stand("a/WIDE", window=512), Stand("a/Y"), Stand("a/DNA", tracks=())]
    zoo.predict_many(models, genome=files.genome, samples=samples, regions=REGIONS, output=tmp_path / "m")
    names = ("genome.2bit", "atac.bw", "atac_2.bw")
    assert counts == {(what, name): 1 for what in ("open", "hash") for name in names}


def test_windows_of_a_group_are_gathered_once(files, samples, monkeypatch):
    """However many models read them."""
    from zoo.inputs.reader import WindowReader

    read, real = Counter(), WindowReader.rows

    def rows(reader, *where):
        read["blocks"] += 1
        return real(reader, *where)

    monkeypatch.setattr(WindowReader, "rows", rows)
    counts = []
    for count in (1, 5):
        read.clear()
        models = [Stand(f"a/M{number}") for number in range(count)]
        zoo.predict_many(models, genome=files.genome, samples=samples, regions=REGIONS)
        counts.append(read["blocks"])
    assert counts[0] == counts[1] > 0


def test_the_same_call_twice_does_nothing(files, tmp_path):
    given = {"genome": files.genome, "samples": files.signal, "regions": REGIONS, "output": tmp_path / "m"}
    first = zoo.predict_many([Stand("a/X")], **given)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = zoo.predict_many([Stand("a/X")], **given)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert (first.units > 0, again.units, again.sites) == (True, 0, first.sites)
    assert zoo.predict_many([Stand("a/X", 0.5)], **given).units > 0  # other weights


def test_another_design_or_order_of_models_is_another_file(files, tmp_path):
    """Nothing is predicted for them that is not known, but columns and rows of the files differ."""
    models = [Stand("a/X"), Stand("a/WIDE", window=512), Stand("a/Y")]

    def header(condition: str, order: list[Stand]) -> tuple[list[str], list[str]]:
        (tmp_path / "s.tsv").write_text(f"sample\tsignal\tcondition\nA\t{files.signal}\t{condition}\n")
        given = {"genome": files.genome, "regions": REGIONS, "samples": tmp_path / "s.tsv"}
        zoo.predict_many(order, output=tmp_path / "m", write="matrix,matrix_parquet", **given)
        said = json.loads(parquet.read_schema(tmp_path / "m.matrix.parquet").metadata[b"design"])
        return (tmp_path / "m.matrix.tsv").read_text().splitlines()[0].split("\t")[6:], said["condition"]

    assert header("case", models) == (["a/X|A", "a/WIDE|A", "a/Y|A"], ["case"])
    assert header("control", models) == (["a/X|A", "a/WIDE|A", "a/Y|A"], ["control"])
    assert header("control", [models[0], models[2], models[1]]) == (["a/X|A", "a/Y|A", "a/WIDE|A"], ["control"])


@pytest.mark.parametrize("output", [None, "m"])
def test_progress_is_over_the_whole_job(files, samples, short_units, tmp_path, capsys, output: str | None):
    """All windows × models, counted batch by batch; the text before it says how much that is."""
    from zoo.files.progress import Progress

    seen = []

    class Bar(Progress):
        def update(self, n: float = 1) -> bool | None:
            seen.append((self.desc, self.total, n))
            return super().update(n)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zoo.many.run.Progress", Bar)
        models = [Stand("a/X"), Stand("a/Y"), Stand("a/WIDE", window=512), Stand("a/DNA", tracks=())]
        given = {"genome": files.genome, "samples": samples, "regions": REGIONS[:2], "batch_size": 8}
        zoo.predict_many(models, output=output and tmp_path / output, progress=True, **given)
    assert {text.rstrip(": ") for text, _, _ in seen} == {"4 models × 2 samples"}
    assert {total for _, total, _ in seen} == {sum(count for _, _, count in seen)}
    assert max(count for _, _, count in seen) <= 2 * 64
    assert "4 models × 2 samples: 100%" in capsys.readouterr().err


# --- groups


def test_models_that_read_other_things_are_groups(files, samples, tmp_path):
    """DNA alone is predicted once for all samples; two tracks by their names; several tracks of output."""
    depth = CovariateSpec("depth", "ln of reads in millions")
    models = [
        Stand("a/X"),
        Stand("a/DNA", tracks=()),
        Stand("a/BOTH", tracks=(replace(ATAC, name="atac"), MAPPABLE), covariates=(depth,), outputs=("p", "m")),
    ]
    (tmp_path / "s.tsv").write_text(
        "sample\tsignal:signal\tsignal:atac\tsignal:mappability\tcovariate:depth\tcondition\n"
        f"A\t{samples['A']}\t{samples['A']}\t{samples['B']}\t1.5\tcase\n"
        f"B\t{samples['B']}\t{samples['B']}\t{samples['A']}\t2\tcontrol\n"
    )
    given = {"genome": files.genome, "regions": REGIONS, "samples": tmp_path / "s.tsv"}
    matrix = zoo.predict_many(models, **given)
    assert matrix.models == ("a/X", "a/DNA", "a/BOTH:p", "a/BOTH:m")
    assert matrix.design == {"condition": ["case", "control"]}
    assert np.array_equal(matrix.of("a/DNA", "A"), matrix.of("a/DNA", "B"))
    assert not np.array_equal(matrix.of("a/X", "A"), matrix.of("a/X", "B"))
    assert list(matrix.about["factor"]) == ["X", "DNA", "p", "m"]
    found = zoo.predict_many(models, output=tmp_path / "m", threshold=None, write="bigwig,matrix", **given)
    assert {path.name for path in tmp_path.glob("m.*.bw")} == {
        *("m.A.X.bw", "m.B.X.bw", "m.DNA.bw"),
        *("m.A.BOTH_p.bw", "m.A.BOTH_m.bw", "m.B.BOTH_p.bw", "m.B.BOTH_m.bw"),
    }
    np.testing.assert_array_equal(found.matrix.values["max"], matrix.values["max"])


def test_dna_alone_needs_no_samples(files):
    matrix = zoo.predict_many([Stand("a/DNA", tracks=())], genome=files.genome, regions=REGIONS)
    assert matrix.samples == ("",)
    assert list(matrix.columns)[-1] == "a/DNA"


def test_regions_that_were_left_out_have_no_row(files, samples):
    with pytest.warns(ZooWarning, match="lie on other chromosomes"):
        matrix = zoo.predict_many(
            [Stand("a/X")], genome=files.genome, samples=samples, regions=REGIONS, chromosomes="chr2"
        )
    assert [(region.chrom, region.start, region.end) for region in matrix.regions] == [("chr2", 5000, 5010)]


# --- what is refused, or told


def pass_of(files: synthetic.Synthetic, **more: object) -> object:
    given = {"models": [Stand("a/X")], "genome": files.genome, "samples": files.signal, "regions": REGIONS, **more}
    return zoo.predict_many(**given)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"models": []}, "Models must be given by their names"),
        ({"models": [3]}, "model must be a name, a path"),
        ({"models": "a/*"}, "pattern of models must match one"),
        ({"models": [Stand("a/X"), Stand("a/X")]}, "name of its own"),
        ({"samples": []}, "Samples must be given as tracks"),
        ({"samples": {"A": "x.bw", "a": "y.bw"}}, "twice=..a.."),
        ({"samples": ["one/x.bw", "two/x.bw"]}, "twice=..x.."),
        ({"samples": ["x.bed"]}, "sample must be a .bw track"),
        ({"samples": {"A": "nothing.bw"}}, r"signal must be readable.* \(sample A\)"),
        ({"samples": {"": "x.bw"}}, "name of a sample must be text"),
        ({"samples": None}, "signal"),
        ({"samples": {"A": {"other": "x.bw"}}}, "must be read by one of the models.*not read=..other"),
        ({"reduce": "median"}, "reduce must be one of max, mean, sum"),
        ({"reduce": ["max", "max"]}, "each once"),
        ({"regions": "auto"}, "must be named"),
        ({"regions": None}, "output must be given for whole chromosomes"),
        ({"write": "bed"}, "without output must be given without write"),
        ({"threshold": 0.3}, "without output must be given without threshold"),
        ({"workers": 2}, "without output must be given without workers"),
        ({"plan": "p.tsv"}, "without output must be given without plan"),
        ({"output": "m", "write": "zarr"}, "must be written as bigwig"),
        ({"output": "m", "write": "table"}, "write must be one of"),
        ({"output": "m", "write": "h5ad", "regions": None}, "must go with regions"),
        ({"output": "m", "reduce": "sum", "regions": None}, "without regions must be given without reduce"),
        ({"output": "m", "plan": "p.tsv", "workers": 2}, "plan computes nothing and must be given without workers"),
        ({"output": "m", "threshold": "f1"}, r"\(model a/X\)"),
        ({"output": "m", "workers": 0}, "workers must be a whole number"),
        ({"output": "m", "executor": object()}, "must be one of concurrent.futures"),
        ({"output": "m", "workers": 2}, "model must be given by a name or a path"),
        ({"stride": 7}, r"stride.*\(model a/X\)"),
    ],
)
def test_what_is_no_pass(files, tmp_path, monkeypatch, more: dict, said: str):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((InputError, UnknownModel), match=said):
        pass_of(files, **more)
    assert not list(tmp_path.iterdir())


def track(path: Path, **lengths: int) -> Path:
    scores = ((chrom, np.linspace(0, 1, length, dtype=np.float32)) for chrom, length in lengths.items())
    bigwig.write_track(path, lengths, scores, 1)
    return path


def test_samples_of_different_assemblies(files, samples, tmp_path):
    other = track(tmp_path / "other.bw", chr1=30_004, chr2=12_001)
    with pytest.raises(GenomeMismatch, match=r"\(sample B\)"):
        pass_of(files, samples={"A": samples["A"], "B": other})


def test_a_chromosome_that_one_sample_lacks(files, samples, tmp_path):
    """It is left out of all samples, which is told; named, or with regions there, it is refused."""
    few = track(tmp_path / "few.bw", chr1=30_003)
    given = {"samples": {"A": samples["A"], "FEW": few}, "output": tmp_path / "m", "threshold": 0.3}
    with pytest.warns(ZooWarning) as told:
        pass_of(files, regions=None, write="bigwig", **given)
    assert any("chr2: left out of all samples, because some lack them: FEW" in str(warning.message) for warning in told)
    assert json.loads((tmp_path / "m.json").read_text())["chromosomes"] == ["chr1"]
    for more in ({"regions": None, "chromosomes": ["chr1", "chr2"]}, {"regions": REGIONS}):
        with pytest.raises(InputError, match=r"chr2.*\(sample FEW\)|\(sample FEW\).*chr2"):
            pass_of(files, **{**given, "output": tmp_path / "n", **more})


def test_a_track_that_a_model_lacks(files, samples):
    """Two models of one track each, by other names: a mapping has both."""
    models = [Stand("a/X", tracks=(ATAC,)), Stand("a/OPEN", tracks=(OPEN,))]
    both = {"S": {"signal": samples["A"], "open": samples["B"]}}
    assert pass_of(files, models=models, samples=both).models == ("a/X", "a/OPEN")
    with pytest.raises(InputError, match=r"\(sample S\)"):
        pass_of(files, models=models, samples={"S": {"open": samples["B"]}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must have a header"),
        ("name\tsignal\nA\ta.bw\n", "one of them sample.*columns=..name"),
        ("sample\tsignal\tsignal\nA\ta.bw\ta.bw\n", "header of different names"),
        ("sample\tsignal\nA\ta.bw\nB\n", "line 3: A row of samples must have 2 cells"),
        ("sample\tsignal\nA\t\n", "line 2: A row"),
        ("sample\tsignal\nA\ta.bw\tmore\n", "line 2: A row"),
        ("sample\tsignal\nA\ta.bw\na\tb.bw\n", "twice=..a.."),
        ("sample\tsignal\n", "Samples must be given"),
        ("sample\tsignal\tcovariate:depth\nA\ta.bw\t1\n", "not read=..depth"),
        (b"sample\tsignal\n\xff\t\xfe\n", "must be readable text"),
    ],
)
def test_tables_of_samples_with_bad_lines(files, tmp_path, text, said: str):
    path = tmp_path / "samples.tsv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError, match=said):
        pass_of(files, samples=path)


def test_paths_of_a_table_are_from_its_folder(files, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bw").write_bytes(files.signal.read_bytes())
    (tmp_path / "in" / "samples.tsv").write_text("sample\tsignal\tdonor\n\nA\ta.bw\t7\n")
    assert pass_of(files, samples=tmp_path / "in" / "samples.tsv").design == {"donor": ["7"]}


def test_a_full_disk(files, tmp_path, monkeypatch):
    """It is said so; what was finished is kept, and the same call goes on."""
    real, calls = npz.write, []

    def write(path: Path, arrays: dict, compress: bool = False) -> None:
        calls.append(path)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, arrays, compress)

    monkeypatch.setattr(npz, "write", write)
    given = {"output": tmp_path / "m", "samples": {"A": files.signal, "B": files.others[0]}}
    with pytest.raises(InputError, match="output must be writable: No space left on device"):
        pass_of(files, **given)
    assert len(list((tmp_path / "m.partial").glob("part-0*.npz"))) == 1
    assert pass_of(files, **given).resumed == 1
    assert not (tmp_path / "m.partial").exists()


def test_an_output_that_is_read(files, tmp_path):
    (tmp_path / "m.summary.tsv").write_text(f"sample\tsignal\nA\t{files.signal}\n")
    with pytest.raises(InputError, match=r"replace"):
        pass_of(files, samples=tmp_path / "m.summary.tsv", output=tmp_path / "m")


def test_a_genome_of_other_names(tmp_path, files):
    write_twobit(tmp_path / "g.2bit", {"z": encode("ACGT" * 500)})
    with pytest.raises(GenomeMismatch, match=r"\(sample atac\)"):
        pass_of(files, genome=tmp_path / "g.2bit", regions=None, output=tmp_path / "m")


def test_memory_is_that_of_the_matrix(files, samples):
    """Values of a model and a sample lie side by side, as formats read them; views, no copies."""
    matrix = pass_of(files, samples=samples, reduce=("max", "sum"))
    for values in matrix.values.values():
        assert values.shape == (5, 1, 2)
        assert values.transpose(2, 1, 0).flags.c_contiguous


def test_models_and_their_windows_share_what_they_read():
    from zoo.many import matching
    from zoo.many.samples import Sample

    one = InputSpec(256, "none", (ATAC,))
    assert matching.tracks_of(one, Sample("A", {"signal": "x.bw"})) == {ATAC.name: "x.bw"}
    assert [sample.name for sample in matching.samples_of(InputSpec(256, "none", ()), [Sample("A")])] == [""]
