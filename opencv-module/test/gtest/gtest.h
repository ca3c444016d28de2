// SPDX-License-Identifier: Apache-2.0
//
// In OpenCV's own tree the tests run on its ts, which has a GoogleTest of its own, older than the system's. This file
// is found in place of the system's and adds what the tests use beyond it.

#ifndef DRGAN_TEST_ON_TS_HPP
#define DRGAN_TEST_ON_TS_HPP

#define CV_TEST_SKIP_NAMESPACE_CHECK  // the tests are in no namespace
#include <opencv2/ts.hpp>

namespace drgan_test {

/// GTEST_SKIP() << "why": ts skips by an exception.
struct Skip {
    void operator=(const testing::Message& why) const { throw cvtest::SkipTestException(why.GetString()); }
};

}  // namespace drgan_test

#ifndef GTEST_SKIP
#define GTEST_SKIP() return drgan_test::Skip() = testing::Message()
#endif

#endif
