// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace drgan::io {

/// Replaces a file at once (cv::drgan::AtomicFile) by pieces of memory, one after the other.
/// @throws std::runtime_error naming the path and the reason; the file is then what it was
void replaceFile(const std::string& path, const std::vector<std::pair<const void*, size_t>>& pieces);

/// Replaces files (path, content), none of them before all are written.
/// @throws std::runtime_error naming the path and the reason
void replaceFiles(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace drgan::io
