#!/bin/sh
# Run a command as the platform's shim does, as a child, and list in /watch/left the processes that outlive it.
"$@" &
main=$!
trap 'kill -TERM $main' TERM
wait $main
status=$?
for folder in /proc/[0-9]*; do
  id=${folder#/proc/}
  { [ "$id" = $$ ] || grep -q '^State:.Z' "$folder/status"; } 2>/dev/null && continue
  command=$(tr '\0' ' ' 2>/dev/null <"$folder/cmdline") && [ -n "$command" ] && echo "$command" >>/watch/left
done
exit $status
