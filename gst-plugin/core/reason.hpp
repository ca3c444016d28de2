// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_REASON_HPP
#define DRGAN_CORE_REASON_HPP

#include <exception>
#include <opencv2/core.hpp>
#include <string>

namespace drgan {

/// What an exception says; of one of OpenCV's without the place in the sources.
inline std::string reasonOf(const std::exception& exception) {
    const auto* ours = dynamic_cast<const cv::Exception*>(&exception);
    return ours != nullptr && !ours->err.empty() ? ours->err : exception.what();
}

}  // namespace drgan

#endif
