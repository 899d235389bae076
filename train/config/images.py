"""The tables of a recipe about its images: which images it uses, and how they are cut into tiles."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Images to train on.

    Attributes:
        folder: of the official download, in the folder of data sets.
        challenge: its `[[ground_truth]]` layouts and its splits are those of the data set: a name, or the path of its
            TOML file from the folder of data sets. Every challenge also reads a plain folder with `images/`,
            `masks/<task>/` and, where there is one, `fov/`; of a single task, its masks may lie in `masks/` itself.
            Empty for a `Dataset` folder of nnU-Net, whose labels are the tasks.
        split: of the challenge; in a folder of nnU-Net `test` names `imagesTs` and `labelsTs`.
        cases: patterns of the names that are used, if no split is named.
        patient: a regular expression. Its first group is the patient in the name of an image. Without one, each image
            counts as a patient of its own.
        with_lesion: leave out images that come without a mask of one of the tasks.
        optional: leave the source out if its folder, or the truth of all its images, is absent; for tests only.
        healthy: the eyes have no lesion of any task: every truth is empty, and no mask is read.
        count: how many images must be there, as of an official split; 0 for any number.
    """

    folder: str
    challenge: str = ""
    split: str = ""
    cases: tuple[str, ...] = ("*",)
    patient: str = ""
    with_lesion: bool = False
    optional: bool = False
    healthy: bool = False
    count: int = 0


@dataclass(frozen=True)
class Supplement:
    """Images with a truth for some of the tasks only. They are trained on, never held out, and never scored.

    Attributes:
        folder: in the folder of data sets.
        challenge: its layouts are those of the folder, as in `Source`.
        tasks: that it has a truth for; other tasks are not trained on these images.
        eyes: the folder of a source. Images of the same name show the same eye. While an image of the source is held
            out, the one of the supplement is not trained on.
        diameter: the longer side of the region that the network sees, in pixels after resizing, so that its scale is
            that of the sources; 0 does not resize.
        grey_masks: masks are grey at the borders of lesions, and count from 128 on; otherwise they have two values.
        split: of the challenge; all images when empty.
        healthy: the eyes have no lesion of `tasks`: every truth is empty, and no mask is read.
    """

    folder: str
    challenge: str
    tasks: tuple[str, ...]
    eyes: str = ""
    diameter: int = 0
    grey_masks: bool = False
    split: str = ""
    healthy: bool = False


@dataclass(frozen=True)
class Tiles:
    """Images are cut into tiles before they are divided into folds.

    Attributes:
        side: of a tile in pixels; pixels at the border that do not fill a tile are left out. 0 keeps images whole.
        copies: of each tile, up to eight, each rotated or mirrored in another way.
        parted: deal single tiles and copies instead of patients, so that parts of one eye are on both sides of the
            split. This is a leak; it shows how a leak changes a score.
    """

    side: int = 0
    copies: int = 1
    parted: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.copies <= 8 or (not self.side and (self.copies > 1 or self.parted)):
            raise ValueError(
                f"tiles come in 1 to 8 copies and need a side, found side {self.side}, {self.copies} copies"
            )
