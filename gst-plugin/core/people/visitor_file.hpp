// SPDX-License-Identifier: Apache-2.0
//
// The file of visitors is a gallery, so that its reader checks it and drgan-gallery lists, searches and removes
// visitors. A person's name is the visitor's id. One picture is stored of each: the fused embedding, under a name that
// says when the visitor was first and last seen, for example "2026-11-30T09:03:03Z/2026-12-02T10:00:00Z".
#ifndef DRGAN_CORE_VISITOR_FILE_HPP
#define DRGAN_CORE_VISITOR_FILE_HPP

#include <cstdint>
#include <map>
#include <opencv2/drgan.hpp>
#include <string>

namespace drgan {

/// UTC, seconds since 1970.
struct VisitorTimes {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// "visitor-" and twelve random characters of a to z and 2 to 7.
std::string newVisitorId();

/// Adds a visitor to a gallery that is to be saved as the file.
void addToVisitorFile(cv::drgan::Gallery& file, const std::string& id, const cv::Mat& embedding, double totalConfidence,
                      int images, const VisitorTimes& times);

/// Reads the file.
/// @param encoder whose embeddings the file must hold
/// @param people receives the visitors' embeddings, and the thresholds if the file has any
/// @return the visitors' times by their ids
/// @throws cv::Exception naming the file if it is damaged, of another bundle, or a gallery of other people
std::map<std::string, VisitorTimes> readVisitorFile(const std::string& path, const cv::Ptr<cv::drgan::Encoder>& encoder,
                                                    cv::drgan::Gallery& people);

}  // namespace drgan

#endif
