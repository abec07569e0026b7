"""Files of other systems that the user has: what `zoo.load` opens directly, without a folder in the cache."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError, IntegrityError
from zoo.porting import bpnetlite, calico_own, dream, own, profile_h5, profile_model
from zoo.porting.profile_file import ACCESSIBILITY, BIAS, ProfileFile
from zoo.porting.profile_model import UNKNOWN_SAMPLE, About, check_component, spec_of
from zoo.porting.system_file import SystemFile
from zoo.spec import UNKNOWN_ASSEMBLY, ModelSpec

if TYPE_CHECKING:
    import keras

TORCH, KERAS = (".torch", ".pt", ".pth"), (".h5", ".hdf5")
ENDINGS = (*TORCH, *KERAS)


def read(path: Path, window: int | None = None) -> tuple[ProfileFile, str] | None:
    """What a file holds and its SHA-256, or None for a file of another system.

    Args:
        window: bp of the input, of a `.torch`, as `zoo.porting.bpnetlite.read` has it; a `.h5` says its own.

    Raises:
        InputError: it cannot be read; a window for a `.h5`.
        IntegrityError: a damaged file, or one of a layout that is not read, with the reason.
    """
    name = path.name.lower()
    if not name.endswith(ENDINGS) or name.endswith(".weights.h5"):
        return None
    data = own.read_bytes(path)
    if name.endswith(KERAS) and not _is_profile_file(data, path):
        return None
    return parsed(data, path, window), hashlib.sha256(data).hexdigest()


def _is_profile_file(data: bytes, path: Path) -> bool:
    try:
        return profile_h5.is_profile_file(data, path)
    except IntegrityError:  # whoever else reads such files says what is wrong
        return False


def parsed(data: bytes, where: Path, window: int | None = None) -> ProfileFile:
    """What the bytes of a file of these systems hold. Arguments and errors as for `read`."""
    if where.name.lower().endswith(TORCH):
        return bpnetlite.read(data, where, window)
    if window is not None:
        raise InputError("The window must be the file's own", where=where, received={"window": window})
    return profile_h5.read(data, where)


@dataclass(frozen=True)
class Opened:
    """What a path of the user's own holds.

    Attributes:
        path: of a file, or of a folder or archive of folds.
        name: `local/<stem>`.
        members: a file, or that of each fold, with the spec of its model.
        called: what several members are.
    """

    path: Path
    name: str
    members: tuple[tuple[ProfileFile | SystemFile, ModelSpec], ...]
    called: str = "folds"

    @property
    def is_whole(self) -> bool:
        """Whether it is one model of two networks."""
        return len(self.members) == 1 and bool(self.members[0][1].components)


def described(opened: Opened, about: About, component: str | None = None) -> Opened:
    """The same, with what a user knows of it; one network of two if a component is named.

    Raises `InputError` for a component that there is not.
    """
    members = []
    for number, (file, spec) in enumerate(opened.members):
        check_component(file, component, opened.path)
        name = about.name if len(opened.members) == 1 else f"{about.name}-{number}"
        known = replace(about, name=name, provenance={**spec.provenance, **about.provenance})
        kept = file if component is None else file.only(component)
        members.append((kept, spec_of(kept, known)))
    return replace(opened, name=about.name, members=tuple(members))


def opened(path: Path, component: str | None = None, window: int | None = None) -> Opened | None:
    """A file of these systems with its spec; None for a file of another one.

    Args:
        path: of a file.
        component: what is wanted of it.
        window: as for `read`.

    Raises:
        InputError: it cannot be read, or lacks the component.
        IntegrityError: a damaged file, or one of a layout that is not read, with the reason.
    """
    if (found := read(path, window)) is None:
        return _of_network(path, component)
    file, sha256 = found
    check_component(file, component, path)
    name = f"local/{own.model_of(path)}"
    return Opened(path, name, ((file, spec_of(file, about(path, name, {"sha256": sha256}))),))


def _of_network(path: Path, component: str | None) -> Opened | None:
    """The same of FactorNet, DeepGRN, Leopard and scFAN, and of Borzoi and Basenji2."""
    if (found := dream.opened(path) or calico_own.opened(path)) is None:
        return None
    if component is not None:
        raise InputError(
            "The component must be left out for a file of one network", where=path, received={"component": component}
        )
    return Opened(path, found[1].name, (found,))


def network_of(file: ProfileFile | SystemFile) -> "keras.Model":
    """The network of a file, filled. Raises `IntegrityError` for tensors that are not those of its layers."""
    return file.network() if isinstance(file, SystemFile) else profile_model.network_of(file)


def together(paths: Sequence[Path]) -> Opened:
    """The accessibility and the bias network of two files as those of one ChromBPNet.

    Args:
        paths: of the two, in any order.

    Raises:
        InputError: files that do not hold one of each.
        IntegrityError: as for `read`.
    """
    found = [(path, *(read(path) or (None, ""))) for path in paths]
    files = {kind: file for _, file, _ in found if file is not None and len(file.parts) == 1 for kind in file.parts}
    if len(found) != 2 or sorted(files) != [ACCESSIBILITY, BIAS]:
        raise InputError(
            "Two files must hold the accessibility and the bias network of a ChromBPNet",
            example="chrombpnet_nobias.h5 bias_model_scaled.h5",
            received={path.name: "another system's" if file is None else [*file.parts] for path, file, _ in found},
        )
    parts = {kind: files[kind].parts[kind] for kind in (ACCESSIBILITY, BIAS)}
    file = replace(files[ACCESSIBILITY], parts=parts)
    said = {"source": " and ".join(own.shown(path) for path in paths)}
    said |= {f"sha256 of {own.shown(path)}": sha256 for path, _, sha256 in found}
    name = f"local/{own.model_of(paths[0])}"
    return Opened(paths[0], name, ((file, spec_of(file, about(paths[0], name, said))),))


def about(path: Path, name: str, provenance: Mapping[str, str]) -> About:
    """What is known of a file's model beside its weights."""
    return About(
        name, UNKNOWN_SAMPLE, UNKNOWN_ASSEMBLY, {"source": own.shown(path), "license": "that of the file", **provenance}
    )
