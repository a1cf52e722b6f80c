#!/bin/sh
# Brings Temporal's two databases to the tables of its version. Steps that were taken are left out, so every start of the
# whole may run it; a new version of the server starts only after it.
set -eu
for database in temporal temporal_visibility; do
  folder=${database#temporal_}
  tool="temporal-sql-tool --plugin postgres12 --ep $POSTGRES_SEEDS -p 5432 -u $POSTGRES_USER --db $database"
  $tool setup-schema -v 0.0
  $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$folder/versioned"
done
