#!/usr/bin/env bash
# Run a command in a file system of its own that has the platform's empty /input, /output, /tmp and /opt/ml, and beside them
# what this machine has. Nothing that the command does there touches this machine's own folders of these names.
#
#   as_on_the_platform.sh REPOSITORY COMMAND...      needs `unshare`, as root or with user namespaces
set -euo pipefail
if [[ ${1-} != --inside ]]; then
  map=()
  [[ $EUID -eq 0 ]] || map=(--map-root-user)
  exec unshare --mount "${map[@]}" bash "${BASH_SOURCE[0]}" --inside "$@"
fi
repository=$2
shift 2

root=/mnt
mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
for path in /* /opt/*; do
  case $path in
    /input | /output | /tmp | /opt | /mnt | /opt/ml) ;;
    *)
      if [[ -L $path ]]; then
        mkdir -p "$root${path%/*}"
        cp -P "$path" "$root$path"
      elif [[ -d $path ]]; then
        mkdir -p "$root$path"
        mount --rbind "$path" "$root$path"
      fi
      ;;
  esac
done
mkdir -p "$root"/{input,output,tmp,opt/ml/model}
chmod 0777 "$root"/{output,tmp}
if [[ ! -d $root$repository ]]; then
  mkdir -p "$root$repository"
  mount --rbind "$repository" "$root$repository"
fi
exec chroot "$root" "$@"
