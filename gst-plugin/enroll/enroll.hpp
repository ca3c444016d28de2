// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_ENROLL_HPP
#define DRGAN_ENROLL_ENROLL_HPP

#include <functional>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "choose.hpp"

namespace drgan::enroll {

/// A file and whose it is.
struct Source {
    std::string name;
    std::string file;
};

struct Sources {
    std::vector<Source> files;
    std::vector<std::string> aside;  ///< files that lie in nobody's folder
};

/// The files of people, sorted: without a name each path is a folder with a folder of pictures and videos for each
/// person, whose name it has; with a name each path is a file, or a folder of files, of that person. What begins with a
/// dot is left out.
/// @throws std::runtime_error naming a path that is not there or is no folder
Sources findSources(const std::vector<std::string>& paths, const std::string& name);

/// What came of a file.
struct Outcome {
    Source source;
    std::string reason;          ///< why nobody was enrolled from it; else what was left aside, or empty
    int images = 0;              ///< pictures fused into the person; 0: nobody was enrolled from it
    double totalConfidence = 0;  ///< sum of their confidences
    double likeness = 1;         ///< cosine to the person's other files, 1 where it is the only one
    bool unlike = false;         ///< likeness is below the bundle's threshold: is it the same person?
};

/// Shows each file to the element and adds what it tells to the gallery.
/// @param progress told before each file
std::vector<Outcome> enroll(const std::vector<Source>& files, FaceElement& element, cv::drgan::Gallery& gallery,
                            const Match& match, double threshold,
                            const std::function<void(size_t index, const Source&)>& progress);

}  // namespace drgan::enroll

#endif
