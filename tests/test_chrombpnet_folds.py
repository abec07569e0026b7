"""Folds of ChromBPNet in folders and archives: one ensemble, the mean of expected counts; and archives that do harm."""

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import profile_files as files
import profiles
import pytest

import zoo
from zoo import loading
from zoo.errors import InputError, IntegrityError, ZooWarning
from zoo.spec import OutputSpec

WINDOW, OUTPUT = 420, 150


def windows(count: int = 2) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (count, WINDOW))]


def parts(fold: int) -> dict[str, files.Tensors]:
    found = {"accessibility": files.network(10 + fold, 4, 2), "bias": files.network(20 + fold, 3, 1)}
    for tensors in found.values():
        tensors["counts_dense"][1][:] = 2 + fold  # totals of a few reads
    return found


def make(folder: Path, folds: range = range(5), kinds: str = "bias nobias full") -> Path:
    """As ENCODE has them."""
    for fold in folds:
        of, end = folder / f"fold_{fold}", f"fold_{fold}.ENCSR000AAA.h5"
        of.mkdir(parents=True)
        networks = parts(fold)
        if "full" in kinds:
            files.write_full(of / f"model.chrombpnet.{end}", networks, WINDOW, OUTPUT)
        if "nobias" in kinds:
            files.write_part(of / f"model.chrombpnet_nobias.{end}", networks["accessibility"], WINDOW, OUTPUT)
        if " bias" in f" {kinds}":
            files.write_part(of / f"model.bias_scaled.{end}", networks["bias"], WINDOW, OUTPUT, bias=True)
    return folder


def expected(heads: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    profile, counts = heads
    shares = np.exp(profile - profile.max(axis=1, keepdims=True))
    return (shares / shares.sum(axis=1, keepdims=True))[..., 0] * np.expm1(counts)


def wanted(part: str, folds: range = range(5)) -> np.ndarray:
    """The mean of the members' expected counts."""
    if part == "full":
        found = []
        for fold in folds:
            both = [files.heads(item, windows(), OUTPUT) for item in parts(fold).values()]
            found.append(expected((both[0][0] + both[1][0], np.logaddexp(both[0][1], both[1][1]))))
        return np.mean(found, axis=0)
    return np.mean([expected(files.heads(parts(fold)[part], windows(), OUTPUT)) for fold in folds], axis=0)


@pytest.mark.parametrize("kinds", ["bias nobias full", "full", "nobias"])
def test_a_folder_of_five_folds(tmp_path: Path, kinds: str):
    model = zoo.load(make(tmp_path / "K562", kinds=kinds))
    np.testing.assert_allclose(model.predict(windows()), wanted("accessibility"), rtol=1e-4, atol=1e-6)
    assert model.spec.name == "local/K562"
    assert model.spec.architecture.config["members"] == 5
    assert model.provenance()["members"].startswith("local/K562-fold_0, local/K562-fold_1")
    assert len([key for key in model.provenance() if key.startswith("sha256 of fold")]) == 5


def test_the_parts_of_folds(tmp_path: Path):
    folder = make(tmp_path / "K562")
    for part in ("bias", "full"):
        model = zoo.load(folder, component=part)
        np.testing.assert_allclose(model.predict(windows()), wanted(part), rtol=1e-4, atol=1e-6)
    (tmp_path / "K562" / "fold_3" / "model.chrombpnet.fold_3.ENCSR000AAA.h5").unlink()
    with pytest.raises(InputError, match=r"file of the component full; it is missing\..*fold=3"):
        zoo.load(folder, component="full")
    zoo.load(folder, component="bias")


def test_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make(tmp_path / "K562", range(2), "nobias")
    monkeypatch.chdir(tmp_path)
    assert zoo.load("K562").spec.name == "local/K562"
    assert loading.info("K562")["architecture"]["name"] == "ensemble"
    assert loading.is_cached("K562")
    with pytest.raises(InputError, match="must be loaded"):
        zoo.fetch("K562")


def test_an_ensemble_of_files_is_saved_and_explained(tmp_path: Path):
    model = zoo.load(make(tmp_path / "K562", range(3), "nobias"))
    again = zoo.load(model.save(tmp_path / "saved"))
    np.testing.assert_array_equal(again.predict(windows()), model.predict(windows()))
    assert again.check().passed
    for head in ("counts", "profile"):
        found = again.attribute(windows(1), head=head, target=(10, 20) if head == "profile" else "sum", count=2)
        assert found.largest_error < 1e-3, head


def test_what_makes_no_ensemble_of_folds(tmp_path: Path):
    one = make(tmp_path / "one", range(1), "nobias")
    with pytest.raises(InputError, match="must be one of accessibility, bias, full, bpnet"):
        zoo.load(one, component="nobias")
    with pytest.raises(InputError, match="2 to 64 folds"):
        zoo.load(one)
    gap = make(tmp_path / "gap", range(1), "nobias")
    make(gap, range(2, 4), "nobias")
    with pytest.warns(ZooWarning, match="gap has no fold 1; the ensemble is of the other 3"):
        zoo.load(gap)
    twice = make(tmp_path / "twice", range(2), "nobias")
    (twice / "fold_1" / "copy.h5").write_bytes(next((twice / "fold_1").glob("*.h5")).read_bytes())
    with pytest.raises(InputError, match="must have one file of the component accessibility"):
        zoo.load(twice)
    (twice / "fold_1" / "copy.h5").rename(twice / "fold_1" / "fold_2.h5")
    with pytest.raises(InputError, match="must name one fold"):
        zoo.load(twice)
    unlike = make(tmp_path / "unlike", range(2), "nobias")
    files.write_part(unlike / "fold_2.h5", files.network(1, 4, 2), WINDOW, OUTPUT - 2)
    with pytest.raises(InputError, match="must have the same architecture"):
        zoo.load(unlike)
    files.write_part(unlike / "fold_2.h5", files.network(1, 4, 2), WINDOW, OUTPUT, bias=True)
    with pytest.raises(InputError, match="Folds must be of one component"):
        zoo.load(unlike)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"must have a readable config\.json"):
        zoo.load(tmp_path / "empty")
    saved = tmp_path / "saved" / "fold_0" / "model"
    saved.mkdir(parents=True)
    (saved / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(InputError, match="SavedModel is not read"):
        zoo.load(tmp_path / "saved")


def test_other_files_beside_folds(tmp_path: Path):
    folder = make(tmp_path / "K562", range(2), "nobias")
    (folder / "fold_0" / "logs.txt").write_text("x")
    (folder / "fold_0" / "._model.h5").write_bytes(b"x")
    (folder / "fold_1" / "scores.h5").write_bytes(b"no HDF5")
    with pytest.warns(ZooWarning, match=r"fold_1/scores\.h5 of K562 is not read"):
        model = zoo.load(folder)
    np.testing.assert_allclose(model.predict(windows()), wanted("accessibility", range(2)), rtol=1e-4, atol=1e-6)


def pack(path: Path, folder: Path, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        archive.add(folder, ".")
    return path


@pytest.mark.parametrize(("name", "mode"), [("K562.tar", "w"), ("K562.tar.gz", "w:gz"), ("K562.tgz", "w:gz")])
def test_an_archive_of_folds(tmp_path: Path, name: str, mode: str):
    folder = make(tmp_path / "K562", kinds="bias nobias")
    before = sorted(tmp_path.rglob("*"))
    path = pack(tmp_path / name, folder, mode)
    model = zoo.load(path)
    np.testing.assert_allclose(model.predict(windows()), wanted("accessibility"), rtol=1e-4, atol=1e-6)
    assert model.spec.name == "local/K562"
    assert model.origin == path
    assert sorted(tmp_path.rglob("*")) == sorted([*before, path])


def test_an_archive_of_archives(tmp_path: Path):
    """One of each fold, beside TensorFlow's own format; and a folder of them."""
    inner = tmp_path / "inner"
    inner.mkdir()
    for fold in range(3):
        of = make(tmp_path / "K562", range(fold, fold + 1), "nobias") / f"fold_{fold}"
        saved = of / "saved"
        saved.mkdir()
        (saved / "saved_model.pb").write_bytes(b"x")
        pack(of / f"model.chrombpnet_nobias.fold_{fold}.ENCSR000AAA.tar", saved)
        (saved / "saved_model.pb").unlink()
        saved.rmdir()
        pack(inner / f"ENCFF00{fold}AAA.tar.gz", of, "w:gz")
    for path in (inner, pack(tmp_path / "outer.tar", inner)):
        model = zoo.load(path)
        np.testing.assert_allclose(model.predict(windows()), wanted("accessibility", range(3)), rtol=1e-4, atol=1e-6)


def entry(name: str, data: bytes = b"", **changes: object) -> tuple[tarfile.TarInfo, bytes]:
    item = tarfile.TarInfo(name)
    item.size = len(data)
    for key, value in changes.items():
        setattr(item, key, value)
    return item, data


def archive(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as file:
        for item, data in entries:
            file.addfile(item, io.BytesIO(data))
    return made.getvalue()


HARMFUL = [
    (archive(entry("../fold_0.h5", b"x")), "names must lie in it"),
    (archive(entry("fold_0/../../fold_0.h5", b"x")), "names must lie in it"),
    (archive(entry("/tmp/fold_0.h5", b"x")), "names must lie in it"),
    (archive(entry("..\\fold_0.h5", b"x")), "names must lie in it"),
    (archive(entry("../notes.txt", b"x")), "names must lie in it"),
    (archive(entry("fold_0.h5", type=tarfile.SYMTYPE, linkname="/etc/passwd")), "files and folders only"),
    (archive(entry("fold_0.h5", type=tarfile.LNKTYPE, linkname="x")), "files and folders only"),
    (archive(entry("fold_0.h5", type=tarfile.CHRTYPE)), "files and folders only"),
    (archive(entry("fold_0.h5", type=tarfile.FIFOTYPE)), "files and folders only"),
    (archive(entry("a.txt", b"x"), entry("a.txt", b"y")), "undamaged"),
    (archive(entry("a.txt", b"x"), entry("b.txt", b"y"))[:1100], "undamaged"),
    (entry("fold_0.h5", size=1 << 34)[0].tobuf(), "undamaged|at most"),
    (entry("fold_0.h5", size=1 << 40)[0].tobuf(tarfile.GNU_FORMAT), "at most"),
    (entry("notes.txt", size=9 << 30)[0].tobuf(tarfile.GNU_FORMAT) * 2, "undamaged"),
    (entry("x", size=1 << 30, type=tarfile.XHDTYPE)[0].tobuf(), "a header of 1,07"),
    (entry("x", size=1 << 30, type=tarfile.GNUTYPE_LONGNAME)[0].tobuf(), "a header of 1,07"),
    (b"no archive", "undamaged"),
]


@pytest.mark.parametrize(("data", "rule"), HARMFUL)
@pytest.mark.parametrize("wrap", ["plain", "gzip", "nested", "folder"])
def test_an_archive_that_does_harm(tmp_path: Path, data: bytes, rule: str, wrap: str):
    place = tmp_path / "place"
    place.mkdir()
    if wrap == "nested":
        data = archive(entry("inner/model.tar", data))
    path = place / ("x.tar.gz" if wrap == "gzip" else "x.tar")
    path.write_bytes(gzip.compress(data) if wrap == "gzip" else data)
    if wrap == "folder":
        (place / "fold_0.txt").write_bytes(b"x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(IntegrityError, match=rule):
        zoo.load(place if wrap == "folder" else path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_gzip_that_unfolds_to_gigabytes(tmp_path: Path):
    """Refused at its header; nothing of it is unpacked."""
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(entry("fold_0.h5", size=17 << 30)[0].tobuf(tarfile.GNU_FORMAT)))
    with pytest.raises(IntegrityError, match="at most 17,179,869,184 bytes"):
        zoo.load(tmp_path / "x.tar.gz")


def test_archives_in_archives_in_archives(tmp_path: Path):
    data = archive(entry("fold_0.h5", b"x"))
    for _ in range(5):
        data = archive(entry("x.tar", data))
    (tmp_path / "x.tar").write_bytes(data)
    with pytest.raises(IntegrityError, match="must not be nested so deep"):
        zoo.load(tmp_path / "x.tar")


def test_an_archive_without_models(tmp_path: Path):
    (tmp_path / "x.tar").write_bytes(archive(entry("fold_0/log.txt", b"x")))
    with pytest.raises(InputError, match=r"files of its folds \(\.h5, \.torch\)"):
        zoo.load(tmp_path / "x.tar")


# `zoo.ensemble`


def readout(model: zoo.Model, x: object) -> np.ndarray:
    return model.predict(x, head="expected_counts")


@pytest.mark.parametrize("config", [{}, {"tracks": 2}, {"tracks": 2, "controls": 2, "control_join": "profile"}])
def test_an_ensemble_is_the_mean_of_expected_counts(config: dict, tmp_path: Path):
    models = [profiles.model(config=config, seed=seed) for seed in (1, 2, 3)]
    for number, model in enumerate(models):
        last = "counts_with_controls" if "controls" in config else "counts_dense"
        model.network.get_layer(last).bias.assign([4.0 + number])
    x = {"window": profiles.windows()}
    if "controls" in config:
        x["controls"] = np.random.default_rng(1).poisson(1, (3, 256, 2)).astype(np.float32)
    whole = zoo.ensemble(models, "test/WHOLE")
    mean = np.mean([readout(model, x) for model in models], axis=0)
    np.testing.assert_allclose(readout(whole, x), mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(whole.predict(x, strands="both"), np.mean(
        [model.predict(x, strands="both") for model in models], axis=0), rtol=1e-4, atol=1e-5)  # fmt: skip
    counts = [np.exp(model.predict(x, head="counts").astype(float)) for model in models]
    np.testing.assert_allclose(whole.predict(x, head="counts"), np.log(np.mean(counts, axis=0)), rtol=1e-6)
    np.testing.assert_array_equal(readout(zoo.load(whole.save(tmp_path / "whole")), x), readout(whole, x))


def test_an_ensemble_with_a_pseudocount():
    outputs = profiles.spec().outputs
    counts = OutputSpec(1, 100, 78, "TEST", "ln(2 + reads)", "counts", "counts", "log", pseudocount=2.0)
    models = [profiles.model(seed=seed, outputs=(outputs[0], counts)) for seed in (1, 2)]
    for number, model in enumerate(models):
        model.network.get_layer("counts_dense").bias.assign([1.0 + number])
    x = profiles.windows()
    mean = np.mean([readout(model, x) for model in models], axis=0)
    np.testing.assert_allclose(readout(zoo.ensemble(models, "test/WHOLE"), x), mean, rtol=1e-5, atol=1e-5)


def test_an_ensemble_of_whole_models():
    models = [profiles.chrombpnet(seed=seed) if seed else profiles.chrombpnet() for seed in (0, 5)]
    whole = zoo.ensemble(models, "test/WHOLE")
    assert whole.spec.prediction.component is None
    assert whole.spec.components == ()


def test_an_ensemble_of_totals_that_are_none():
    """A total below the pseudocount has no share; the others' stay."""
    models = [profiles.model(seed=seed) for seed in (1, 2)]
    for model, total in zip(models, (-3.0, 5.0), strict=True):
        model.network.get_layer("counts_dense").set_weights([np.zeros((6, 1)), np.array([total])])
    whole, x = zoo.ensemble(models, "test/WHOLE"), profiles.windows()
    shares = readout(models[1], x) / np.expm1(5)
    total = np.mean([np.expm1(-3), np.expm1(5)])
    np.testing.assert_allclose(readout(whole, x), shares * total, rtol=1e-5)


def test_networks_whose_expected_counts_have_no_mean():
    of = {"name": "maxatac", "config": {}}
    with pytest.raises(InputError, match="must return profile and counts"):
        zoo.build("ensemble", of=of, members=2, mean="expected_counts", pseudocount=1.0)
    with pytest.raises(InputError, match="must be of heads, or of expected_counts"):
        zoo.build("ensemble", of=of, members=2, mean="median")
    with pytest.raises(InputError, match="must be of heads, or of expected_counts"):
        zoo.build("ensemble", of=of, members=2, pseudocount=1.0)
