#!/usr/bin/env bash
# Exits with 0 when every model of models.config has an AVAILABLE version. The state endpoint answers 200 for
# LOADING and END too, so the state itself is read. Needs bash, sed and grep: the serving image has no curl.
#   ready.sh [models.config [REST port]]
set -o pipefail
config=${1:-/config/models.config} port=${2:-8501}
names=$(sed 's/#.*//' "$config" | grep -oE "\bname: *[\"'][^\"']+" | sed "s/.*[\"']//") || exit 1
for name in $names; do
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
  printf 'GET /v1/models/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$name" >&3
  timeout 5 grep -q '"state": "AVAILABLE"' <&3 || exit 1
done
