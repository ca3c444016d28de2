// SPDX-License-Identifier: Apache-2.0
//
// For OpenCV's own tree, see CMakeLists.txt.
#include <gtest/gtest.h>

CV_TEST_MAIN("")
