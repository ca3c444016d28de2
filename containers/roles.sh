#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who may do what with the people in the database: enrolment writes, cameras read. Run once, when the database is made.
set -eu
psql -v ON_ERROR_STOP=1 -v enrolment="$ENROLMENT_PASSWORD" -v camera="$CAMERA_PASSWORD" -d "$POSTGRES_DB" << 'SQL'
CREATE ROLE enrolment LOGIN PASSWORD :'enrolment';
CREATE ROLE camera LOGIN PASSWORD :'camera';
-- The first push makes the schema drgan: what it makes, cameras may read.
SELECT format('GRANT CREATE ON DATABASE %I TO enrolment', current_database()) \gexec
ALTER DEFAULT PRIVILEGES FOR ROLE enrolment GRANT USAGE ON SCHEMAS TO camera;
ALTER DEFAULT PRIVILEGES FOR ROLE enrolment GRANT SELECT ON TABLES TO camera;
SQL
