// SPDX-License-Identifier: Apache-2.0
#include "atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <opencv2/core.hpp>
#include <system_error>

namespace cv {
namespace drgan {

namespace {

constexpr int maxLinks = 40;  // as the kernel follows

// A write beyond the limit on file sizes (RLIMIT_FSIZE) sends this signal, which ends a process that does not handle
// it. It goes to the writing thread, where it is blocked, and taken away before it is let in again: write() says EFBIG.
class NoSizeSignal {
public:
    NoSizeSignal() {
        sigemptyset(&one_);
        sigaddset(&one_, SIGXFSZ);
        sigset_t pending;
        sigpending(&pending);
        pending_ = sigismember(&pending, SIGXFSZ) == 1;
        pthread_sigmask(SIG_BLOCK, &one_, &before_);
    }
    ~NoSizeSignal() {
        const int error = errno;
        const timespec now{};
        while (!pending_ && sigtimedwait(&one_, nullptr, &now) < 0 && errno == EINTR) {
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }
    NoSizeSignal(const NoSizeSignal&) = delete;
    NoSizeSignal& operator=(const NoSizeSignal&) = delete;

private:
    sigset_t one_{};
    sigset_t before_{};
    bool pending_ = false;  // somebody else's
};

/// What a path names behind its symbolic links, which need not be there yet.
std::filesystem::path behindLinks(std::filesystem::path path) {
    for (int i = 0; i < maxLinks && std::filesystem::is_symlink(std::filesystem::symlink_status(path)); ++i) {
        path = path.parent_path() / std::filesystem::read_symlink(path);  // an absolute one replaces all before it
    }
    return path;
}

}  // namespace

void AtomicFile::fail(const char* what) const {
    CV_Error(Error::StsError, path_ + ": " + what + ": " + std::generic_category().message(errno));
}

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
    if (path.empty() || path.find('\0') != std::string::npos) {
        CV_Error(Error::StsBadArg, path.empty() ? "path: is empty, expected a file's" : "path: holds a zero byte");
    }
    try {
        const std::filesystem::path target = behindLinks(path);
        target_ = target.string();
        folder_ = target.has_parent_path() ? target.parent_path().string() : ".";
    } catch (const std::filesystem::filesystem_error& error) {
        CV_Error(Error::StsError, path_ + ": cannot be written: " + error.code().message());
    }
    struct stat old {};
    const bool exists = ::stat(target_.c_str(), &old) == 0;
    if (!exists && errno != ENOENT) {
        fail("cannot be written");
    }
    if (exists && !S_ISREG(old.st_mode)) {
        CV_Error(Error::StsBadArg, path_ + (S_ISDIR(old.st_mode) ? ": is a folder" : ": is a device, pipe or socket") +
                                       ", expected a file or a new file's path");
    }
    if (exists && ::access(target_.c_str(), W_OK) != 0) {
        fail("cannot be written");  // the folder might allow it, but whoever set these permissions did not mean to
    }
    temporary_ = folder_ + "/.drgan-XXXXXX";
    fd_ = ::mkostemp(temporary_.data(), O_CLOEXEC);  // 0600
    if (fd_ < 0) {
        fail("cannot be written: no temporary file can be made beside it");
    }
    if (exists) {
        // The owner first: changing it takes bits away. Who may not change it goes on as the new owner.
        if (::fchown(fd_, old.st_uid, old.st_gid) != 0) {
            old.st_mode &= ~static_cast<mode_t>(S_IRWXG);  // these bits were meant for another group
        }
        if (::fchmod(fd_, old.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO)) != 0) {
            const int error = errno;
            ::close(fd_);
            ::unlink(temporary_.c_str());
            errno = error;
            fail("its permissions cannot be kept");
        }
    }
}

AtomicFile::~AtomicFile() {
    if (fd_ >= 0) {
        ::close(fd_);
        ::unlink(temporary_.c_str());
    }
}

void AtomicFile::write(const void* data, size_t size) {
    constexpr size_t largest = size_t(1) << 30;  // a single write() takes less than 2 GiB
    const NoSizeSignal guard;
    for (const char* next = static_cast<const char*>(data); size > 0;) {
        const ssize_t written = ::write(fd_, next, std::min(size, largest));
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            fail("cannot be written");
        }
        next += written;
        size -= static_cast<size_t>(written);
    }
}

void AtomicFile::commit() {
    if (::fsync(fd_) != 0) {
        fail("cannot be written");
    }
    const int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0 || ::rename(temporary_.c_str(), target_.c_str()) != 0) {
        const int error = errno;
        ::unlink(temporary_.c_str());
        errno = error;
        fail("cannot be written");
    }
    // The new name is on the disk when the folder is. Some file systems cannot do that and say EINVAL.
    const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = folder < 0 ? errno == EACCES : ::fsync(folder) == 0 || errno == EINVAL;
    const int error = errno;
    if (folder >= 0) {
        ::close(folder);
    }
    if (!synced) {
        errno = error;
        fail("is written, but its folder cannot be synchronised with the disk");
    }
}

}  // namespace drgan
}  // namespace cv
