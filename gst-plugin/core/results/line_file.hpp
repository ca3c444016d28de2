// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_LINE_FILE_HPP
#define DRGAN_CORE_LINE_FILE_HPP

#include <atomic>
#include <string>

namespace drgan {

/// Appends whole lines to a file, a named pipe or standard output, each with one unbuffered write(), so that a reader
/// gets each line at once and a program that is killed leaves whole lines.
class LineFile {
public:
    LineFile() = default;
    ~LineFile() { close(); }
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;

    /// Creates or empties the file. @param path "-" is standard output. A named pipe must have a reader already.
    /// @throws std::system_error naming the path
    void open(const std::string& path);
    void close();
    bool isOpen() const { return fd_ >= 0; }

    /// A line that is written only in part is removed again if the file can be truncated. A later line may succeed.
    /// SIGPIPE and SIGXFSZ, which a failing write raises, do not reach the process.
    /// @param line without the newline
    /// @return 0 or errno; ECANCELED after interrupt()
    int append(std::string line);

    /// From any thread: append() no longer waits for a pipe's reader, until the next open().
    void interrupt() { interrupted_ = true; }

private:
    bool waitForRoom() const;
    bool takeBack(size_t bytes) const;

    int fd_ = -1;
    bool torn_ = false;  // the file ends with an incomplete line
    std::atomic<bool> interrupted_{false};
};

}  // namespace drgan

#endif
