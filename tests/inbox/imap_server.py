"""A mailbox server for tests, of which a client sees what it needs and which can be told to fail."""

import contextlib
import re
import socket
import ssl
import threading
from base64 import b64decode
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass
class Stored:
    """A message in a folder."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


class ImapServer:
    """IMAP on the loopback interface, for one user, "kari@example.com" with the password "open sesame".

    `folders` are its messages. `tls` serves TLS at once (imaps) or after STARTTLS. `breaks_at` names a command at which
    it hangs up, once; `refuses` one that it answers with NO.
    """

    def __init__(
        self,
        *messages: bytes,
        tls: ssl.SSLContext | None = None,
        starttls: bool = False,
        capabilities: str = "AUTH=PLAIN MOVE",
        breaks_at: str = "",
        refuses: str = "",
        keeps_keywords: bool = True,
    ) -> None:
        self.folders: dict[str, list[Stored]] = {"INBOX": [], "Taken": []}
        for raw in messages:
            self.put(raw)
        self.commands: list[str] = []
        self.breaks_at, self.refuses = breaks_at, refuses
        self.keeps_keywords = keeps_keywords
        self._tls, self._starttls, self._capabilities = tls, starttls, capabilities
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def put(self, raw: bytes, *, folder: str = "INBOX") -> Stored:
        uids = [message.uid for messages in self.folders.values() for message in messages]
        message = Stored(uid=max(uids, default=0) + 1, raw=raw)
        self.folders[folder].append(message)
        return message

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), client:
                client.settimeout(10)
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        if self._tls and not self._starttls:
            with self._tls.wrap_socket(client, server_side=True) as inner:
                self._talk(inner, greeting=True)
        elif self._talk(client, greeting=True) and self._tls:
            with self._tls.wrap_socket(client, server_side=True) as inner:
                self._talk(inner, greeting=False)

    def _talk(self, client: socket.socket, *, greeting: bool) -> bool:
        with client.makefile("rwb") as lines:
            if greeting:
                _say(lines, b"* OK here")
            return _Session(self, lines).run()


class _Session:
    def __init__(self, server: ImapServer, lines: BinaryIO) -> None:
        self._server, self._lines = server, lines
        self._folder: list[Stored] = []

    def run(self) -> bool:
        """Answer until the client goes, or is gone; True where it asked for TLS."""
        for line in self._lines:
            tag, _, rest = line.decode().rstrip("\r\n").partition(" ")
            name = re.match(r"(?:UID )?[A-Z]+", rest)
            command = name[0] if name else ""
            self._server.commands.append(command)
            if command == self._server.breaks_at:
                self._server.breaks_at = ""
                return False
            if command == self._server.refuses:
                self._end(tag, "NO", "not now")
                continue
            if command == "STARTTLS":
                self._end(tag, "OK", "go on")
                return True
            if not self._answer(tag, command, rest[len(command) :].strip()):
                return False
        return False

    def _answer(self, tag: str, command: str, rest: str) -> bool:
        words = [
            quoted or plain for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|(\([^)]*\)|\S+)', rest)
        ]
        match command:
            case "CAPABILITY":
                _say(self._lines, f"* CAPABILITY IMAP4rev1 {self._server._capabilities}".encode())
            case "AUTHENTICATE":
                _say(self._lines, b"+ ")
                said = b64decode(self._lines.readline()).decode()
                if said != "\0kari@example.com\0open sesame":
                    return self._end(tag, "NO", "[AUTHENTICATIONFAILED] kari@example.com is wrong")
            case "LOGIN":
                if words != ["kari@example.com", "open sesame"]:
                    return self._end(tag, "NO", "[AUTHENTICATIONFAILED] kari@example.com is wrong")
            case "STATUS" | "SELECT":
                if words[0] not in self._server.folders:
                    return self._end(tag, "NO", "no such folder")
                messages = self._server.folders[words[0]]
                if command == "SELECT":
                    self._folder = messages
                    _say(self._lines, f"* {len(messages)} EXISTS".encode())
                    more = r" \*" if self._server.keeps_keywords else ""
                    _say(
                        self._lines,
                        rf"* OK [PERMANENTFLAGS (\Deleted \Seen \Flagged{more})] Limited".encode(),
                    )
                else:
                    _say(self._lines, f'* STATUS "{words[0]}" (MESSAGES {len(messages)})'.encode())
            case "UID SEARCH":
                unwanted = {f"\\{word[2:].title()}" for word in words if word.startswith("UN")}
                unwanted |= {word for word in words if word.startswith("$")}
                found = [message for message in self._folder if not message.flags & unwanted]
                _say(self._lines, b"* SEARCH " + " ".join(str(message.uid) for message in found).encode())
            case "UID FETCH":
                self._fetch(words[0], rest)
            case "UID STORE":
                for message in self._named(words[0]):
                    message.flags.add(words[2].strip("()"))
            case "UID MOVE" | "UID COPY":
                for message in self._named(words[0]):
                    self._server.folders[words[1]].append(Stored(uid=message.uid, raw=message.raw))
                    if command == "UID MOVE":
                        self._folder.remove(message)
            case "LOGOUT":
                _say(self._lines, b"* BYE")
                self._end(tag, "OK", "bye")
                return False
            case _:
                return self._end(tag, "BAD", "what?")
        return self._end(tag, "OK", "done")

    def _fetch(self, uids: str, rest: str) -> None:
        for number, message in enumerate(self._folder, 1):
            if message not in self._named(uids):
                continue
            if "RFC822.SIZE" in rest:
                line = f"* {number} FETCH (RFC822.SIZE {len(message.raw)} UID {message.uid})"
                _say(self._lines, line.encode())
            else:
                head = f"* {number} FETCH (UID {message.uid} BODY[] {{{len(message.raw)}}}\r\n"
                self._lines.write(head.encode() + message.raw)
                _say(self._lines, b")")

    def _named(self, uids: str) -> list[Stored]:
        wanted = {int(uid) for uid in uids.split(",")}
        return [message for message in self._folder if message.uid in wanted]

    def _end(self, tag: str, kind: str, text: str) -> bool:
        _say(self._lines, f"{tag} {kind} {text}".encode())
        return True


def _say(lines: BinaryIO, text: bytes) -> None:
    lines.write(text + b"\r\n")
    lines.flush()
