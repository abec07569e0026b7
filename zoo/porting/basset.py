"""Basset's released weights (Kipoi's conversion of the authors' Torch7 file), turned into a folder of ours."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from registry.schema import Entry, Family
from zoo.errors import MissingExtra
from zoo.porting import bins_of_200, early_spec, torch_early
from zoo.porting.bins_of_200 import About
from zoo.porting.protocol import provenance
from zoo.spec import Architecture, ModelSpec

FILES = {"model": "Kipoi's state dict of the converted network (.pth)"}


def spec_of(family: Family, entry: Entry) -> ModelSpec:
    """The spec of the released model."""
    features = early_spec.features_of(entry, "basset")
    architecture = Architecture(
        "basset", {"window": early_spec.SYSTEMS["basset"].window, "outputs": len(features.names)}
    )
    about = About(entry.name, provenance(family, entry, "model"), early_spec.SYSTEMS["basset"].genome)
    return early_spec.make_spec(architecture, about, features)


def convert(family: Family, entry: Entry, files: Mapping[str, bytes], target: Path) -> None:
    """Write the model folder of the entry from the verified bytes of its release.

    Raises:
        IntegrityError: the tensors are not those of the network that the index describes.
    """
    found = torch_early.read(files["model"], entry.files["model"].path)
    bins_of_200.write(spec_of(family, entry), found, target, training(entry))


def training(entry: Entry) -> str:
    """How the released model was trained (Kelley et al. 2016)."""
    return (
        "DNase-seq peaks of 164 cell types (ENCODE, Roadmap Epigenomics), hg19, merged and widened to 600 bp around "
        "their middle; a label says which cell types have a peak there. Regions for validation and test were drawn at "
        "random, so that no chromosome is held out."
    )


def original(entry: Entry, files: Mapping[str, bytes]) -> Callable[[np.ndarray], np.ndarray]:
    """The network of Kipoi needs PyTorch. Raises `MissingExtra`."""
    raise MissingExtra(
        "PyTorch, with the code of kipoi/models, must run Basset's own network; it cannot be run here",
        received={"model": entry.name},
    )
