// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TEST_ONE_THREAD_HPP
#define DRGAN_TEST_ONE_THREAD_HPP

#include <opencv2/core/utility.hpp>

namespace drgan_test {

/// Under the thread sanitizer OpenCV computes in the thread that calls it: the sanitizer does not see how the threads
/// of OpenCV's own pool wait for each other. (OpenBLAS has an environment variable for it: OPENBLAS_NUM_THREADS.)
inline bool oneThreadInOpenCv() {
#ifdef __SANITIZE_THREAD__
    cv::setNumThreads(1);
#endif
    return true;
}

}  // namespace drgan_test

#endif
