"""The part of a configuration on what a model of single bins is trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

from zoo.architectures import ARCHITECTURES
from zoo.genome.signal import Signal
from zoo.spec import TrackSpec
from zoo.train import rules as must
from zoo.train.settings import Data, Settings
from zoo.train.tasks import cell_data

PEAKS = "peaks"
GRID = "grid"
ANYWHERE = "anywhere"
UNBOUND = "unbound"
_NETWORKS = ("factornet", "deepgrn", "scfan")


@dataclass(frozen=True)
class BinsData(Data):
    """What a model of single bins is trained on: one cell type, or a table of them.

    Attributes:
        factors: what binds; several are predicted by one network.
        track_specs: what is read beside DNA, in the network's order.
        source_specs: tracks that only derived ones need.
        meta: table of cell types (`zoo.data.cells.read`); or
        cell_type: the name of the only one,
        peaks: factor → BED of its peaks, and
        relaxed: factor → BED of all that may be peaks; default the peaks.
        signal: name of a track → bigWig; with a table those of the genome alone, such as mappability.
        covariates: names of numbers of each cell type, columns of the table; those of FactorNet (GEPC1 … GEPC8) are
            known for its cell types.
        flags: name → BED; 1 for a bin that shares a base with it, else 0. They follow the covariates.
        blacklist: BED files.
        slop: bp that are added on both sides of a peak.
        positives: "peaks", a bin in the middle of each peak; or "grid", those of the bins every 50 bp that a peak
            covers by more than half.
        shift: bp by which a bin with a peak is moved at most; default for peaks as far as it has 76 bp of its peak, for
            the grid 20.
        negatives_from: "anywhere", outside of relaxed peaks and the 200 bp around them, and of the blacklist and a
            window around it, not overlapping one another; or "unbound", bins of the grid outside of relaxed peaks.
        negatives_per_positive: bins without a peak for each with one, drawn anew in each epoch.
        validation_negatives: the same of validation, where they stay; default as in training.
        motifs: MEME file, of whose first motif that is named like the factor the first two kernels of the convolution
            begin as log2-odds: as it is, and from the other strand.
    """

    PATHS = ("meta", "peaks", "relaxed", "signal", "flags", "blacklist", "motifs")

    factors: tuple[str, ...]
    track_specs: tuple[TrackSpec, ...]
    source_specs: tuple[TrackSpec, ...] = ()
    meta: str | None = None
    cell_type: str | None = None
    peaks: str | Mapping[str, str] | None = None
    relaxed: str | Mapping[str, str] | None = None
    signal: str | Mapping[str, str] | None = None
    covariates: tuple[str, ...] = ()
    flags: Mapping[str, str] | None = None
    blacklist: tuple[str, ...] = ()
    slop: int = 0
    positives: str = PEAKS
    shift: int | None = None
    negatives_from: str = ANYWHERE
    negatives_per_positive: int = 1
    validation_negatives: int | None = None
    motifs: str | None = None

    def __post_init__(self) -> None:
        named = must.optional(cell_data.FILES_BY_NAME)
        path_or_named = must.Rule(
            lambda value: value is None or must.is_text(value) or cell_data.FILES_BY_NAME.holds(value),
            "a path, or a mapping of names to paths",
        )
        ratio = must.whole(1, cell_data.MOST_RATIO)
        fields = {
            "factors": must.several(must.TEXT, "a list of names, none twice, one at least", True, 1),
            "track_specs": cell_data.TRACKS,
            "source_specs": cell_data.TRACKS,
            "meta": must.optional(must.PATH),
            "cell_type": must.optional(must.TEXT),
            **dict.fromkeys(("peaks", "relaxed", "signal"), path_or_named),
            "covariates": must.NAMES,
            "flags": named,
            "blacklist": must.PATHS,
            "slop": must.whole(0, cell_data.MOST_BP),
            "positives": must.one_of((PEAKS, GRID)),
            "shift": must.optional(must.whole(0, cell_data.MOST_BP)),
            "negatives_from": must.one_of((ANYWHERE, UNBOUND)),
            "negatives_per_positive": ratio,
            "validation_negatives": must.optional(ratio),
            "motifs": must.optional(must.PATH),
        }
        must.check("The data of a model of bins", self, fields)
        alone = {name: getattr(self, name) for name in ("cell_type", "peaks", "relaxed")}
        named_peaks = cell_data.by_name(self.peaks, self.factors) or {}
        conditions = cell_data.one_or_table(self.meta, alone, ("peaks",)) | {
            "positives of several factors must be those of the grid": len(self.factors) == 1 or self.positives == GRID,
            "peaks must be those of the factors": bool(self.meta) or set(named_peaks) == set(self.factors),
            "relaxed must be of factors that have peaks": set(cell_data.by_name(self.relaxed, self.factors) or {})
            <= set(self.factors),
            "motifs must go with one factor": not self.motifs or len(self.factors) == 1,
            "covariates and flags must have names of their own": not set(self.covariates) & set(self.flags or {}),
        }
        must.require("The data of a model of bins", conditions, {"meta": self.meta, **alone, "factors": self.factors})
        layout = cell_data.Tracks(self.track_specs, self.source_specs)
        must.require(
            "The tracks of a model of bins",
            layout.conditions(self.meta, cell_data.by_name(self.signal, layout.of("sample"))),
            {"signal": self.signal, "tracks": [track.name for track in layout.given]},
        )

    @property
    def chosen(self) -> cell_data.Chosen:
        """The cell types."""
        layout = cell_data.Tracks(self.track_specs, self.source_specs)
        files = [cell_data.by_name(paths, self.factors) for paths in (self.peaks, self.relaxed)]
        signal = cell_data.by_name(self.signal, layout.of("sample"))
        return cell_data.Chosen(layout, self.factors, self.covariates, self.meta, self.cell_type, signal, *files)

    def tracks(self) -> dict[str, Signal]:
        """The tracks of the cell types and of the genome."""
        return self.chosen.opened()

    def arguments(self, given: Mapping[str, object]) -> dict[str, object]:
        """As many tracks, covariates and outputs as there are."""
        count = len(self.covariates) + len(self.flags or {})
        made = {"tracks": len(self.track_specs)}
        made |= {"covariates": count} if count or "covariates" in given else {}
        return made | ({"outputs": len(self.factors)} if len(self.factors) > 1 or "outputs" in given else {})

    def conditions(self, config: Settings) -> dict[str, bool]:
        """An epoch is a pass; a network of one bin, whose arguments follow from the data."""
        return {
            "steps must be left out for a model of bins, whose epoch is a pass over those with a peak": config.steps
            is None,
            "motifs must be left out of a run that begins with the weights of a model": not self.motifs
            or config.start_from is None,
            **cell_data.network_conditions(self, config, _NETWORKS, list(ARCHITECTURES)),
        }
