// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace drgan::exporting {

using Files = std::vector<std::pair<std::string, std::string>>;  ///< name and bytes

/// A model's entry in the manifest: its name and its size in bytes.
nlohmann::json manifestLine(const std::string& name, const std::string& bytes);

/// Writes a manifest as text.
std::string manifestText(const nlohmann::json& manifest);

/// Lower-case hexadecimal digits.
std::string sha256(const std::string& bytes);

/// Writes the files into a folder, which is created if it is missing. They get their final names only after all of them
/// are written.
/// @throws std::runtime_error naming the file that cannot be written
void writeFiles(const std::filesystem::path& folder, const Files& files);

}  // namespace drgan::exporting
