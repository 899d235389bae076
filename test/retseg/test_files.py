"""Files: suffixes and stems, and writing that shows the old file or the new one, never a half."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import pytest

from retseg.files import (
    IMAGE_SUFFIXES,
    PLATFORM_SUFFIXES,
    OutputError,
    find_stem,
    has_suffix,
    replacing,
    replacing_all,
    split_suffix,
)


def test_a_suffix_is_the_whole_image_suffix_in_lower_case() -> None:
    assert split_suffix("a/b.v1.NII.GZ") == ("a/b.v1", ".nii.gz")
    assert split_suffix("photograph.JPEG") == ("photograph", ".jpeg")
    assert split_suffix("notes.txt") == ("notes.txt", "")


def test_a_stem_has_neither_folder_nor_image_suffix() -> None:
    assert find_stem(PurePosixPath("a.b/case.1.nii.gz")) == "case.1"
    assert find_stem(PurePosixPath("a/IDRiD_01")) == "IDRiD_01"
    assert find_stem(PurePosixPath("a/scan.1")) == "scan.1"


def test_a_file_is_judged_by_the_end_of_its_name() -> None:
    assert has_suffix(PurePosixPath("a/x.TIFF"), PLATFORM_SUFFIXES)
    assert not has_suffix(PurePosixPath("a/x.png"), PLATFORM_SUFFIXES)
    assert not has_suffix(PurePosixPath("a.png/x"), IMAGE_SUFFIXES)


def test_a_failure_on_the_way_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail_half_way() -> None:
        with replacing(target) as beside:
            beside.write_text("half of the new")
            assert target.read_text() == "old"
            raise KeyError("stopped")

    with pytest.raises(KeyError):
        fail_half_way()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert target.read_text() == "old"


def test_while_a_file_is_written_its_folder_shows_no_picture(tmp_path: Path) -> None:
    with replacing(tmp_path / "deep/a.mha") as beside:
        beside.write_text("new")
        assert [path.name for path in (tmp_path / "deep").iterdir() if not path.name.startswith(".")] == []
        assert beside.stat().st_dev == tmp_path.stat().st_dev
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.mha"]


def test_a_file_is_on_the_disk_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda _: flushed.append((tmp_path / "a.txt").exists()))
    with replacing(tmp_path / "a.txt") as beside:
        beside.write_text("new")
    assert flushed == [False]


def test_a_killed_process_leaves_the_old_file_and_the_next_one_tidies_up(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    code = f"""
import os, signal
from pathlib import Path
from retseg.files import replacing
with replacing(Path({str(tmp_path / "a.txt")!r})) as beside:
    beside.write_text("new")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "a.txt").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    with replacing(tmp_path / "b.txt") as beside:
        beside.write_text("of the next process")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def test_the_temporary_files_of_a_running_process_are_left_alone(tmp_path: Path, repository: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from retseg.files import replacing
with replacing(Path({str(tmp_path / "slow.txt")!r})) as beside:
    beside.write_text("slow")
    print("writing", flush=True)
    sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as slow:
        assert slow.stdout is not None
        assert slow.stdout.readline() == "writing\n"
        with replacing(tmp_path / "quick.txt") as beside:
            beside.write_text("quick")
        slow.communicate("go on\n", timeout=30)
    assert slow.returncode == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"slow.txt": "slow", "quick.txt": "quick"}


def test_sigterm_between_two_files_waits_until_all_have_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise SystemExit(143)

    rename = Path.replace

    def rename_and_be_stopped(path: Path, target: Path) -> Path:
        signal.raise_signal(signal.SIGTERM)
        time.sleep(0)
        return rename(path, target)

    earlier = signal.signal(signal.SIGTERM, stop)
    monkeypatch.setattr(Path, "replace", rename_and_be_stopped)
    try:
        with pytest.raises(SystemExit), replacing_all(tmp_path) as staging:
            for name in "abcde":
                (staging / name).write_text("mask")
        assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGTERM, earlier)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "d", "e"]


def test_a_folder_that_is_a_link_out_of_the_output_is_refused(tmp_path: Path) -> None:
    for name in ("output", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "output/images").symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(OutputError, match=r"vessel leads out of .*output by a link: remove the link"),
        replacing_all(tmp_path / "output") as staging,
    ):
        (staging / "images/vessel").mkdir(parents=True)
        (staging / "images/vessel/a.mha").write_text("mask")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["images"]


def test_a_full_disk_is_told_by_the_folder_and_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    sentence = r"cannot be written \(No space left on device\): give a folder"
    with pytest.raises(OutputError, match=sentence), replacing(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_an_error_about_another_file_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a.txt"):
        (tmp_path / "missing").read_text()
    assert list(tmp_path.iterdir()) == []


def test_files_appear_together_when_the_block_succeeds(tmp_path: Path) -> None:
    output = tmp_path / "new" / "output"
    with replacing_all(output) as staging:
        (staging / "images/x").mkdir(parents=True)
        (staging / "images/x/a.mha").write_text("mask")
        assert not (output / "images").exists()
    assert [path.relative_to(output).as_posix() for path in sorted(output.rglob("*"))] == [
        "images",
        "images/x",
        "images/x/a.mha",
    ]


def test_no_file_appears_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), replacing_all(tmp_path) as staging:
        (staging / "a.mha").write_text("half a mask")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_when_the_second_of_two_files_cannot_be_moved(tmp_path: Path) -> None:
    (tmp_path / "b.mha").mkdir()
    with pytest.raises(OutputError, match=r"b\.mha cannot be written"), replacing_all(tmp_path) as staging:
        (staging / "a.mha").write_text("mask")
        (staging / "b.mha").write_text("mask")
    assert [path.name for path in tmp_path.iterdir()] == ["b.mha"]


def test_a_folder_that_cannot_be_written_is_named_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("a file")
    with pytest.raises(OutputError, match="output cannot be written"), replacing_all(tmp_path / "output"):
        pytest.fail("the block must not run")
