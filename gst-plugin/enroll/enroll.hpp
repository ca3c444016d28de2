// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_ENROLL_HPP
#define DRGAN_ENROLL_ENROLL_HPP

#include <functional>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "embed_file.hpp"

namespace drgan::enroll {

/// What came of a file.
struct Outcome {
    enrolment::Source source;
    std::string reason;          ///< why nobody was enrolled from it; else what was done without being asked, or empty
    int images = 0;              ///< pictures fused into the person; 0: nobody was enrolled from it
    double totalConfidence = 0;  ///< sum of their confidences
    double likeness = 1;         ///< cosine to the person's other files, 1 where it is the only one
    bool unlike = false;         ///< it does not fit them: is it the same person?
};

/// Looks at each file. @param progress told before each
std::vector<FileResult> embedFiles(const std::vector<enrolment::Source>& files, const Embedders& embedders,
                                   const std::function<void(size_t index, const enrolment::Source&)>& progress);

/// Adds what was seen to the gallery, as enrolment::addPeople() decides.
std::vector<Outcome> add(const std::vector<FileResult>& results, cv::drgan::Gallery& gallery,
                         const Embedders& embedders, const enrolment::AddOptions& options);

}  // namespace drgan::enroll

#endif
