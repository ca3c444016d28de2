// SPDX-License-Identifier: Apache-2.0
#include "schema.hpp"

#include <array>

namespace drgan::tools {
namespace {

// The first of these brings version 0, no schema, to version 1. A version that was released is never changed here: the
// next one is added.
const std::array<const char*, Schema::version> migrations = {R"sql(
CREATE SCHEMA drgan;
CREATE TABLE drgan.schema_version (version integer NOT NULL, applied timestamptz NOT NULL DEFAULT now());
CREATE SEQUENCE drgan.revision;

CREATE TABLE drgan.bundles (
    id text COLLATE "C" PRIMARY KEY,
    embedding_size integer NOT NULL CHECK (embedding_size BETWEEN 1 AND 65536)
);
COMMENT ON TABLE drgan.bundles IS 'Embedding spaces: people of different bundles cannot be compared';

CREATE TABLE drgan.people (
    bundle text COLLATE "C" NOT NULL REFERENCES drgan.bundles,
    name text COLLATE "C" NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 1024),
    images integer NOT NULL CHECK (images >= 1),
    confidence double precision NOT NULL CHECK (confidence >= 0),
    embedding bytea NOT NULL CHECK (octet_length(embedding) % 4 = 0),
    updated timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (bundle, name)
);
CREATE INDEX ON drgan.people (bundle, revision);
COMMENT ON COLUMN drgan.people.images IS 'Pictures fused into the embedding';
COMMENT ON COLUMN drgan.people.confidence IS 'Sum of their confidences';
COMMENT ON COLUMN drgan.people.embedding IS 'Values as 32-bit floats, little-endian, not normalised';
ALTER TABLE drgan.people ALTER COLUMN embedding SET STORAGE EXTERNAL;

CREATE TABLE drgan.pictures (
    bundle text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    label text COLLATE "C" NOT NULL,
    images integer NOT NULL CHECK (images >= 1),
    confidence double precision NOT NULL CHECK (confidence >= 0),
    embedding bytea NOT NULL CHECK (octet_length(embedding) % 4 = 0),
    PRIMARY KEY (bundle, name, position),
    UNIQUE (bundle, name, label),
    FOREIGN KEY (bundle, name) REFERENCES drgan.people ON UPDATE CASCADE ON DELETE CASCADE
);
ALTER TABLE drgan.pictures ALTER COLUMN embedding SET STORAGE EXTERNAL;
COMMENT ON TABLE drgan.pictures IS 'Single pictures of people all of whose pictures are stored, in the order of fusion';

CREATE TABLE drgan.removed (
    bundle text COLLATE "C" NOT NULL,
    name_hash bytea NOT NULL,
    removed timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL,
    PRIMARY KEY (bundle, name_hash)
);
CREATE INDEX ON drgan.removed (bundle, revision);
COMMENT ON TABLE drgan.removed IS 'SHA-256 of the names of people who were removed, so that an old file does not bring them back';

CREATE FUNCTION drgan.one_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(x'447247414e'::bigint);
    RETURN NULL;
END $$;
CREATE FUNCTION drgan.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := nextval('drgan.revision');
    NEW.updated := now();
    RETURN NEW;
END $$;
CREATE FUNCTION drgan.remember() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND (OLD.bundle, OLD.name) IS DISTINCT FROM (NEW.bundle, NEW.name)) THEN
        INSERT INTO drgan.removed (bundle, name_hash, revision)
            VALUES (OLD.bundle, sha256(convert_to(OLD.name, 'UTF8')), nextval('drgan.revision'))
            ON CONFLICT (bundle, name_hash) DO UPDATE SET removed = now(), revision = excluded.revision;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        DELETE FROM drgan.removed WHERE bundle = NEW.bundle AND name_hash = sha256(convert_to(NEW.name, 'UTF8'));
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION drgan.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('drgan_people', '');
    RETURN NULL;
END $$;
CREATE TRIGGER a_one_writer BEFORE INSERT OR UPDATE OR DELETE ON drgan.people
    FOR EACH STATEMENT EXECUTE FUNCTION drgan.one_writer();
CREATE TRIGGER b_stamp BEFORE INSERT OR UPDATE ON drgan.people FOR EACH ROW EXECUTE FUNCTION drgan.stamp();
CREATE TRIGGER c_remember AFTER INSERT OR UPDATE OR DELETE ON drgan.people
    FOR EACH ROW EXECUTE FUNCTION drgan.remember();
CREATE TRIGGER d_tell AFTER INSERT OR UPDATE OR DELETE ON drgan.people
    FOR EACH STATEMENT EXECUTE FUNCTION drgan.tell();
)sql"};

std::int64_t versionOf(Connection& connection) {
    // Not to_regclass(): it may answer from a cache of before another program's migration.
    if (connection.number("SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                          "WHERE nspname = 'drgan' AND relname = 'schema_version'") == 0) {
        return 0;
    }
    return connection.number("SELECT max(version) FROM drgan.schema_version");
}

[[noreturn]] void refuse(std::int64_t found) {
    throw DatabaseError("the database's schema has version " + std::to_string(found) + ", this program needs version " +
                            std::to_string(Schema::version) +
                            (found > Schema::version ? ": install a newer drgan-gallery"
                                                     : ": run drgan-gallery push as the owner of the database"),
                        false);
}

}  // namespace

const char* Schema::lockWriters() { return "SELECT pg_advisory_xact_lock(x'447247414e'::bigint)"; }

void Schema::migrate(Connection& connection) {
    const std::int64_t before = versionOf(connection);
    if (before == version) {
        return;
    }
    if (before > version) {
        refuse(before);
    }
    connection.execute("BEGIN");
    connection.query(lockWriters());
    for (std::int64_t v = versionOf(connection); v < version; ++v) {  // another program may have been faster
        connection.execute(migrations[static_cast<size_t>(v)]);
        connection.query("INSERT INTO drgan.schema_version (version) VALUES ($1::int)", {std::to_string(v + 1)});
    }
    connection.execute("COMMIT");
}

void Schema::check(Connection& connection) {
    const std::int64_t found = versionOf(connection);
    if (found == 0) {
        throw DatabaseError("the database has no people yet: there is no schema drgan; drgan-gallery push makes it",
                            false);
    }
    if (found != version) {
        refuse(found);
    }
}

}  // namespace drgan::tools
