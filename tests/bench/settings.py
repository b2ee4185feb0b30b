"""The demo's settings on a database of the benchmark's own: BENCH_DATABASE names it."""

import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["BENCH_DATABASE"]
if os.environ.get("X"):
    DATABASES["default"].setdefault("OPTIONS", {}).update(server_side_binding=True, prepare_threshold=int(os.environ["X"]))
