"""Every architecture of the zoo."""

import importlib.util
import subprocess
import sys

import dream_files
import keras
import numpy as np
import profiles
import pytest
from model_case import ModelCase, Worker

import zoo
from zoo.architectures import ARCHITECTURES
from zoo.errors import InputError
from zoo.forward import heads
from zoo.forward.readouts import Selection
from zoo.spec import InputSpec, OutputSpec


@pytest.fixture(scope="module", params=["tensorflow", "jax", "torch"])
def worker(request: pytest.FixtureRequest):
    """A process of its own for each backend that is installed."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    worker = Worker(request.param)
    yield worker
    worker.close()


class TestMaxatac(ModelCase):
    name, parameters, shape = "maxatac", 116_424, (32,)
    small = {"window": 256, "filters": 4}


class TestCnn(ModelCase):
    name, parameters, shape, head, positions = "cnn", 17_189_120, (512, 1), 257, 508
    small = {"window": 1024, "filters": (8, 8, 16, 16), "kernel_size": 7, "dropouts": (0.1, 0.0, 0.2, 0.5)}
    small |= {"hidden": 24, "mappability": True}


class TestLstm(ModelCase):
    name, parameters, shape, head, positions = "lstm", 1_342_464, (512, 1), 257, 505
    small = {"window": 256, "filters": 16, "units": 12, "hidden": 20, "mappability": True}


class TestLstmFinal(TestLstm):
    small = {**TestLstm.small, "readout": "final", "tracks": 2}


class TestDcnn(ModelCase):
    name, parameters, shape, head, positions = "dcnn", 1_996_545, (512, 1), 257, 512
    small = {"window": 256, "filters": 16, "residual_filters": 8, "residual_blocks": 5, "final_filters": 24}
    small |= {"mappability": True}


class TestConvnextCnn(ModelCase):
    name, parameters, shape, head, positions = "convnext_cnn", 5_169_936, (512, 1), 129, 1024
    small = {"window": 256, "filters": (8, 16, 16, 16), "hidden": 20, "tracks": 3, "mappability": True}
    depthwise = 3


class TestConvnextLstm(ModelCase):
    name, parameters, shape, head, positions = "convnext_lstm", 1_870_592, (512, 1), 257, 512
    small = {"window": 256, "filters": 16, "units": 12, "hidden": 20, "mappability": True}


class TestConvnextDcnn(ModelCase):
    name, parameters, shape, head, positions = "convnext_dcnn", 2_524_417, (512, 1), 257, 512
    small = {"window": 256, "filters": 16, "residual_filters": 8, "residual_blocks": 5, "final_filters": 24}
    small |= {"bin_size": 8, "mappability": True}


class TestConvnextTransformer(ModelCase):
    name, parameters, shape, head, positions = "convnext_transformer", 4_773_121, (512, 1), 257, 512
    small = {"window": 256, "channels": 16, "tower_blocks": 2, "encoder_layers": 2, "mappability": True}
    depthwise = 2


class TestConvnextTransformerTextbook(TestConvnextTransformer):
    small = {**TestConvnextTransformer.small, "rope": "qk", "tracks": 2, "normalize_response": False}


class OfProfile(ModelCase):
    """Networks of a profile and its total."""

    def shown(self, network: keras.Model) -> keras.Model:
        return keras.Model(network.input, network.output["profile"])


class TestBpnet(OfProfile):
    name, parameters, shape = "bpnet", 109_122, (1000, 1)
    small = {"window": 256, "output": 100, "filters": 6, "dilated_layers": 3}


class TestBpnetActivationFirst(TestBpnet):
    small = {**TestBpnet.small, "activation_first": True, "tracks": 2}


class TestBpnetPadded(TestBpnet):
    small = {**TestBpnet.small, "padding": "same", "pooled": 174}


class TestBpnetTiled(TestBpnet):
    small = {**TestBpnet.small, "tiles": 3}


class TestChrombpnet(OfProfile):
    name, parameters, shape = "chrombpnet", 6_595_716, (1000,)
    small = {**TestBpnet.small, "bias_filters": 4, "bias_layers": 2}

    def shown(self, network: keras.Model) -> keras.Model:
        """Without networks within it, which have no rules for attributions."""
        (_, window, _), (_, bins, _) = network.input_shape, network.output["profile"].shape
        head = OutputSpec(bins, 1, (window - bins) // 2, "TEST", "logits", "profile", "profile")
        counts = OutputSpec(1, bins, head.offset, "TEST", "ln(1 + reads)", "counts", "counts")
        spec = profiles.spec("chrombpnet", self.small, input=InputSpec(window, "none"), outputs=(head, counts))
        return heads.scores(network, spec, Selection.of(spec, "profile"))


class TestXlstm(ModelCase):
    name, parameters, shape, head, positions = "xlstm", 1_138_073, (512, 1), 129, 512
    small = {"window": 256, "channels": 16, "tower_blocks": 1, "core_blocks": 3, "mappability": True}
    depthwise = 4


class TestMotifDcnn(ModelCase):
    name, parameters, shape = "motif_dcnn", 64_513, (512, 1)
    small = {"window": 256, "motifs": 6, "motif_width": 7, "filters": 8, "dilations": (1, 4), "smoothing": 10}
    small |= {"resolution": 8, "tracks": 2}


class TestFactornet(ModelCase):
    name, parameters, shape = "factornet", 257_857, (1,)
    small = {"window": 110, "filters": 6, "kernel_size": 10, "pool_size": 20, "units": 5, "hidden": 24}


class TestFactornetManyFactors(TestFactornet):
    small = {**TestFactornet.small, "tracks": 3, "outputs": 4, "swap": (0, 2, 1)}


class TestDeepgrn(ModelCase):
    name, parameters, shape = "deepgrn", 54_593, (1,)
    small = {**TestFactornet.small, "extra": 1}


class TestDeepgrnPair(TestDeepgrn):
    small = {**TestDeepgrn.small, "attention": "pair", "place": "before"}


class TestDeepgrnWeights(TestDeepgrn):
    small = {**TestDeepgrn.small, "attention": "weights", "place": "before", "merge": "maximum"}


class TestLeopard(ModelCase):
    name, parameters, shape = "leopard", 474_122, (10240,)
    small = {"window": 64, "filters": 4, "levels": 3}


class TestScfan(ModelCase):
    name, parameters, shape = "scfan", 14_486_159, (1, 33)
    small = {"window": 200, "filters": (8, 8, 6), "hidden": 12, "outputs": 5}


class OfCoverage(ModelCase):
    """Networks of long windows and many tracks."""

    is_large = True

    def shown(self, network: keras.Model) -> keras.Model:
        return keras.Model(network.input, network.output["human"])


class TestBorzoi(OfCoverage):
    name, parameters, shape, depthwise = "borzoi", 185_892_699, (6144, 7611), 2
    small = {"window": 256, "stem_filters": 8, "stem_kernel_size": 7, "filters": (8, 12, 16), "blocks": 2, "heads": 2}
    small |= {"key": 6, "value": 5, "features": 8, "crop": 4, "final_filters": 20, "tracks": (3,), "query_block": 6}


class TestBorzoiMini(TestBorzoi):
    small = {**TestBorzoi.small, "final_filters": None, "unet_dense": False, "position_length": None, "crop": 0}
    small |= {"outputs": "human mouse", "tracks": (3, 2)}


class TestBasenji2(OfCoverage):
    name, parameters, shape = "basenji2", 30_088_228, (896, 5313)
    small = {"window": 256, "stem_filters": 8, "stem_kernel_size": 7, "filters": (8, 12), "dilations": (1, 2)}
    small |= {"residual_filters": 6, "crop": 4, "final_filters": 20, "tracks": (3,)}


class TestEnformer(OfCoverage):
    name, parameters, shape = "enformer", 251_221_292, (896, 5313)
    small = {"window": 360, "target_length": 13, "dim": 24, "depth": 1, "heads": 2, "key": 6, "downsamplings": 4}
    small |= {"dim_divisible_by": 6, "tracks": (3, 2)}


class TestDeepsea(ModelCase):
    name, parameters, shape = "deepsea", 52_843_119, (1, 919)
    small = {"window": 200, "filters": (8, 8, 6), "hidden": 12, "outputs": 5}


class TestBeluga(ModelCase):
    name, parameters, shape, is_large = "beluga", 149_536_251, (1, 2002), True
    small = {"window": 400, "filters": (8, 8, 6), "hidden": 12, "outputs": 5}


class TestSei(TestBeluga):
    name, parameters, shape = "sei", 889_979_983, (1, 21_907)
    small = {"window": 512, "filters": (6, 8, 8), "dilations": (2, 4), "hidden": 12, "outputs": 5, "splines": 8}

    @pytest.fixture(scope="class")
    @classmethod
    def network(cls) -> keras.Model:
        """Twenty layers without normalization, whose weights must keep the size of what passes through."""
        return dream_files.network(cls.name, **cls.small)


class TestSeiOfZeros(TestSei):
    small = {**TestSei.small, "unknown": 0.0}


class TestDanq(ModelCase):
    name, parameters, shape = "danq", 46_926_479, (1, 919)
    small = {"window": 110, "filters": 6, "kernel_size": 10, "pool_size": 20, "units": 5, "hidden": 24, "outputs": 5}


class TestDanqForward(TestDanq):
    small = {**TestDanq.small, "backward": "none"}


class TestBasset(ModelCase):
    name, parameters, shape = "basset", 4_135_064, (1, 164)
    small = {"window": 200, "filters": (8, 8, 6), "kernel_sizes": (7, 5, 3), "hidden": (12, 10), "outputs": 5}


class TestMotifCnn(ModelCase):
    name, parameters, shape = "motif_cnn", 14_011, (16,)
    small = {"window": 256, "given": 2, "learned": 4, "motif_width": 9, "filters": 6}


class TestMotifCnnManyFactors(TestMotifCnn):
    small = {**TestMotifCnn.small, "tracks": 2, "outputs": 3, "bin_size": 16}


class TestMotifCnnOfDna(TestMotifCnn):
    small = {**TestMotifCnn.small, "tracks": 0}


def test_every_architecture_has_a_case():
    made_of_others = {"ensemble", "committee"}  # tests/test_model_memory.py, tests/test_dream.py
    cases = {case for kind in ModelCase.__subclasses__() for case in (kind, *kind.__subclasses__())}
    assert {case.name for case in cases if hasattr(case, "name")} == set(ARCHITECTURES) - made_of_others


@pytest.mark.parametrize(
    ("name", "parameters", "layers"),
    [
        ("cnn", 29_904_256, {"block3_conv": (8, 640, 768), "hidden": (29 * 768, 1024)}),
        ("lstm", 5_830_656, {"stem_conv": (26, 4, 512), "hidden": (1024, 1024)}),
        ("dcnn", 1_466_369, {"block11_back_conv": (1, 128, 256), "accessibility": (256, 1)}),
        ("convnext_lstm", 1_870_592, {}),
        ("convnext_dcnn", 2_524_417, {}),
        ("convnext_transformer", 4_781_313, {"tower4_conv": (15, 256, 1)}),
        ("xlstm", 1_154_585, {"hidden": (128, 128)}),
    ],
)
def test_networks_of_the_text(name: str, parameters: int, layers: dict):
    network = zoo.build(name, preset="paper")
    assert network.output_shape == (None, 512, 1)
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == parameters
    assert {layer: tuple(network.get_layer(layer).kernel.shape) for layer in layers} == layers


def test_arguments_come_before_the_preset():
    assert zoo.build("lstm", preset="paper", units=8, filters=16).get_layer("lstm_forward").units == 8


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("convnext_cnn", {"preset": "paper"}, "preset of convnext_cnn must be one of its own .it has none"),
        ("cnn", {"preset": "papers"}, "preset of cnn must be one of its own .paper.*papers"),
        ("cnn", {"kernel": 3}, "arguments of cnn must be among window, bin_size, filters.*unknown=..kernel"),
        ("cnn", {"filters": (8, 8)}, "must be as many as there are convolutions"),
        (
            "cnn",
            {"filters": 8},
            "argument filters of cnn must be a list, each item a whole .*Received: filters=8.*Example",
        ),
        ("cnn", {"filters": (8, 8.5, 8, 8)}, "argument filters"),
        ("cnn", {"kernel_size": 0}, "must be values that it can be built with"),
        ("cnn", {"bin_size": 0}, "must be values that it can be built with"),
        ("lstm", {"hidden_dropout": float("nan")}, "argument hidden_dropout of lstm must be a number of 0"),
        ("lstm", {"hidden_dropout": 1.5}, "must be values that it can be built with"),
        ("lstm", {"units": 3.0}, "argument units of lstm must be a whole number"),
        ("dcnn", {"mappability": 1}, "argument mappability of dcnn must be true or false"),
        ("dcnn", {"residual_blocks": -1}, "argument residual_blocks.*must be a whole number of 0"),
        ("dcnn", {"final_filters": "none"}, "argument final_filters"),
        ("cnn", {"window": 2047}, "must be a multiple of 4 bp and at least 1,256 bp. .*window=2047"),
        ("cnn", {"window": 1252}, "at least 1,256 bp"),
        ("lstm", {"window": 24}, "at least 32 bp"),
        ("lstm", {"readout": "first"}, "readout of an LSTM must be one of last, final"),
        ("dcnn", {"window": 1002}, "multiple of 4 bp"),
        ("dcnn", {"bin_size": 5}, "must be an even number"),
        ("convnext_cnn", {"window": 2000}, "multiple of 64 bp"),
        ("convnext_cnn", {"bin_size": 3}, "must be a divisor of 64 bp"),
        ("convnext_cnn", {"filters": (8, 12, 24, 24)}, "multiples of those before"),
        ("convnext_transformer", {"channels": 12}, "must be an even number for every head"),
        ("convnext_transformer", {"rope": "key"}, "rotary encoding must be one of input, qk"),
        ("xlstm", {"window": 2046}, "multiple of 4 bp"),
        ("motif_dcnn", {"window": 1022}, "multiple of 4 bp"),
        ("motif_dcnn", {"resolution": 10}, "must be a whole number of bins"),
        ("motif_dcnn", {"motif_width": 20}, "must be an odd number of bp wide.*width=20"),
        ("xlstm", {"channels": 10**400}, r"argument channels of xlstm must be a whole number of 0 to 1,048,576"),
        ("dcnn", {"dilation_growth": float("inf")}, "argument dilation_growth of dcnn must be a number of 0 to"),
        ("maxatac", {"filters": 1 << 20, "kernel_size": 1 << 20}, "must be values that it can be built with"),
        ("maxatac", {"window": 0}, "must be a multiple of 32 bp"),
        ("deepsea", {"dropouts": (0.1,)}, "must be a rate of dropout for each convolution"),
        ("beluga", {"filters": ()}, "must be a rate of dropout for each pair"),
        ("sei", {"filters": ()}, "at least one stage"),
        ("sei", {"window": 64, "filters": (4, 4, 4), "splines": 16}, "no more than there are positions"),
        ("sei", {"window": 256, "filters": (4, 4, 4), "splines": 3}, "4 functions or more"),
        ("danq", {"backward": "batch"}, "must be one of time, none"),
        ("basset", {"pool_sizes": (3, 4)}, "a width and a pooling for each convolution"),
        (
            "maxatac",
            {"dilations": 5 * [True]},
            "argument dilations of maxatac must be a list",
        ),
    ],
)
def test_arguments_that_do_not_work(name: str, config: dict, message: str):
    with pytest.raises(InputError, match=message):
        zoo.build(name, **config)


@pytest.mark.parametrize(
    ("name", "window", "bins"),
    [
        ("cnn", 4096, 1024),
        ("cnn", 1256, 314),
        ("lstm", 1000, 250),
        ("dcnn", 3000, 750),
        ("convnext_cnn", 1024, 256),
        ("convnext_lstm", 4096, 1024),
        ("convnext_dcnn", 1028, 257),
        ("convnext_transformer", 1000, 250),
        ("xlstm", 4096, 1024),
        ("motif_dcnn", 1000, 250),
    ],
)
def test_other_lengths(name: str, window: int, bins: int):
    assert zoo.build(name, window=window).output_shape == (None, bins, 1)


def test_networks_are_found_after_importing_the_package_alone():
    code = "import zoo; print(zoo.architectures.dcnn.PRESETS['paper']['final_filters'], zoo.porting.asap.BASES)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
    assert done.stdout == "None (0, 2, 1, 3)\n"
