#!/bin/sh
# Makes what only chance may know: passwords, database URLs and signing keys under secrets/, their public keys in .env.
# What is there already is kept, so it may be run again. Needs openssl. Run it beside docker-compose.yml, or name the
# folder:  sh deploy/make-secrets.sh [FOLDER]
set -eu
umask 077
cd "${1:-.}"
mkdir -p secrets
touch .env

# The folder is closed to others. The files in it are not: a container sees them as they are, and runs as another user.
put() {
  [ -s "secrets/$1" ] && return
  printf '%s\n' "$2" > "secrets/$1"
  chmod 444 "secrets/$1"
}

# Hexadecimal, so that no URL needs escaping.
password() { openssl rand -hex 24; }

# Ed25519, base64 of DER, as `countersign keys` makes them.
public_of() { openssl base64 -d -A -in "secrets/$1" | openssl pkey -inform DER -pubout -outform DER | openssl base64 -A; }

put postgres_password "$(password)"
put temporal_database_url "postgres://temporal:$(password)@postgres:5432/temporal"
for role in owner api workflows assistant actor; do
  put "${role}_database_url" "postgres://countersign_$role:$(password)@postgres:5432/countersign"
done
for role in api workflows; do
  put "${role}_signing_key" "$(openssl genpkey -algorithm ed25519 -outform DER | openssl base64 -A)"
  name="COUNTERSIGN_$(printf %s "$role" | tr '[:lower:]' '[:upper:]')_PUBLIC_KEYS"
  grep -q "^$name=" .env || printf '%s=%s\n' "$name" "$(public_of "${role}_signing_key")" >> .env
done

# X25519: links to one person lie sealed in the store, to the actor's key.
put link_key "$(openssl genpkey -algorithm x25519 -outform DER | openssl base64 -A)"
grep -q '^COUNTERSIGN_LINK_PUBLIC_KEY=' .env || printf 'COUNTERSIGN_LINK_PUBLIC_KEY=%s\n' "$(public_of link_key)" >> .env

# Under it lie the keys of people, and so all that is said. Keep a copy apart from the backups of the database.
put master_key "$(openssl rand -base64 32)"

# Its public key is made by the API, named by the ledger that it signs for: countersign ledger checkpoint --key
put ledger_signing_key "$(openssl genpkey -algorithm ed25519 -outform DER | openssl base64 -A)"

# Of channels; empty files are channels that are not used (docs/channels.md).
for name in slack_signing_secret slack_bot_token telegram_webhook_secret telegram_bot_token; do
  [ -e "secrets/$name" ] || { : > "secrets/$name"; chmod 644 "secrets/$name"; }
done

# Nobody but you knows these.
for name in openai_api_key smtp_url \
  shop_database_url shop_mint_database_url on_call_database_url on_call_mint_database_url; do
  [ -s "secrets/$name" ] || printf 'write secrets/%s (see docs/operating.md)\n' "$name"
done
for name in OPENAI_MODEL MAIL_FROM; do
  grep -q "^$name=." .env || printf 'set %s in .env (see docs/operating.md)\n' "$name"
done
