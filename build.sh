#!/usr/bin/env bash
# Build the container image of a challenge.
#
# RETSEG_BUILDER_BASE     base of the stage that downloads wheels; default: debian:bookworm-slim-builder where the
#                         engine has one, else debian:bookworm-slim
# RETSEG_BUILD_NETWORK    network of the build; default: host with debian:bookworm-slim-builder, else the engine's own
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source container/options.sh

LOCAL_BASE=debian:bookworm-slim-builder

if [[ " $* " == *' --help '* ]]; then
  usage ./build.sh '[--evaluation]' "  --evaluation  build the challenge's evaluation container (evaluate.py) instead"
  exit 0
fi
FLAGS=(--evaluation)
parse_options "$@"
need_docker

base=${RETSEG_BUILDER_BASE:-} network=${RETSEG_BUILD_NETWORK:-}
if [[ -z $base ]] && docker image inspect "$LOCAL_BASE" >/dev/null 2>&1; then
  base=$LOCAL_BASE network=${network:-host}
  echo "builder $base (this engine has one), network $network"
fi

requirements=requirements.txt target=$API
[[ $VARIANT == cpu ]] || requirements=requirements-gpu.txt
[[ -z $EVALUATION ]] || requirements=requirements-evaluate.txt target=evaluate
[[ -z $EVALUATION || $API == exec ]] || requirements=requirements-evaluate-serve.txt target=evaluate-invoke

options=(--platform linux/amd64 --target "$target" --tag "$IMAGE")
options+=(--build-arg "REQUIREMENTS=$requirements" --build-arg "CHALLENGE=$CHALLENGE")
[[ -z $base ]] || options+=(--build-arg "BUILDER_BASE=$base")
[[ -z $network ]] || options+=(--network "$network")

# The classic builder where the command has no BuildKit of its own; asked for explicitly, either is used.
if [[ -z ${DOCKER_BUILDKIT:-} ]] && ! docker buildx version >/dev/null 2>&1; then
  export DOCKER_BUILDKIT=0
fi
[[ ${DOCKER_BUILDKIT:-1} != 0 ]] || echo "builder: classic"

context=.
if [[ -n $OWN ]]; then
  context=$(mktemp -d "${TMPDIR:-/tmp}/retseg-build.XXXXXX")
  trap 'rm -rf "$context"' EXIT
  mkdir "$context/container"
  cp -a Dockerfile .dockerignore ./*.py requirements*.txt challenges model_weights retseg "$context"
  cp -a container/prune.sh "$context/container"
  for folder in challenges model_weights; do
    [[ ! -d $OWN/$folder ]] || cp -RL "$OWN/$folder/." "$context/$folder"
  done
  echo "with challenges/ and model_weights/ of $OWN"
fi

docker build "${options[@]}" "$context"
size=$(docker image inspect --format '{{.Size}}' "$IMAGE")
echo "built $IMAGE: $((size / 1000000)) MB"
