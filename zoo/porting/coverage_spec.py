"""The spec of networks that predict the coverage of many tracks in bins: Basenji2, Enformer, Borzoi."""

from collections.abc import Mapping
from dataclasses import dataclass

from zoo.porting.targets import Targets
from zoo.spec import UNKNOWN_ASSEMBLY, Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec

GENOMES = {"human": "hg38", "mouse": "mm10"}
VIEWS = ("forward", "reverse_complement")  # their mean is customary


@dataclass(frozen=True)
class Bins:
    """What a network predicts of a window, in its middle.

    Attributes:
        count: of bins.
        size: of each in bp.
    """

    count: int
    size: int


def make_spec(
    name: str,
    system: str,
    architecture: Architecture,
    bins: Bins,
    heads: Mapping[str, Targets],
    provenance: Mapping[str, str],
) -> ModelSpec:
    """The spec of a network.

    Args:
        name: of the model.
        system: its name, for the description.
        architecture: its builder and arguments, `window` among them.
        bins: of every head.
        heads: name → its tracks; the first one is the default.
        provenance: where the weights are from.
    """
    window, first = int(architecture.config["window"]), next(iter(heads))
    offset = (window - bins.count * bins.size) // 2
    genome = GENOMES.get(first, UNKNOWN_ASSEMBLY)
    counts = " and ".join(f"{len(targets.names):,} {head} tracks" for head, targets in heads.items())
    return ModelSpec(
        name=name,
        description=f"Coverage of {counts} from sequence, {system}",
        architecture=architecture,
        input=InputSpec(window, genome),
        outputs=tuple(_output(head, targets, bins, offset, genome) for head, targets in heads.items()),
        prediction=PredictionSpec(stride=bins.count * bins.size, views=VIEWS),
        metrics={},
        provenance=dict(provenance),
    )


def _output(head: str, targets: Targets, bins: Bins, offset: int, genome: str) -> OutputSpec:
    own = GENOMES.get(head, UNKNOWN_ASSEMBLY)
    squashed = targets.table is not None and targets.table.squash is not None
    return OutputSpec(
        bins.count,
        bins.size,
        offset,
        target=f"{head} samples",
        quantity=f"{'squashed ' if squashed else ''}coverage on the scale of training",
        name=head,
        kind="coverage",
        transform="squashed" if squashed else "identity",
        tracks=targets.names,
        swap=() if targets.swap == tuple(range(len(targets.swap))) else targets.swap,
        table=targets.table,
        genome=None if own == genome else own,
    )


def bins_of(config: Mapping[str, object], pools: int) -> Bins:
    """The bins of a network that halves its positions so many times, and then leaves out `crop` of them at each end."""
    size = 2**pools
    return Bins(int(config["window"]) // size - 2 * int(config["crop"]), size)
