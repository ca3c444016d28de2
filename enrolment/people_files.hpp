// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_PEOPLE_FILES_HPP
#define DRGAN_ENROLMENT_PEOPLE_FILES_HPP

#include <string>
#include <vector>

namespace drgan::enrolment {

/// A file and the name of the person that it shows.
struct Source {
    std::string name;
    std::string file;
    std::string picture = {};  ///< its label in the gallery: the path within the person's folder, or the file's name
};

/// A file that cannot be used, and why.
struct Aside {
    std::string file;
    std::string reason;
};

struct Sources {
    std::vector<Source> files;
    std::vector<Aside> aside;
};

/// Lists the files of people, sorted. Without a name, each path is a folder that has a folder of pictures and videos
/// for each person, named after the person. With a name, each path is a file or a folder of files of that person. Files
/// whose names start with a dot are left out. Links to folders within a person's folder, which may be circular, and
/// files that cannot be read are left out, too, and listed in `aside`.
/// @throws std::runtime_error naming a path that does not exist or is not a folder
Sources findSources(const std::vector<std::string>& paths, const std::string& name);

}  // namespace drgan::enrolment

#endif
