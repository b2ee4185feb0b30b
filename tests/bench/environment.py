"""The environment of the benchmark, set before Django reads its settings: the demo's, and a database of its own."""

import os
import tempfile

from tests.bench.sizes import LARGE

os.environ.update(
    {
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        # A developer's own .env has no say here.
        "ENV_FILE": os.devnull,
        "DEMO": "1",
        "SECRET_KEY": "only-for-the-benchmark",
        "BENCH_DATABASE": LARGE,
        "BENCH_TEMPLATES": tempfile.mkdtemp(prefix="bench-templates-"),
    }
)
