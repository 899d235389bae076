#!/usr/bin/env bash
# Write the files to upload to Grand Challenge: the image, the models and their check sums, into export/.
# The image is checked as it was saved, by the rules of the upload form, before anything is kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source container/options.sh

if [[ " $* " == *' --help '* ]]; then
  usage ./export.sh '[--allow-phantom-weights] [--output DIR]' \
    "  --allow-phantom-weights   export models that were trained on drawn images all the same
  --output                  where the files go (default: export)"
  exit 0
fi
FLAGS=(--allow-phantom-weights) VALUES=(--output)
parse_options "$@"
need_docker
need_image "$IMAGE"

output=${GIVEN[--output]-export}
mkdir -p "$output"
version=${IMAGE#*:}
name=retseg-${CHALLENGE}_${version%%-*}_${VARIANT}_${API}.tar
models=${name%%_*}_${version%%-*}_model.tar.gz
# What an export that was killed left behind; the name says the process.
for left in "$output"/.unfinished-*; do
  owner=${left##*/.unfinished-}
  [[ ! -d $left ]] || ps -p "${owner%%-*}" >/dev/null 2>&1 || rm -rf "$left"
done
scratch=$(mktemp -d "$output/.unfinished-$$-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 0755 "$scratch"

# inside ARGUMENTS...: run a retseg command by the Python of the image, which has all that it needs.
inside() {
  docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$(cd "$scratch" && pwd):/export" \
    --entrypoint python3 "$IMAGE" -m retseg "$@"
}

refuse=--refuse-phantom
[[ -z ${GIVEN[--allow-phantom-weights]-} ]] || refuse=''
inside pack --challenge "$CHALLENGE" --models /opt/app/model_weights --output "/export/$models" $refuse

docker save --output "$scratch/$name" "$IMAGE"
chmod 0644 "$scratch/$name"
inside check --archive "/export/$name"

# Level 1: an image is libraries and weights, of which more effort saves little; docs/container.md has the numbers.
compress=gzip
! command -v pigz >/dev/null || compress=pigz
"$compress" -1 "$scratch/$name"
bill=${name%.tar}.cdx.json
docker run --rm --network none --entrypoint python3 "$IMAGE" - "$IMAGE" <container/list_parts.py >"$scratch/$bill"
# The sums of earlier exports, of other files, stay.
(cd "$scratch" && sha256sum "$name.gz" "$models" "$bill" >SHA256SUMS)
if [[ -f $output/SHA256SUMS ]]; then
  awk 'NR == FNR { new[$2] = 1; next } !($2 in new)' "$scratch/SHA256SUMS" "$output/SHA256SUMS" >"$scratch/earlier"
  cat "$scratch/earlier" >>"$scratch/SHA256SUMS"
fi
mv -f "$scratch/$name.gz" "$scratch/$models" "$scratch/$bill" "$scratch/SHA256SUMS" "$output/"

echo "to upload, from $output/:"
for file in "$name.gz" "$models" "$bill" SHA256SUMS; do
  printf '  %-52s %s MB\n' "$file" "$(awk -v b="$(wc -c <"$output/$file")" 'BEGIN { printf "%.1f", b / 1e6 }')"
done
