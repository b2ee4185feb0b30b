"""Nothing in the tree says on which machine, or from where, it was made."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NOT_OURS = {".git", ".venv", "var", "node_modules", ".env", "__pycache__"}
CACHES = re.compile(r"\.\w+_cache|\.hypothesis")

# Put together here, or this file would hold what it looks for.
INDEX_HOSTS = ["".join(parts) for parts in (("py", "pi.org"), ("python", "hosted.org"), ("npm", "js."))]
MACHINE_FOLDERS = [f"/{name}" for name in ("work", "root", "home", "Users")]
PRIVATE_KEY = "-" * 5 + "BEGIN "

FORBIDDEN = re.compile(
    "|".join(
        [
            *(re.escape(host) for host in INDEX_HOSTS),
            # A path from the root of the file system, not the end of an address or of a relative path.
            *(rf"(?<![\w.~>)}}\]-]){folder}/[\w.]" for folder in MACHINE_FOLDERS),
            re.escape(PRIVATE_KEY),
        ]
    )
)


def files(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS or CACHES.fullmatch(path.name):
            continue
        if path.is_dir():
            yield from files(path)
        elif path.suffix not in {".mo", ".png", ".pyc"}:
            yield path


def test_no_index_host_no_machine_path_no_key() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files()
        for match in FORBIDDEN.finditer(path.read_text(errors="replace"))
    ]
    assert found == []


def test_this_test_sees_them() -> None:
    for text in (f"https://{INDEX_HOSTS[0]}/simple", f'"{MACHINE_FOLDERS[1]}/x"', f"{PRIVATE_KEY}RSA"):
        assert FORBIDDEN.search(text), text
    for text in (f"https://example.com{MACHINE_FOLDERS[2]}/x", f"{MACHINE_FOLDERS[0]}", "~/.pyenv/versions"):
        assert not FORBIDDEN.search(text), text
