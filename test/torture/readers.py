"""Mutate small valid files with a fixed seed, and give them to every reader: each must be decoded or refused, quickly.

    python test/torture/readers.py [--seconds N | --executions N] [--seed N] [--only NAME]

A forked child runs the readers, with 1 GiB of memory above what it begins with. It is replaced when it dies, and killed
when one file takes more than five seconds. The same seed and number make the same file. The counts are printed.
The exit status is 1 where a file crashed it, took too long, or ended in an internal error.
"""

import argparse
import contextlib
import gzip
import os
import resource
import select
import signal
import struct
import sys
import tempfile
import time
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import SimpleITK
from PIL import Image as Pillow

from retseg.challenge import Challenge, load_challenge
from retseg.container.inputs import choose_image_socket, choose_interface, find_image, read_inputs
from retseg.errors import RetsegError, explain, is_expected
from retseg.evaluation.inputs.predictions import find_predictions
from retseg.image import read_image, read_mask

DEADLINE, MEMORY = 5.0, 1 << 30
DECODED, REFUSED, FAULT = b"D", b"R", b"F"
OUTCOMES = {DECODED: "decoded", REFUSED: "refused", FAULT: "internal errors", b"": "crashed", b"H": "hung"}
BAD = ("internal errors", "crashed", "hung")
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WORDS = (
    b"-1",
    b"0",
    b"1e308",
    b"nan",
    b"9" * 5000,
    b"../x",
    b"%s%n",
    b"[" * 3000,
    b"\\u0000",
    b"\\ud800",
    b"LIST",
    b"True",
)

Read = Callable[[Path], object]


def draw_seeds(folder: Path) -> dict[str, list[bytes]]:
    """Small valid files by the ending of their names."""
    grey = (np.arange(23 * 31).reshape(23, 31) % 251).astype(np.uint8)
    colour = np.dstack([grey, grey[::-1], grey[:, ::-1]])
    seeds: dict[str, list[bytes]] = {}

    def keep(suffix: str, write: Callable[[Path], object]) -> None:
        path = folder / f"seed{suffix}"
        write(path)
        seeds.setdefault(suffix, []).append(path.read_bytes())

    for values in (grey, colour, grey.astype(np.float32), grey.astype(np.int16)):
        stored = SimpleITK.GetImageFromArray(values, isVector=values.ndim == 3)
        for suffix in (".mha", ".nii", ".nii.gz"):
            for packed in (False, True):
                keep(suffix, lambda path, stored=stored, packed=packed: SimpleITK.WriteImage(stored, str(path), packed))
    picture, mask = Pillow.fromarray(colour), Pillow.fromarray(grey > 90)
    for image in (picture, Pillow.fromarray(grey), picture.convert("P"), picture.convert("RGBA"), mask):
        keep(".png", image.save)
        if image.mode != "RGBA":
            keep(".bmp", image.save)
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            keep(".tif", lambda path, image=image, how=compression: image.save(path, compression=how))
    keep(".png", lambda path: picture.save(path, save_all=True, append_images=[picture.rotate(90)]))
    keep(".tif", lambda path: mask.save(path, compression="group4"))
    keep(".tif", lambda path: picture.save(path, compression="jpeg"))
    keep(".tif", lambda path: cv2.imwrite(str(path), grey.astype(np.float32)))
    for image in (picture, Pillow.fromarray(grey)):
        for how in ({}, {"progressive": True}, {"restart_marker_blocks": 2}, {"subsampling": 0}):
            keep(".jpg", lambda path, image=image, how=how: image.save(path, **how))
    for interlaced in (0, 1):
        keep(".gif", lambda path, interlaced=interlaced: Pillow.fromarray(grey).save(path, interlace=interlaced))
    for content in (seeds[".png"][1], seeds[".tif"][4], seeds[".nii.gz"][0]):
        keep(".zip", lambda path, content=content: pack(path, content))
    slug = "color-fundus-image"
    inputs = (
        f'[{{"socket": {{"slug": "{slug}", "relative_path": "images/color-fundus"}}, "image": {{"name": "a.png"}}}}]'
    )
    seeds["inputs.json"] = [inputs.encode()]
    output = (
        '[{"socket": {"slug": "binary-vessel-segmentation", "relative_path": "images/binary-vessel-segmentation"}}]'
    )
    job = f'[{{"pk": "one", "status": "Succeeded", "inputs": {inputs}, "outputs": {output}}}]'
    seeds["predictions.json"] = [job.encode()]
    seeds[".toml"] = [path.read_bytes() for path in sorted(Path("challenges").glob("*.toml"))[:3]]
    return seeds


def pack(path: Path, content: bytes) -> None:
    """A zip archive of one member."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("01_test.png", content)


def mutate(data: bytes, rng: np.random.Generator, suffix: str) -> bytes:
    """Change a file at one to five places. The checksums of most PNG and gzip files are then made right again."""
    outer = suffix == ".nii.gz" and rng.random() < 0.7
    changed = bytearray(gzip.decompress(data) if outer else data)
    front = min(len(changed), 360) if rng.random() < 0.6 else len(changed)
    for _ in range(1 + int(rng.geometric(0.6)) % 4 if rng.random() < 0.3 else 1):
        at = int(rng.integers(0, max(1, min(front, len(changed)))))
        choice = int(rng.choice(7, p=(0.3, 0.2, 0.2, 0.07, 0.07, 0.1, 0.06)))
        if choice == 0 and changed:
            changed[at] ^= 1 << int(rng.integers(0, 8))
        elif choice == 1 and changed:
            changed[at] = int(rng.integers(0, 256))
        elif choice == 2:
            form = ("<B", "<H", ">H", "<I", ">I")[int(rng.integers(0, 5))]
            size = struct.calcsize(form)
            value = INTERESTING[int(rng.integers(0, len(INTERESTING)))] & (256**size - 1)
            changed[at : at + size] = struct.pack(form, value)
        elif choice == 3:
            del changed[at : at + int(rng.integers(1, 40))]
        elif choice == 4:
            start = int(rng.integers(0, max(1, len(changed))))
            changed[at:at] = changed[start : start + int(rng.integers(1, 60))]
        elif choice == 5:
            word = WORDS[int(rng.integers(0, len(WORDS)))]
            changed[at : at + int(rng.integers(0, 6))] = word
        else:
            changed = changed[: max(at, 1)]
    mended = bytes(changed)
    if suffix == ".png" and rng.random() < 0.7:
        mended = mend_png(mended)
    return gzip.compress(mended, 1) if outer else mended


def mend_png(data: bytes) -> bytes:
    """The same chunks with right checksums."""
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + min(length, len(data))]
        parts.append(struct.pack(">I", max(len(body) - 4, 0)) + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + length
    return b"".join(parts)


def read_case(path: Path, challenge: Challenge) -> object:
    """Find the image of `inputs.json`, as `process.py` does."""
    sockets = read_inputs(path)
    choose_interface(challenge, (socket.slug for socket in sockets))
    return find_image(path.parent, choose_image_socket(challenge, sockets))


def read_archive(path: Path, challenge: Challenge) -> object:
    """Read every prediction of an archive or of a folder with `predictions.json`."""
    found = find_predictions(challenge, path, ["01"])
    values = [candidate.source.read() for candidate in found.candidates]
    if not values:
        raise RetsegError("nothing to read")
    return values


def read_both(path: Path) -> object:
    """Read a file as an image and as a mask."""
    image = read_image(path)
    with contextlib.suppress(RetsegError):
        read_mask(path)
    return image


def list_readers() -> dict[str, Read]:
    """The reader of each ending."""
    fundus, drive = load_challenge("fundus"), load_challenge("drive")
    return {
        "inputs.json": lambda path: read_case(path, fundus),
        "predictions.json": lambda path: read_archive(path.parent, drive),
        ".zip": lambda path: read_archive(path, drive),
        ".toml": lambda path: load_challenge(str(path)),
    }


class Child:
    """A process that reads files; it is asked for one file at a time."""

    def __init__(self, folder: Path, seeds: dict[str, list[bytes]], seed: int) -> None:
        ask, self._ask = os.pipe()
        self._answer, answer = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            os.close(self._ask)
            os.close(self._answer)
            serve(ask, answer, folder, seeds, seed)
        os.close(ask)
        os.close(answer)

    def run(self, name: str, number: int) -> bytes:
        """The outcome of one file; the child is dead after a crash and after `hung`."""
        os.write(self._ask, f"{name} {number}\n".encode())
        ready, _, _ = select.select([self._answer], [], [], DEADLINE)
        outcome = os.read(self._answer, 1) if ready else b"H"
        if outcome in (b"H", b""):
            self.end()
        return outcome

    def end(self) -> None:
        """Kill the child, and close its pipes."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self._ask)
        os.close(self._answer)


def serve(ask: int, answer: int, folder: Path, seeds: dict[str, list[bytes]], seed: int) -> None:
    """The loop of the child; never returns."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    readers = list_readers()
    with os.fdopen(ask) as lines:
        for line in lines:
            name, number = line.split()
            path = folder / (name if name.endswith(".json") else f"file{name}")
            path.write_bytes(make_file(seeds[name], name, int(number), seed))
            os.write(answer, execute(readers.get(name, read_both), path, f"{name} {number}"))
    os._exit(0)


def make_file(seeds: list[bytes], name: str, number: int, seed: int) -> bytes:
    """The bytes of one execution."""
    rng = np.random.default_rng([seed, number, zlib.crc32(name.encode())])
    return mutate(seeds[number % len(seeds)], rng, name)


def execute(read: Read, path: Path, what: str) -> bytes:
    """Read one file."""
    try:
        read(path)
        return DECODED
    except RetsegError as error:
        return REFUSED if "\n" not in explain(error) else FAULT
    except Exception as error:
        if is_expected(error):
            return REFUSED
        sys.stdout.write(f"{what}: {traceback.format_exc()}\n")
        sys.stdout.flush()
        return FAULT


def torture(options: argparse.Namespace, folder: Path) -> dict[str, Counter[str]]:
    """Run the readers in turn, until the time is over or the executions are done."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    cv2.setNumThreads(1)
    (folder / "images/color-fundus").mkdir(parents=True)
    seeds = draw_seeds(folder)
    (folder / "images/color-fundus/a.tif").write_bytes(seeds[".tif"][0])
    (folder / "one/output/images/binary-vessel-segmentation").mkdir(parents=True)
    (folder / "one/output/images/binary-vessel-segmentation/a.tif").write_bytes(seeds[".tif"][4])
    names = [name for name in seeds if not options.only or name == options.only]
    counts = {name: Counter[str]() for name in names}
    child = Child(folder, seeds, options.seed)
    end = time.monotonic() + options.seconds
    number = 0
    while number < options.executions and time.monotonic() < end:
        for name in names:
            outcome = OUTCOMES[child.run(name, number)]
            counts[name][outcome] += 1
            if outcome in BAD:
                kept = Path(options.keep) / f"{number}-{outcome.replace(' ', '-')}{name}"
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(make_file(seeds[name], name, number, options.seed))
                print(f"{outcome}: {kept}", flush=True)
            if outcome in ("crashed", "hung"):
                child = Child(folder, seeds, options.seed)
        number += 1
    child.end()
    return counts


def main() -> int:
    """Run, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--executions", type=int, default=10**9, help="of each reader")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--only", default="", help="one reader, such as .png")
    parser.add_argument("--keep", default="runs/torture", help="where files that failed are kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts = torture(options, Path(folder))
    print(f"| reader | executions | {' | '.join(OUTCOMES.values())} |")
    print("|---|---|" + "---|" * len(OUTCOMES))
    for name, found in counts.items():
        cells = " | ".join(str(found[outcome]) for outcome in OUTCOMES.values())
        print(f"| `{name}` | {found.total()} | {cells} |")
    return int(any(found[outcome] for found in counts.values() for outcome in BAD))


if __name__ == "__main__":
    raise SystemExit(main())
