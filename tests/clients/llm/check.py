"""The `llm` command, with the server in its extra-openai-models.yaml."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from checklist import check, main
from page import blocks
from picture import red_square

WEATHER = """
def get_weather(city: str) -> str:
    "Get the current weather in a city"
    return f"It is 18 degrees and sunny in {city}."
"""
_PLACE = tempfile.TemporaryDirectory(prefix="llm-")  # removed when this process ends
FOLDER = Path(_PLACE.name)


def run(url: str, command: list[str]) -> str:
    """What the command writes; it finds the page's models, and keeps its log in a folder of this run."""
    (models,) = blocks("yaml", url)
    (FOLDER / "extra-openai-models.yaml").write_text(models)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        env={**os.environ, "PATH": path, "LLM_USER_PATH": str(FOLDER)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def llm(url: str, *arguments: str) -> str:
    return run(url, ["llm", *arguments])


@check("the page's commands")
def page(url: str) -> None:
    talk, tool = (run(url, ["bash", "-euc", commands]) for commands in blocks("sh", url))
    assert "Alice" in talk.splitlines()[1], talk
    assert "18" in tool, tool


@check("llm models lists it")
def listed(url: str) -> None:
    assert ": tiny\n" in llm(url, "models"), llm(url, "models")


@check("a prompt, streamed and whole")
def prompt(url: str) -> None:
    asked = ("-m", "tiny", "-o", "temperature", "0", "-s", "Your name is Nora.", "What is your name?")
    streamed = llm(url, *asked)
    assert "Nora" in streamed, streamed
    assert llm(url, "--no-stream", *asked) == streamed


@check("a conversation goes on with -c")
def conversation(url: str) -> None:
    llm(url, "-m", "tiny", "-o", "temperature", "0", "My name is Alice.")
    assert "Alice" in llm(url, "-c", "-o", "temperature", "0", "What is my name?")


@check("a Python function as a tool")
def tools(url: str) -> None:
    asked = ("-m", "tiny", "-o", "temperature", "0", "--functions", WEATHER, "What is the weather in Paris?")
    for mode in ((), ("--no-stream",)):
        said = llm(url, *mode, *asked)
        assert "18" in said, said


@check("an answer by a schema")
def schema(url: str) -> None:
    asked = ("-m", "tiny", "-o", "temperature", "0", "--schema", "name, age int", "Alice is 7 years old.")
    person = json.loads(llm(url, *asked))
    assert isinstance(person["name"], str) and isinstance(person["age"], int), person


@check("what it logs has the usage")
def logged(url: str) -> None:
    llm(url, "-m", "tiny", "Hello!")
    (entry,) = json.loads(llm(url, "logs", "-n", "1", "--json"))
    assert entry["input_tokens"] > 0 and entry["output_tokens"] > 0, entry


@check("a picture as an attachment")
def picture(url: str) -> None:
    file = FOLDER / "square.png"
    file.write_bytes(red_square())
    said = llm(
        url, "-m", "tiny-vision", "-o", "temperature", "0", "What color is the shape?", "-a", str(file)
    )
    assert "red" in said.lower(), said


main()
