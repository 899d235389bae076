"""Decode the raster formats that are recognised by their first bytes, whatever the name of the file says."""

from collections.abc import Callable, Mapping

from retseg.image import bmp, gif, jpeg, jpeg2000, png, tiff_tags, webp
from retseg.image.image import Raster, UnreadableError, naming_file
from retseg.image.limits import Limits
from retseg.image.tiff_pixels import decode_tiff

DECODERS: Mapping[bytes, Callable[[bytes, Limits], Raster]] = {
    png.MAGIC: png.decode_png,
    jpeg.MAGIC: jpeg.decode_jpeg,
    jpeg2000.MAGIC: jpeg2000.decode_jp2,
    webp.MAGIC: webp.decode_webp,
    bmp.MAGIC: bmp.decode_bmp,
    **dict.fromkeys(gif.MAGICS, gif.decode_gif),
    **dict.fromkeys(tiff_tags.MAGICS, decode_tiff),
}
"""The first bytes of a file to its decoder."""


def is_raster(data: bytes) -> bool:
    """Whether the first bytes are those of a format that is decoded here."""
    return data.startswith(tuple(DECODERS))


def decode_raster(data: bytes, name: str, limits: Limits) -> Raster:
    """Decode a PNG, JPEG, JPEG 2000, WebP, BMP, GIF or TIFF file.

    Args:
        data: the whole file.
        name: of the file, for messages.
        limits: that its header is compared with.

    Raises:
        UnreadableError: no such file, or a damaged one.
        ImageError: it is of a kind that is not read here, or claims too much.
    """
    decode = next((decode for magic, decode in DECODERS.items() if data.startswith(magic)), None)
    if decode is None:
        raise UnreadableError(f"{name} cannot be decoded as an image: it begins like no format that is read here")
    with naming_file(name):
        return decode(data, limits)
