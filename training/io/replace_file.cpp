// SPDX-License-Identifier: Apache-2.0
#include "replace_file.hpp"

#include <memory>
#include <opencv2/drgan/atomic_file.hpp>
#include <stdexcept>

namespace drgan::io {

using cv::drgan::AtomicFile;

void replaceFile(const std::string& path, const std::vector<std::pair<const void*, size_t>>& pieces) {
    try {
        AtomicFile file(path, AtomicFile::BY_UMASK);
        for (const auto& [data, size] : pieces) {
            file.write(data, size);
        }
        file.commit();
    } catch (const cv::Exception& error) {
        throw std::runtime_error(error.err);
    }
}

void replaceFiles(const std::vector<std::pair<std::string, std::string>>& files) {
    try {
        std::vector<std::unique_ptr<AtomicFile>> written;
        for (const auto& [path, content] : files) {
            written.push_back(std::make_unique<AtomicFile>(path, AtomicFile::BY_UMASK));
            written.back()->write(content.data(), content.size());
        }
        for (const auto& file : written) {
            file->commit();
        }
    } catch (const cv::Exception& error) {
        throw std::runtime_error(error.err);
    }
}

}  // namespace drgan::io
