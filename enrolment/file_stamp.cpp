// SPDX-License-Identifier: Apache-2.0
#include "file_stamp.hpp"

#include <sys/stat.h>

namespace drgan::enrolment {

std::string fileStamp(const std::string& path) {
    struct stat s {};
    if (path.empty() || stat(path.c_str(), &s) != 0) {
        return "";
    }
    const auto time = [](const timespec& t) { return std::to_string(t.tv_sec) + "." + std::to_string(t.tv_nsec); };
    return std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino) + ":" + std::to_string(s.st_size) + ":" +
           time(s.st_mtim) + ":" + time(s.st_ctim);
}

}  // namespace drgan::enrolment
