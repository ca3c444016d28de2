// SPDX-License-Identifier: Apache-2.0
#include "file_io.hpp"

#include <fstream>
#include <opencv2/core/utils/filesystem.hpp>

namespace cv {
namespace drgan {

int64_t fileSize(const String& path) {
    if (path.empty() || utils::fs::isDirectory(path)) {
        return -1;
    }
    std::ifstream file(path.c_str(), std::ios::binary | std::ios::ate);
    return file ? static_cast<int64_t>(file.tellg()) : -1;
}

std::vector<uchar> readFile(const String& path, size_t limit) {
    const int64_t size = fileSize(path);
    if (size < 0) {
        CV_Error(Error::StsObjectNotFound, format("%s: cannot be opened, expected a readable file",
                                                  path.empty() ? "an empty path" : path.c_str()));
    }
    if (static_cast<uint64_t>(size) > limit) {
        CV_Error(Error::StsOutOfRange, format("%s: got %lld bytes, expected at most %llu", path.c_str(),
                                              static_cast<long long>(size), static_cast<unsigned long long>(limit)));
    }
    std::vector<uchar> bytes(static_cast<size_t>(size));
    std::ifstream file(path.c_str(), std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (!file) {
        CV_Error(Error::StsError, format("%s: cannot be read completely", path.c_str()));
    }
    return bytes;
}

}  // namespace drgan
}  // namespace cv
