"""Send a request to the server on port 4743, as the platform does; runs inside the container, with any Python 3.

    call.py health SECONDS    poll GET /health until it answers 200
    call.py invoke SECONDS    POST /invoke once

Prints the status and then the text of the answer; the status is 0 if there was no answer.
"""

import http.client
import sys
import time

PORT = 4743
SECONDS_PER_POLL = 10


def send(method, path, seconds):
    """Status and text of the answer to one request; 0 and the reason if there was no answer."""
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
    """Request /health until it answers 200 or redirects, or the time is over."""
    end = time.time() + seconds
    while True:
        status, text = send("GET", "/health", SECONDS_PER_POLL)
        if status == 200 or 300 <= status < 400 or time.time() > end:
            return status, text
        time.sleep(0.1)


if __name__ == "__main__":
    limit = float(sys.argv[2])
    status, text = poll(limit) if sys.argv[1] == "health" else send("POST", "/invoke", limit)
    print(status)
    print(text)
