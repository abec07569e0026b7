import anndata
import matplotlib.pyplot as plt
import pandas

import zoo
from zoo.genome import bed

model = zoo.load("yeast/REB1")
middles = [(peak.chrom, (peak.start + peak.end) // 2 // 32 * 32) for peak in bed.read("peaks.bed")]
regions = [zoo.Interval(chrom, middle - 96, middle + 96) for chrom, middle in middles]
found = model.predict(genome="sacCer3.2bit", signal="atac.bw", regions=regions)
bins = found.matrix()
places = [(each.chrom, each.start, each.end) for each in found.intervals]
rows = pandas.DataFrame(places, columns=["chrom", "start", "end"], index=[f"{c}:{s}-{e}" for c, s, e in places])
table = anndata.AnnData(bins.max(axis=1, keepdims=True), rows, pandas.DataFrame(index=["REB1"]), obsm={"bins": bins})
table.write_h5ad("reb1.h5ad")
plt.step(found[0].starts, found[0].scores, where="post")
plt.xlabel(f"{found[0].interval.chrom} (bp)")
plt.ylabel("score")
plt.savefig("reb1.png")
