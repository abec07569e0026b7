"""The cache in an object store, in the environment of the extra `tfio`: run by `bash tests/tfio.sh`."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import s3_server

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_io") is None,
    reason="tensorflow-io fits TensorFlow 2.16 only and has an environment of its own: bash tests/tfio.sh",
)

CODE = """
import sys
import numpy as np
from pathlib import Path
from zoo.data import cache, synthetic
from zoo.data.slabs import Plan, Slabs, labels
from zoo.data.windows import Layout
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome

files = synthetic.make(sys.argv[1], {"chr1": 120_000})
plan = SlabPlan({"chr1": np.arange(2000, 100_000, 700)}, Layout(1024, 0, 1), 1)
tracks = [labels([Interval("chr1", 3000, 9000)])]
read = lambda: Slabs(Genome(files.genome), tracks, plan.starts, plan.layout, plan.bin_size)
first = cache.cached("s3://bucket/cache", [files.genome], None, plan, read)
again = cache.cached("s3://bucket/cache", [files.genome], None, plan, None)
for one, other in zip(first.arrays, again.arrays, strict=True):
    assert np.array_equal(one, other)
print("equal", len(first.arrays[0]))
"""


def test_shards_in_an_object_store(tmp_path: Path):
    """Written to S3 on loopback, and read back instead of the files."""
    with s3_server.serve() as server:
        environment = {
            **os.environ,
            "S3_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}",
            "S3_USE_HTTPS": "0",
            "S3_VERIFY_SSL": "0",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        done = subprocess.run(
            [sys.executable, "-c", CODE, tmp_path], env=environment, capture_output=True, text=True, timeout=120
        )
        # tensorflow-io 0.37.1 aborts while the process ends, after all is done: its S3 client outlives what it uses.
        assert done.returncode in (0, -signal.SIGABRT), done.stderr[-2000:]
        assert done.stdout.startswith("equal ")
        names = {key.rsplit("/", 1)[1] for key in server.objects if not key.endswith("/")}
        assert {"index.json", "slabs-00000.tfrecord"} <= names
