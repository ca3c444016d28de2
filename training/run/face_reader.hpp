// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <opencv2/core.hpp>
#include <set>

#include "io/face_set.hpp"

namespace drgan::train {

/// Decodes the pictures of a face set; those that cannot be decoded are reported once each, so that another picture can
/// be taken. For several threads.
class FaceReader {
public:
    explicit FaceReader(const io::FaceSet& faces) : faces_(faces) {}

    /// @return SxS, CV_8UC3, RGB; empty for a picture that cannot be decoded
    cv::Mat read(int64_t row) const;

private:
    const io::FaceSet& faces_;
    mutable std::mutex reporting_;
    mutable std::set<int64_t> corrupt_;  // rows that have been reported
};

}  // namespace drgan::train
