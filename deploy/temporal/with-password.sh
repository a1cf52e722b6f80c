#!/bin/sh
# Temporal's programs read the password of their database from the environment only. This takes it out of the secret's
# file for the one program that it runs:  sh with-password.sh PROGRAM ARGS…
set -eu
user_and_password=$(cat "$TEMPORAL_DATABASE_URL_FILE")
user_and_password=${user_and_password#*://}
user_and_password=${user_and_password%%@*}
POSTGRES_PWD=${user_and_password#*:}
SQL_PASSWORD=$POSTGRES_PWD
export POSTGRES_PWD SQL_PASSWORD
exec "$@"
