// SPDX-License-Identifier: Apache-2.0
#include "run/face_reader.hpp"

#include <spdlog/spdlog.h>

namespace drgan::train {

bool FaceReader::read(int64_t row, std::vector<uint8_t>& rgb) const {
    rgb.resize(static_cast<size_t>(faces_.imageSize()) * faces_.imageSize() * 3);
    try {
        faces_.decode(static_cast<size_t>(row), rgb.data());
    } catch (const std::exception& e) {
        const std::lock_guard<std::mutex> lock(reporting_);
        if (corrupt_.insert(row).second) {
            spdlog::warn("{}; another picture is taken in its place", e.what());
        }
        return false;
    }
    return true;
}

}  // namespace drgan::train
