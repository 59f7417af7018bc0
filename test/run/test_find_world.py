"""Finding a world by path or name, and reading it from disk."""

from pathlib import Path

import pytest

from swarm_consensus.errors import InputError
from swarm_consensus.run.worlds import find_world, load, worlds

SHIPPED = Path(__file__).parents[2] / "worlds"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and no installation but what a test makes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    monkeypatch.setattr("sys.prefix", str(tmp_path / "prefix"))
    return tmp_path


def told(function: object, argument: object) -> str:
    with pytest.raises(InputError) as caught:
        function(argument)  # type: ignore[operator]
    (problem,) = caught.value.problems
    return problem


def installed(prefix: Path, name: str) -> Path:
    folder = prefix / "share" / "swarm_consensus" / "worlds"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text("name: here")
    return path


def test_a_path_is_taken_as_it_is(here: Path) -> None:
    (here / "mine.txt").write_text("x")
    assert find_world("mine.txt") == Path("mine.txt")


def test_a_name_is_looked_for_in_worlds_here_first(here: Path) -> None:
    (here / "worlds").mkdir()
    (here / "worlds" / "zebra.yaml").write_text("x")
    installed(here / "prefix", "zebra")
    assert find_world("zebra") == Path("worlds/zebra.yaml")


def test_a_name_is_found_where_the_package_was_installed(here: Path) -> None:
    zebra = installed(here / "prefix", "zebra")
    assert find_world("zebra") == zebra
    assert zebra in worlds()


def test_a_name_is_found_in_every_ros_overlay(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zebra = installed(here / "second", "zebra")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{here / 'first'}:{here / 'second'}")
    assert find_world("zebra") == zebra


def test_a_folder_called_like_a_world_does_not_hide_it(here: Path) -> None:
    zebra = installed(here / "prefix", "zebra")
    (here / "zebra").mkdir()
    assert find_world("zebra") == zebra


def test_an_unknown_name_gets_the_nearest_one(here: Path) -> None:
    installed(here / "prefix", "zebra")
    assert told(find_world, "zebr") == "there is no world 'zebr'; did you mean 'zebra'?"
    assert told(find_world, "quux") == "there is no world 'quux'"


@pytest.mark.parametrize("function", [find_world, load])
def test_a_missing_file_gets_the_nearest_name_in_its_folder(here: Path, function: object) -> None:
    (here / "sub").mkdir()
    (here / "sub" / "mine.yaml").write_text("x")
    assert told(function, "sub/mien.yaml") == "sub/mien.yaml: no such file; did you mean 'mine.yaml'?"
    assert told(function, "nowhere/mine.yaml") == "nowhere/mine.yaml: there is no folder nowhere"


@pytest.mark.parametrize("function", [find_world, load])
def test_a_folder_is_no_world(here: Path, function: object) -> None:
    (here / "sub.d").mkdir()
    assert told(function, "sub.d") == "sub.d: a folder, must be a file"
    (here / "sub.d" / "mine.yaml").write_text("x")
    assert told(function, "sub.d") == "sub.d: a folder, must be a file: one of mine.yaml"


def test_a_binary_file_is_no_world(here: Path) -> None:
    (here / "photo.yaml").write_bytes(b"\x89PNG\xff\xfe\x00")
    assert told(load, "photo.yaml") == "photo.yaml: not a text file in UTF-8"


def test_an_empty_file_is_no_world(here: Path) -> None:
    (here / "empty.yaml").touch()
    assert told(load, "empty.yaml").startswith("empty.yaml: the file is empty, must be a mapping with the keys")


def test_a_file_that_vanishes_or_may_not_be_read_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    (here / "mine.yaml").write_text("x")
    monkeypatch.setattr(Path, "read_text", refuse)
    assert told(load, "mine.yaml") == "mine.yaml: permission denied"


@pytest.mark.parametrize("name", ["a\0b", "x" * 300])
def test_a_name_that_no_file_can_have_is_told(here: Path, name: str) -> None:
    assert told(find_world, name).startswith("there is no world '")
    assert "no such file" in told(find_world, f"{name}.yaml")
    assert "no such file" in told(load, name)


def test_a_file_from_windows_is_read(here: Path) -> None:
    text = (SHIPPED / "alone.yaml").read_text(encoding="utf-8")
    (here / "alone.yaml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load("alone.yaml") == load(SHIPPED / "alone.yaml")
