// SPDX-License-Identifier: Apache-2.0
//
// A libFuzzer target; DRGAN_FUZZ_ENTRY names the function that it runs.
#include <opencv2/core/utils/logger.hpp>

#include "entries.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const auto quiet = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    (void)quiet;
    drgan_fuzz::DRGAN_FUZZ_ENTRY(data, size);
    return 0;
}
