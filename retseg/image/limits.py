"""What one image may claim. A header is compared with these limits before anything is decoded."""

from dataclasses import dataclass

from retseg.image.image import LimitError

MOST_PIXELS = 1 << 26
"""Pixels of an image, 8192 x 8192. The largest fundus cameras give about 50 million."""

MOST_BYTES = 1 << 29
"""Bytes of the decoded pixels, 512 MiB."""

MOST_FILE_BYTES = 1 << 30
"""Bytes of the file, 1 GiB."""


@dataclass(frozen=True)
class Limits:
    """The most that one image may claim.

    Attributes:
        pixels: width x height.
        pixel_bytes: of the decoded pixels, all channels.
        file_bytes: of the file as it is stored.
    """

    pixels: int = MOST_PIXELS
    pixel_bytes: int = MOST_BYTES
    file_bytes: int = MOST_FILE_BYTES

    def check_size(self, width: int, height: int, bytes_per_pixel: int) -> None:
        """Compare what a header claims with the limits.

        Raises:
            LimitError: it claims too many pixels, or too many bytes.
        """
        if width * height > self.pixels:
            raise LimitError(
                f"claims {width} x {height} pixels, and the limit is {self.pixels} pixels: give a smaller image, or "
                "raise --max-pixels to segment it"
            )
        needed = width * height * bytes_per_pixel
        if needed > self.pixel_bytes:
            raise LimitError(
                f"claims {width} x {height} pixels of {bytes_per_pixel} bytes, and the limit is {self.pixel_bytes} "
                "bytes: save it with 8 bits for each colour"
            )

    def check_file(self, size: int) -> None:
        """Compare the size of a file, in bytes, with the limit.

        Raises:
            LimitError: it is larger.
        """
        if size > self.file_bytes:
            raise LimitError(f"has {size} bytes, and the limit is {self.file_bytes} bytes: give a smaller file")


DEFAULT_LIMITS = Limits()


def allow_pixels(count: int | None) -> Limits:
    """The limits with another number of pixels, of eight bytes at most; the default ones for None."""
    return DEFAULT_LIMITS if count is None else Limits(count, 8 * count)
