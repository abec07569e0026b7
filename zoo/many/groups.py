"""Models that read the same windows: they are predicted side by side, each window gathered once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from zoo.formats.content import BedStyle
from zoo.forward.forward import Forward
from zoo.forward.stretch import Stretch
from zoo.predict.options import Options
from zoo.predict.plan import Grid
from zoo.predict.thresholds import Threshold
from zoo.predict.tiles import tiled_by
from zoo.predict.work import grid_of
from zoo.spec import InputSpec

if TYPE_CHECKING:
    from zoo.model import Model


class Together:
    """Several networks as one that returns their bins side by side, as the tracks of one output.

    It is called as a `Forward` is. On two cores one convolution for the first layers of all, or all networks in one
    compiled function, measured no faster than one network after the other.

    Attributes:
        cost: of a window, by all of them.
        shape: (bins, columns).
    """

    def __init__(self, networks: Sequence[Forward]) -> None:
        self._networks = tuple(networks)
        self.cost = sum(network.cost for network in networks)
        self.shape = (networks[0].shape[0], sum(map(columns_of, networks)))

    def codes(self, *read: np.ndarray) -> np.ndarray:
        """As `Forward.codes`: (batch, bins, columns) float32."""
        return self.side_by_side(network.codes(*read) for network in self._networks)

    def along(self, count: int, step: int) -> "TogetherAlong | None":
        """As `Forward.along`; None if one of them has none."""
        stretches = [network.along(count, step) for network in self._networks]
        return None if None in stretches else TogetherAlong(self, stretches)

    def blank(self, fills: Sequence[float], covariates: Sequence[float] = ()) -> np.ndarray:
        """As `Forward.blank`: (bins, columns) float32."""
        return self.side_by_side(network.blank(fills, covariates) for network in self._networks)

    def difference(self, *read: np.ndarray) -> float:
        """As `Forward.difference`: the largest of all networks."""
        return max(network.difference(*read) for network in self._networks)

    def check_batch(self, batch_size: int) -> None:
        """As `Forward.check_batch`: one network at a time holds its layers."""
        for network in self._networks:
            network.check_batch(batch_size)

    def side_by_side(self, found: Iterable[np.ndarray]) -> np.ndarray:
        """(…, bins, columns) of (…, bins) or (…, bins, tracks) of each network."""
        all_columns, first = None, 0
        for network, scores in zip(self._networks, found, strict=True):
            stop = first + columns_of(network)
            leading = scores.shape[: scores.ndim - len(network.shape)]
            if all_columns is None:
                all_columns = np.empty((*leading, *self.shape), np.float32)
            all_columns[..., first:stop] = scores.reshape(*leading, self.shape[0], stop - first)
            first = stop
        return all_columns


class TogetherAlong:
    """The same for windows that follow one another, called as a `zoo.forward.stretch.Stretch` is.

    Attributes:
        count: of windows.
        length: bp of the stretch.
    """

    def __init__(self, together: Together, stretches: Sequence[Stretch]) -> None:
        self._together, self._stretches = together, tuple(stretches)
        self.count, self.length = stretches[0].count, stretches[0].length

    def codes(self, *rows: np.ndarray) -> np.ndarray:
        """(count, bins, columns) float32."""
        return self._together.side_by_side(stretch.codes(*rows) for stretch in self._stretches)


def columns_of(network: Forward) -> int:
    """Tracks of what a network returns; 1 for bins alone."""
    return network.shape[1] if len(network.shape) > 1 else 1


@dataclass(frozen=True, eq=False)
class Member:
    """A model of a group.

    Attributes:
        name: of the model.
        model: that predicts.
        options: how.
        threshold: of its sites, or None.
    """

    name: str
    model: "Model"
    options: Options
    threshold: Threshold | None

    @property
    def columns(self) -> list[str]:
        """The name, or of several tracks `name:track`."""
        tracks = self.options.output.tracks
        return [f"{self.name}:{track}" for track in tracks] or [self.name]

    @property
    def factors(self) -> list[str]:
        """Of each column what is predicted: the target of the head; of several factors the track's."""
        output = self.options.output
        return list(output.tracks if output.kind == "binding" else ()) or [output.target] * len(self.columns)

    @property
    def about(self) -> list[dict[str, object]]:
        """Of each column what a `Matrix` says of it."""
        output, spec = self.options.output, self.model.spec
        shared = {
            "quantity": output.quantity,
            "scale": self.options.scale or output.transform,
            "threshold": float("nan") if self.threshold is None else self.threshold.score,
            "genome": spec.input.genome or "",
            "network_sha256": self.model.provenance()["network_sha256"],
        }
        return [{"factor": factor, **shared} for factor in self.factors]


@dataclass(frozen=True, eq=False)
class Group:
    """Models that read the same inputs on the same grid.

    Attributes:
        members: in the order given.
    """

    members: tuple[Member, ...]

    @property
    def reads(self) -> InputSpec:
        """What all of them read."""
        return self.members[0].model.spec.input

    @property
    def options(self) -> Options:
        """Of all of them, but for the selection and the scale."""
        return self.members[0].options

    @property
    def grid(self) -> Grid:
        """How windows lie."""
        return grid_of(self.members[0].model.spec, self.options)

    @cached_property
    def columns(self) -> list[str]:
        """Of what is predicted."""
        return [column for member in self.members for column in member.columns]

    @cached_property
    def factors(self) -> list[str]:
        """Of each column."""
        return [factor for member in self.members for factor in member.factors]

    @cached_property
    def about(self) -> list[dict[str, object]]:
        """Of each column."""
        return [each for member in self.members for each in member.about]

    @cached_property
    def styles(self) -> list[BedStyle]:
        """Of the BED files of each column."""
        return [member.options.bed_style(factor) for member in self.members for factor in member.factors]

    @cached_property
    def thresholds(self) -> list[Threshold | None]:
        """Of each column."""
        return [member.threshold for member in self.members for _ in member.columns]

    @cached_property
    def forward(self) -> Together:
        """All networks, for one window."""
        return Together([member.options.forward(member.model) for member in self.members])

    def tiled(self, tiles: int) -> Together | None:
        """All networks for so many windows side by side; None if one of them cannot."""
        longer = [tiled_by(member.model, member.options)(tiles) for member in self.members]
        return None if None in longer else Together(longer)

    def scaled(self, scores: np.ndarray) -> np.ndarray:
        """(bins, columns) as the networks return them, in each model's own scale."""
        parts = np.split(scores, np.cumsum([len(member.columns) for member in self.members])[:-1], axis=-1)
        scaled = [member.options.scaled(part) for member, part in zip(self.members, parts, strict=True)]
        return np.concatenate(scaled, axis=-1)


def grouped(members: Sequence[Member]) -> tuple[Group, ...]:
    """Members by what they read and how, in the order of the first of each."""
    found: list[tuple[object, list[Member]]] = []
    for member in members:
        key = _key(member)
        same = next((others for other, others in found if other == key), None)
        if same is None:
            found.append((key, [member]))
        else:
            same.append(member)
    return tuple(Group(tuple(each)) for _, each in found)


def _key(member: Member) -> tuple[InputSpec, Mapping[str, object]]:
    options, spec = member.options, member.model.spec
    how = {"grid": grid_of(spec, options), "views": options.views, "compat": options.compat}
    return spec.input, {**how, "width": options.output.bin_size, "side by side": options.selection.readout.side_by_side}
