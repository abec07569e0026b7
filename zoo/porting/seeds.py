"""A folder of Leopard's files of one factor, as its authors' repository has it: their mean is the model.

A file is named by the cell types that it was trained and validated on, and by its seed.
"""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from zoo.errors import InputError, warn
from zoo.porting import dream, local, own

_FILE = re.compile(r"weights_([^_]+)_([^_]+)_(\d{1,4})\.h5")
_MOST = 64


def opened(path: Path, component: str | None = None) -> local.Opened | None:
    """The models of a folder's files `weights_TRAINED_VALIDATED_SEED.h5`; None if there is no such file.

    Raises:
        InputError: a component, too many files, or one of another network, which is named.
        IntegrityError: a damaged file.
    """
    if not path.is_dir():
        return None
    files = sorted(file for file in path.iterdir() if _FILE.fullmatch(file.name))
    if not files:
        return None
    if component is not None or len(files) > _MOST:
        raise InputError(
            f"A folder of Leopard's files must hold at most {_MOST}, which have no components",
            where=path,
            received={"files": len(files), "component": component},
        )
    found = [(file, dream.opened(file)) for file in files]
    if others := [file.name for file, held in found if held is None or held[0].architecture != "leopard"]:
        raise InputError(
            "A folder of files weights_TRAINED_VALIDATED_SEED.h5 must hold networks of Leopard only",
            where=path,
            received={"others": others[:5]},
            hint="Load a single file by its own path",
        )
    pairs = Counter(_FILE.fullmatch(file.name).group(1, 2) for file in files)
    if len(set(pairs.values())) > 1:
        counts = ", ".join(f"{trained} and {validated}: {count}" for (trained, validated), count in pairs.items())
        warn(f"{path.name}: cell types have different numbers of seeds, and thus of votes ({counts})")
    digests = {f"sha256 of {file.name}": held[1].provenance["sha256"] for file, held in found}
    members = []
    for _, (file, spec) in found:
        known = {key: value for key, value in spec.provenance.items() if key != "sha256"}
        members.append((file, replace(spec, provenance={**known, "source": own.shown(path), **digests})))
    name = f"local/{own.model_of(path.with_name(f'{path.name}.folder'))}"
    return local.Opened(path, name, tuple(members), "models")
