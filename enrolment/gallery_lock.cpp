// SPDX-License-Identifier: Apache-2.0
#include "gallery_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace drgan::enrolment {
namespace {

namespace fs = std::filesystem;

/// The previous owner of the lock may have removed the file while we waited for it: then our lock is on no file.
bool isStillThere(int file, const std::string& path) {
    struct stat ours {
    }, theirs{};
    return ::fstat(file, &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino &&
           ours.st_dev == theirs.st_dev;
}

}  // namespace

GalleryLock::GalleryLock(const std::string& gallery, double seconds) {
    std::error_code error;
    fs::path path = fs::weakly_canonical(gallery, error);
    if (error) {
        path = gallery;
    }
    path_ = (path.parent_path() / ("." + path.filename().native() + ".lock")).native();
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    for (;;) {
        file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file_ < 0) {
            throw std::runtime_error(gallery + ": cannot be written: " + path_ + ": " + std::strerror(errno));
        }
        if (::flock(file_, LOCK_EX | LOCK_NB) == 0) {
            if (isStillThere(file_, path_)) {
                return;
            }
        } else if (errno != EWOULDBLOCK && errno != EINTR) {
            const std::string why = std::strerror(errno);
            ::close(file_);
            throw std::runtime_error(gallery + ": cannot be locked: " + path_ + ": " + why);
        }
        ::close(file_);
        if (std::chrono::steady_clock::now() > end) {
            throw std::runtime_error(gallery + ": another program is changing it, and has been for " +
                                     std::to_string(static_cast<int>(seconds)) +
                                     " seconds; nothing was changed, try again when it is done");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

GalleryLock::~GalleryLock() {
    ::unlink(path_.c_str());
    ::close(file_);  // releases the lock
}

}  // namespace drgan::enrolment
