"""The environment of the tests, set before Django reads its settings (tests.settings imports this first).

A developer's own .env has no say here. DATABASE_URL does: with it the whole suite runs on that PostgreSQL.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

KEPT = {"DATABASE_URL", "DATABASE_POOL_SIZE"}
for name in (ROOT / ".env.example").read_text().splitlines():
    if "=" in name and not name.startswith("#") and name.split("=")[0] not in KEPT | {"VAR_DIR"}:
        os.environ.pop(name.split("=")[0], None)

os.environ.update(
    {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": "only-for-tests-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "BASE_URL": "http://testserver",
        "MAIL_DOMAIN": "preferences.example.com",
        # Below the folder of the environment, so that a run never touches the data of a demo beside it.
        "VAR_DIR": str(Path(os.environ.get("VAR_DIR", ROOT / "var")) / "test"),
    }
)
# Examples that hypothesis remembers are no part of the tree.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(os.environ["VAR_DIR"]) / "hypothesis"))
