"""The demo's settings on a database of the benchmark's own: BENCH_DATABASE names it."""

import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["BENCH_DATABASE"]
