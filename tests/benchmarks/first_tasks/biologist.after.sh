zoo prepare fragments.tsv.gz --genome sacCer3.2bit --output atac
zoo plot chrIV:300,001-320,000 --tracks ATAC-seq=atac.bw --model yeast/REB1 yeast/RAP1 --genome sacCer3.2bit --signal atac.bw --output locus.png
