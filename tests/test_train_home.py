"""The folder of a run: whose it is, and what in it may be replaced."""

import dataclasses
import json
import multiprocessing
from pathlib import Path

import pytest
import training

from registry import card, digests
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError, IntegrityError
from zoo.train.config import TrainConfig
from zoo.train.home import CONFIG, LOCK, MARK, MODEL, Home


@pytest.fixture
def config(tmp_path: Path) -> TrainConfig:
    return training.binding(Synthetic(tmp_path / "g.2bit", tmp_path / "s.bw", tmp_path / "p.bed"))


def finish(home: Home, text: str = "weights") -> None:
    """What the end of a run does, with small files."""
    with home.staging() as staging:
        (staging / "model.keras").write_text(text)
        (staging / "curves.png").write_text(text)
        (staging / MODEL).mkdir()
        (staging / MODEL / "config.json").write_text(text)
        digests.write_digests(staging / MODEL, {"source": "test/CTCF", "run": home.number})


def test_a_run_goes_on_and_replaces_what_it_wrote(config: TrainConfig, tmp_path: Path):
    with Home(tmp_path / "run", config, resume=False) as home:
        finish(home, "first")
        number = home.number
    with Home(tmp_path / "run", config, resume=True) as home:
        assert home.number == number
        finish(home, "second")
    assert (tmp_path / "run" / MODEL / "config.json").read_text() == "second"
    assert (tmp_path / "run" / "model.keras").read_text() == "second"
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        *(MODEL, "model.keras", "curves.png", CONFIG, "versions.json", MARK, LOCK)
    }


@pytest.mark.parametrize("name", [MODEL, "model.keras", "curves.png"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_the_user_put_there_stays(config: TrainConfig, tmp_path: Path, name: str, when: str):
    """Whether the run had not come to its end yet, or had and the user put something else in the place."""
    folder = tmp_path / "run"
    with Home(folder, config, resume=False) as home:
        if when == "after":
            finish(home)
    mine = folder / name / "notes.txt" if name == MODEL else folder / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with (
        pytest.raises(InputError, match=f"must not replace files in its folder.*'{name}'.*Move it away"),
        Home(folder, config, resume=True),
    ):
        pass
    assert mine.read_text() == "mine"


def test_what_the_user_puts_there_meanwhile_stays(config: TrainConfig, tmp_path: Path):
    with Home(tmp_path / "run", config, resume=False) as home:
        (tmp_path / "run" / MODEL).mkdir()
        (tmp_path / "run" / MODEL / "notes.txt").write_text("mine")
        with pytest.raises(InputError, match="must not replace files in its folder"):
            finish(home)
    assert (tmp_path / "run" / MODEL / "notes.txt").read_text() == "mine"
    assert not (tmp_path / "run" / "model.keras").exists()


def test_a_model_that_was_changed_or_is_anothers_stays(config: TrainConfig, tmp_path: Path):
    with Home(tmp_path / "run", config, resume=False) as home:
        finish(home)
    with Home(tmp_path / "other", config, resume=False) as home:
        finish(home)
    card = tmp_path / "run" / MODEL / "config.json"
    card.write_text("changed")
    with (
        pytest.raises(InputError, match="must not replace files in its folder"),
        Home(tmp_path / "run", config, resume=True),
    ):
        pass
    assert card.read_text() == "changed"
    (tmp_path / "run" / MODEL).rename(tmp_path / "away")
    (tmp_path / "other" / MODEL).rename(tmp_path / "run" / MODEL)
    with (
        pytest.raises(InputError, match="must not replace files in its folder"),
        Home(tmp_path / "run", config, resume=True),
    ):
        pass


def test_scratch_of_a_killed_process_goes_and_nothing_else(config: TrainConfig, tmp_path: Path):
    folder = tmp_path / "run"
    with Home(folder, config, resume=False):
        pass
    (folder / ".zoo-staging-abc" / "model").mkdir(parents=True)
    for name in ("checkpoint.npz.12.34.tmp", "best.weights.h5.12.34.tmp.keras", "notes.tmp", "tmpnotes"):
        (folder / name).write_text("x")
    with Home(folder, config, resume=True):
        pass
    left = {path.name for path in folder.iterdir()}
    assert left == {"notes.tmp", "tmpnotes", CONFIG, "versions.json", MARK, LOCK}


@pytest.mark.parametrize("resume", [False, True])
def test_folders_of_something_else_are_refused_untouched(config: TrainConfig, tmp_path: Path, resume: bool):
    (tmp_path / "some" / "model").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / MARK).write_text("{}")
    for name in ("some", "file", "made"):
        with pytest.raises(InputError, match="must be new or empty"), Home(tmp_path / name, config, resume):
            pass
    assert [path.name for path in (tmp_path / "some").iterdir()] == ["model"]


ODD_MARK = '{"made_by": "chromatin-zoo", "run": 7, "files": {"model.keras": 7}}'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": 1}', "\x00", '{"made_by": "me"}', '{"seed": NaN}', ODD_MARK])
@pytest.mark.parametrize("name", [CONFIG, MARK])
def test_a_damaged_record_is_refused(config: TrainConfig, tmp_path: Path, name: str, text: str):
    with Home(tmp_path / "run", config, resume=False):
        pass
    (tmp_path / "run" / name).write_text(text)
    with pytest.raises(IntegrityError), Home(tmp_path / "run", config, resume=True):
        pass
    assert (tmp_path / "run" / name).read_text() == text


def test_another_configuration_is_refused(config: TrainConfig, tmp_path: Path):
    with Home(tmp_path / "run", config, resume=False):
        pass
    changed = dataclasses.replace(config, seed=1, epochs=9)
    with (
        pytest.raises(InputError, match=r"that it began with.*\['epochs', 'seed'\]"),
        Home(tmp_path / "run", changed, resume=True),
    ):
        pass


def _enter(folder: Path, config: TrainConfig, resume: bool, said: object) -> None:
    try:
        with Home(folder, config, resume):
            said.put("entered")
    except InputError as error:
        said.put(str(error))


def test_two_processes_do_not_train_into_one_folder(config: TrainConfig, tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    with Home(tmp_path / "run", config, resume=False):
        other = context.Process(target=_enter, args=(tmp_path / "run", config, True, said))
        other.start()
        assert "by one process at a time" in said.get(timeout=60)
        other.join(60)
    with Home(tmp_path / "run", config, resume=True):
        pass


def test_a_process_that_was_killed_at_once_leaves_an_empty_folder(config: TrainConfig, tmp_path: Path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).touch()
    (tmp_path / "run" / f"{CONFIG}.12.34.tmp").touch()
    with Home(tmp_path / "run", config, resume=False):
        assert json.loads((tmp_path / "run" / CONFIG).read_text())["name"] == "test/CTCF"
    assert not (tmp_path / "run" / f"{CONFIG}.12.34.tmp").exists()


def test_settings_on_a_card_cannot_end_their_block():
    """Whatever text is in a configuration, the block holds it all, and reads back as it was."""
    settings = {"citation": "```\n<script>x</script> `&amp;` Müller", "folds": [["chr1"]]}
    described = {
        "name": "test/X",
        "description": "x",
        "input": {"window": 64, "genome": "g", "tracks": [], "sources": [], "covariates": []},
        "outputs": [{"target": "x", "quantity": "x", "bins": 1, "bin_size": 64, "kind": "other", "tracks": []}],
        "metrics": {},
        "provenance": {},
    }
    text = card.of_model(described, settings=settings)
    (block,) = [part for number, part in enumerate(text.split("```")) if part.startswith("json\n")]
    assert "<script>" not in text
    assert json.loads(block.removeprefix("json\n")) == settings
