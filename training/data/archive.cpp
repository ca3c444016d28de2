// SPDX-License-Identifier: Apache-2.0

#include "archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

namespace drgan::data {

namespace {

constexpr int64_t pictureLimit = int64_t{64} << 20;

using Members = std::unordered_multimap<std::string, size_t>;  // name -> row of labels

std::string withoutDot(const std::string& name) { return name.compare(0, 2, "./") == 0 ? name.substr(2) : name; }

bool readLoose(const std::string& path, std::vector<uint8_t>& bytes, std::string& problem) {
    errno = 0;
    std::ifstream stream(path, std::ios::binary | std::ios::ate);
    const std::streamoff size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
    if (size < 0 || size > pictureLimit) {
        problem = size > pictureLimit ? "larger than 64 MiB" : std::string("cannot read: ") + std::strerror(errno);
        return false;
    }
    bytes.resize(static_cast<size_t>(size));
    stream.seekg(0);
    stream.read(reinterpret_cast<char*>(bytes.data()), size);
    if (!stream) {
        problem = "cannot read";
        return false;
    }
    return true;
}

// Reads one archive; what it delivers is erased from `wanted`. Returns what was wrong with the archive, if anything.
std::string readArchive(const std::string& path, Members& wanted, const PictureSink& sink, bool& stopped,
                        const std::function<void(size_t, const std::string&)>& drop) {
    const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
    archive_read_support_format_tar(reader.get());
    archive_read_support_filter_all(reader.get());
    if (archive_read_open_filename(reader.get(), path.c_str(), size_t{1} << 20) != ARCHIVE_OK) {
        return archive_error_string(reader.get());
    }
    archive_entry* entry = nullptr;
    while (!wanted.empty()) {
        const int status = archive_read_next_header(reader.get(), &entry);
        if (status == ARCHIVE_EOF) {
            return "";
        }
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
            return archive_error_string(reader.get());
        }
        const char* name = archive_entry_pathname(entry);
        const auto [first, last] = wanted.equal_range(name ? withoutDot(name) : "");
        if (first == last || archive_entry_filetype(entry) != AE_IFREG) {
            continue;
        }
        std::vector<size_t> rows;
        for (auto member = first; member != last; ++member) {
            rows.push_back(member->second);
        }
        wanted.erase(first, last);
        std::string problem;
        std::vector<uint8_t> bytes;
        if (archive_entry_size(entry) > pictureLimit) {
            problem = "larger than 64 MiB";
        } else {
            bytes.resize(static_cast<size_t>(archive_entry_size(entry)));
            const la_ssize_t got = archive_read_data(reader.get(), bytes.data(), bytes.size());
            if (got < 0 || static_cast<size_t>(got) != bytes.size()) {
                problem = got < 0 ? archive_error_string(reader.get()) : "truncated in the archive";
            }
        }
        for (const size_t row : rows) {
            if (!problem.empty()) {
                drop(row, problem);
            } else if (!sink(row, bytes)) {
                stopped = true;
                return "";
            }
        }
    }
    return "";
}

}  // namespace

void readPictures(const std::string& folder, const std::vector<Label>& labels, const PictureSink& sink,
                  std::vector<Dropped>& dropped) {
    const auto drop = [&](size_t row, const std::string& why) {
        dropped.push_back({labels[row].line, labels[row].file, why});
    };
    std::map<std::string, Members> archives;
    for (size_t row = 0; row < labels.size(); ++row) {
        archives[labels[row].archive].emplace(withoutDot(labels[row].file), row);
    }
    for (auto& [name, wanted] : archives) {
        if (name.empty()) {
            for (const auto& [file, row] : wanted) {
                std::vector<uint8_t> bytes;
                std::string problem;
                if (!readLoose(folder + "/" + file, bytes, problem)) {
                    drop(row, problem);
                } else if (!sink(row, std::move(bytes))) {
                    return;
                }
            }
            continue;
        }
        bool stopped = false;
        const std::string problem = readArchive(folder + "/" + name, wanted, sink, stopped, drop);
        if (stopped) {
            return;
        }
        for (const auto& member : wanted) {
            drop(member.second, name + ": " + (problem.empty() ? "there is no such member" : problem));
        }
    }
}

}  // namespace drgan::data
