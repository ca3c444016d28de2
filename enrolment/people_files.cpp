// SPDX-License-Identifier: Apache-2.0
#include "people_files.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace drgan::enrolment {
namespace {

namespace fs = std::filesystem;

bool isHidden(const fs::path& path) { return path.filename().native().rfind('.', 0) == 0; }

/// The entries of a folder except hidden ones, sorted.
std::vector<fs::path> contents(const fs::path& folder, std::vector<Aside>& aside) {
    std::vector<fs::path> found;
    std::error_code error;
    fs::directory_iterator at(folder, error);
    while (!error && at != fs::directory_iterator()) {
        if (!isHidden(at->path())) {
            found.push_back(at->path());
        }
        at.increment(error);
    }
    if (error) {
        aside.push_back({folder.native(), "cannot be read: " + error.message()});
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// A file, or a folder's files and those in its folders. @param base what `picture` leaves out of their paths
void collect(const fs::path& path, const fs::path& base, const std::string& name, Sources& out) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) {
        for (const fs::path& entry : contents(path, out.aside)) {
            if (fs::is_directory(entry, error) && fs::is_symlink(entry, error)) {
                out.aside.push_back({entry.native(), "is a link to a folder, which is not followed"});
            } else {
                collect(entry, base, name, out);
            }
        }
    } else if (fs::is_regular_file(status) && fs::file_size(path, error) == 0) {
        out.aside.push_back({path.native(), "is empty"});
    } else if (fs::is_regular_file(status)) {
        out.files.push_back({name, path.native(), path.lexically_relative(base).generic_string()});
    } else {
        out.aside.push_back({path.native(), fs::exists(status)
                                                ? "is not a file"
                                                : "cannot be opened: " + (error ? error.message() : "a broken link")});
    }
}

}  // namespace

Sources findSources(const std::vector<std::string>& paths, const std::string& name) {
    Sources out;
    for (const auto& text : paths) {
        const fs::path path(text);
        std::error_code error;
        if (!fs::exists(path, error)) {
            throw std::runtime_error(text + ": " + (error ? error.message() : "there is no such file or folder"));
        }
        if (!name.empty()) {
            collect(path, fs::is_directory(path, error) ? path : path.parent_path(), name, out);
            continue;
        }
        if (!fs::is_directory(path, error)) {
            throw std::runtime_error(text + ": is not a folder; give the person's name with --name");
        }
        for (const fs::path& entry : contents(path, out.aside)) {
            const fs::file_status status = fs::status(entry, error);
            if (fs::is_directory(status)) {
                collect(entry, entry, entry.filename().native(), out);
            } else if (fs::exists(status)) {
                out.aside.push_back({entry.native(), "is not in a person's folder"});
            } else {
                collect(entry, {}, {}, out);  // which reports why it cannot be read
            }
        }
    }
    return out;
}

}  // namespace drgan::enrolment
