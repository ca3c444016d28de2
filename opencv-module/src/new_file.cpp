// SPDX-License-Identifier: Apache-2.0
#include "new_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <random>

#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>

#include <csignal>
#endif

namespace cv {
namespace drgan {

namespace {

constexpr int nameLetters = 12;
constexpr int attempts = 100;                // to find an unused name
constexpr size_t largest = size_t(1) << 30;  // bytes per call, which must be below 2 GiB

std::string randomName() {
    constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::random_device random;
    std::uniform_int_distribution<size_t> pick(0, sizeof letters - 2);
    std::string name = ".drgan-";
    for (int i = 0; i < nameLetters; ++i) {
        name += letters[pick(random)];
    }
    return name;
}

#ifdef _WIN32

int openNew(const std::string& path, bool) {
    return ::_open(path.c_str(), _O_CREAT | _O_EXCL | _O_WRONLY | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
}
long long writeSome(int file, const char* data, size_t size) {
    return ::_write(file, data, static_cast<unsigned>(size));
}
bool flushToDisk(int file) { return ::_commit(file) == 0; }
bool closeFile(int file) { return ::_close(file) == 0; }
void removeFile(const std::string& path) { ::_unlink(path.c_str()); }

#else

int openNew(const std::string& path, bool ownerOnly) {
    return ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, ownerOnly ? 0600 : 0666);
}
bool flushToDisk(int file) { return ::fsync(file) == 0; }
bool closeFile(int file) { return ::close(file) == 0; }
void removeFile(const std::string& path) { ::unlink(path.c_str()); }

// A write beyond the limit on file sizes (RLIMIT_FSIZE) fails with EFBIG and sends the thread the signal SIGXFSZ, which
// by default ends the process. It is blocked during the write and cleared before it is unblocked.
long long writeSome(int file, const char* data, size_t size) {
    sigset_t one;
    sigset_t before;
    sigset_t pending;
    sigemptyset(&one);
    sigaddset(&one, SIGXFSZ);
    sigpending(&pending);
    const bool others = sigismember(&pending, SIGXFSZ) == 1;  // pending before this write
    pthread_sigmask(SIG_BLOCK, &one, &before);
    const ssize_t written = ::write(file, data, size);
    const int error = errno;
    sigpending(&pending);
    if (written < 0 && error == EFBIG && !others && sigismember(&pending, SIGXFSZ) == 1) {
        int taken = 0;
        sigwait(&one, &taken);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return written;
}

#endif

}  // namespace

NewFile::~NewFile() {
    const int error = errno;
    if (descriptor_ >= 0) {
        closeFile(descriptor_);
    }
    if (!path_.empty()) {
        removeFile(path_);
    }
    errno = error;
}

bool NewFile::createIn(const std::string& folder, bool ownerOnly) {
    for (int i = 0; i < attempts; ++i) {
        const std::string path = folder + "/" + randomName();
        descriptor_ = openNew(path, ownerOnly);
        if (descriptor_ >= 0) {
            path_ = path;
            return true;
        }
        if (errno != EEXIST) {
            return false;
        }
    }
    return false;
}

bool NewFile::write(const void* data, size_t size) {
    for (const char* next = static_cast<const char*>(data); size > 0;) {
        const long long written = writeSome(descriptor_, next, std::min(size, largest));
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        next += written;
        size -= static_cast<size_t>(written);
    }
    return true;
}

bool NewFile::close() {
    if (!flushToDisk(descriptor_)) {
        return false;
    }
    const int file = descriptor_;
    descriptor_ = -1;
    return closeFile(file);
}

#ifdef _WIN32

bool NewFile::takePermissionsOf(const std::string&) { return true; }  // they are inherited from the folder

bool mayWrite(const std::string& path) { return ::_access(path.c_str(), 2) == 0; }

bool syncFolder(const std::string&) { return true; }

#else

bool NewFile::takePermissionsOf(const std::string& path) {
    struct stat old {};
    if (::stat(path.c_str(), &old) != 0) {
        return false;
    }
    // The owner first, because changing it clears permission bits. If that is not allowed, the process owns the file.
    if (::fchown(descriptor_, old.st_uid, old.st_gid) != 0) {
        old.st_mode &= ~static_cast<mode_t>(S_IRWXG);  // they were meant for another group
    }
    return ::fchmod(descriptor_, old.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO)) == 0;
}

bool mayWrite(const std::string& path) { return ::access(path.c_str(), W_OK) == 0; }

bool syncFolder(const std::string& folder) {
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = file < 0 ? errno == EACCES : ::fsync(file) == 0 || errno == EINVAL;
    const int error = errno;
    if (file >= 0) {
        ::close(file);
    }
    errno = error;
    return synced;
}

#endif

}  // namespace drgan
}  // namespace cv
