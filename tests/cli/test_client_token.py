"""Which token a command sends: from where it comes, and what is said about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from hero_router.cli.client_token import read_token
from hero_router.cli.router_options import Router
from hero_router.errors import ConfigError
from tests.support.command import completed, run

TOKEN = "s3cret.token-0123456789"
REFUSAL = '{"error": {"code": "unauthorized", "message": "a token is needed"}}'
NOWHERE = "http://127.0.0.1:1"
COMMANDS = (
    ("list",), ("list", "--watch"), ("describe", "a"), ("scan",), ("events",),
    ("events", "--tail", "1"), ("clients",), ("open", "a"), ("call", "a", "m"),
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "token"
    made.write_text(f"{TOKEN}\n")
    return made


@contextmanager
def refusing(**answers: str) -> Iterator[tuple[str, list[str | None]]]:
    """A router that refuses all but these requests; its address, and the tokens that it got."""
    seen: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization"))
            answer = answers.get(self.command)
            body = (answer or REFUSAL).encode()
            self.send_response(200 if answer else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_sends_the_token_and_says_why_it_was_refused(
    command: tuple[str, ...], file: Path
) -> None:
    with refusing() as (url, seen):
        answer = run(*command, "--url", url, ROUTER_TOKEN=TOKEN)
        assert answer.exit_code == 1
        assert "this router does not know the token that is set" in answer.stderr
        assert answer.stderr.count("\n") == 1
        answer = run(*command, "--url", url, "--token-file", str(file), ROUTER_TOKEN="other")
        assert answer.exit_code == 1
        bare = run(*command, "--url", url)
        assert "set ROUTER_TOKEN or ROUTER_TOKEN_FILE to a token of this router" in bare.stderr
    assert seen == [f"Bearer {TOKEN}", f"Bearer {TOKEN}", None]
    assert TOKEN not in answer.output


def test_the_call_of_a_service_has_the_token_too() -> None:
    record = '{"id": "1", "name": "a", "context": "c", "sockets": [{"role": "rpc"}], "stale": []}'
    with refusing(GET=record, POST='{"jsonrpc": "2.0", "id": 1, "result": 5}') as (url, seen):
        answer = run("call", "a", "m", "--url", url, ROUTER_TOKEN=TOKEN)
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "5\n", "")
    assert seen == [f"Bearer {TOKEN}"] * 2


def test_completion_sends_the_token_too_and_says_nothing(file: Path) -> None:
    with refusing() as (url, seen):
        assert completed("hero_router describe x", ROUTER_URL=url, ROUTER_TOKEN=TOKEN) == []
        line = f"hero_router describe --token-file {file} x"
        assert completed(line, ROUTER_URL=url) == []
    assert seen == [f"Bearer {TOKEN}"] * 2


def test_the_token_comes_from_the_flag_else_from_one_of_the_variables(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    assert read_token(None) == ""
    monkeypatch.setenv("ROUTER_TOKEN_FILE", str(file))
    assert read_token(None) == TOKEN
    monkeypatch.setenv("ROUTER_TOKEN", " of-the-variable ")
    assert read_token(str(file)) == TOKEN
    with pytest.raises(ConfigError, match="set ROUTER_TOKEN or ROUTER_TOKEN_FILE, not both"):
        read_token(None)
    monkeypatch.delenv("ROUTER_TOKEN_FILE")
    assert read_token(None) == "of-the-variable"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "there is no token in "),
        (b" \n", "there is no token in "),
        (f"{TOKEN}\nmore".encode(), "may hold only ASCII characters, and no spaces"),
        (f"{TOKEN} more".encode(), "may hold only ASCII characters, and no spaces"),
        (f"{TOKEN}\0".encode(), "may hold only ASCII characters, and no spaces"),
        (b"\xff" + TOKEN.encode(), "does not hold a token"),
    ],
)
def test_a_file_without_a_token_is_refused_in_words_without_it(
    file: Path, content: bytes, words: str
) -> None:
    file.write_bytes(content)
    answer = run("list", "--token-file", str(file), "--url", NOWHERE)
    assert answer.exit_code == 2
    assert words in answer.stderr
    assert TOKEN not in answer.stderr


@pytest.mark.parametrize("path", ["/no/such/file", "/", "", "a\0b"])
def test_a_file_that_cannot_be_read_is_an_error(path: str) -> None:
    with pytest.raises(ConfigError, match="--token-file: "):
        read_token(path)


def test_the_token_itself_is_no_flag_as_others_see_command_lines() -> None:
    for command in COMMANDS:
        assert run(*command, "--token", TOKEN, "--url", NOWHERE).exit_code == 2


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("http://router.example.org", True),
        ("http://10.0.0.1:9988", True),
        ("http://[fd00::1]:9988", True),
        ("http://localhost.example.org", True),
        ("https://router.example.org", False),
        ("http://127.0.0.1:9988", False),
        ("http://127.8.0.1", False),
        ("http://[::1]:9988", False),
        ("http://localhost:9988", False),
        ("http://router.localhost", False),
    ],
)
def test_a_token_that_others_could_read_on_its_way_is_told(url: str, is_told: bool) -> None:
    assert Router(url, TOKEN).is_in_clear is is_told
    assert Router(url).is_in_clear is False


def test_the_warning_is_on_stderr_and_has_no_token() -> None:
    answer = run("list", "--url", "http://name.invalid", ROUTER_TOKEN=TOKEN)
    warning = "WARNING: the token goes to http://name.invalid in clear: use https\n"
    assert answer.stderr.startswith(warning)
    assert answer.stdout == ""
    assert TOKEN not in answer.stderr


def test_the_token_is_not_shown_with_the_router() -> None:
    assert TOKEN not in repr(Router(NOWHERE, TOKEN))
