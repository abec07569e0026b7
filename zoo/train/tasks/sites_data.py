"""The part of a configuration on what a model of binding sites is trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

from zoo.architectures import ARCHITECTURES
from zoo.genome.signal import Signal
from zoo.spec import Architecture, TrackSpec
from zoo.train import rules as must
from zoo.train.settings import Data, Settings
from zoo.train.tasks import cell_data

_MOST_WINDOWS = 1 << 24
_NETWORK = "motif_cnn"


@dataclass(frozen=True)
class SitesData(Data):
    """What a model of binding sites is trained on: one cell type, or a table of them; one factor, or several at once.

    Attributes:
        factors: what binds; several are predicted by one network.
        track_specs: what is read beside DNA, in the network's order.
        meta: table of cell types (`zoo.data.cells.read`; a factor that was not measured in one does not count there);
            or
        cell_type: the name of the only one, and
        peaks: factor → BED; their summits are the sites, or their middles.
        signal: name of a track → bigWig; with a table those of the genome alone.
        scores: factor → bigWig of scores of 0 to 1, such as predictions of an ensemble, that are learned in place of
            the distance from sites (distillation: Hinton et al. 2015, arXiv 1503.02531); without a table.
        blacklist: BED files.
        core: bp from a site in which the middle of a bin counts as bound.
        smoothing: bp by which the target falls off beyond (`zoo.data.sites.Sites`).
        jitter: bp by which a training window is moved at most.
        random_share: fraction of windows that lie anywhere; the others are near sites, every factor as often.
        mix: of which windows are mixed in pairs, drawn from Beta(mix, mix); 0 for none (`zoo.data.sites.SiteTraining`).
        windows: how many different ones there are at most, of either kind.
        motifs_per_factor: how many are sought for each factor in the sequences around its sites on the training
            chromosomes (`zoo.genome.enriched`); the kernels of the network begin with them. 0 for none: they begin at
            random.
    """

    PATHS = ("meta", "peaks", "signal", "scores", "blacklist")

    factors: tuple[str, ...]
    track_specs: tuple[TrackSpec, ...] = ()
    meta: str | None = None
    cell_type: str | None = None
    peaks: str | Mapping[str, str] | None = None
    signal: str | Mapping[str, str] | None = None
    scores: str | Mapping[str, str] | None = None
    blacklist: tuple[str, ...] = ()
    core: int = 16
    smoothing: float = 25.0
    jitter: int = 240
    random_share: float = 0.8
    mix: float = 0.0
    windows: int = 400_000
    motifs_per_factor: int = 3

    def __post_init__(self) -> None:
        path_or_named = must.Rule(
            lambda value: value is None or must.is_text(value) or cell_data.FILES_BY_NAME.holds(value),
            "a path, or a mapping of names to paths",
        )
        fields = {
            "factors": must.several(must.TEXT, "a list of names, none twice, one at least", True, 1),
            "track_specs": cell_data.TRACKS,
            "meta": must.optional(must.PATH),
            "cell_type": must.optional(must.TEXT),
            **dict.fromkeys(("peaks", "signal", "scores"), path_or_named),
            "blacklist": must.PATHS,
            **dict.fromkeys(("core", "jitter"), must.whole(0, cell_data.MOST_BP)),
            "smoothing": must.real(0, cell_data.MOST_BP),
            "random_share": must.real(0, 1, "a number of 0 to 1"),
            "mix": must.real(0, 1e3),
            "windows": must.whole(1, _MOST_WINDOWS),
            "motifs_per_factor": must.whole(0, 16),
        }
        must.check("The data of a model of sites", self, fields)
        alone = {name: getattr(self, name) for name in ("cell_type", "peaks", "scores")}
        named_peaks = cell_data.by_name(self.peaks, self.factors) or {}
        scored = cell_data.by_name(self.scores, self.factors)
        conditions = cell_data.one_or_table(self.meta, alone, ("peaks",)) | {
            "peaks must be those of the factors": bool(self.meta) or set(named_peaks) == set(self.factors),
            "scores must be those of the factors": scored is None or set(scored) == set(self.factors),
        }
        must.require("The data of a model of sites", conditions, {"meta": self.meta, **alone, "factors": self.factors})
        layout = self.chosen.tracks
        must.require(
            "The tracks of a model of sites",
            layout.conditions(self.meta, cell_data.by_name(self.signal, layout.of("sample"))),
            {"signal": self.signal, "tracks": [track.name for track in layout.given]},
        )

    @property
    def chosen(self) -> cell_data.Chosen:
        """The cell types."""
        layout = cell_data.Tracks(self.track_specs)
        peaks = cell_data.by_name(self.peaks, self.factors)
        signal = cell_data.by_name(self.signal, layout.of("sample"))
        return cell_data.Chosen(layout, self.factors, (), self.meta, self.cell_type, signal, peaks)

    def tracks(self) -> dict[str, Signal]:
        """The tracks of the cell types and of the genome, and scores."""
        return self.chosen.opened() | {f"the scores of {name}": track for name, track in self.learned().items()}

    def learned(self) -> dict[str, Signal]:
        """The scores that are learned, by factor in their order; none for sites."""
        scores = cell_data.by_name(self.scores, self.factors) or {}
        return {factor: Signal(scores[factor], 0.0) for factor in self.factors if scores}

    def arguments(self, given: Mapping[str, object]) -> dict[str, object]:
        """As many tracks and outputs as there are."""
        return {"tracks": len(self.track_specs), "outputs": len(self.factors)}

    def head(self, network: Architecture) -> dict[str, object]:
        """A kernel for each motif that is sought."""
        given = self.motifs_per_factor * len(self.factors)
        return {"given": given} if given and network.name == _NETWORK else {}

    def conditions(self, config: Settings) -> dict[str, bool]:
        """An epoch is so many steps; a network whose arguments follow from the data."""
        return {
            "steps (of an epoch) must be given for a model of sites": config.steps is not None,
            "batch_size must be 2 or more where windows are mixed": not self.mix or config.batch_size > 1,
            **cell_data.network_conditions(self, config, (_NETWORK,), list(ARCHITECTURES)),
        }
