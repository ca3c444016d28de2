// SPDX-License-Identifier: Apache-2.0
#include "run/face_reader.hpp"

#include <spdlog/spdlog.h>

namespace drgan::train {

cv::Mat FaceReader::read(int64_t row) const {
    cv::Mat picture(faces_.imageSize(), faces_.imageSize(), CV_8UC3);
    try {
        faces_.decode(static_cast<size_t>(row), picture.data);
        return picture;
    } catch (const std::exception& e) {
        const std::lock_guard<std::mutex> lock(reporting_);
        if (corrupt_.insert(row).second) {
            spdlog::warn("{}; another picture is taken in its place", e.what());
        }
        return {};
    }
}

}  // namespace drgan::train
