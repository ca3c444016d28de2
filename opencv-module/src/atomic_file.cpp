// SPDX-License-Identifier: Apache-2.0
#include "opencv2/drgan/atomic_file.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "new_file.hpp"

namespace cv {
namespace drgan {

namespace fs = std::filesystem;

namespace {

constexpr int maxLinks = 40;  // the limit of Linux

/// The path with symbolic links resolved; its target need not exist.
fs::path behindLinks(fs::path path) {
    for (int i = 0; i < maxLinks && fs::is_symlink(fs::symlink_status(path)); ++i) {
        path = path.parent_path() / fs::read_symlink(path);  // an absolute one replaces all before it
    }
    return path;
}

}  // namespace

void AtomicFile::fail(const char* what, int error) const {
    CV_Error(Error::StsError, path_ + ": " + what + ": " + std::generic_category().message(error));
}

AtomicFile::AtomicFile(const std::string& path, Access access) : path_(path), file_(std::make_unique<NewFile>()) {
    if (path.empty() || path.find('\0') != std::string::npos) {
        CV_Error(Error::StsBadArg, path.empty() ? "path: is empty, expected a file's" : "path: contains a zero byte");
    }
    fs::file_status old;
    try {
        const fs::path target = behindLinks(path);
        target_ = target.string();
        folder_ = target.has_parent_path() ? target.parent_path().string() : ".";
        old = fs::status(target);
    } catch (const fs::filesystem_error& error) {
        CV_Error(Error::StsError, path_ + ": cannot be written: " + error.code().message());
    }
    if (fs::exists(old) && !fs::is_regular_file(old)) {
        CV_Error(Error::StsBadArg, path_ + (fs::is_directory(old) ? ": is a folder" : ": is a device, pipe or socket") +
                                       ", expected a file or a new file's path");
    }
    if (fs::exists(old) && !mayWrite(target_)) {
        fail("cannot be written", errno);  // replacing it might be possible, but would ignore its permissions
    }
    if (!file_->createIn(folder_, access == OWNER_ONLY)) {
        fail("cannot be written: no temporary file can be made beside it", errno);
    }
    if (fs::exists(old) && !file_->takePermissionsOf(target_)) {
        fail("its permissions cannot be kept", errno);
    }
}

AtomicFile::~AtomicFile() = default;

void AtomicFile::write(const void* data, size_t size) {
    if (!file_->write(data, size)) {
        fail("cannot be written", errno);
    }
}

void AtomicFile::commit() {
    if (!file_->close()) {
        fail("cannot be written", errno);
    }
    std::error_code error;
    fs::rename(file_->path(), target_, error);
    if (error) {
        CV_Error(Error::StsError, path_ + ": cannot be written: " + error.message());
    }
    file_->keep();
    if (!syncFolder(folder_)) {
        fail("is written, but its folder cannot be synchronised with the disk", errno);
    }
}

}  // namespace drgan
}  // namespace cv
