#!/bin/sh
# Creates both databases or brings them up to date. SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD say where.
set -eu
export SQL_PLUGIN=postgres12

lay_out() {
    temporal-sql-tool --db "$1" create
    temporal-sql-tool --db "$1" setup-schema -v 0.0
    temporal-sql-tool --db "$1" update-schema --schema-name "postgresql/v12/$2"
}

lay_out temporal temporal
lay_out temporal_visibility visibility
