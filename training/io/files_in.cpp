// SPDX-License-Identifier: Apache-2.0
#include "files_in.hpp"

#include <algorithm>
#include <stdexcept>
#include <system_error>

namespace drgan::io {

namespace fs = std::filesystem;

std::vector<fs::path> filesIn(const std::string& folder) {
    std::vector<fs::path> files;
    std::error_code unreadable;
    for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    if (unreadable) {
        throw std::runtime_error(folder + ": cannot be read: " + unreadable.message());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace drgan::io
