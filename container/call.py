"""Ask a server on this machine's port 4743 as the platform does; runs inside the container, on whatever Python it has.

    call.py health SECONDS    poll GET /health until it answers 200
    call.py invoke SECONDS    POST /invoke once

Prints the status, then the answer's text; 0 stands for no answer.
"""

import http.client
import sys
import time

PORT = 4743
SECONDS_PER_POLL = 10


def ask(method, path, seconds):
    """Status and text of one request, or 0 and why there was none."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=seconds)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def poll(seconds):
    """Ask /health until it says 200, redirects, or the time is over."""
    end = time.time() + seconds
    while True:
        status, text = ask("GET", "/health", SECONDS_PER_POLL)
        if status == 200 or 300 <= status < 400 or time.time() > end:
            return status, text
        time.sleep(0.1)


if __name__ == "__main__":
    limit = float(sys.argv[2])
    status, text = poll(limit) if sys.argv[1] == "health" else ask("POST", "/invoke", limit)
    print(status)
    print(text)
