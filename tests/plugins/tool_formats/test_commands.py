"""``mlxkernel tools``."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mlxkernel.errors import MlxKernelError
from mlxkernel_plugins.tool_formats import FORMATS, mlxkernel_register_commands

TEXT = 'Hi.\n<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'
OWN = '[tool_formats.mine]\nshape = "json"\ncall = ["<call>", "</call>"]\n'


def program() -> typer.Typer:
    cli = typer.Typer()
    mlxkernel_register_commands(cli)
    cli.command("other")(lambda: None)
    return cli


def run(*arguments: str, text: str = "") -> tuple[int, str, str]:
    done = CliRunner().invoke(program(), ["tools", *arguments], input=text)
    if isinstance(done.exception, MlxKernelError):
        return done.exit_code, done.stdout, str(done.exception)
    return done.exit_code, done.stdout, done.stderr


def test_list_names_every_format() -> None:
    code, output, _ = run("list")
    assert code == 0
    assert [line.split()[0] for line in output.splitlines()] == [format.name for format in FORMATS]


def test_try_shows_words_and_calls(tmp_path: Path) -> None:
    file = tmp_path / "answer.txt"
    file.write_text(TEXT, encoding="utf-8")
    assert run("try", "hermes", str(file)) == (0, "text  'Hi.'\ncall  f {\"a\": 1}\n", "")
    assert run("try", "hermes", "-", "--json", text=TEXT)[1].splitlines() == [
        '{"kind":"text","text":"Hi."}',
        '{"kind":"call","name":"f","arguments":"{\\"a\\": 1}","whole":true}',
    ]


def test_try_knows_the_formats_of_a_mlx_toml(tmp_path: Path) -> None:
    config = tmp_path / "mlx.toml"
    config.write_text(OWN, encoding="utf-8")
    text = '<call>{"name": "f"'
    assert run("try", "mine", "-", "-c", str(config), text=text)[1] == "call  f {}  (malformed or cut off)\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("try", "hermez", "-"), "there is no tool format 'hermez'; did you mean 'hermes'?"),
        (("try", "zzz", "-"), "there is no tool format 'zzz'; see mlxkernel tools list"),
        (("try", "hermes", "no/such/file"), "no/such/file: cannot be read: "),
        (("list", "-c", "no/such/file"), "no/such/file: its [tool_formats] cannot be read: "),
    ],
)
def test_errors_are_one_line(arguments: tuple[str, ...], words: str) -> None:
    code, output, error = run(*arguments)
    assert (code, output) == (1, "")
    assert error.startswith(words)


def test_a_text_without_a_call_is_exit_code_1() -> None:
    code, output, error = run("try", "hermes", "-", text="Hello.")
    assert (code, output, error) == (
        1,
        "text  'Hello.'\n",
        "The text holds no call in the format 'hermes'.\n",
    )
