#!/bin/sh
# Makes the namespace, once the server answers. 30 days: closed conversations are evidence, and the server's own default
# of one day would lose it. The roles add the search attributes.
set -eu
tries=60
until temporal operator cluster health >/dev/null 2>&1; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "Temporal at $TEMPORAL_ADDRESS does not answer" >&2
    exit 1
  fi
  sleep 1
done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --retention 720h --namespace "$TEMPORAL_NAMESPACE"
