"""`swarm graph`: edge lists and worlds in, tables and a picture out, and a sentence for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from swarm_consensus.cli import main
from swarm_consensus.errors import InputError
from swarm_consensus.run.graph_file import parse_edges, read_graph

TRAP = "\n".join(
    ["# two K4 and a matching"]
    + [f"{base + i} {base + j}" for base in (0, 4) for i in range(4) for j in range(i)]
    + [f"{i}, {i + 4}, 1.0" for i in range(4)]
)


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    path = tmp_path / "trap.csv"
    path.write_text(TRAP)
    return path


def test_numbers_are_in_order_and_names_as_they_come() -> None:
    assert parse_edges("10 9\n9 -1", "x")[0] == ("-1", "9", "10")
    assert parse_edges("b a\na 7", "x")[0] == ("b", "a", "7")


def test_blanks_commas_and_comments() -> None:
    names, weights = parse_edges("a b  # first\n\n# none\nb,c,2.5\nalone\n", "x")
    assert names == ("a", "b", "c", "alone")
    assert weights == {("a", "b"): 1.0, ("b", "c"): 2.5}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has 0 nodes"),
        ("a a", r"links 'a' to itself \(line 1\)"),
        ("a b\nb a", r"a second time; links work both ways \(line 2\)"),
        ("a b x", "weight is 'x', must be a number"),
        ("a b -1", "must be positive"),
        ("a b nan", "must be positive and finite"),
        ("a b 1 2", "has 4 words"),
        ("\n".join(f"{i}" for i in range(2001)), "has 2001 nodes"),
    ],
)
def test_what_is_wrong_in_a_list_is_a_sentence(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_edges(text, "x.txt")


def test_all_wrong_lines_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_edges("a a\nb c\nb c zero", "x")
    assert len(caught.value.problems) == 2


def test_the_graph_of_a_world_is_that_of_its_start() -> None:
    graph = read_graph("swap")
    assert len(graph.names) == 4
    assert graph.position is not None
    assert graph.adjacency.shape == (4, 4)
    assert not (read_graph("rendezvous", 1).position == read_graph("rendezvous", 2).position).all()


def test_the_report_tells_the_trap(trap: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", str(trap)]) == 0
    lines = capsys.readouterr().out.splitlines()

    def row(name: str) -> str:
        return next(line for line in lines if name in line)

    assert "8, 16" in row("nodes, links")
    assert "0, 1, 2, 3 | 4, 5, 6, 7" in row("weakest two groups")
    assert " 0 " in row("liars it bears, in all")
    assert "0.333333" in row("fastest")  # lambda 2, 4, 6 of the product: best of two weights has norm 1/3


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
@pytest.mark.parametrize("source", ["list", "swap"])
def test_a_picture_is_drawn(source: str, ending: str, start: bytes, trap: Path, tmp_path: Path) -> None:
    out = tmp_path / f"graph.{ending}"
    assert main(["graph", str(trap) if source == "list" else source, "--draw", str(out)]) == 0
    assert out.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("text", "words"), [("a b\nc d", "falls into 2 parts"), ("a b c d", "has 4 words"), ("\xff\xfe", "")]
)
def test_a_file_that_is_no_graph_ends_with_2(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(text.encode("latin-1"))
    assert main(["graph", str(path)]) == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert "Traceback" not in shown


def test_a_missing_file_and_a_missing_folder_end_with_2(
    trap: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graph", str(tmp_path / "trpa.csv")]) == 2
    assert "did you mean 'trap.csv'?" in capsys.readouterr().err
    assert main(["graph", str(trap), "--draw", str(tmp_path / "no" / "graph.svg")]) == 2
    assert "no such file or directory" in capsys.readouterr().err
