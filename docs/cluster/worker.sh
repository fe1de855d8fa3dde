#!/bin/bash
# One worker of a training: it goes on with the run in RUN_ROOT, or begins it where there is none.
#     WORKERS="host1:2222 host2:2222" INDEX=0 bash docs/cluster/worker.sh RUN_ROOT PRESET [options of tfgan-zoo train]
# WORKERS: the address of every worker, in the same order for all; INDEX: which of them this is, from 0.
# RUN_ROOT: a folder of this run alone, on a volume that all workers see.
set -euo pipefail
root=$1 preset=$2
shift 2
if [ -z "${TF_CONFIG:-}" ]; then # which Kubeflow sets
  addresses=$(printf '"%s", ' $WORKERS)
  export TF_CONFIG="{\"cluster\": {\"worker\": [${addresses%, }]}, \"task\": {\"type\": \"worker\", \"index\": $INDEX}}"
fi
# No worker makes the run's folder before all of them have started, so all decide alike.
run=$(find "$root" -mindepth 2 -maxdepth 2 -name run.json 2>/dev/null | sort | tail -n 1) || true
if [ -n "$run" ]; then
  exec tfgan-zoo train --resume "${run%/run.json}" --strategy multi_worker "$@"
fi
exec tfgan-zoo train "$preset" --run-root "$root" --strategy multi_worker "$@"
