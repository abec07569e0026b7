"""The work of one pass: what is opened, its units, and how one is computed, here or by a worker elsewhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError, warn
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.inputs.opening import Inputs, check_species, open_genome
from zoo.many import matching
from zoo.many.groups import Group, Member, grouped
from zoo.many.pieces import RegionBins, bins_of, called, stretches
from zoo.many.request import Request
from zoo.many.samples import Sample
from zoo.many.unit import Unit
from zoo.predict.choice import cut
from zoo.predict.options import Options
from zoo.predict.plan import ChromosomePlan
from zoo.predict.prediction import group_size
from zoo.predict.work import GridWork, windows_of

if TYPE_CHECKING:
    from zoo.model import Model

_UNITS = 4  # times the windows of a group in a single prediction: fewer files, less dispatch


class Work:
    """Everything that a pass reads, opened and matched, each file once.

    Args:
        request: what a user asked for.
        models: name → model.

    Attributes:
        members: the models with what is asked of each, in the order given.
        groups: of them.
        samples: of each group those that it reads; a group that reads DNA alone has one, without a name.
        inputs: (number of group, of sample) → its files.
        chromosomes: that are predicted, in order.

    Raises:
        InputError: what cannot be used together; it names the sample.
    """

    def __init__(self, request: Request, models: "Mapping[str, Model]") -> None:
        self.request = request
        self.members = [_member(name, model, request) for name, model in models.items()]
        self.groups = grouped(self.members)
        self._genome, self._signals = open_genome(request.genome), {}
        self.samples = [matching.samples_of(group.reads, request.samples) for group in self.groups]
        matching.check_read((group.reads for group in self.groups), request.samples)
        opened = {
            (g, s): self._open(group, sample)
            for g, group in enumerate(self.groups)
            for s, sample in enumerate(self.samples[g])
        }
        self.chromosomes, self._lacking = _shared(opened, self.samples)
        self.inputs = {key: _on(inputs, self.chromosomes) for key, inputs in opened.items()}

    def tell(self) -> None:
        """Warn of what is left out, once for each sample."""
        if self._lacking:
            warn(self._lacking)
        for inputs in self.inputs.values():
            inputs.tell()

    def _open(self, group: Group, sample: Sample) -> Inputs:
        fills = {track.name: track.fill for track in (*group.reads.given, *group.reads.controls)}
        request, spec = self.request, group.members[0].model.spec
        where = request.regions, request.chromosomes, request.blacklist, group.options.compat
        try:
            given = matching.tracks_of(group.reads, sample)
            tracks = {name: self._signal(value, fills.get(name, 0.0)) for name, value in given.items()}
            covariates = matching.covariates_of(group.reads, sample)
            inputs = Inputs.open(spec, self._genome, tracks or None, *where, covariates or None)
        except InputError as error:
            raise matching.of_sample(error, sample) from None
        for member in group.members:
            check_species(member.model.spec, member.options.output, inputs.genome)
        return inputs

    def _signal(self, value: object, fill: float) -> Signal:
        """A track, opened once for all groups that take bases without data for the same."""
        if isinstance(value, Signal):
            return value
        key = str(value), fill
        if key not in self._signals:
            self._signals[key] = Signal(value, fill)
        return self._signals[key]

    @cached_property
    def identity(self) -> dict[str, object]:
        """What all numbers depend on; every file is hashed once."""
        known: dict[int, dict] = {}

        def of(item) -> dict:
            if id(item) not in known:
                known[id(item)] = item.identity()
            return known[id(item)]

        samples = []
        for g, own in enumerate(self.samples):
            for s, sample in enumerate(own):
                inputs = self.inputs[g, s]
                tracks = {name: of(signal) for name, signal in inputs.signals.items()}
                more = {item.name: item.identity() for item in inputs.reader.covariates}
                samples.append({"group": g, "sample": sample.name, "tracks": tracks, "covariates": more})
        return {"genome": of(self._genome), "samples": samples}

    @cached_property
    def works(self) -> list[GridWork]:
        """Of each group; samples differ in what is read only."""
        return [self._work(g) for g in range(len(self.groups))]

    def _work(self, g: int) -> GridWork:
        group, inputs = self.groups[g], self.inputs[g, 0]
        grid, options = group.grid, group.options
        size = _UNITS * group_size(group.forward, grid.shared)
        group.forward.check_batch(min(options.batch_size, size))
        return GridWork.of(grid, group.forward, inputs, size, options.batch_size, options.compat, group.tiled)

    @cached_property
    def pieces(self) -> list[list[list[ChromosomePlan]]]:
        """Of each group the pieces of its work."""
        return [work.groups() for work in self.works]

    def units(self) -> Iterator[Unit]:
        """All, in order: of a piece all samples, which read the same sequence."""
        for g, pieces in enumerate(self.pieces):
            for k in range(len(pieces)):
                yield from (Unit(g, k, s) for s in range(len(self.samples[g])))

    def windows(self, unit: Unit) -> int:
        """How many windows × models a unit predicts."""
        return windows_of(self.pieces[unit.group][unit.piece]) * len(self.groups[unit.group].members)

    def compute(self, unit: Unit, advance: Callable[[int], object] = lambda _: None) -> dict[str, np.ndarray]:
        """The arrays of a unit, see `zoo.many.pieces`; `advance` is told how many windows × models were done."""
        group = self.groups[unit.group]
        work = replace(self.works[unit.group], reader=self.inputs[unit.group, unit.sample].reader)
        done = partial(_tell, advance, len(group.members))
        rows = work.predict(self.pieces[unit.group][unit.piece], done)
        found = [(chrom, first, group.scaled(part)) for chrom, first, part in stretches(rows)]
        columns = len(group.columns)
        arrays = called(found, self.chromosomes, [None if cut is None else cut.score for cut in group.thresholds])
        if (bins := self.region_bins[unit.group]) is not None:
            arrays |= bins.reduce(found, columns)
        return arrays | (bins_of(found, self.chromosomes, columns) if self.request.bins else {})

    @cached_property
    def region_bins(self) -> list[RegionBins | None]:
        """Of each group the bins of the regions, if there are any."""
        regions = self.regions
        return [None if regions is None else RegionBins.of(regions, group.grid) for group in self.groups]

    @property
    def regions(self) -> list[Interval] | None:
        """In the order given, on the genome's chromosomes."""
        return self.inputs[0, 0].regions

    @property
    def genome(self) -> Genome:
        """The sequence."""
        return self._genome

    @property
    def paths(self) -> list[Path]:
        """All files that are read, each once."""
        tracks = [signal.path for inputs in self.inputs.values() for signal in inputs.signals.values()]
        return [self._genome.path, *dict.fromkeys(tracks)]

    @property
    def reads(self) -> list[object]:
        """All that is read, also what only changes which windows or scores there are."""
        covariates = [sample.covariates for sample in self.request.samples]
        return [*self.paths, *covariates, self.request.blacklist]

    @cached_property
    def columns(self) -> list[tuple[int, int, str]]:
        """(Number of group, column there, name) of all that is predicted, in the order in which models were given."""
        own = [(g, c, name) for g, group in enumerate(self.groups) for c, name in enumerate(group.columns)]
        order = [column for member in self.members for column in member.columns]
        return sorted(own, key=lambda item: order.index(item[2]))

    @cached_property
    def bins(self) -> int:
        """Bins × columns × samples of all groups."""
        return sum(
            sum(plan.bins for plan in work.plans) * len(group.columns) * len(samples)
            for work, group, samples in zip(self.works, self.groups, self.samples, strict=True)
        )


def _tell(advance: Callable[[int], object], models: int, windows: int) -> None:
    advance(models * windows)


def _member(name: str, model: "Model", request: Request) -> Member:
    try:
        options = Options.resolve(model.spec, **request.choices)
        if options.probability:
            raise InputError(
                "Probabilities must be predicted by one model, of one sample",
                received={"scale": options.scale},
                hint="Leave out scale, or predict each by itself",
            )
        threshold = None if request.threshold is None else _threshold(model, options, request.threshold)
    except InputError as error:
        raise matching.named(error, f"model {name}") from None
    return Member(name, model, options, threshold)


def _threshold(model: "Model", options: Options, asked: object):
    """The threshold of a model's sites; None for several tracks, unless it is named."""
    return None if options.output.tracks and asked == "auto" else cut(model, asked, None, options)


def _shared(
    opened: Mapping[tuple[int, int], Inputs], samples: Sequence[Sequence[Sample]]
) -> tuple[tuple[str, ...], str]:
    """The chromosomes that all samples have, and a text on those that some lack, which are left out."""
    sets = [set(inputs.chromosomes) for inputs in opened.values()]
    shared, every = set.intersection(*sets), set.union(*sets)
    if not shared:
        raise InputError("The samples must have a chromosome in common", received={"chromosomes": sorted(every)[:8]})
    text = ""
    if missing := sorted(every - shared, key=names.natural):
        lacking = [samples[g][s].name for (g, s), inputs in opened.items() if set(missing) - set(inputs.chromosomes)]
        lacking = list(dict.fromkeys(lacking))
        text = f"{names.some(missing)}: left out of all samples, because some lack them: {names.some(lacking)}"
    return tuple(sorted(shared, key=names.natural)), text


def _on(inputs: Inputs, chromosomes: Sequence[str]) -> Inputs:
    """The same inputs on some chromosomes, and the regions there."""
    regions = inputs.regions
    here = None if regions is None else [region for region in regions if region.chrom in chromosomes]
    return replace(inputs, chromosomes=tuple(chromosomes), regions=here)
