"""The server of the page: its files, the photographs that are dropped on it, and what was found in them.

Only this module and those of the other server, in `retseg.container`, import FastAPI and uvicorn.
"""

import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from retseg.container.connections import DeadlineProtocol
from retseg.errors import RetsegError, explain
from retseg.image.limits import DEFAULT_LIMITS
from retseg.view.access import HEADERS, Access, RefusedError
from retseg.view.desk import Desk, DeskError, Photograph
from retseg.view.levels import MOST
from retseg.view.measuring import measure_photograph
from retseg.view.names import find_suffix, tidy_name

PAGE = Path(__file__).parent / "page"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
THUMBNAIL = 160
"""Pixels of the longer side."""


def list_page_files() -> dict[str, Path]:
    """The files of the page by their names; the source of results is this server."""
    files = {path.name: path for path in PAGE.iterdir() if path.suffix in KINDS}
    return {**files, "source.js": PAGE / "source-server.js"}


def create_app(desk: Desk, settings: Mapping[str, Any], access: Access, folder: Path) -> FastAPI:
    """The server.

    Args:
        desk: takes the photographs.
        settings: of the page, see `describe_settings`.
        access: what a request must show.
        folder: an empty one that no other user may read; dropped files stay in it until they are read.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    files = list_page_files()

    @app.middleware("http")
    async def guard(request: Request, answer: Any) -> Response:
        name = request.url.path.removeprefix("/")
        refusal = access.refuse(request.headers, request.method == "GET" and (name == "" or name in files))
        response = JSONResponse({"detail": refusal}, 403) if refusal else await answer(request)
        response.headers.update(HEADERS)
        return response

    @app.exception_handler(RetsegError)
    async def say_why(_: Request, error: RetsegError) -> JSONResponse:
        return JSONResponse({"detail": explain(error)}, 404 if isinstance(error, DeskError) else 400)

    @app.get("/settings")
    def give_settings() -> JSONResponse:
        return JSONResponse(dict(settings))

    _add_photographs(app, desk, folder)
    _add_pictures(app, desk)

    @app.get("/{name:path}")
    def give_file(name: str) -> Response:
        path = files.get(name or "page.html")
        if path is None:
            return JSONResponse({"detail": "there is no such file"}, 404)
        return Response(path.read_bytes(), media_type=KINDS[path.suffix])

    return app


def _add_photographs(app: FastAPI, desk: Desk, folder: Path) -> None:
    @app.get("/photographs")
    def list_photographs() -> JSONResponse:
        return JSONResponse([describe(photograph) for photograph in desk.list_all()])

    @app.post("/photographs", status_code=201)
    async def take(request: Request, name: str = "") -> JSONResponse:
        shown, suffix = tidy_name(name), find_suffix(name)
        if not suffix:
            raise RefusedError(f"{shown} is not an image file that can be read here: convert it to PNG, TIFF or JPEG")
        path = Path(tempfile.mkdtemp(dir=folder)) / f"dropped{suffix}"
        try:
            await _receive(request, path, shown)
            number = desk.add(path, shown, own=True)
        except BaseException:
            await run_in_threadpool(shutil.rmtree, path.parent, True)
            raise
        return JSONResponse({"number": number}, 201)

    @app.delete("/photographs/{number}")
    def remove(number: int) -> JSONResponse:
        desk.remove(number)
        return JSONResponse({})

    @app.post("/photographs/{number}/measures")
    def measure(number: int, cuts: dict[str, int]) -> JSONResponse:
        photograph = desk.find(number)
        if not set(cuts) <= set(photograph.levels) or not all(1 <= cut <= MOST for cut in cuts.values()):
            raise RefusedError(f"thresholds must name tasks that are done, each from 1 to {MOST}")
        return JSONResponse(measure_photograph(photograph, cuts))


async def _receive(request: Request, path: Path, shown: str) -> None:
    """Write the body of a request to a file.

    Raises:
        RefusedError: it is larger than an image file may be, or the disk is full.
    """
    most, size = DEFAULT_LIMITS.file_bytes, 0
    too_large = f"{shown} has more than {most >> 20} MB, and that is the limit: give a smaller file"
    if int(request.headers.get("content-length", "0")) > most:
        raise RefusedError(too_large)
    with path.open("wb") as stream:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise RefusedError(too_large)
            stream.write(part)


def _add_pictures(app: FastAPI, desk: Desk) -> None:
    @app.get("/photographs/{number}/image")
    def give_image(number: int) -> Response:
        return Response(
            encode(read_pixels(desk, number), ".png", (cv2.IMWRITE_PNG_COMPRESSION, 1)), media_type="image/png"
        )

    @app.get("/photographs/{number}/thumbnail")
    def give_thumbnail(number: int) -> Response:
        pixels = read_pixels(desk, number)
        factor = THUMBNAIL / max(pixels.shape[:2])
        size = tuple(max(1, round(side * factor)) for side in pixels.shape[1::-1])
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        return Response(encode(np.asarray(small, np.uint8), ".jpg", ()), media_type="image/jpeg")

    @app.get("/photographs/{number}/levels/{task}")
    def give_levels(number: int, task: str) -> Response:
        levels = desk.find(number).levels
        if task not in levels:
            raise DeskError(f"photograph {number} has no '{task}' yet")
        return Response(levels[task].tobytes(), media_type="application/octet-stream")


def read_pixels(desk: Desk, number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The pixels of a photograph: uint8 (H, W, 3).

    Raises:
        DeskError: it is not there, or not read yet.
    """
    image = desk.find(number).image
    if image is None:
        raise DeskError(f"photograph {number} is not read yet")
    return image.pixels


def encode(pixels: np.ndarray[Any, np.dtype[np.uint8]], suffix: str, how: tuple[int, ...]) -> bytes:
    """An RGB picture, uint8 (H, W, 3), as the bytes of a file."""
    _, content = cv2.imencode(suffix, np.ascontiguousarray(pixels[:, :, ::-1]), how)
    return content.tobytes()


def describe(photograph: Photograph) -> dict[str, Any]:
    """What the page shows of a photograph, as JSON writes it."""
    size = photograph.image.geometry.size if photograph.image is not None else (0, 0)
    return {
        "number": photograph.number,
        "name": photograph.name,
        "stage": photograph.stage,
        "sentence": photograph.sentence,
        "width": size[0],
        "height": size[1],
        "warnings": list(photograph.warnings),
        "smallest": dict(photograph.smallest),
        "field": 0 if photograph.region is None else int(photograph.region.sum()),
    }


def open_port(port: int, host: str) -> socket.socket:
    """A socket that listens on a port of this machine; 0 takes a free one."""
    return socket.create_server((host, port))


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Answer until SIGINT or SIGTERM."""
    config = uvicorn.Config(app, access_log=False, log_level="warning", http=DeadlineProtocol)
    config.timeout_graceful_shutdown = 1
    uvicorn.Server(config).run(sockets=[listening])
