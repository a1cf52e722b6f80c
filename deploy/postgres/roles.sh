#!/bin/sh
# Makes the databases and the PostgreSQL roles, each role with the password in its own database URL. The image of
# PostgreSQL runs it when it makes a new volume; run it again after a password was changed. What the roles may do in the
# tables is `countersign migrate`'s to grant, since the rights change with the tables.
set -eu

# sql DATABASE: run what stands on standard input as the superuser.
sql() { psql -X -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d "$1"; }

# role NAME URL_FILE: the URL must be of that role. The password reaches psql by the environment, where no list shows it.
role() {
  url=$(cat "$2")
  user_and_password=${url#*://}
  user_and_password=${user_and_password%%@*}
  ROLE=${user_and_password%%:*}
  PASSWORD=${user_and_password#*:}
  if [ "$ROLE" != "$1" ]; then
    echo "the URL in $2 is of \"$ROLE\"; it must be of $1" >&2
    exit 1
  fi
  case $PASSWORD in
    *[!A-Za-z0-9._~-]* | '')
      echo "the password in $2 must be of letters, digits and . _ ~ - only; make another" >&2
      exit 1
      ;;
  esac
  export ROLE PASSWORD
  sql postgres <<'SQL'
\getenv role ROLE
\getenv password PASSWORD
select format('create role %I login', :'role') where not exists (select from pg_roles where rolname = :'role') \gexec
alter role :"role" login password :'password';
SQL
}

# database NAME OWNER
database() {
  NAME=$1 OWNER=$2
  export NAME OWNER
  sql postgres <<'SQL'
\getenv name NAME
\getenv owner OWNER
select format('create database %I owner %I', :'name', :'owner')
  where not exists (select from pg_database where datname = :'name') \gexec
revoke all on database :"name" from public;
SQL
}

role temporal "$TEMPORAL_DATABASE_URL_FILE"
role countersign_owner "$OWNER_DATABASE_URL_FILE"
role countersign_api "$API_DATABASE_URL_FILE"
role countersign_workflows "$WORKFLOWS_DATABASE_URL_FILE"
role countersign_assistant "$ASSISTANT_DATABASE_URL_FILE"
role countersign_actor "$ACTOR_DATABASE_URL_FILE"

database temporal temporal
database temporal_visibility temporal
database countersign countersign_owner
echo 'grant connect on database countersign
  to countersign_api, countersign_workflows, countersign_assistant, countersign_actor' | sql postgres
