#!/bin/sh
# Copies all that cannot be made anew into a folder: Temporal's databases, a DuckDB warehouse, the audit's files,
# config and .env.
# Usage: deploy/backup.sh FOLDER, where `docker compose --profile prod` runs. It holds secrets and personal data.
set -eu
cd "$(dirname "$0")/.."
to=${1:?usage: deploy/backup.sh FOLDER}
umask 077
mkdir -p "$to"

within() { docker compose --profile prod exec -T "$@"; }

for database in temporal temporal_visibility; do
    within postgresql pg_dump --username=temporal --format=custom "$database" >"$to/$database.dump"
done

# opening it fails while an export writes: then nothing half done is copied
within prod-worker python -c '
import shutil, sys
from pathlib import Path
import duckdb
file = Path("data/warehouse.duckdb")
if file.exists():
    with duckdb.connect(str(file)) as database:
        database.execute("checkpoint")
        with file.open("rb") as source:
            shutil.copyfileobj(source, sys.stdout.buffer)
' >"$to/warehouse.duckdb"
[ -s "$to/warehouse.duckdb" ] || rm "$to/warehouse.duckdb"

within prod-worker sh -c 'mkdir -p data/audit && tar -C data -cf - audit' >"$to/audit.tar"

cp -R config "$to/"
if [ -f .env ]; then cp .env "$to/dotenv"; fi
echo "Backed up into $to"
