// SPDX-License-Identifier: Apache-2.0
//
// The fuzzers' corpus as an ordinary test: every file, unchanged, truncated and with changed bytes. The failure to
// detect is an end by a signal.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

#include "entries.hpp"

namespace fs = std::filesystem;
using drgan_fuzz::Verdict;

namespace {

using Bytes = std::vector<uint8_t>;
using Entry = Verdict (*)(const uint8_t*, size_t);

struct Target {
    const char* name;  // the folder's name
    Entry entry;
};

void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

// "valid-..." must be accepted, everything else refused.
bool isValid(const fs::path& file) { return file.filename().string().rfind("valid-", 0) == 0; }

class Corpus : public testing::TestWithParam<Target> {
protected:
    Corpus() : before_(cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT)) {
        const char* const folder = std::getenv("DRGAN_FUZZ_CORPUS");
        EXPECT_NE(folder, nullptr);
        for (const auto& entry : fs::directory_iterator(fs::path(folder ? folder : ".") / GetParam().name)) {
            files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
    }
    ~Corpus() override { cv::utils::logging::setLogLevel(before_); }

    static Bytes read(const fs::path& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// Copies to memory of exactly that size, so that a sanitizer detects reads beyond it.
    Verdict run(const Bytes& bytes) const { return GetParam().entry(Bytes(bytes).data(), bytes.size()); }

    std::vector<fs::path> files;

private:
    cv::utils::logging::LogLevel before_;
};

}  // namespace

TEST_P(Corpus, IsAnswered) {
    int valid = 0;
    for (const fs::path& file : files) {
        EXPECT_EQ(run(read(file)) == Verdict::accepted, isValid(file)) << file;
        valid += isValid(file);
    }
    EXPECT_GE(valid, 2);
    EXPECT_GT(files.size(), static_cast<size_t>(valid));
    run({});
}

TEST_P(Corpus, CutOffIsAnswered) {
    for (const fs::path& file : files) {
        const Bytes bytes = read(file);
        const size_t step = std::max<size_t>(1, bytes.size() / 300);
        for (size_t size = 0; size < bytes.size(); size += step) {
            run(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
        }
    }
}

TEST_P(Corpus, WithOtherBytesIsAnswered) {
    cv::RNG random(1);
    for (const fs::path& file : files) {
        const Bytes bytes = read(file);
        for (int i = 0; i < 400 && !bytes.empty(); ++i) {
            Bytes changed = bytes;
            for (int count = 1 + i % 3; count > 0; --count) {
                const auto at = static_cast<size_t>(random.uniform(0, static_cast<int>(bytes.size())));
                static constexpr uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '"', '{', '['};
                changed[at] = i % 2 == 0 ? telling[random.uniform(0, 8)]
                                         : static_cast<uint8_t>(changed[at] ^ 1 << random.uniform(0, 8));
            }
            run(changed);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus,
                         testing::Values(Target{"gallery", drgan_fuzz::gallery}, Target{"onnx", drgan_fuzz::onnx},
                                         Target{"manifest", drgan_fuzz::manifest}),
                         [](const auto& info) { return std::string(info.param.name); });
