"""`make corpus`: sends every message of the corpus to the listener and prints what became of them."""

import sys
from pathlib import Path

import pytest

OPTIONS = ["--quiet", "--capture=no", "--show-capture=no", "--tb=short", "-p", "no:cacheprovider"]

if __name__ == "__main__":
    sys.exit(pytest.main([*OPTIONS, str(Path(__file__).with_name("test_corpus.py")), *sys.argv[1:]]))
