"""Run commands as a shell does: a command line in, exit status and both outputs back."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import execute_from_command_line
from django.db import connections


@dataclass(frozen=True, kw_only=True)
class Ended:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


type Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    # A command ends by closing its connections; here they belong to the test, with all it has stored.
    monkeypatch.setattr(connections, "close_all", lambda: None)

    def run(*words: str) -> Ended:
        capsys.readouterr()
        try:
            execute_from_command_line(["manage.py", *words])
        except SystemExit as stop:
            status = int(stop.code or 0)
        else:
            status = 0
        out, err = capsys.readouterr()
        return Ended(status=status, out=out, err=err)

    return run
