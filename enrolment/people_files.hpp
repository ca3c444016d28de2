// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_PEOPLE_FILES_HPP
#define DRGAN_ENROLMENT_PEOPLE_FILES_HPP

#include <string>
#include <vector>

namespace drgan::enrolment {

/// A file and whose it is.
struct Source {
    std::string name;
    std::string file;
    std::string picture = {};  ///< what the gallery calls it: the file's path within the person's folder, or its name
};

/// What cannot be enrolled, and why.
struct Aside {
    std::string file;
    std::string reason;
};

struct Sources {
    std::vector<Source> files;
    std::vector<Aside> aside;
};

/// The files of people, sorted: without a name each path is a folder with a folder of pictures and videos for each
/// person, whose name it has; with a name each path is a file, or a folder of files, of that person. What begins with a
/// dot is left out; so are, and named, links to folders within a person's, which may lead round in circles, and what
/// cannot be read.
/// @throws std::runtime_error naming a path that is not there or is no folder
Sources findSources(const std::vector<std::string>& paths, const std::string& name);

}  // namespace drgan::enrolment

#endif
