// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_FILE_IO_HPP
#define OPENCV_DRGAN_FILE_IO_HPP

#include <vector>

#include "precomp.hpp"

namespace cv {
namespace drgan {

/// Size in bytes, or -1 if the file cannot be opened or is a folder.
int64_t fileSize(const String& path);

/// Reads a whole file. @throws cv::Exception naming the path if it cannot be read or is larger than `limit` bytes
std::vector<uchar> readFile(const String& path, size_t limit);

}  // namespace drgan
}  // namespace cv

#endif
