"""Everything CI checks, one after the other, with a summary: `make test`, or `python -m tests.all`."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
DJADE = str(Path(PYTHON).with_name("djade"))
LINT_IMPORTS = (
    "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main(['--no-cache']))"
)

CHECKS: tuple[tuple[str, list[str]], ...] = (
    ("formatting", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."]),
    ("lint", [PYTHON, "-m", "ruff", "check", "--quiet", "."]),
    ("templates", [DJADE, "--check", "--target-version", "6.1", "TEMPLATES"]),
    ("import contracts", [PYTHON, "-c", LINT_IMPORTS]),
    ("types", [PYTHON, "-m", "mypy"]),
    ("missing migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]),
    ("translations", [PYTHON, "manage.py", "messages", "--check"]),
    ("tests", [PYTHON, "-m", "pytest", "-n", "auto", "-q", "-rsxX", *sys.argv[1:]]),
)


def main() -> int:
    os.chdir(ROOT)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    results = []
    for name, command in CHECKS:
        start = time.monotonic()
        status = subprocess.run(with_templates(command), env=environment, check=False).returncode
        results.append((name, status, time.monotonic() - start))
        say(f"{'ok    ' if status == 0 else 'FAILED'} {name} ({results[-1][2]:.1f} s)")
    failed = [name for name, status, _seconds in results if status]
    total = sum(seconds for _name, _status, seconds in results)
    say(f"{len(results) - len(failed)} of {len(results)} checks passed in {total:.0f} s")
    if failed:
        say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def with_templates(command: list[str]) -> list[str]:
    """The command with TEMPLATES replaced by every template of ours."""
    if command[-1] != "TEMPLATES":
        return command
    return [*command[:-1], *sorted(str(path) for path in Path("templates").rglob("*.html"))]


if __name__ == "__main__":
    sys.exit(main())
