"""Networks by the params.json of Calico's training runs."""

import json
from pathlib import Path

import pytest

from zoo.errors import IntegrityError
from zoo.porting import calico_params

FOLDER, MINI = "zoo_weights/borzoi", "zoo_weights/baskerville_mini"


def test_params_of_the_mini_network(shared: Path):
    found = calico_params.read((shared / MINI / "params.json").read_bytes(), "params.json")
    assert found.architecture == "borzoi"
    assert dict(found.heads) == {"human": 74, "mouse": 32}
    assert found.config["filters"] == (80, 88, 96, 104, 120, 128)
    wanted = {"window": 131072, "crop": 1024, "value": 64, "unet_dense": True, "final_filters": None}
    assert {name: found.config[name] for name in wanted} == wanted


def test_channels_of_the_published_tower():
    reader = calico_params._Reader("here")
    options = {"filters_init": 608, "filters_end": 1536, "divisible_by": 32, "repeat": 6}
    assert reader.filters("res_tower", options) == (608, 736, 896, 1056, 1280, 1536)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(activation="relu"), "have activation gelu in model.*relu"),
        (lambda m: m.update(norm_type="layer"), "have norm_type batch or batch-sync in model.*layer"),
        (lambda m: m["trunk"][1].update(num_convs=2), "have num_convs 1 in res_tower.*num_convs=2"),
        (lambda m: m["trunk"][0].update(pool_size=4), "have pool_size 2 in conv_dna"),
        (lambda m: m["trunk"][0].update(se=True), "have no other options in conv_dna than ours has.*'se'"),
        (lambda m: m["trunk"][2].update(repeat=10**9), "have a whole number of 1 to 64 as repeat of transformer_tower"),
        (lambda m: m["trunk"][2].update(heads="four"), "have a whole number of 1 to .* as heads of transformer_tower"),
        (lambda m: m["trunk"][2].update(dropout=-1), "have a number of 0 or more as dropout"),
        (lambda m: m["trunk"].pop(1), "have the blocks conv_dna, res_tower, transformer_tower"),
        (lambda m: m["trunk"].append({"name": "conv_nac", "filters": 3}), "have the blocks conv_dna, res_tower"),
        (lambda m: m["trunk"][3].update(kernel_size=5), "have equal steps unet_conv"),
        (lambda m: m["trunk"][3].update(kernel_size=[3]), "have a whole number of 1 to .* as kernel_size of unet_conv"),
        (lambda m: m["trunk"][3].update(upsample_conv="no"), "have true or false as upsample_conv of unet_conv"),
        (lambda m: m["trunk"][1].pop("filters_end") and m["trunk"][1].update(filters_mult=1e300), "must be undamaged"),
        (lambda m: m["head_human"].update(activation="linear"), "have activation softplus in head_human"),
        (lambda m: m.update(trunk=3), "have a model with a trunk"),
        (lambda m: m.update(stride=2), "have no other options in model than ours has"),
    ],
)
def test_params_that_ours_cannot_be(shared: Path, change, message: str):
    model = json.loads((shared / FOLDER / "keras_small/small_params.json").read_text())
    change(model)
    with pytest.raises(IntegrityError, match=message):
        calico_params.read(json.dumps(model).encode(), "params.json")
