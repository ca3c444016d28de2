// SPDX-License-Identifier: Apache-2.0
#include "line_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>

namespace drgan {
namespace {

constexpr int pollInterval = 100;  // milliseconds until a waiting append() sees interrupt()

// Blocks SIGPIPE and SIGXFSZ in this thread, and clears those that its writes have raised before unblocking them. The
// process's own handlers stay as they are.
class QuietWrites {
public:
    QuietWrites() {
        sigset_t block;
        sigemptyset(&block);
        for (const int s : signals) {
            sigaddset(&block, s);
        }
        sigpending(&pending_);
        pthread_sigmask(SIG_BLOCK, &block, &before_);
    }
    ~QuietWrites() {
        for (const int s : signals) {
            if (sigismember(&pending_, s) == 1) {
                continue;  // was pending before
            }
            sigset_t one;
            sigemptyset(&one);
            sigaddset(&one, s);
            const timespec now{};
            while (sigtimedwait(&one, nullptr, &now) < 0 && errno == EINTR) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    QuietWrites(const QuietWrites&) = delete;
    QuietWrites& operator=(const QuietWrites&) = delete;

private:
    static constexpr int signals[] = {SIGPIPE, SIGXFSZ};
    sigset_t pending_{};
    sigset_t before_{};
};

}  // namespace

void LineFile::open(const std::string& path) {
    close();
    interrupted_ = false;
    torn_ = false;
    if (path == "-") {
        fd_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    } else {
        // Without O_NONBLOCK, opening a named pipe waits for a reader.
        constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        fd_ = ::open(path.c_str(), flags, 0666);
    }
    if (fd_ < 0) {
        const int error = errno;
        throw std::system_error(error, std::generic_category(), path == "-" ? "standard output" : path);
    }
}

void LineFile::close() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

bool LineFile::waitForRoom() const {
    while (true) {
        pollfd p{fd_, POLLOUT, 0};
        const int ready = poll(&p, 1, interrupted_ ? 0 : pollInterval);
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true;  // the write reports the error
        }
        if (interrupted_) {
            return false;
        }
    }
}

// @return false if it cannot be removed: on a pipe, or if another process has written after it
bool LineFile::takeBack(size_t bytes) const {
    struct stat status {};
    const off_t end = lseek(fd_, 0, SEEK_CUR);
    const auto length = static_cast<off_t>(bytes);
    if (end < length || fstat(fd_, &status) != 0 || status.st_size != end) {
        return false;
    }
    return ftruncate(fd_, end - length) == 0 && lseek(fd_, end - length, SEEK_SET) >= 0;
}

int LineFile::append(std::string line) {
    if (!isOpen()) {
        return EBADF;
    }
    line += '\n';
    if (torn_) {
        line.insert(0, 1, '\n');
    }
    const QuietWrites quiet;
    size_t done = 0;
    // One write(), unless the system writes only a part.
    while (done < line.size()) {
        int error = 0;
        if (!waitForRoom()) {
            error = ECANCELED;
        } else {
            const ssize_t n = ::write(fd_, line.data() + done, line.size() - done);
            done += n > 0 ? static_cast<size_t>(n) : 0;
            error = n < 0 && errno != EINTR && errno != EAGAIN ? errno : 0;
        }
        if (error != 0) {
            torn_ = torn_ || (done > 0 && !takeBack(done));
            return error;
        }
    }
    torn_ = false;
    return 0;
}

}  // namespace drgan
