// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_ENROLL_HPP
#define DRGAN_ENROLL_ENROLL_HPP

#include <functional>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "embed_file.hpp"

namespace drgan::enroll {

/// The result for one file.
struct Outcome {
    enrolment::Source source;
    std::string reason;          ///< why it was not used, or what was done to the picture; may be empty
    int images = 0;              ///< number of pictures fused into the person; 0: the file was not used
    double totalConfidence = 0;  ///< sum of their confidences
    double likeness = 1;         ///< cosine to the person's other files; 1 if there are none
    bool unlike = false;         ///< it does not fit them: it may be another person
};

/// Embeds each file. @param progress called before each
std::vector<FileResult> embedFiles(const std::vector<enrolment::Source>& files, const Embedders& embedders,
                                   const std::function<void(size_t index, const enrolment::Source&)>& progress);

/// Adds the embeddings to the gallery, as enrolment::addPeople() decides.
std::vector<Outcome> add(const std::vector<FileResult>& results, cv::drgan::Gallery& gallery,
                         const Embedders& embedders, const enrolment::AddOptions& options);

}  // namespace drgan::enroll

#endif
