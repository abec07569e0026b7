import json
from pathlib import Path

import keras

import zoo
from zoo.data import synthetic
from zoo.genome import bed
from zoo.genome.signal import Signal
from zoo.plot.explained import plot_locus
from zoo.train.config import TrainConfig
from zoo.train.run import TrainingRun


def pool_cnn(window: int = 1024, channels: int = 5, filters: int = 32, bin_size: int = 32) -> keras.Model:
    x = inputs = keras.Input((window, channels), name="window")
    x = keras.layers.Conv1D(filters, 19, padding="same", activation="relu", name="motifs")(x)
    x = keras.layers.MaxPooling1D(bin_size, name="bins")(x)
    x = keras.layers.Conv1D(1, 1, activation="sigmoid", name="score")(x)
    return keras.Model(inputs, keras.layers.Reshape((window // bin_size,), name="binding")(x))


zoo.register_architecture("pool_cnn", pool_cnn)
files = synthetic.make("data", {"chr1": 600_000, "chr2": 200_000, "chr3": 200_000})
config = TrainConfig.parse(json.loads(Path("config.json").read_text()), "config.json")
TrainingRun(config, progress=False).train(Path("runs/pool"))
model = zoo.load("runs/pool/model")
peaks = [peak for peak in bed.read(files.peaks) if peak.chrom == "chr3"]
why = model.attribute(genome=files.genome, signal=files.signal, regions=peaks, count=10, signal_reference="zeros")
plot_locus(why, 0, {"signal": Signal(files.signal)}, region=peaks[0]).savefig("why.png")
