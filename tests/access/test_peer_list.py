"""The peers of a router, their file that may change, and the keys of nodes in files."""

import errno
import logging
import os
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hero_router.access.ed25519 import NodeKey, PublicKey
from hero_router.access.peer_list import LOOK_SECONDS, PeerBook, Peering, load_peering, log
from hero_router.errors import ConfigError
from hero_router.settings.logging_setup import ACCESS
from hero_router.settings.peers import PeerSettings
from tests.support.certificates import certificate
from tests.support.users import unprivileged

A, B, C = NodeKey.make(), NodeKey.make(), NodeKey.make()


class Clock:
    """Seconds that the test counts itself."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def book(peers: str, clock: Clock | None = None) -> PeerBook:
    return PeerBook("a", PeerSettings(peers=peers, node_key_file="k"), clock or Clock())


def signed_by(key: NodeKey, keys: "tuple[PublicKey, ...]") -> bool:
    return any(each.verifies(key.sign(b"x"), b"x") for each in keys)


def test_a_peer_is_found_by_its_node_and_the_own_node_is_none() -> None:
    made = book(f"a http://a {A.public}, b http://b:1 {B.public} {C.public}")
    assert [peer.node for peer in made] == ["b"]
    peer = made.find("b")
    assert peer is not None
    assert str(peer.url) == "http://b:1"
    assert signed_by(B, peer.keys)
    assert signed_by(C, peer.keys)
    assert not signed_by(A, peer.keys)
    assert made.find("a") is None
    assert not made.keys_of("a")
    assert not made.keys_of("c")


def test_a_changed_file_counts_within_a_second_and_a_bad_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, clock = tmp_path / "peers", Clock()
    file.write_text(f"b https://b {B.public}\n")
    made = PeerBook("a", PeerSettings(peers_file=str(file), node_key_file="k"), clock)

    def replaced(text: str | None) -> list[str]:
        if text is None:
            file.unlink()
        else:
            new = tmp_path / "new"
            new.write_text(text)
            new.replace(file)
        clock.now += LOOK_SECONDS
        return [peer.node for peer in made]

    with caplog.at_level(logging.INFO):
        assert replaced(f"b https://b {B.public}\nc http://10.0.0.9 {C.public}\n") == ["b", "c"]
        assert "10.0.0.9 is neither https nor on this machine" in caplog.text
        assert replaced("nonsense\n") == ["b", "c"]
        assert "stays in force: ROUTER_PEERS_FILE, peer 1" in caplog.text
        assert replaced(None) == ["b", "c"]
        assert "cannot be read" in caplog.text
        assert replaced(f"c https://c {C.public}\n") == ["c"]
        assert made.find("b") is None
        assert replaced("") == []


def test_a_new_list_that_cannot_be_read_yet_counts_as_soon_as_it_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A copy that only root may read, and then `chmod`: its content, size and mtime stay equal."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        file, new, clock = Path(folder, "peers"), Path(folder, "new"), Clock()
        file.write_text(f"b https://b {B.public}\nc https://c {C.public}\n")
        made = PeerBook("a", PeerSettings(peers_file=str(file), node_key_file="k"), clock)

        def seen() -> list[str]:
            clock.now += LOOK_SECONDS
            with unprivileged():
                return [peer.node for peer in made]

        new.write_text(f"c https://c {C.public}\n")
        new.chmod(0)
        new.replace(file)
        assert [seen(), seen()] == [["b", "c"]] * 2
        assert caplog.text.count("cannot be read: Permission denied") == 1
        file.chmod(0o644)
        assert seen() == ["c"]
        file.chmod(0)
        assert seen() == ["c"]
        assert caplog.text.count("cannot be read: Permission denied") == 2


def test_a_file_that_fails_for_a_moment_is_read_again_though_it_stayed_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, clock = tmp_path / "peers", Clock()
    file.write_text(f"b https://b {B.public}\nc https://c {C.public}\n")
    made = PeerBook("a", PeerSettings(peers_file=str(file), node_key_file="k"), clock)
    file.write_text(f"c https://c {C.public}\n")

    def fails(*_: object) -> str:
        raise OSError(errno.EIO, "Input/output error")

    clock.now += LOOK_SECONDS
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", fails)
        assert made.find("b") is not None
    clock.now += LOOK_SECONDS
    assert made.find("b") is None


def test_what_is_said_of_peers_is_no_line_of_the_access_log() -> None:
    """The access log takes all loggers below its own name, and is off by default."""
    assert not log.name.startswith(ACCESS)


def test_a_list_that_is_not_there_or_not_text_ends_the_start(tmp_path: Path) -> None:
    file = tmp_path / "peers"
    settings = PeerSettings(peers_file=str(file), node_key_file="k")
    with pytest.raises(ConfigError, match=r"ROUTER_PEERS_FILE: .* cannot be read"):
        PeerBook("a", settings)
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        PeerBook("a", settings)


def test_a_key_is_written_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "key"
    before = os.umask(0)
    try:
        A.write(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert NodeKey.read(path, "X").public == A.public
    with pytest.raises(FileExistsError):
        B.write(path)
    assert NodeKey.read(path, "X").public == A.public


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644])
def test_a_key_that_every_user_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    A.write(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=r"X: every user may read .*: chmod 600"):
        NodeKey.read(path, "X")
    path.chmod(0o640)
    assert NodeKey.read(path, "X").public == A.public


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with pytest.raises(ConfigError, match=r"X: .* cannot be read"):
        NodeKey.read(path, "X")
    other = Ed448PrivateKey.generate()
    for data in (
        b"", b"key", other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):  # fmt: skip
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(ConfigError, match="does not hold an Ed25519 private key"):
            NodeKey.read(path, "X")


def peering(tmp_path: Path, peers: str, **more: str) -> Peering:
    path = tmp_path / "key"
    if not path.exists():
        A.write(path)
    found = load_peering("a", PeerSettings(peers=peers, node_key_file=str(path), **more))
    assert found is not None
    return found


def test_what_is_probably_a_mistake_is_said(tmp_path: Path) -> None:
    good = peering(tmp_path, f"a https://a {A.public}, b https://b {B.public}")
    assert [*good.warnings("https://a")] == []
    made = peering(tmp_path, f"a https://a {C.public}, b http://b {B.public}")
    plain, key, url = made.warnings("https://other")
    assert "node b can be read and changed on the network: http://b" in plain
    assert "another key for this node (a)" in key
    assert "https://a" in url
    assert "https://other" in url


def test_the_certificates_of_the_setting_are_read_at_the_start(tmp_path: Path) -> None:
    made = certificate(tmp_path, "ca")
    peers = f"b https://b {B.public}"
    held = peering(tmp_path, peers, ca_file=str(made.file)).tls.cert_store_stats()
    assert held["x509"] == 1, "these alone, not those of the system"
    with pytest.raises(ConfigError, match=r"ROUTER_PEERS_CA: .* cannot be read"):
        peering(tmp_path, peers, ca_file=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="holds no certificates"):
        peering(tmp_path, peers, ca_file=str(tmp_path / "key"))


def test_without_peers_nothing_is_read() -> None:
    assert load_peering("a", PeerSettings(node_key_file="/nowhere")) is None
