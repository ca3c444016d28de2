// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace drgan::io {

/// The files of a folder, not those of folders in it, by name: the same order everywhere.
/// @throws std::runtime_error naming the folder and why it cannot be read
std::vector<std::filesystem::path> filesIn(const std::string& folder);

}  // namespace drgan::io
