"""What the zoo asks of an importer of another system's models, and what importers share."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from registry.schema import Entry, Family
from zoo.errors import IntegrityError
from zoo.spec import ModelSpec


class Importer(Protocol):
    """An importer: a module with these names, or an object.

    It imports Keras inside its functions only where `spec_of` does not need it, so that models are listed and described
    at once. The files that it is given have the digests of the index. It reads them as data, tensor by tensor, and runs
    nothing that is in them.

    Attributes:
        FILES: role of a file in the index → what the file is. The first one is the weights.
    """

    FILES: Mapping[str, str]

    def spec_of(self, family: Family, entry: Entry) -> ModelSpec | None:
        """The spec of a released model, from what the index says: no file is needed. None if it has to be read off the
        model's file."""

    def convert(self, family: Family, entry: Entry, files: Mapping[str, bytes], target: Path) -> None:
        """Write the model folder of an entry (`zoo.folder.write`).

        Args:
            files: role → bytes.
            target: an empty folder.

        Raises:
            IntegrityError: the tensors are not those of the network; nothing is written.
        """

    def training(self, entry: Entry) -> str:
        """How a released model was trained, for its card: cell types, chromosomes held out."""

    def original(self, entry: Entry, files: Mapping[str, bytes]) -> Callable[[np.ndarray], np.ndarray]:
        """The authors' own network, for comparison: (n, window, channels) in our order of bases → (n, bins).

        Unlike everything else this runs the authors' code, or what their file says; only the recipe calls it.

        Raises:
            MissingExtra: it cannot be run here.
        """


def provenance(family: Family, entry: Entry, role: str) -> dict[str, str]:
    """Where a released model is from, for its spec.

    Args:
        role: of the file with its weights.

    Raises:
        IntegrityError: the index has no such file, or no release.
    """
    if role not in entry.files or family.upstream is None:
        raise IntegrityError(
            f"A model of the release of {family.family} must have a file `{role}`",
            where=entry.name,
            received={"files": [*entry.files]},
        )
    file = entry.files[role]
    return {
        "source": family.upstream.address(file.path),
        "revision": family.upstream.commit,
        **({"git_blob": file.git_blob} if file.sha256 is None else {"sha256": file.sha256}),
        "citation": family.citation,
        "license": family.license,
    }
