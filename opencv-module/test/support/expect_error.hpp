// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_SUPPORT_EXPECT_ERROR_HPP
#define DRGAN_TESTS_SUPPORT_EXPECT_ERROR_HPP

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace drgan_test {

/// Runs `action` and checks that it throws a cv::Exception whose message contains all `parts`.
template <typename Action>
void expectError(Action action, const std::vector<std::string>& parts) {
    try {
        action();
        ADD_FAILURE() << "no error, expected one with \"" << (parts.empty() ? "" : parts[0]) << "\"";
    } catch (const cv::Exception& error) {
        for (const std::string& part : parts) {
            EXPECT_NE(error.err.find(part), std::string::npos) << "\"" << part << "\" is not in: " << error.err;
        }
    }
}

}  // namespace drgan_test

#endif
