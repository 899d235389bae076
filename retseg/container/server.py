"""The `invoke` contract: a warm server on port 4743, `GET /health` and `POST /invoke`.

Source: the platform's shim polls /health until the first 200, then posts to /invoke once per case and wants 201.
The only module that imports FastAPI and uvicorn.
"""

import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from retseg.errors import explain, is_expected
from retseg.image import Geometry, Image
from retseg.predictor import Predict

WARM_UP_SIDE = 512
SECONDS_TO_STOP = 4
"""The platform kills the process five seconds after SIGTERM."""


def warm_up(predict: Predict) -> None:
    """Run the networks once on a drawn, lit disc, so that the first case finds them loaded and compiled."""
    y, x = np.mgrid[-1 : 1 : WARM_UP_SIDE * 1j, -1 : 1 : WARM_UP_SIDE * 1j]
    lit = (x**2 + y**2 < 0.9) * (140 + 40 * np.sin(20 * x) * np.sin(20 * y))
    pixels = np.stack([lit, lit * 0.6, lit * 0.3], axis=-1).astype(np.uint8)
    geometry = Geometry((WARM_UP_SIDE, WARM_UP_SIDE), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0))
    predict(Image(pixels, geometry, "warm-up"))


def create_app(run_case: Callable[[], tuple[Path, ...]]) -> FastAPI:
    """The server around one case, run anew at every POST and one at a time.

    A case that fails is answered with 500 and the sentence, which goes to stderr too; the server lives on.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    one_at_a_time = threading.Lock()

    @app.get("/health")
    async def health() -> JSONResponse:
        return JSONResponse({"status": "ready"})

    @app.post("/invoke")
    def invoke() -> JSONResponse:
        with one_at_a_time:
            try:
                written = run_case()
            except Exception as error:
                if not is_expected(error):
                    traceback.print_exc()
                sys.stderr.write(explain(error) + "\n")
                sys.stderr.flush()
                return JSONResponse({"detail": explain(error)}, status_code=500)
        return JSONResponse({"outputs": [str(path) for path in written]}, status_code=201)

    return app


def serve(app: FastAPI, host: str, port: int) -> None:
    """Answer until SIGTERM or SIGINT; the case in hand is finished first."""
    uvicorn.run(
        app, host=host, port=port, access_log=False, log_level="warning", timeout_graceful_shutdown=SECONDS_TO_STOP
    )
