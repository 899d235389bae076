#!/usr/bin/env bash
# Run an algorithm image under stricter limits than the platform's, and write what it did into a folder, which
# `retseg check --evidence` judges afterwards.
#
#   collect.sh IMAGE EVIDENCE CASE...
#
# A CASE is a folder with `input` (inputs.json and images) and, when it can be scored, `expected`.
#
# RETSEG_TEST_MEMORY    memory, swap included (default: 4g)
# RETSEG_TEST_GPUS      value of docker's --gpus (default: none)
# RETSEG_TEST_SECONDS   the longest that one case may take (default: 600)
# RETSEG_TEST_MODEL     a folder to mount as a filled /opt/ml/model (default: only the empty one is tried)
#
# EVIDENCE/image.json                what the engine knows of the image
# EVIDENCE/cases/<case>/             a copy of the case; its images lie elsewhere if they had the default geometry
# EVIDENCE/runs/<n>/about            case, title, api, reused, limit: one `key=value` a line
#                   stdout, stderr   what it said
#                   status           the exit status (exec)
#                   health, invoke   status and text of the answers; `alive` (invoke)
#                   seconds          of the run, or of the invocation
#                   oom              whether it was killed for memory
#                   diff             files that it changed outside its mounts (writable runs)
#                   left             processes that outlived it
#                   output/          the output folder
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
IMAGE=$1 EVIDENCE=$2
shift 2

MEMORY=${RETSEG_TEST_MEMORY:-4g} SECONDS_PER_CASE=${RETSEG_TEST_SECONDS:-600}
SECONDS_TO_HEALTH=300
STRANGER=54321:54321
SESSION=retseg-test-$$-$RANDOM
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/$SESSION.XXXX")
LINKED=$SESSION:linked
RUN_NUMBER=0

clean_up() {
  trap - EXIT INT TERM
  docker ps -aq --filter "label=$SESSION" | xargs -r docker rm -f >/dev/null 2>&1 || true
  open_up "$SCRATCH" || true
  docker image rm -f "$LINKED" >/dev/null 2>&1 || true
  rm -rf "$SCRATCH"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# open_up FOLDER: let this user read and remove what a container's user wrote.
open_up() {
  [[ -z $(find "$1" ! -user "$(id -u)" -print -quit 2>/dev/null) && -z $(find "$1" ! -readable -print -quit) ]] \
    || docker run --rm --label "$SESSION" --user 0 --network none --entrypoint chmod \
      --volume "$1:/opened" "$IMAGE" -R a+rwX /opened >/dev/null 2>&1
}

# link_input: a copy of the image in which /input is a symbolic link, as it is on the platform.
link_input() {
  local container
  container=$(docker create --label "$SESSION" "$IMAGE")
  mkdir "$SCRATCH/root"
  ln -s opt/ml/input/data/case "$SCRATCH/root/input"
  if tar -C "$SCRATCH/root" -c input | docker cp - "$container:/" >/dev/null 2>&1; then
    docker commit "$container" "$LINKED" >/dev/null
    INPUT=/opt/ml/input/data/case
  else
    docker tag "$IMAGE" "$LINKED"
    INPUT=/input
  fi
  docker rm "$container" >/dev/null
}

# move_away FOLDER: replace default spacing, origin and direction of the images, so that a mask which loses them is seen.
move_away() {
  local path
  while IFS= read -r -d '' path; do
    LC_ALL=C sed -e '1,/^ElementDataFile/{' -e 's/^ElementSpacing = 1 1$/ElementSpacing = 0.0075 0.006/' \
      -e 's/^Offset = 0 0$/Offset = 3.5 -2.25/' -e 's/^TransformMatrix = 1 0 0 1$/TransformMatrix = -1 0 0 1/' -e '}' \
      "$path" >"$SCRATCH/moved"
    cat "$SCRATCH/moved" >"$path"
  done < <(find "$1" -type f -name '*.mha' -print0)
  rm -f "$SCRATCH/moved"
}

# begin CASE TITLE REUSED: a new folder of evidence, in RUN.
begin() {
  RUN_NUMBER=$((RUN_NUMBER + 1))
  RUN=$EVIDENCE/runs/$(printf '%02d' "$RUN_NUMBER")
  mkdir -p "$RUN/output"
  printf '%s\n' "case=$1" "title=$2" "api=$API" "reused=$3" "limit=$SECONDS_PER_CASE" >"$RUN/about"
}

# set_flags INPUT OUTPUT MODEL: the restrictions, in FLAGS.
set_flags() {
  FLAGS=(--label "$SESSION" --platform linux/amd64 --network none --memory "$MEMORY" --memory-swap "$MEMORY"
    --shm-size 128m --pids-limit 256 --cap-drop ALL --security-opt no-new-privileges
    --tmpfs /tmp:exec,mode=1777 --volume "$1:$INPUT:ro" --volume "$2:/output" --volume "$3:/opt/ml/model:ro")
  [[ -z ${RETSEG_TEST_GPUS:-} ]] || FLAGS+=(--gpus "$RETSEG_TEST_GPUS")
}

# patiently COMMAND...: run it so that a signal to this script is heard at once, not when the command ends.
patiently() {
  "$@" <&0 &
  wait $!
}

# end CONTAINER: what the engine and the container's log say after a run.
end() {
  docker logs "$1" >"$RUN/stdout" 2>"$RUN/stderr"
  docker inspect --format '{{.State.OOMKilled}}' "$1" >"$RUN/oom"
}

seconds_since() {
  awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f\n", b - a }'
}

# run_once CASE TITLE MODEL FLAG...: one `exec` run as it is.
run_once() {
  local case=$1 title=$2 model=$3 container start
  shift 3
  begin "$case" "$title" false
  chmod 0777 "$RUN/output"
  set_flags "$EVIDENCE/cases/$case/input" "$RUN/output" "$model"
  container=$(docker create "${FLAGS[@]}" "$@")
  start=$(date +%s.%N)
  docker start "$container" >/dev/null 2>"$RUN/stderr" || true
  patiently timeout "$SECONDS_PER_CASE" docker wait "$container" >"$RUN/status" || echo timeout >"$RUN/status"
  seconds_since "$start" >"$RUN/seconds"
  [[ $(<"$RUN/status") != timeout ]] || docker kill "$container" >/dev/null 2>&1 || true
  end "$container"
  [[ " $* " == *' --read-only '* ]] || docker diff "$container" >"$RUN/diff"
  docker rm -f "$container" >/dev/null
  open_up "$RUN"
}

# run_watched CASE: one `exec` run on a writable root, under a parent that sees what it leaves behind.
run_watched() {
  local command=()
  mapfile -t command < <(docker image inspect \
    --format '{{range .Config.Entrypoint}}{{println .}}{{end}}{{range .Config.Cmd}}{{println .}}{{end}}' "$IMAGE" \
    | sed '/^$/d')
  mkdir -p "$SCRATCH/watch" && chmod 0777 "$SCRATCH/watch"
  run_once "$1" "writable root, watched" "$EMPTY" --volume "$HERE/watch.sh:/watch.sh:ro" \
    --volume "$SCRATCH/watch:/watch" --entrypoint /bin/sh "$LINKED" /watch.sh "${command[@]}"
  [[ ! -f $SCRATCH/watch/left ]] || cp "$SCRATCH/watch/left" "$RUN/left"
}

# call CONTAINER WHAT SECONDS FILE: one question of the platform, asked from inside.
call() {
  patiently timeout $(($3 + 30)) docker exec -i "$1" python3 - "$2" "$3" <"$HERE/call.py" >"$4" 2>"$4.error" \
    || [[ -s $4 ]] || printf '0\nno answer: %s\n' "$(tail -n 1 "$4.error")" >"$4"
  rm -f "$4.error"
}

processes() {
  docker top "$1" -eo pid,args 2>/dev/null | tail -n +2 | sort || true
}

# serve_cases TITLE MODEL CASE,CASE... FLAG...: one `invoke` process, several cases.
serve_cases() {
  local title=$1 model=$2 cases=$3 container start case reused=false order='first case'
  shift 3
  local output=$SCRATCH/served-$RUN_NUMBER input=$SCRATCH/input-$RUN_NUMBER
  mkdir -m 0777 "$output" && mkdir "$input"
  set_flags "$input" "$output" "$model"
  container=$(docker create "${FLAGS[@]}" "$@")
  docker start "$container" >/dev/null 2>&1 || true
  for case in ${cases//,/ }; do
    begin "$case" "$title, $order" "$reused"
    reused=true order='a later case of the same process'
    cp -r "$EVIDENCE/cases/$case/input/." "$input/"
    call "$container" health "$SECONDS_TO_HEALTH" "$RUN/health"
    processes "$container" >"$SCRATCH/before"
    start=$(date +%s.%N)
    call "$container" invoke "$SECONDS_PER_CASE" "$RUN/invoke"
    seconds_since "$start" >"$RUN/seconds"
    compare_processes "$container"
    docker inspect --format '{{.State.Running}}' "$container" >"$RUN/alive"
    end "$container"
    open_up "$output"
    cp -r "$output/." "$RUN/output/"
    docker exec "$container" sh -c 'rm -rf /output/* /output/.[!.]*' >/dev/null 2>&1 || true
    rm -rf "${input:?}"/*
  done
  [[ " $* " == *' --read-only '* ]] || docker diff "$container" >"$RUN/diff"
  docker rm -f "$container" >/dev/null
}

# compare_processes CONTAINER: what runs two seconds after a case that did not run before it.
compare_processes() {
  processes "$1" >"$SCRATCH/after"
  cmp -s "$SCRATCH/before" "$SCRATCH/after" && return
  sleep 2
  processes "$1" >"$SCRATCH/after"
  comm -13 "$SCRATCH/before" "$SCRATCH/after" | sed 's/^ *[0-9]* *//' >"$RUN/left"
}

mkdir -p "$EVIDENCE/cases" "$EVIDENCE/runs"
EVIDENCE=$(cd "$EVIDENCE" && pwd)
docker image inspect "$IMAGE" >"$EVIDENCE/image.json"
API=$(docker image inspect --format '{{index .Config.Labels "org.grand-challenge.api-method"}}' "$IMAGE")
[[ $API == invoke ]] || API=exec
CASES=()
for folder in "$@"; do
  name=$(basename "$folder")
  CASES+=("$name")
  cp -rL "$folder" "$EVIDENCE/cases/$name"
  chmod -R u+w,a+rX "$EVIDENCE/cases/$name"
  move_away "$EVIDENCE/cases/$name/input"
done
EMPTY=$SCRATCH/empty
mkdir "$EMPTY"
chmod 0755 "$SCRATCH" "$EMPTY"
link_input

first=${CASES[0]}
if [[ $API == exec ]]; then
  for name in "${CASES[@]}"; do
    run_once "$name" "read-only root, the image's own user" "$EMPTY" --read-only "$LINKED"
  done
  run_once "$first" "read-only root, an arbitrary user${RETSEG_TEST_MODEL:+, a filled /opt/ml/model}" \
    "${RETSEG_TEST_MODEL:-$EMPTY}" --read-only --user "$STRANGER" "$LINKED"
  run_watched "$first"
else
  twice=$(IFS=,; echo "${CASES[*]},$first")
  serve_cases "read-only root, the image's own user" "$EMPTY" "$twice" --read-only "$LINKED"
  serve_cases "read-only root, an arbitrary user${RETSEG_TEST_MODEL:+, a filled /opt/ml/model}" \
    "${RETSEG_TEST_MODEL:-$EMPTY}" "$first" --read-only --user "$STRANGER" "$LINKED"
  serve_cases "writable root" "$EMPTY" "$first" "$LINKED"
fi
