"""The embedded server, each test with a data folder of its own and real processes around it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from config.embedded_postgres import server

ROOT = Path(__file__).resolve().parent.parent.parent
QUICK = {"fsync": "off"}

USER = """
import sys, time
from pathlib import Path
from config.embedded_postgres import server
server.ensure_running(folder=Path(sys.argv[1]), server_settings={"fsync": "off"})
print("ready", flush=True)
sys.stdin.readline()
"""

FORKING_USER = """
import os, sys
from pathlib import Path
from config.embedded_postgres import server
server.ensure_running(folder=Path(sys.argv[1]), server_settings={"fsync": "off"})
if os.fork() == 0:
    print("ready", flush=True)
    sys.stdin.readline()
    server.ensure_running(folder=Path(sys.argv[1]))
    sys.exit()
os._exit(0) if sys.argv[2:] == ["abruptly"] else sys.exit()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with a short path, which the server's account can reach when the tests run as root."""
    parent = Path(tempfile.mkdtemp(prefix="pg-test-"))
    parent.chmod(0o755)
    yield parent / "postgres"
    server.stop_if_unused(folder=parent / "postgres")
    if process := postmaster(parent / "postgres"):
        process.kill()
        process.wait(10)
    shutil.rmtree(parent)


def use(folder: Path, code: str = USER, *arguments: str) -> subprocess.Popen[str]:
    """Another process that uses the server until its standard input closes; returns when it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def leave(process: subprocess.Popen[str]) -> None:
    with process:
        process.communicate("\n", timeout=20)


def postmaster(folder: Path) -> psutil.Process | None:
    """The process of the server with this data folder."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if str(folder) in command and "-D" in command and Path(command[0]).name == "postgres":
            return process
    return None


def question(folder: Path, query: str = "SELECT 1") -> object:
    with psycopg.connect(host=str(folder), user=server.SUPERUSER, dbname="postgres") as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
    return row[0] if row else None


def gone(folder: Path) -> bool:
    deadline = time.monotonic() + 10
    while postmaster(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return postmaster(folder) is None


def test_it_starts_answers_and_stops(folder: Path) -> None:
    socket_folder = server.ensure_running(folder=folder, server_settings=QUICK)
    assert socket_folder == folder
    assert question(folder, "SHOW listen_addresses") == ""
    assert server.stop_if_unused(folder=folder)
    assert gone(folder)


def test_nobody_else_may_enter_the_data_folder(folder: Path) -> None:
    server.ensure_running(folder=folder, server_settings=QUICK)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_last_process_turns_off_the_light(folder: Path) -> None:
    first, second = use(folder), use(folder)
    leave(first)
    assert question(folder) == 1
    leave(second)
    assert gone(folder)


def test_two_processes_starting_at_once_share_one_server(folder: Path) -> None:
    command = [sys.executable, "-c", USER, str(folder)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _number in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    assert question(folder) == 1
    for process in processes:
        leave(process)
    assert gone(folder)


@pytest.mark.parametrize("how", [[], ["abruptly"]])
def test_a_forked_child_keeps_it_running(folder: Path, how: list[str]) -> None:
    process = use(folder, FORKING_USER, *how)
    process.wait(20)
    assert question(folder) == 1
    leave(process)
    assert gone(folder)


def test_a_user_killed_outright_leaves_nothing_stale(folder: Path) -> None:
    killed = use(folder)
    with killed:
        killed.kill()
    assert question(folder) == 1
    leave(use(folder))
    assert gone(folder)


def test_everything_killed_outright(folder: Path) -> None:
    killed = use(folder)
    with psycopg.connect(host=str(folder), user=server.SUPERUSER, dbname="postgres") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS id")
    process = postmaster(folder)
    assert process is not None
    for victim in [process, *process.children(recursive=True)]:
        # The children may notice that the first is gone before it is their turn.
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    with killed:
        killed.kill()
    assert (folder / "postmaster.pid").exists()
    again = use(folder)
    assert question(folder, "SELECT id FROM kept") == 7
    leave(again)
    assert gone(folder)


def test_its_process_id_in_use_by_another_program(folder: Path) -> None:
    leave(use(folder))
    pid_file = folder / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{folder}\n0\n5432\n{folder}\n\n\nready\n")
    status = folder.stat()
    os.chown(pid_file, status.st_uid, status.st_gid)
    again = use(folder)
    assert question(folder) == 1
    leave(again)


def test_an_interrupted_first_start(folder: Path) -> None:
    folder.mkdir()
    (folder / "half").write_text("")
    server.ensure_running(folder=folder, server_settings=QUICK)
    assert question(folder) == 1


def test_a_path_too_long_for_a_socket(folder: Path) -> None:
    long = folder.parent / ("x" * 80) / "postgres"
    socket_folder = server.ensure_running(folder=long, server_settings=QUICK)
    try:
        assert socket_folder != long
        assert question(socket_folder) == 1
    finally:
        assert server.stop_if_unused(folder=long)
        shutil.rmtree(socket_folder)


def test_without_the_wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "find_spec", lambda _name: None)
    with pytest.raises(
        server.CannotStartError, match="No DATABASE_URL is set and the embedded PostgreSQL is not"
    ):
        server.ensure_running(folder=folder)


def test_made_by_another_version(folder: Path) -> None:
    folder.mkdir()
    (folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(server.CannotStartError, match="was made by PostgreSQL 9"):
        server.ensure_running(folder=folder)


def test_the_engine_finds_a_server_that_was_stopped_behind_its_back(folder: Path) -> None:
    code = """
import os, signal, sys
from django.db import connection, connections
from tests.config.test_embedded_postgres import postmaster
from pathlib import Path
with connection.cursor() as cursor:
    cursor.execute("SELECT 1")
connections.close_all()
process = postmaster(Path(sys.argv[1]))
process.kill()
process.wait(10)
with connection.cursor() as cursor:
    cursor.execute("SELECT current_database()")
    print(cursor.fetchone()[0])
"""
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DEMO": "1", "VAR_DIR": str(folder.parent)}
    result = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.stdout, result.returncode) == ("preferences\n", 0), result.stderr
    assert gone(folder)


def test_a_data_folder_of_somebody_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(use(folder))
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(server.CannotStartError, match="belongs to another user"):
        server.ensure_running(folder=folder)


def test_the_demo_from_start_to_ctrl_c(folder: Path) -> None:
    """`manage.py demo` serves, and one SIGINT later neither it nor its database is left."""
    import socket
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEMO": "1",
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "VAR_DIR": str(folder.parent),
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as response:
                    assert response.status == 200
                    break
            except OSError:
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < deadline
                time.sleep(0.1)
        second = subprocess.run(
            [sys.executable, "manage.py", "demo"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert second.stderr.startswith(f"CommandError: Port {port} on 127.0.0.1 cannot be used")
    finally:
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=30)[0]
    assert process.returncode == 0, output
    assert gone(folder)
