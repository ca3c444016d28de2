// SPDX-License-Identifier: Apache-2.0
#include "export/bundle_files.hpp"

#include <openssl/evp.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace drgan::exporting {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

void writeFile(const fs::path& path, const std::string& bytes) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) {
        throw std::runtime_error(path.string() + ": cannot be written");
    }
}

}  // namespace

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
    const std::string fresh = ".new";
    fs::create_directories(folder);
    for (const auto& [name, bytes] : files) {
        writeFile(folder / (name + fresh), bytes);
    }
    for (const auto& [name, bytes] : files) {
        fs::rename(folder / (name + fresh), folder / name);
    }
}

}  // namespace drgan::exporting
