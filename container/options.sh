# Sourced by build.sh, test.sh and export.sh: their common options, printed with the reason for each.
#
# Sets CHALLENGE, VARIANT, API, IMAGE, EVALUATION (yes or empty), OWN (a folder or empty) and GIVEN (option to value, yes
# for a flag).

declare -A GIVEN=()
FLAGS=() VALUES=()

fail() {
  echo "$*" >&2
  exit 1
}

usage() {
  cat <<TEXT
usage: $1 [CHALLENGE] [--variant cpu|gpu] [--api exec|invoke] [--own DIR] $2

  CHALLENGE   a file in challenges/ without its .toml (default: fundus)
  --variant   cpu (OpenVINO) or gpu (torch, and OpenVINO where there is no GPU); default: gpu where nvidia-smi answers
  --api       exec (one case, then exit) or invoke (a warm server); default: exec
  --own       a folder with challenges/, model_weights/ and cases/ of your own, which come before those of this one
TEXT
  [[ -z ${3:-} ]] || echo "$3"
}

# known_challenges: their names on one line.
known_challenges() {
  local name names=()
  for name in challenges/*.toml ${OWN:+"$OWN"/challenges/*.toml}; do names+=("$(basename "$name" .toml)"); done
  echo "${names[*]}"
}

# parse_options ARGUMENTS...: the common options, and those that the script lists in FLAGS and VALUES.
parse_options() {
  CHALLENGE='' VARIANT='' API='' GIVEN=()
  while (($#)); do
    case " ${FLAGS[*]-}  ,  --variant --api --own ${VALUES[*]-} " in
      *" $1 "*' , '*) GIVEN["$1"]=yes && shift ;;
      *' , '*" $1 "*)
        (($# > 1)) && [[ $2 != --* ]] || fail "$1 needs a value: see --help"
        GIVEN["$1"]=$2 && shift 2 ;;
      *)
        [[ $1 != -* ]] || fail "${0##*/} does not know '$1': see --help"
        [[ -z $CHALLENGE ]] || fail "there are two challenges, '$CHALLENGE' and '$1': name one"
        CHALLENGE=$1 && shift ;;
    esac
  done
  VARIANT=${GIVEN[--variant]-} API=${GIVEN[--api]-} EVALUATION=${GIVEN[--evaluation]-} OWN=${GIVEN[--own]-}
  choose_options
}

choose_options() {
  local why_challenge='as asked' why_variant='as asked' why_api='as asked'
  [[ -n $CHALLENGE ]] || { CHALLENGE=fundus && why_challenge='the default'; }
  [[ -z $OWN || -d $OWN/challenges ]] || fail "there is no folder $OWN/challenges: \`retseg new challenge\` makes it"
  [[ -f challenges/$CHALLENGE.toml || ( -n $OWN && -f $OWN/challenges/$CHALLENGE.toml ) ]] \
    || fail "there is no challenge '$CHALLENGE': known are $(known_challenges)"
  if [[ -z $VARIANT ]] && [[ -z $EVALUATION ]] && has_gpu; then
    VARIANT=gpu why_variant='nvidia-smi answers'
  elif [[ -z $VARIANT ]]; then
    VARIANT=cpu why_variant='nvidia-smi does not answer'
  fi
  [[ $VARIANT == cpu || $VARIANT == gpu ]] || fail "there is no variant '$VARIANT': take cpu or gpu"
  [[ -n $API ]] || { API=exec && why_api='the default'; }
  [[ $API == exec || $API == invoke ]] || fail "there is no api '$API': take exec or invoke"
  local version
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
  echo "challenge $CHALLENGE ($why_challenge)"
  if [[ -n $EVALUATION ]]; then
    IMAGE=retseg-evaluation-$CHALLENGE:$version
    [[ $API == exec ]] || IMAGE+=-$API
    echo "evaluation, api $API ($why_api)"
  else
    IMAGE=retseg-$CHALLENGE:$version-$VARIANT-$API
    echo "variant $VARIANT ($why_variant), api $API ($why_api)"
  fi
  echo "image $IMAGE"
}

has_gpu() {
  nvidia-smi >/dev/null 2>&1
}

need_docker() {
  command -v docker >/dev/null || fail "there is no docker command: install Docker (docs/container.md says how)"
  docker info >/dev/null 2>&1 || fail "the Docker engine does not answer: start it, and check that you may use it"
}

need_image() {
  docker image inspect "$1" >/dev/null 2>&1 || fail "there is no image $1: build it with ./build.sh and the same options"
}
