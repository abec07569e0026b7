import zoo

found = zoo.load("yeast/REB1").predict(genome="sacCer3.2bit", signal="atac.bw", regions="peaks.bed")
table = found.to_anndata(width=192)
table.write_h5ad("reb1.h5ad")
found.plot(0).savefig("reb1.png")
