"""Values of another kind, given to every argument of the functions that users call: refused, or listed here."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import zoo
from registry import publishing
from zoo.attribution import motifs
from zoo.errors import InputError, ZooError
from zoo.evaluate import accessibility, baselines, binding, bins, calibration, comparison
from zoo.genome import reference
from zoo.genome.vcf import Variant
from zoo.predict import cost
from zoo.prepare import peaks, sample, tracks
from zoo.spec import Component
from zoo.variants import allelic

ODD = {
    "None": None,
    "nan": float("nan"),
    "inf": float("inf"),
    "True": True,
    "-1.5": -1.5,
    "5001 digits": 10**5000,
    "empty": "",
    "bytes": b"x",
    "list": [],
    "dict": {},
    "object": object(),
    "0-d array": np.array(2),
    "array": np.array([1, 2]),
    "function": lambda: None,
}
INTERVALS = [zoo.Interval("chr1", 1000, 9000)]

OBJECTS = {"found", "bound", "track", "predictors", "check", "sizes"}  # of other calls, or functions: not single values
_EVERYTHING = tuple(ODD)
_SWITCHES = (
    "center_only",
    "clip",
    "csv",
    "cut_sites",
    "dry_run",
    "only_passing",
    "private",
    "probabilities",
    "profiles",
    "progress",
)
_WHOLE = (
    "apart bin_size count decimals end least_reads max_gap min_length position read_depth repeats seed smoothing start"
)

# argument, or function and argument → the odd values that are no mistake there
ACCEPTED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*_SWITCHES, "shift", "spread", "strict"), ("True",)),
    **dict.fromkeys(
        (*_WHOLE.split(), "threads", "workers", "cutoff", "percentile", "high", "most_p_value", "tolerance"),
        ("0-d array",),
    ),
    **dict.fromkeys(("fill", "low"), ("-1.5", "0-d array")),
    **dict.fromkeys(("wgs_vaf", "neutral"), ("array",)),
    "covariates": ("dict",),
    "description": ("empty",),
    **dict.fromkeys(("called", "real"), ("list",)),
    **dict.fromkeys(("strands", "threshold"), ("None",)),
    **dict.fromkeys(("pattern", "text", "token", "Interval name"), ("empty",)),
    **dict.fromkeys(("scratch", "mirror", "families", "reference.fetch folder"), ("empty",)),  # the working folder
    "Interval.parse text": (),
    "batch_size": ("None", "0-d array"),
    "blacklist": ("None", "list"),
    "allelic.select blacklist": ("list",),
    "reference.fetch blacklist": (),
    "Model.predict_haplotypes blacklist": (),
    "Model.score_variants seed": (),  # the model has no P values
    "doctor covariates": (),
    "draw covariates": (),  # without a model
    "draw peaks": ("list",),
    **{f"doctor {name}": _EVERYTHING for name in ("genome", "signal", "regions", "genes", "flank", "vcf", "blacklist")},
}

# name → from fixtures to a function and arguments that it accepts
CALLS: dict[str, Callable[[SimpleNamespace], tuple[Callable, dict]]] = {
    "load": lambda at: (zoo.load, {"name": at.folder}),
    "fetch": lambda at: (zoo.fetch, {"name": at.folder}),
    "info": lambda at: (zoo.info, {"name": at.folder}),
    "tracks": lambda at: (zoo.tracks, {"name": "borzoi/mini", "track": "DNASE"}),
    "doctor": lambda at: (zoo.doctor, {"genome": at.genome, "signal": at.signal, "regions": "chr1:1-9"}),
    "list_models": lambda at: (zoo.list_models, {}),
    "search": lambda at: (zoo.search, {"text": "CTCF"}),
    "build": lambda at: (zoo.build, {"name": "maxatac", "window": 256, "filters": 4}),
    "chain": lambda at: (zoo.chain, {"accessibility": "yeast/ATAC", "binding": "yeast/REB1"}),
    "Genome": lambda at: (zoo.Genome, {"path": at.genome}),
    "Signal": lambda at: (zoo.Signal, {"path": at.signal}),
    "Interval": lambda at: (zoo.Interval, {"chrom": "chr1", "start": 0, "end": 9}),
    "Interval.parse": lambda at: (zoo.Interval.parse, {"text": "chr1:1-9"}),
    "Genome.codes": lambda at: (zoo.Genome(at.genome).codes, {"chrom": "chr1", "start": 0, "end": 9}),
    "Signal.values": lambda at: (zoo.Signal(at.signal).values, {"chrom": "chr1", "start": 0, "end": 9}),
    "Model.predict": lambda at: (at.model.predict, {**at.files, "regions": INTERVALS, "output": "predicted"}),
    "Model.attribute": lambda at: (
        at.model.attribute,
        {**at.files, "regions": INTERVALS, "output": "attributed", "count": 1},
    ),
    "Model.score_variants": lambda at: (
        at.model.score_variants,
        {**at.files, "variants": at.variants, "output": "variants"},
    ),
    "Model.plot_variant": lambda at: (
        at.model.plot_variant,
        {**at.files, "variant": at.variant},
    ),
    "draw": lambda at: (
        zoo.draw,
        {"where": "chr1:1-999", "output": "drawn.png", "tracks": {"signal": at.signal}, "peaks": at.peaks},
    ),
    "Model.predict_haplotypes": lambda at: (
        at.model.predict_haplotypes,
        {**at.files, "variants": at.variants, "regions": INTERVALS, "output": "haplotypes"},
    ),
    "Model.cost": lambda at: (at.model.cost, {**at.files, "regions": INTERVALS}),
    "Model.check": lambda at: (at.model.check, {}),
    "Model.chosen": lambda at: (_composed(at.model).chosen, {"component": "part"}),
    "Model.component": lambda at: (_composed(at.model).component, {"name": "part"}),
    "Model.save": lambda at: (at.model.save, {"path": _free()}),
    "ensemble": lambda at: (zoo.ensemble, {"models": [at.model, at.model], "name": "test/TWICE"}),
    "one_track": lambda at: (
        zoo.one_track,
        {"model": _of_tracks(), "track": "REB1", "name": "test/ONE"},
    ),
    "binding.benchmark": lambda at: (binding.benchmark, {"prediction": at.signal, "peaks": at.peaks}),
    "binding.quantitative": lambda at: (binding.quantitative, {"prediction": at.signal, "measured": at.signal}),
    "calibration.calibrate": lambda at: (calibration.calibrate, {"samples": [(at.scores, at.peaks)]}),
    "accessibility.recovery": lambda at: (accessibility.recovery, {"called": INTERVALS, "real": INTERVALS}),
    "chain.fit": lambda at: (zoo.chain("yeast/ATAC", at.folder).fit, {**at.files, "regions": INTERVALS}),
    "chain.score_variants": lambda at: (
        zoo.chain("yeast/ATAC", at.folder).score_variants,
        {**at.files, "variants": at.variants},
    ),
    "peaks.call": lambda at: (peaks.call, {"signal": at.signal, "cutoff": 1.0}),
    "peaks.call_bins": lambda at: (peaks.call_bins, {"signal": at.signal, "cutoff": 1.0}),
    "peaks.open_regions": lambda at: (peaks.open_regions, {"signal": at.signal}),
    "tracks.normalize": lambda at: (tracks.normalize, {"signal": at.signal, "output": "normalized.bw"}),
    "tracks.average": lambda at: (tracks.average, {"signals": [at.signal], "output": "mean.bw"}),
    "sample.prepare": lambda at: (
        sample.prepare,
        {"reads": at.fragments, "output": "prepared", "genome": {"chr1": 100_003}},
    ),
    "comparison.compare": lambda at: (
        comparison.compare,
        {
            "predictors": at.predictors,
            "bound": at.bound,
            "track": zoo.Signal(at.signal),
            "repeats": 2,
        },
    ),
    "allelic.select": lambda at: (allelic.select, {"found": at.allelic}),
    "allelic.evaluate": lambda at: (allelic.evaluate, {"scores": np.array([1.0, -1.0, 2.0]), "found": at.allelic}),
    "motifs.insert": lambda at: (motifs.insert, {"x": at.windows, "motif": "ACGT"}),
    "reference.fetch": lambda at: (reference.fetch, {"assembly": "sacCer3", "folder": "reference"}),
    "publish": lambda at: (
        publishing.publish,
        {"folders": [at.folder], "repo": "me/zoo", "tag": "v1", "dry_run": True},
    ),
}


def _free() -> Path:
    """A folder that does not exist."""
    return next(path for path in map(Path, map(str, count())) if not path.exists())


@functools.cache
def _of_tracks() -> zoo.Model:
    """One whose head has tracks."""
    return zoo.load("yeast/factors")


def _composed(model: zoo.Model) -> zoo.Model:
    """A model whose network has one nested in it."""
    part = keras.Model(model.network.inputs, model.network.output, name="part")
    read = keras.Input(model.network.input_shape[1:], name="window")
    spec = dataclasses.replace(model.spec, components=(Component("part", "all of it"),))
    return zoo.Model(spec, keras.Model(read, part(read)))


@pytest.fixture
def at(small: zoo.Model, small_folder: Path, genome_files, tmp_path: Path, monkeypatch) -> SimpleNamespace:
    """Files and a model to call with, in an empty working folder."""
    (tmp_path / "inputs").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(publishing, "_published", lambda *_: (None, None))
    monkeypatch.setattr(reference, "_genome", lambda *_: genome_files.genome)
    monkeypatch.setattr(cost, "_SECONDS", 0.0)
    variants, cuts = tmp_path / "inputs" / "v.vcf", tmp_path / "inputs" / "f.tsv"
    variants.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    cuts.write_text("".join(f"chr1\t{start}\t{start + 150}\tA-1\t1\n" for start in range(1000, 60_000, 50)))
    base = zoo.Genome(genome_files.genome).sequence("chr1", 5000, 5001)
    with variants.open("a") as file:
        file.write(f"chr1\t5001\t.\t{base}\t{'A' if base != 'A' else 'C'}\t.\tPASS\t.\n")
    scores = tmp_path / "inputs" / "scores.bw"
    tracks.normalize(genome_files.signal, scores, clip=True)
    return SimpleNamespace(
        model=small,
        folder=small_folder,
        genome=genome_files.genome,
        signal=genome_files.signal,
        peaks=genome_files.peaks,
        files={"genome": genome_files.genome, "signal": genome_files.signal},
        variants=variants,
        variant=f"chr1:5001:{base}:{'A' if base != 'A' else 'C'}",
        fragments=cuts,
        scores=scores,
        bound=bins.Bound(genome_files.peaks, zoo.Signal(genome_files.signal).sizes),
        predictors={"signal": baselines.track(zoo.Signal(genome_files.signal))},
        allelic=allelic.Allelic(
            [Variant("chr1", start, "A", "C") for start in (100, 900, 5000)],
            np.array([[10, 10, 30, 5], [10, 10, 5, 30], [10, 10, 9, 30]]),
        ),
        windows=np.eye(5, dtype=np.float32)[np.zeros((1, 256), np.int64)],
    )


def _outcomes(function: Callable, good: dict) -> Iterator[tuple[str, str, Exception | None]]:
    """Argument, name of an odd value, and what came of it: an exception, or None."""
    for argument in inspect.signature(function).parameters.keys() - OBJECTS:
        for name, value in ODD.items():
            try:
                function(**{**good, argument: value})
                yield argument, name, None
            except Exception as error:
                yield argument, name, error


def _written() -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in Path().rglob("*")}


def _accepted(call: str, parameter: inspect.Parameter) -> set[str]:
    """The odd values that an argument takes: those that are listed, and None where it is the default."""
    listed = ACCEPTED.get(f"{call} {parameter.name}", ACCEPTED.get(parameter.name, ()))
    return set(listed) | ({"None"} if parameter.default is None else set())


@pytest.mark.filterwarnings("ignore::zoo.errors.ZooWarning")
@pytest.mark.parametrize("call", CALLS)
def test_odd_values(at: SimpleNamespace, call: str):
    """Each is refused by an error that states a rule, and nothing is written; what is accepted is listed."""
    function, good = CALLS[call](at)
    function(**good)
    parameters, wrong, before = inspect.signature(function).parameters, [], _written()
    for argument, odd, error in _outcomes(function, good):
        accepted = _accepted(call, parameters[argument])
        if error is None and odd not in accepted:
            wrong.append(f"{argument}={odd} is accepted")
        elif error is not None and not (isinstance(error, ZooError) and "must" in str(error)):
            wrong.append(f"{argument}={odd}: {error!r:.100}")
        elif error is not None and odd in set(accepted) - {"None"}:
            wrong.append(f"{argument}={odd} is refused: {error!r:.100}")
        elif error is not None and _written() != before:
            wrong.append(f"{argument}={odd} is refused, but files are written")
        before = _written()
    assert not wrong, "\n".join(wrong)


def test_every_function_of_the_package_is_called():
    modules = {name for name in zoo.__all__ if inspect.ismodule(getattr(zoo, name))}
    plumbing = {"register_architecture", "unregister_architecture"}  # tests/test_plugins.py
    plumbing |= {"predict_many", "compare", "targets"}  # tests/test_many.py, test_compare_runs.py, test_targets.py
    plumbing |= {f"Model.{name}" for name in ("forward", "inputs", "engine", "provenance", "read", "tiled")}
    functions = set(zoo.__all__) - modules - {"Model", "__version__"}
    methods = {f"Model.{name}" for name, member in vars(zoo.Model).items() if inspect.isfunction(member)}
    private = {name for name in methods if name.startswith("Model._")}
    assert (functions | methods) - private - plumbing <= set(CALLS)


@pytest.mark.parametrize(
    ("argument", "sound"),
    [
        ("genome", set()),
        ("signal", {"None"}),
        ("regions", {"None"}),
        ("vcf", {"None"}),
        ("blacklist", {"None", "list"}),
    ],
)
def test_what_the_doctor_finds_odd(genome_files, argument: str, sound: set[str]):
    for name, value in ODD.items():
        if name not in sound:
            report = zoo.doctor(**{"genome": genome_files.genome, argument: value})
            assert any(finding.status == "error" for finding in report.findings), (argument, name, report)


def test_a_sample_of_no_file(at: SimpleNamespace):
    for name, value in ODD.items():
        with pytest.raises(InputError, match="must"):
            at.model.predict_haplotypes(value, "donor", **at.files, regions=INTERVALS)
            pytest.fail(f"{name} is accepted")


@pytest.mark.parametrize("name", ["x", "windows", "output", "threshold", "table"])
def test_the_cost_of_other_arguments(small: zoo.Model, genome_files, name: str):
    with pytest.raises(InputError, match=f"choices of cost must be among strands, .*unknown=\\['{name}'\\]"):
        small.cost(genome=genome_files.genome, signal=genome_files.signal, **{name: None})
