// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TOOLS_DATABASE_PEOPLE_HPP
#define DRGAN_TOOLS_DATABASE_PEOPLE_HPP

#include <cstdint>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "connection.hpp"

namespace drgan::tools {

// A person whom both the gallery and the database have, and who differs in the two: if all pictures of both are stored,
// the one gets the pictures of the other that it lacks; else the one of more images replaces the other. So the result
// depends neither on the order nor on how often it is done.

struct Pushed {
    int added = 0;
    int changed = 0;
    int unchanged = 0;
    std::vector<std::string> removed;  ///< not pushed, as they were removed from the database
};

/// Brings the people of a gallery into the database, in one transaction; removes nobody.
/// @param restore also those who were removed from the database
Pushed pushPeople(Connection& connection, const cv::drgan::Gallery& gallery, bool restore);

struct Pulled {
    std::int64_t revision = 0;  ///< of the newest change that the gallery has now
    int added = 0;
    int changed = 0;
    int removed = 0;
    int onlyHere = 0;  ///< in the gallery and not in the database; known after a pull of everything
};

/// Brings what has changed in the database since a revision into a gallery, as of one moment.
/// @param since 0: everything
Pulled pullPeople(Connection& connection, cv::drgan::Gallery& gallery, std::int64_t since);

/// The revision of the newest change of a bundle's people, 0: none.
std::int64_t newestRevision(Connection& connection, const std::string& bundle);

/// Removes all of these people, in one transaction. @return the names that the database does not have; if there is one,
/// nobody is removed
std::vector<std::string> removeFromDatabase(Connection& connection, const std::string& bundle,
                                            const std::vector<std::string>& names);

struct StoredBundle {
    std::string id;
    int embeddingSize = 0;
};
/// The bundles whose people the database has.
std::vector<StoredBundle> storedBundles(Connection& connection);

}  // namespace drgan::tools

#endif
