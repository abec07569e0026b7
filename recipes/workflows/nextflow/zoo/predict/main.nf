// Many models on one sample, in one pass: sites of each model, of regions a matrix, and a summary.
process ZOO_PREDICT {
    tag "${meta.id}"
    label 'process_medium'

    conda "${moduleDir}/environment.yml"

    input:
    tuple val(meta), path(signal), path(regions)  // regions: [] for whole chromosomes
    path genome
    val models                                    // names or patterns: 'maxatac/CTCF', ['maxatac/*']

    output:
    tuple val(meta), path("${prefix}.summary.tsv"), emit: summary
    tuple val(meta), path("${prefix}.json")       , emit: record
    tuple val(meta), path("${prefix}.*.bed")      , emit: bed    , optional: true
    tuple val(meta), path("${prefix}.*.bw")       , emit: bigwig , optional: true
    tuple val(meta), path("${prefix}.matrix.*")   , emit: matrix , optional: true
    path "versions.yml"                           , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def names = [models].flatten().collect { name -> "'${name}'" }.join(' ')
    def places = regions ? "--regions '${regions}'" : ''
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    printf 'sample\\tsignal\\n%s\\t%s\\n' '${meta.id}' '${signal}' > samples.tsv
    export TF_NUM_INTRAOP_THREADS=${task.cpus}
    zoo predict ${names} \\
        --genome '${genome}' \\
        --samples samples.tsv \\
        ${places} \\
        --output '${prefix}' \\
        ${args}

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        chromatin-zoo: \$(zoo --version | sed 's/.* //')
    END_VERSIONS
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    touch '${prefix}.summary.tsv' '${prefix}.json' '${prefix}.${meta.id}.MODEL.bed'

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        chromatin-zoo: \$(zoo --version | sed 's/.* //')
    END_VERSIONS
    """
}
