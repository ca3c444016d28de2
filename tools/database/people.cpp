// SPDX-License-Identifier: Apache-2.0
#include "people.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>
#include <tuple>

#include "gallery_person.hpp"
#include "schema.hpp"

namespace drgan::tools {
namespace {

using cv::drgan::Gallery;

using Person = enrolment::GalleryPerson;
using Known = Person::Known;
using Picture = Person::Picture;
using enrolment::personOf;
using enrolment::putPerson;

bool isSame(const cv::Mat& a, const cv::Mat& b) {
    return a.total() == b.total() && std::memcmp(a.data, b.data, a.total() * sizeof(float)) == 0;
}

bool isSame(const Known& a, const Known& b) {
    return a.images == b.images && a.confidence == b.confidence && isSame(a.embedding, b.embedding);
}

// Little-endian, as in the gallery's file and as on every machine that this project builds on.
std::string bytesOf(const cv::Mat& embedding) {
    return {reinterpret_cast<const char*>(embedding.data), embedding.total() * sizeof(float)};
}

cv::Mat embeddingOf(const std::string& bytes, int size, const std::string& name) {
    if (bytes.size() != static_cast<size_t>(size) * sizeof(float)) {
        throw DatabaseError("the embedding of \"" + name + "\" in the database has " + std::to_string(bytes.size()) +
                                " bytes, expected " + std::to_string(static_cast<size_t>(size) * sizeof(float)),
                            false);
    }
    cv::Mat out(1, size, CV_32F);
    std::memcpy(out.data, bytes.data(), bytes.size());
    return out;
}

bool joinInto(const Person& theirs, const std::string& name, Gallery& to) {
    if (!to.contains(name)) {
        putPerson(theirs, name, to);
        return true;
    }
    const Person ours = personOf(to, name);
    if (isSame(ours.fused, theirs.fused)) {
        return false;
    }
    if (!ours.pictures.empty() && !theirs.pictures.empty()) {
        bool changed = false;
        for (const Picture& p : theirs.pictures) {
            const bool known = std::any_of(ours.pictures.begin(), ours.pictures.end(), [&p](const Picture& own) {
                return isSame(own.known.embedding, p.known.embedding);
            });
            if (!known) {
                putPerson({{}, {p}}, name, to);
                changed = true;
            }
        }
        return changed;
    }
    const auto size = [](const Person& p) {
        return std::make_tuple(p.fused.images, p.fused.confidence, !p.pictures.empty(), bytesOf(p.fused.embedding));
    };
    if (size(theirs) <= size(ours)) {
        return false;
    }
    to.remove(name);
    putPerson(theirs, name, to);
    return true;
}

/// Everything within a transaction; without commit(), nothing has happened.
class Transaction {
public:
    Transaction(Connection& connection, const char* begin) : connection_(connection) { connection_.execute(begin); }
    ~Transaction() {
        if (!done_) {
            try {
                connection_.execute("ROLLBACK");
            } catch (const std::exception&) {  // the connection is lost, and the transaction with it
            }
        }
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit() {
        connection_.execute("COMMIT");
        done_ = true;
    }

private:
    Connection& connection_;
    bool done_ = false;
};

void checkBundle(Connection& connection, const Gallery& gallery) {
    const auto size =
        connection.number("SELECT max(embedding_size) FROM drgan.bundles WHERE id = $1", {gallery.bundleId()});
    if (size != gallery.embeddingSize()) {
        throw DatabaseError("the database has embeddings of " + std::to_string(size) + " values for the bundle " +
                                gallery.bundleId() + ", the gallery of " + std::to_string(gallery.embeddingSize()),
                            false);
    }
}

std::vector<std::string> namesOf(Connection& connection, const std::string& statement,
                                 const std::vector<std::string>& values = {}) {
    std::vector<std::string> names;
    connection.query(statement, values, [&names](const Row& row) { names.push_back(row.text(0)); });
    return names;
}

// Into tables of the session's own, so that the database compares them and only what differs comes back.
void copyToSession(Connection& connection, const Gallery& gallery) {
    connection.execute(
        "CREATE TEMP TABLE pushed (name text COLLATE \"C\" PRIMARY KEY, images int, confidence double precision, "
        "embedding bytea) ON COMMIT DROP;"
        "CREATE TEMP TABLE pushed_pictures (name text COLLATE \"C\", position int, label text, images int, "
        "confidence double precision, embedding bytea) ON COMMIT DROP;"
        "CREATE TEMP TABLE fresh (name text COLLATE \"C\" PRIMARY KEY) ON COMMIT DROP");
    std::vector<std::string> withPictures;
    connection.beginCopy("COPY pg_temp.pushed FROM STDIN (FORMAT binary)");
    for (const std::string& name : gallery.names()) {
        const Person p = personOf(gallery, name);
        connection.putRow({name, binary(p.fused.images), binary(p.fused.confidence), bytesOf(p.fused.embedding)});
        if (!p.pictures.empty()) {
            withPictures.push_back(name);
        }
    }
    connection.endCopy();
    connection.beginCopy("COPY pg_temp.pushed_pictures FROM STDIN (FORMAT binary)");
    for (const std::string& name : withPictures) {
        std::int32_t position = 0;
        const Person person = personOf(gallery, name);
        for (const Picture& p : person.pictures) {
            connection.putRow({name, binary(position++), p.label, binary(p.known.images), binary(p.known.confidence),
                               bytesOf(p.known.embedding)});
        }
    }
    connection.endCopy();
}

Person storedPerson(Connection& connection, const Gallery& like, const std::string& name) {
    Person person;
    const std::vector<std::string> key = {like.bundleId(), name};
    connection.query("SELECT images, confidence, embedding FROM drgan.people WHERE bundle = $1 AND name = $2", key,
                     [&](const Row& row) {
                         person.fused = {embeddingOf(row.text(2), like.embeddingSize(), name), row.real(1),
                                         static_cast<int>(row.integer(0))};
                     });
    connection.query(
        "SELECT label, images, confidence, embedding FROM drgan.pictures WHERE bundle = $1 AND name = $2 "
        "ORDER BY position",
        key, [&](const Row& row) {
            person.pictures.push_back({row.text(0),
                                       {embeddingOf(row.text(3), like.embeddingSize(), name), row.real(2),
                                        static_cast<int>(row.integer(1))}});
        });
    return person;
}

std::string hexOf(const std::string& bytes) {
    constexpr const char* digits = "0123456789abcdef";
    std::string out = "\\x";
    for (const unsigned char c : bytes) {
        out += digits[c >> 4];
        out += digits[c & 15];
    }
    return out;
}

std::string exact(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}

void store(Connection& connection, const std::string& bundle, const std::string& name, const Person& person) {
    connection.query(
        "UPDATE drgan.people SET images = $3::int, confidence = $4::float8, embedding = $5::bytea "
        "WHERE bundle = $1 AND name = $2",
        {bundle, name, std::to_string(person.fused.images), exact(person.fused.confidence),
         hexOf(bytesOf(person.fused.embedding))});
    connection.query("DELETE FROM drgan.pictures WHERE bundle = $1 AND name = $2", {bundle, name});
    int position = 0;
    for (const Picture& p : person.pictures) {
        connection.query("INSERT INTO drgan.pictures VALUES ($1, $2, $3::int, $4, $5::int, $6::float8, $7::bytea)",
                         {bundle, name, std::to_string(position++), p.label, std::to_string(p.known.images),
                          exact(p.known.confidence), hexOf(bytesOf(p.known.embedding))});
    }
}

// People who differ: those of the database, joined with the gallery's.
int joinDiffering(Connection& connection, const Gallery& gallery) {
    int changed = 0;
    const auto differing = namesOf(connection,
                                   "SELECT name FROM pg_temp.pushed p JOIN drgan.people d USING (name) "
                                   "WHERE d.bundle = $1 AND (d.images, d.confidence, d.embedding) "
                                   "IS DISTINCT FROM (p.images, p.confidence, p.embedding)",
                                   {gallery.bundleId()});
    for (const std::string& name : differing) {
        const auto one = Gallery::createEmpty(gallery.embeddingSize(), gallery.bundleId());
        putPerson(storedPerson(connection, gallery, name), name, *one);
        if (joinInto(personOf(gallery, name), name, *one)) {
            store(connection, gallery.bundleId(), name, personOf(*one, name));
            ++changed;
        }
    }
    return changed;
}

}  // namespace

Pushed pushPeople(Connection& connection, const Gallery& gallery, bool restore) {
    const std::string bundle = gallery.bundleId();
    Pushed out;
    Transaction transaction(connection, "BEGIN");
    connection.query("INSERT INTO drgan.bundles VALUES ($1, $2::int) ON CONFLICT DO NOTHING",
                     {bundle, std::to_string(gallery.embeddingSize())});
    checkBundle(connection, gallery);
    copyToSession(connection, gallery);
    connection.query(Schema::lockWriters());
    if (!restore) {
        out.removed = namesOf(connection,
                              "DELETE FROM pg_temp.pushed p USING drgan.removed r WHERE r.bundle = $1 "
                              "AND r.name_hash = sha256(convert_to(p.name, 'UTF8')) RETURNING p.name",
                              {bundle});
    }
    connection.query(
        "INSERT INTO pg_temp.fresh SELECT name FROM pg_temp.pushed p WHERE NOT EXISTS "
        "(SELECT FROM drgan.people d WHERE d.bundle = $1 AND d.name = p.name)",
        {bundle});
    out.added = static_cast<int>(connection.number("SELECT count(*) FROM pg_temp.fresh"));
    const auto all = connection.number("SELECT count(*) FROM pg_temp.pushed");
    out.changed = joinDiffering(connection, gallery);
    if (out.added > 0) {  // a statement that changes nothing would still wake those who watch
        connection.query(
            "INSERT INTO drgan.people (bundle, name, images, confidence, embedding) "
            "SELECT $1, name, images, confidence, embedding FROM pg_temp.pushed JOIN pg_temp.fresh USING (name)",
            {bundle});
        connection.query(
            "INSERT INTO drgan.pictures "
            "SELECT $1, name, position, label, images, confidence, embedding "
            "FROM pg_temp.pushed_pictures JOIN pg_temp.fresh USING (name)",
            {bundle});
    }
    out.unchanged = static_cast<int>(all) - out.added - out.changed;
    transaction.commit();
    return out;
}

namespace {

// The names among these whom the database remembers as removed.
std::vector<std::string> removedAmong(Connection& connection, const std::string& bundle,
                                      const std::vector<std::string>& names) {
    return namesOf(connection,
                   "SELECT n FROM unnest($2::text[]) AS n JOIN drgan.removed r ON r.bundle = $1 "
                   "AND r.name_hash = sha256(convert_to(n, 'UTF8'))",
                   {bundle, textArray(names)});
}

// Pictures come before people, so that a person is put together from them at once.
void fetchPictures(Connection& connection, const Gallery& like, std::int64_t since,
                   const std::function<void(const std::string&, std::vector<Picture>)>& each) {
    std::string name;
    std::vector<Picture> pictures;
    const auto finish = [&] {
        if (!pictures.empty()) {
            each(name, std::move(pictures));
        }
        pictures.clear();
    };
    connection.query(
        "SELECT name, p.label, p.images, p.confidence, p.embedding "
        "FROM drgan.pictures p JOIN drgan.people d USING (bundle, name) "
        "WHERE bundle = $1 AND d.revision > $2::bigint ORDER BY name, position",
        {like.bundleId(), std::to_string(since)}, [&](const Row& row) {
            if (row.text(0) != name) {
                finish();
                name = row.text(0);
            }
            pictures.push_back({row.text(1),
                                {embeddingOf(row.text(4), like.embeddingSize(), name), row.real(3),
                                 static_cast<int>(row.integer(2))}});
        });
    finish();
}

}  // namespace

std::int64_t newestRevision(Connection& connection, const std::string& bundle) {
    return connection.number(
        "SELECT greatest((SELECT max(revision) FROM drgan.people WHERE bundle = $1), "
        "(SELECT max(revision) FROM drgan.removed WHERE bundle = $1), 0)",
        {bundle});
}

Pulled pullPeople(Connection& connection, Gallery& gallery, std::int64_t since) {
    const std::string bundle = gallery.bundleId();
    Pulled out;
    Transaction transaction(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    checkBundle(connection, gallery);
    out.revision = newestRevision(connection, bundle);
    if (out.revision < since) {
        since = 0;  // the database was set back
    }
    // Who is in the gallery and not in the database may have been removed there.
    std::set<std::string> others;
    if (since == 0 ||
        connection.number("SELECT count(*) FROM drgan.removed WHERE bundle = $1 AND revision > $2::bigint",
                          {bundle, std::to_string(since)}) > 0) {
        for (const std::string& name : gallery.names()) {
            others.insert(name);
        }
    }
    std::set<std::string> done;
    const auto join = [&](const std::string& name, const Person& person) {
        const bool known = gallery.contains(name);
        if (joinInto(person, name, gallery)) {
            ++(known ? out.changed : out.added);
        }
    };
    // Without their fused embedding: it follows from the pictures.
    fetchPictures(connection, gallery, since, [&](const std::string& name, std::vector<Picture> pictures) {
        const auto one = Gallery::createEmpty(gallery.embeddingSize(), bundle);
        putPerson({{}, std::move(pictures)}, name, *one);
        join(name, personOf(*one, name));
        done.insert(name);
    });
    connection.query(
        "SELECT name, images, confidence, embedding FROM drgan.people "
        "WHERE bundle = $1 AND revision > $2::bigint ORDER BY name",
        {bundle, std::to_string(since)}, [&](const Row& row) {
            const std::string name = row.text(0);
            others.erase(name);
            if (done.count(name) == 0) {
                join(name, {{embeddingOf(row.text(3), gallery.embeddingSize(), name), row.real(2),
                             static_cast<int>(row.integer(1))},
                            {}});
            }
        });
    for (const std::string& name : removedAmong(connection, bundle, {others.begin(), others.end()})) {
        gallery.remove(name);
        others.erase(name);
        ++out.removed;
    }
    out.onlyHere = since == 0 ? static_cast<int>(others.size()) : 0;
    transaction.commit();
    return out;
}

std::vector<std::string> removeFromDatabase(Connection& connection, const std::string& bundle,
                                            const std::vector<std::string>& names) {
    Transaction transaction(connection, "BEGIN");
    connection.query(Schema::lockWriters());
    const auto unknown = namesOf(connection,
                                 "SELECT n FROM unnest($2::text[]) AS n WHERE NOT EXISTS "
                                 "(SELECT FROM drgan.people WHERE bundle = $1 AND name = n)",
                                 {bundle, textArray(names)});
    if (unknown.empty()) {
        connection.query("DELETE FROM drgan.people WHERE bundle = $1 AND name = ANY ($2::text[])",
                         {bundle, textArray(names)});
        transaction.commit();
    }
    return unknown;
}

std::vector<StoredBundle> storedBundles(Connection& connection) {
    std::vector<StoredBundle> out;
    connection.query("SELECT id, embedding_size FROM drgan.bundles ORDER BY id", {}, [&out](const Row& row) {
        out.push_back({row.text(0), static_cast<int>(row.integer(1))});
    });
    return out;
}

}  // namespace drgan::tools
