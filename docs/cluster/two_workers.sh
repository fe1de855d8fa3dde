#!/bin/bash
# Two workers on this machine, each a process with a TF_CONFIG of its own: a rehearsal for two machines.
#     bash docs/cluster/two_workers.sh RUN_ROOT PRESET [options of tfgan-zoo train]
export WORKERS=${WORKERS:-"127.0.0.1:12345 127.0.0.1:12346"}
for index in 0 1; do
  INDEX=$index bash "$(dirname "$0")/worker.sh" "$@" &
  pids+=($!)
done
trap 'kill -TERM "${pids[@]}"' TERM # Ctrl-C reaches them by itself
status=0
for pid in "${pids[@]}"; do
  wait "$pid" || code=$?
  while kill -0 "$pid" 2>/dev/null; do wait "$pid" || code=$?; done # the signal had ended the first wait
  status=$((code > status ? code : status))
done
exit $status
