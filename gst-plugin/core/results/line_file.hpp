// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_LINE_FILE_HPP
#define DRGAN_CORE_LINE_FILE_HPP

#include <atomic>
#include <string>

namespace drgan {

/// Appends whole lines to a file, a named pipe or standard output, each with one write() and nothing held back, so that
/// a reader never waits for what was appended and a program that is killed leaves whole lines.
class LineFile {
public:
    LineFile() = default;
    ~LineFile() { close(); }
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;

    /// Empties the file, or makes it. @param path "-" is standard output. A named pipe must have its reader by now.
    /// @throws std::system_error naming the path
    void open(const std::string& path);
    void close();
    bool isOpen() const { return fd_ >= 0; }

    /// What cannot be written whole is taken back where the file can be cut. A later line may succeed again.
    /// SIGPIPE and SIGXFSZ, which a failing write raises, do not reach the process.
    /// @param line without the newline
    /// @return 0, or the errno of what went wrong; ECANCELED after interrupt()
    int append(std::string line);

    /// From any thread: append() does not wait any longer for a pipe's reader, until the next open().
    void interrupt() { interrupted_ = true; }

private:
    bool waitForRoom() const;
    bool takeBack(size_t bytes) const;

    int fd_ = -1;
    bool torn_ = false;  // the file ends within a line
    std::atomic<bool> interrupted_{false};
};

}  // namespace drgan

#endif
