# The algorithm and the evaluation container. `./build.sh` names the arguments and the target; see docs/container.md.
#
#   target     what runs                              label api-method
#   exec       process.py, one case, then exit        exec
#   invoke     serve.py, warm, on port 4743           invoke
#   evaluate   evaluate.py, predictions to metrics    exec
#   evaluate-invoke   evaluate.py --serve, the same   invoke
#
# BUILDER_BASE may carry what this machine needs to reach a package index (a certificate, a proxy, pip settings).
# Only /opt/venv is copied from the stage that stands on it.
ARG BUILDER_BASE=debian:bookworm-slim
ARG RUNTIME_BASE=debian:bookworm-slim

FROM ${BUILDER_BASE} AS builder
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv python3-pip \
 && rm -rf /var/lib/apt/lists/*
ARG REQUIREMENTS=requirements.txt
COPY ${REQUIREMENTS} /tmp/requirements.txt
# --no-deps: the list is complete, and leaves OpenVINO's telemetry out on purpose.
RUN python3 -m venv --without-pip /opt/venv \
 && python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --require-hashes \
    --only-binary :all: --requirement /tmp/requirements.txt
COPY container/prune.sh /tmp/prune.sh
RUN sh /tmp/prune.sh /opt/venv

FROM ${RUNTIME_BASE} AS runtime
# The home directory is /tmp, so that a library's cache goes where the platform lets it write.
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/ldconfig /var/log/* /usr/share/doc/* /usr/share/man/* \
 && useradd --uid 1000 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin retseg \
 && mkdir -p /opt/ml/model
COPY --from=builder /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/app
COPY challenges challenges
COPY retseg retseg
RUN python3 -m compileall -q retseg && chmod -R a+rX .
ARG CHALLENGE
ENV RETSEG_CHALLENGE=${CHALLENGE}

FROM runtime AS evaluate
COPY evaluate.py ./
RUN chmod a+r evaluate.py
ENV MPLCONFIGDIR=/tmp/matplotlib
USER retseg
LABEL org.grand-challenge.api-method="exec"
ENTRYPOINT ["python3", "/opt/app/evaluate.py"]

FROM evaluate AS evaluate-invoke
LABEL org.grand-challenge.api-method="invoke"
EXPOSE 4743
ENTRYPOINT ["python3", "/opt/app/evaluate.py", "--serve"]

FROM runtime AS models
COPY model_weights /all
RUN python3 -m retseg pack --models /all --output /opt/model_weights

FROM runtime AS algorithm
COPY --from=models /opt/model_weights model_weights
COPY process.py serve.py ./
RUN chmod a+r process.py serve.py
USER retseg

FROM algorithm AS exec
LABEL org.grand-challenge.api-method="exec"
ENTRYPOINT ["python3", "/opt/app/process.py"]

FROM algorithm AS invoke
LABEL org.grand-challenge.api-method="invoke"
EXPOSE 4743
ENTRYPOINT ["python3", "/opt/app/serve.py"]
