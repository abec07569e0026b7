"""Names, the index and its schema."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import registry
from registry import address, facts
from registry.errors import InputError, IntegrityError, UnknownModel
from registry.schema import Family, Name, Pin, RemoteFile
from zoo import loading

DIGEST = "0" * 64


def test_index_is_the_reference_manifest(shared: Path):
    manifest = json.loads((shared / "reference" / "maxatac-manifest.json").read_text())
    family = registry.families()["maxatac"]
    assert (family.upstream.repository, family.upstream.commit) == (manifest["repository"], manifest["commit"])
    assert set(family.models) == set(manifest["models"])
    for name, row in manifest["models"].items():
        entry = family.models[name]
        assert entry.files["model"] == RemoteFile(row["h5"], row["size"], row["sha256"])
        assert entry.files["thresholds"] == RemoteFile(
            row["thresholds"], row["thresholds_size"], row["thresholds_sha256"]
        )
        assert entry.facts["best_f1"] == row["best_f1"]
        assert entry.facts["best_f1_threshold"] == pytest.approx(row["best_f1_threshold"], abs=1e-9)


def test_training_cell_types_are_those_of_the_authors_benchmark():
    """Of 74 factors, 332 in all; numbers of some from the authors' own count of them."""
    trained = {name: entry.tissue for name, entry in registry.families()["maxatac"].models.items()}
    known = {name: re.search(r"trained on ([^)]*)\)", text)[1].split(", ") for name, text in trained.items()}
    listed = {name: cells for name, cells in known.items() if cells != ["cell types of the article's supplement"]}
    assert (len(listed), sum(map(len, listed.values()))) == (74, 332)
    assert all(len(set(cells)) == len(cells) >= 3 for cells in listed.values())
    assert {name: len(listed[name]) for name in ("CTCF", "REST", "JUND", "MYC", "NRF1", "GATA3", "SPI1")} == {
        "CTCF": 16,
        "REST": 11,
        "JUND": 7,
        "MYC": 6,
        "NRF1": 5,
        "GATA3": 4,
        "SPI1": 3,
    }
    assert listed["SPI1"] == ["GM12878", "K562", "THP-1"]
    assert "maxatac/RUNX1" in [entry.name for entry in registry.search("mv4-11")]


def test_metrics_apart_from_facts():
    metrics, known = facts.split(registry.families()["maxatac"].models["CTCF"].facts)
    assert list(known) == ["epoch", "parameters"]
    assert next(iter(metrics)) == "best_f1"
    figures = {"AUPR (CBF1)": 0.5, "share of positive bins (CBF1)": 0.1, "regions, peaks": 3, "windows chrI": 2, "r": 1}
    assert [list(part) for part in facts.split({**figures, "parameters_used": 1})] == [
        ["AUPR (CBF1)", "r", "parameters_used"],
        ["share of positive bins (CBF1)", "regions, peaks", "windows chrI"],
    ]


def test_127_models_and_thirteen_of_yeast():
    human, yeast = registry.list_models("maxatac/*"), registry.list_models("yeast/*")
    assert (len({entry.name for entry in human}), len({entry.name for entry in yeast})) == (127, 13)
    first = registry.list_models()[:140]  # those that can be named without their family
    assert sorted(entry.name for entry in first) == sorted(e.name for e in (*human, *yeast))


def test_patterns_and_search():
    assert [entry.name for entry in registry.list_models("maxatac/fox*")] == [
        "maxatac/FOXA1",
        "maxatac/FOXK2",
        "maxatac/FOXM1",
        "maxatac/FOXP1",
    ]
    assert [entry.model for entry in registry.search("gata")] == ["GATA3", "GATA4", "GATAD2B"]


@pytest.mark.parametrize(
    "name",
    [
        "maxatac/CTCF",
        "CTCF",
        "CTCF@43f19e9",
        "maxatac/CTCF@43f19e9",
        f"maxatac/CTCF@{'43f19e99471ea0a037f5165c27c73520eaeec309'}",
    ],
)
def test_resolve(name: str):
    family, entry = registry.resolve(name)
    assert (family.family, entry.name) == ("maxatac", "maxatac/CTCF")


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("maxatac/CTFC", "closest: maxatac/CTCF"),
        ("maxatac/ctcf", "closest: maxatac/CTCF"),
        ("ctcf", "closest: maxatac/CTCF"),
        ("PU.1", "closest: maxatac/SPI1"),
        ("CTFC@43f19e9", "closest: maxatac/CTCF"),
        ("maxatac/FOX*", "matches 4: maxatac/FOXA1, maxatac/FOXK2, maxatac/FOXM1, maxatac/FOXP1"),
        ("*", r"matches \d+: maxatac/ARID3A.*…"),
        ("maxatac/FOXA2", "closest: maxatac/FOXA1"),
        ("maxatac/CTCF@0000000", "Example: maxatac/CTCF@43f19e9"),
    ],
)
def test_unknown_names_list_the_closest(name: str, closest: str):
    with pytest.raises(UnknownModel, match=closest):
        registry.resolve(name)


@pytest.mark.parametrize(
    "name", ["maxatac/../etc", "a/b/c", "maxatac/", "/CTCF", "maxatac/CT CF", "maxatac/CTCF@", "m/..", ""]
)
def test_what_is_no_name(name: str):
    with pytest.raises((InputError, UnknownModel)):
        registry.resolve(name)


def test_an_address_is_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A path, a pinned model of the index, or a place on the Hub; equal where they mean the same."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    (tmp_path / "own.h5").write_bytes(b"")
    pinned = address.Pinned(*registry.resolve("maxatac/CTCF"))
    assert address.of("CTCF") == address.of("maxatac/CTCF@43f19e9") == pinned
    assert address.of("mine") == address.Local(Path("mine"))
    assert not address.of("mine").is_file
    assert address.of("own.h5").is_file
    assert address.of("./nothing") == address.Local(Path("nothing"))
    assert address.of("hf://lab/repo/M") == address.Hub("hf://lab/repo/M", "lab/repo", "M", "main")
    assert str(address.of("hf://lab/repo/M@v1")) == "hf://lab/repo/M@v1"


@pytest.mark.parametrize(
    ("name", "said"),
    [("missing.h5", "A model file must exist"), (7, "must be a name or a path"), ("hf:/lab/M", "must be family/MODEL")],
)
def test_what_is_no_address(name: object, said: str):
    with pytest.raises(InputError, match=said):
        address.of(name)


def test_info_is_of_the_revision_that_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    """Another revision than the pinned one is described by its own folder, not by what the index says."""
    maxatac = registry.families()["maxatac"]
    hub = Pin("lab/maxatac", "1" * 40, DIGEST)
    monkeypatch.setattr("registry.index.families", lambda: {"maxatac": replace(maxatac, hub=hub)})
    folder = Path(registry.__file__).parent / "builtin" / "yeast" / "REB1"
    monkeypatch.setattr(registry, "fetch", lambda where, converter: folder)
    assert loading.info("maxatac/CTCF")["outputs"][0]["target"] == "CTCF"
    assert loading.info("maxatac/CTCF@v2")["outputs"][0]["target"] == "REB1"


def test_name_parts():
    assert Name.parse("maxatac/CTCF@v1.1") == Name("maxatac", "CTCF", "v1.1")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../b", "C:\\x", "a\\b", "", "\\\\host\\share"])
def test_unsafe_paths_are_refused(path: str):
    with pytest.raises(IntegrityError):
        RemoteFile(path, 1, DIGEST)


@pytest.mark.parametrize(("size", "digest"), [(-1, DIGEST), (True, DIGEST), (1, "abc"), (1, "A" * 64), (1, None)])
def test_sizes_and_digests_are_checked(size: object, digest: object):
    with pytest.raises(IntegrityError):
        RemoteFile("a", size, digest)


def index(tmp_path: Path, text: str | None = None, **changes: object) -> Path:
    source = json.loads((Path(registry.__file__).parent / "families" / "maxatac.json").read_text())
    source["models"] = {"CTCF": source["models"]["CTCF"]}
    path = tmp_path / "family.json"
    path.write_text(json.dumps({**source, **changes}) if text is None else text)
    return path


def test_family_reads(tmp_path: Path):
    assert Family.read(index(tmp_path)).models["CTCF"].name == "maxatac/CTCF"


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"surprise": 1},
        {"upstream": {"repository": "a"}},
        {"hub": {"repo": "a/b", "commit": "main", "index_sha256": DIGEST}},
        {"hub": {"repo": "../b", "commit": "0" * 40, "index_sha256": DIGEST}},
        {"models": {"../x": {"files": {}, "facts": {}, "description": ""}}},
        {"models": {"X": {"files": {"model": {"path": "a"}}, "facts": {}, "description": ""}}},
    ],
)
def test_family_with_other_keys_is_refused(tmp_path: Path, changes: dict):
    with pytest.raises((IntegrityError, InputError)):
        Family.read(index(tmp_path, **changes))


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1, "a": 2}', '{"a": NaN}', '{"a": Infinity}', "[" * 100_000])
def test_what_is_no_plain_json_is_refused(tmp_path: Path, text: str):
    with pytest.raises(IntegrityError, match=r"family\.json"):
        Family.read(index(tmp_path, text))
