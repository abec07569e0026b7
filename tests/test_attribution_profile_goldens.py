"""Attributions of the files of ChromBPNet and BPNet: those of their own programs, and a factor's motif."""

from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.genome import bed
from zoo.genome.encode import one_hot
from zoo.genome.motifs import read_motifs, scan


class Golden:
    """Windows, references and hypothetical contributions of one of the programs, and the model of them."""

    def __init__(self, shared: Path, network: str, name: str) -> None:
        folder = shared / "zoo_weights" / "chrombpnet"
        self.arrays = dict(np.load(folder / "k562" / f"{name}.npz"))
        self.x = one_hot(np.load(folder / "inputs.npz")["index"][self.arrays["index"]])
        self.references = one_hot(self.arrays["references"])
        self.model = zoo.load(str(folder / "k562" / network))

    def attributions(self, **call: object):
        return self.model.attribute(self.x, references=self.references, **call)

    def off(self, found, head: str) -> float:
        """The largest difference, relative to the largest contribution."""
        wanted = self.arrays[f"{head}_hypothetical"]
        return np.abs(found.hypothetical - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize(
    ("network", "name"),
    [("bias_model_scaled.h5", "attribution_bias"), ("chrombpnet_nobias.h5", "attribution_nobias")],
)
@pytest.mark.parametrize(("head", "compat"), [("counts", None), ("profile", "chrombpnet")])
def test_contributions_of_chrombpnet(shared: Path, network: str, name: str, head: str, compat: str | None):
    golden = Golden(shared, network, name)
    found = golden.attributions(head=head, compat=compat)
    assert golden.off(found, head) < {"counts": 1e-6, "profile": 2e-5}[head]  # 4e-7 and 1.0e-5
    np.testing.assert_allclose(found.prediction, golden.arrays[f"{head}_value"], atol=3e-6)
    np.testing.assert_allclose(found.baseline, golden.arrays[f"{head}_reference_values"].mean(axis=1), atol=1e-6)
    assert found.largest_error < 1e-3


def logits(golden: Golden, x: np.ndarray) -> np.ndarray:
    z = golden.model.predict(x.reshape(-1, *x.shape[-2:]), head="profile").astype(float).reshape(*x.shape[:-2], -1)
    return z - z.mean(axis=-1, keepdims=True)


def test_contributions_of_bpnet_lite(shared: Path):
    """Equal but for the multipliers of bins whose logits nearly are the reference's: there a quotient of differences,
    (m w - r v) / (m - r), is decided by rounding, in theirs and in ours. They are left free in a linear fit.
    """
    golden = Golden(shared, "chrombpnet_nobias.h5", "attribution_nobias_bpnetlite")
    assert golden.off(golden.attributions(head="counts"), "counts") < 1e-6  # 4e-7
    found, wanted = golden.attributions(head="profile"), golden.arrays["profile_hypothetical"]
    assert np.abs(wanted - found.hypothetical)[1].max() < 3e-3 * np.abs(wanted[1]).max()
    near = np.abs(logits(golden, golden.x)[:, None] - logits(golden, golden.references)) < 3e-3
    assert near.sum() == 44  # of 8,000
    for i, (theirs, ours) in enumerate(zip(wanted, found.hypothetical, strict=True)):
        free = []
        for j, bins in enumerate(near[i]):
            pair = {"x": golden.x[[i]], "references": golden.references[[i], j : j + 1], "head": "profile"}
            for target in [*map(int, np.flatnonzero(bins)), "0:1000"]:  # a logit is centered by the mean of all
                free.append(golden.model.attribute(**pair, target=target).hypothetical.ravel())
        free, rest = np.array(free).T, (theirs - ours).ravel()
        rest -= free @ np.linalg.lstsq(free, rest, rcond=None)[0]
        assert np.abs(rest).max() < 5e-5 * np.abs(theirs).max()  # 3.3e-5


def test_a_factor_explains_itself_with_its_motif(shared: Path):
    """CTCF of K562: in each peak with a CTCF motif near its summit the 20 bp that contribute most are that motif."""
    human, motifs = shared / "data" / "hg19_chr20_gm12878", shared / "data" / "motifs"
    peaks = human / "peaks_CTCF_other_lines" / "ChIPseq.K562.CTCF.conservative.train.narrowPeak"
    assert len(bed.read_summits(peaks)) == 17
    model = zoo.load(str(shared / "zoo_weights" / "bpnet" / "ENCSR000AKO.torch"))
    found = model.attribute(genome=human / "hg19_chr20_to_11095000.2bit", regions=peaks, count=5)
    assert (found.head, found.largest_error < 1e-5) == ("counts", True)
    (hits,) = scan(read_motifs(motifs / "H12CORE_meme_format.meme", "CTCF."), list(found.codes), 1e-4).values()
    far, fractions = [], []
    for number, scores in enumerate(found.scores):
        beside_summit = (hits.sequence == number) & (np.abs((hits.start + hits.end) / 2 - 1057) <= 50)
        if beside_summit.any():
            best = np.flatnonzero(beside_summit)[hits.score[beside_summit].argmax()]
            start = np.convolve(scores, np.ones(20), "valid").argmax()
            far.append(abs(int(start) - int(hits.start[best])))
            site = slice(hits.start[best], hits.end[best])
            fractions.append(np.abs(scores[site]).sum() / np.abs(scores).sum())
    assert sorted(far) == [0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 6]  # bp, of 2,114
    assert min(fractions) > 0.4  # of all contributions in 20 bp, 0.5 at the median
    assert np.median(fractions) > 0.48
