"""Regions of a prediction that are looked for in its signal."""

from zoo.errors import InputError
from zoo.inputs.opening import Inputs
from zoo.prepare.peaks import open_regions
from zoo.spec import ModelSpec

AUTO = "auto"


def open_inputs(
    spec: ModelSpec, genome: object, signal: object, regions: object, chromosomes: object, *more: object
) -> Inputs:
    """The files of a prediction, as `Inputs.open` does; "auto" regions are the open chromatin of the signal.

    Raises:
        InputError: as for `Inputs.open`, or "auto" for a model that does not read one signal of the sample.
    """
    if not (isinstance(regions, str) and regions == AUTO):
        return Inputs.open(spec, genome, signal, regions, chromosomes, *more)
    inputs = Inputs.open(spec, genome, signal, None, chromosomes, *more)
    if (sample := inputs.sample) is None:
        raise InputError(
            'Regions must be named: "auto" looks for open chromatin in a signal, and this model reads '
            + ("several" if spec.input.given else "DNA alone"),
            received={"model": spec.name, "regions": AUTO},
            example='regions="peaks.bed"',
        )
    return inputs.within(open_regions(sample.signal, [sample.names[chrom] for chrom in inputs.chromosomes]))
