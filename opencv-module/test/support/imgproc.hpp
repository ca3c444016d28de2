// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_SUPPORT_IMGPROC_HPP
#define DRGAN_TESTS_SUPPORT_IMGPROC_HPP

#include <opencv2/imgproc.hpp>
#if CV_VERSION_MAJOR >= 5
#include <opencv2/geometry.hpp>  // what imgproc.hpp had of shapes and transforms before
#endif

#endif
