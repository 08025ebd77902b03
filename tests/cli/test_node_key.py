"""`hero_router node-key`: the key of a node, of which only the public half is shown."""

from pathlib import Path

from click.testing import CliRunner, Result

from hero_router.access.ed25519 import NodeKey
from hero_router.cli import main
from hero_router.settings.peers import parse_peers


def run(file: Path) -> Result:
    return CliRunner().invoke(main, ["node-key", str(file)])


def test_it_makes_a_key_once_and_shows_the_half_that_peers_need(tmp_path: Path) -> None:
    file = tmp_path / "key"
    made = run(file)
    assert made.exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    (public,) = made.output.split()
    assert public == NodeKey.read(file, "X").public
    assert parse_peers(f"a https://a.example {public}", "here")
    before = file.read_bytes()
    assert run(file).output == made.output
    assert file.read_bytes() == before


def test_what_stands_in_its_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    (tmp_path / "text").chmod(0o600)
    for file, why in (
        (tmp_path / "no" / "key", "cannot be written"),
        (tmp_path / "text", "not hold"),
    ):
        answer = run(file)
        assert answer.exit_code == 2
        assert why in answer.output
