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
        # Nobody is turned away; a limit is counted all the same.
        "API_REQUESTS_PER_MINUTE": "10000000",
        "BENCH_DATABASE": LARGE,
        "BENCH_TEMPLATES": tempfile.mkdtemp(prefix="bench-templates-"),
    }
)
