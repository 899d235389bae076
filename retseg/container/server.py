"""The `invoke` contract: a warm server on port 4743, `GET /health` and `POST /invoke`.

Source: the platform's shim polls /health until the first 200, then posts to /invoke once per case and expects 201.
Only this module, `connections` and `retseg.view.server` import FastAPI and uvicorn.
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

from retseg.container.connections import DeadlineProtocol
from retseg.errors import explain, is_expected
from retseg.image import Geometry, Image
from retseg.predictor import Predict

WARM_UP_SIDE = 512


def warm_up(predict: Predict) -> None:
    """Run the networks once on a drawn bright disc, so that they are loaded and compiled before the first case."""
    y, x = np.mgrid[-1 : 1 : WARM_UP_SIDE * 1j, -1 : 1 : WARM_UP_SIDE * 1j]
    lit = (x**2 + y**2 < 0.9) * (140 + 40 * np.sin(20 * x) * np.sin(20 * y))
    pixels = np.stack([lit, lit * 0.6, lit * 0.3], axis=-1).astype(np.uint8)
    geometry = Geometry((WARM_UP_SIDE, WARM_UP_SIDE), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0))
    predict(Image(pixels, geometry, "warm-up"))


def create_app(run_case: Callable[[], tuple[Path, ...]]) -> FastAPI:
    """The server: each POST runs `run_case` once, and only one runs at a time.

    A case that fails is answered with 500 and one sentence, which goes to stderr too; the server goes on.
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
    """Serve until SIGTERM or SIGINT; the running case is finished and answered first.

    The platform kills the process five seconds after SIGTERM. A limit of our own would answer 500 for a case that ends
    between the two, although its outputs are there.
    """
    uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning", http=DeadlineProtocol)
