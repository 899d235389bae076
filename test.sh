#!/usr/bin/env bash
# Prove an algorithm image: run it harder than the platform does on known cases, and judge all that it does.
# Needs Docker and bash; the judge is this project's own Python where there is one, else that of the image.
#
# RETSEG_TEST_MEMORY, RETSEG_TEST_SECONDS, TMPDIR: see container/collect.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source container/options.sh

if [[ " $* " == *' --help '* ]]; then
  usage ./test.sh '[--image TAG] [--case DIR]' \
    "  --image     test this image instead of the one that ./build.sh makes with the same options
  --case      use one case, a folder with input/ and expected/, instead of test/cases/CHALLENGE/* or DIR/cases/CHALLENGE/*"
  exit 0
fi
VALUES=(--image --case)
parse_options "$@"
if [[ -n ${GIVEN[--image]-} ]]; then
  IMAGE=${GIVEN[--image]}
  echo "image $IMAGE (as asked)"
fi
need_docker
need_image "$IMAGE"

cases=("${GIVEN[--case]-}")
folder=test/cases
[[ -z $OWN || ! -d $OWN/cases/$CHALLENGE ]] || folder=$OWN/cases
[[ -n ${cases[0]} ]] || cases=("$folder/$CHALLENGE"/*/)
[[ -f ${cases[0]}/input/inputs.json ]] \
  || fail "there is no case in ${cases[0]}: give one with --case DIR, a folder with input/inputs.json and expected/"

export RETSEG_TEST_MEMORY=${RETSEG_TEST_MEMORY:-}
if [[ -z $RETSEG_TEST_MEMORY ]]; then
  RETSEG_TEST_MEMORY=4g
  [[ $VARIANT == cpu ]] || RETSEG_TEST_MEMORY=16g
fi
if [[ $VARIANT == gpu ]] && has_gpu; then
  export RETSEG_TEST_GPUS=all
elif [[ $VARIANT == gpu ]]; then
  echo 'warning: nvidia-smi does not answer, so the gpu variant is tested on its CPU engine'
fi
echo "memory $RETSEG_TEST_MEMORY, cases: ${cases[*]}"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/retseg-test.XXXXXX")
child=''
clean_up() {
  trap - EXIT INT TERM
  [[ -z $child ]] || { kill -TERM "$child" && wait "$child"; } 2>/dev/null || true
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 0755 "$scratch"

# The image's own models, as a platform that unpacked model.tar.gz would show them.
container=$(docker create "$IMAGE")
if docker cp "$container:/opt/app/model_weights" "$scratch/model" >/dev/null 2>&1; then
  chmod -R a+rX "$scratch/model"
  export RETSEG_TEST_MODEL=$scratch/model
fi
docker rm "$container" >/dev/null

container/collect.sh "$IMAGE" "$scratch/evidence" "${cases[@]}" &
child=$!
wait "$child" || fail "the image $IMAGE could not be run: see the lines above"
child=''

python=.venv/bin/python
if [[ -x $python ]] && "$python" -c 'import retseg.container.check.verdict' 2>/dev/null; then
  "$python" -m retseg check --challenge "$CHALLENGE" ${OWN:+--challenges "$OWN/challenges"} --evidence "$scratch/evidence"
else
  echo 'judge: the Python of the image'
  docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$scratch/evidence:/evidence:ro" \
    --entrypoint python3 "$IMAGE" -m retseg check --challenge "$CHALLENGE" --evidence /evidence
fi
echo "$IMAGE passed"
