"""Draw small valid files of every kind that is read, and mutate them with a fixed seed."""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import SimpleITK
from PIL import Image as Pillow

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


def make_file(seeds: list[bytes], name: str, number: int, seed: int) -> bytes:
    """The bytes of one execution."""
    rng = np.random.default_rng([seed, number, zlib.crc32(name.encode())])
    return mutate(seeds[number % len(seeds)], rng, name)
