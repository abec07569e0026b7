zoo prepare fragments.tsv.gz --genome sacCer3.2bit --output atac
zoo predict yeast/REB1 --genome sacCer3.2bit --signal atac.bw --regions chrIV:300,001-320,000 --output reb1
zoo predict yeast/RAP1 --genome sacCer3.2bit --signal atac.bw --regions chrIV:300,001-320,000 --output rap1
python - << 'END'
import matplotlib.pyplot as plt
from zoo import Interval, Signal
from zoo.plot.tracks import plot_signal
region = Interval("chrIV", 300_000, 320_000)
figure, rows = plt.subplots(3, sharex=True, figsize=(8, 4))
for row, (name, path) in zip(rows, {"ATAC-seq": "atac.bw", "REB1": "reb1.bw", "RAP1": "rap1.bw"}.items(), strict=True):
    plot_signal(row, Signal(path), region, name, "C0")
figure.savefig("locus.png", dpi=150)
END
