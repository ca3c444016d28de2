// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TOOLS_DATABASE_SCHEMA_HPP
#define DRGAN_TOOLS_DATABASE_SCHEMA_HPP

#include "connection.hpp"

namespace drgan::tools {

/// The schema `drgan` of the database, in the version that this program knows.
///
/// The database itself keeps its rules, whoever changes it: triggers number changes in the order in which they are
/// committed, remember who was removed, and notify the channel drgan_people.
class Schema {
public:
    static constexpr int version = 1;

    /// Creates the schema, or brings an older version up to this one, in one transaction.
    /// @throws DatabaseError if the database has a newer version, or if the user has no right to change it
    static void migrate(Connection& connection);
    /// @throws DatabaseError if the schema is missing or of another version
    static void check(Connection& connection);

    /// Taken by every transaction that changes people, so that writers come one after the other.
    static const char* lockWriters();
};

}  // namespace drgan::tools

#endif
