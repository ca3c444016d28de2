// SPDX-License-Identifier: Apache-2.0
#include "scratch.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <opencv2/core.hpp>

namespace drgan_fuzz {

namespace {

class Folder {
public:
    Folder()
        : path_(std::filesystem::is_directory("/dev/shm") ? "/dev/shm/drgan-fuzz-XXXXXX" : "/tmp/drgan-fuzz-XXXXXX") {
        if (mkdtemp(path_.data()) == nullptr) {
            finding("no temporary folder can be made");
        }
    }
    ~Folder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

int ignore(int, const char*, const char*, const char*, int, void*) { return 0; }

}  // namespace

const std::string& scratchFolder() {
    static const Folder folder;
    return folder.path();
}

void write(const std::string& path, const void* data, size_t size) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    file.close();
    if (!file) {
        finding("a temporary file cannot be written");
    }
}

std::vector<unsigned char> read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void silenceErrors() {
    static const auto before = cv::redirectError(ignore);
    (void)before;
}

void finding(const char* what) {
    std::fprintf(stderr, "finding: %s\n", what);
    std::abort();
}

}  // namespace drgan_fuzz
