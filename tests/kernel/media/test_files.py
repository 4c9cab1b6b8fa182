"""file: URLs: below the allowed folders and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlxkernel.media.files import Files
from mlxkernel.media.refusal import PictureRefused


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder `allowed` beside a secret, with ways that lead to it."""
    allowed = tmp_path / "allowed"
    (allowed / "sub dir").mkdir(parents=True)
    (allowed / "sub dir" / "a b.png").write_bytes(b"picture")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "allowed-not").mkdir()
    (tmp_path / "allowed-not" / "secret.png").write_bytes(b"secret")
    (allowed / "link.png").symlink_to(allowed / "sub dir" / "a b.png")
    (allowed / "out.png").symlink_to(tmp_path / "secret.png")
    (allowed / "outside").symlink_to(tmp_path)
    (allowed / "circle").symlink_to(allowed / "circle")
    os.mkfifo(allowed / "pipe")
    return tmp_path


def refusal(files: Files, url: str) -> str:
    with pytest.raises(PictureRefused) as caught:
        files.read(url)
    assert caught.value.code == "image_file_not_allowed"
    return caught.value.message


@pytest.mark.parametrize("host", ["", "localhost"])
def test_what_is_inside(tree: Path, host: str) -> None:
    files = Files([str(tree / "allowed")], 100)
    assert files.read(f"file://{host}{tree}/allowed/sub%20dir/a%20b.png") == b"picture"
    assert files.read(f"file://{host}{tree}/allowed/link.png") == b"picture"
    assert files.read(f"file://{host}{tree}/allowed/sub%20dir/../link.png") == b"picture"


@pytest.mark.parametrize(
    "path",
    [
        "/secret.png",
        "/allowed-not/secret.png",
        "/allowed/../secret.png",
        "/allowed/%2e%2e/secret.png",
        "/allowed/out.png",
        "/allowed/outside/secret.png",
        "/allowed/circle",
        "/allowed/pipe",
        "/allowed",
        "/allowed/missing.png",
        "/allowed/link.png?x",
        "/allowed/link.png#x",
        "/allowed/link.png%00",
    ],
)
def test_what_is_not(tree: Path, path: str) -> None:
    files = Files([str(tree / "allowed")], 100)
    assert refusal(files, f"file://{tree}{path}") == (
        "it is no file below a folder that this server may read; "
        "the operator can add the folder to [media] allowed_directories"
    )


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "file://other.host/a", "file:a.png", "file://[", "file:"]
)
def test_without_a_folder_nothing_is_read(url: str) -> None:
    refusal(Files([], 100), url)
    refusal(Files(["."], 100), url)


def test_no_more_than_the_limit_and_one_byte_is_read(tree: Path) -> None:
    assert Files([str(tree / "allowed")], 3).read(f"file://{tree}/allowed/link.png") == b"pict"


@pytest.mark.parametrize("how", ["link", "symlink"])
def test_a_file_that_is_exchanged_after_the_check_is_not_read(
    tree: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Between the check and the opening somebody puts the secret in its place, and takes it away again."""
    target = tree / "allowed" / "plain.png"
    target.write_bytes(b"picture")
    real = os.open

    def opening(path: Path, flags: int) -> int:
        monkeypatch.undo()
        target.unlink()
        getattr(os, how)(tree / "secret.png", target)
        descriptor = real(path, flags & ~os.O_NOFOLLOW)
        target.unlink()
        target.write_bytes(b"another")
        return descriptor

    monkeypatch.setattr(os, "open", opening)
    refusal(Files([str(tree / "allowed")], 100), f"file://{tree}/allowed/plain.png")


def test_folders_that_are_none(tree: Path) -> None:
    with pytest.raises(ValueError) as missing:
        Files([str(tree / "missing")], 1)
    assert str(missing.value) == f"'{tree}/missing' is not there"
    with pytest.raises(ValueError) as file:
        Files([str(tree / "secret.png")], 1)
    assert str(file.value) == f"'{tree}/secret.png' is no folder"
