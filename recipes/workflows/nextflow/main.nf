// nextflow run recipes/workflows/nextflow --samples samples.tsv --genome hg38.2bit --models 'maxatac/CTCF,maxatac/MAX' \
//     [--regions peaks.bed] [--outdir out]
include { ZOO_PREDICT } from './zoo/predict/main'

params.samples = null
params.genome = null
params.models = 'maxatac/*'
params.regions = null
params.outdir = 'out'

workflow {
    regions = params.regions ? file(params.regions, checkIfExists: true) : []
    samples = channel
        .fromPath(params.samples, checkIfExists: true)
        .splitCsv(header: true, sep: '\t')
        .map { row -> [[id: row.sample], file(row.signal, checkIfExists: true), regions] }
    ZOO_PREDICT(samples, file(params.genome, checkIfExists: true), params.models.tokenize(','))
    ZOO_PREDICT.out.summary.map { meta, summary -> summary }.collectFile(name: 'summary.tsv', keepHeader: true, storeDir: params.outdir)
}
