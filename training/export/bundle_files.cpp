// SPDX-License-Identifier: Apache-2.0
#include "export/bundle_files.hpp"

#include <openssl/evp.h>

#include <sstream>
#include <stdexcept>

#include "io/replace_file.hpp"

namespace drgan::exporting {

namespace fs = std::filesystem;
using nlohmann::json;

std::string sha256(const std::string& bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available in this OpenSSL");
    }
    std::ostringstream hex;
    for (unsigned int i = 0; i < length; ++i) {
        hex << "0123456789abcdef"[digest[i] >> 4] << "0123456789abcdef"[digest[i] & 15];
    }
    return hex.str();
}

json manifestLine(const std::string& name, const std::string& bytes) {
    return {{"name", name}, {"bytes", bytes.size()}};
}

std::string manifestText(const json& manifest) { return manifest.dump(2) + "\n"; }

void writeFiles(const fs::path& folder, const Files& files) {
    fs::create_directories(folder);
    std::vector<std::pair<std::string, std::string>> whole;
    for (const auto& [name, bytes] : files) {
        whole.emplace_back((folder / name).string(), bytes);
    }
    io::replaceFiles(whole);
}

}  // namespace drgan::exporting
