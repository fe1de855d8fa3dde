#!/usr/bin/env bash
# Exits with 0 when every model of models.config has an AVAILABLE version. The state endpoint answers 200 for
# LOADING and END too, so the state itself is read. Needs bash alone: the serving image has no curl.
#   ready.sh [models.config [REST port]]
config=${1:-/config/models.config} port=${2:-8501}
for name in $(sed -n 's/^ *name: "\(.*\)"$/\1/p' "$config"); do
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
  printf 'GET /v1/models/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$name" >&3
  grep -q '"state": "AVAILABLE"' <&3 || exit 1
done
