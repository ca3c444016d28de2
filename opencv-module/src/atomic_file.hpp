// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_ATOMIC_FILE_HPP
#define OPENCV_DRGAN_ATOMIC_FILE_HPP

#include <cstddef>
#include <string>

#include "new_file.hpp"

namespace cv {
namespace drgan {

/// Writes a file atomically: at any moment its path names either the old content or all of the new content. The content
/// goes into a temporary file in the same folder (".drgan-" and twelve characters), which replaces the file at the end.
/// A process that is killed leaves the temporary file behind.
///
/// If the path is a symbolic link, its target is replaced. A new file may be read and written by its owner only (0600);
/// an existing file keeps its permissions and, if the process may change owners, its owner. Anything but a regular file
/// is refused.
///
/// All functions throw cv::Exception naming the path and the reason.
class AtomicFile {
public:
    explicit AtomicFile(const std::string& path);
    // Without commit(), the destructor removes the temporary file, and nothing has changed.

    void write(const void* data, size_t size);
    /// Waits until the content is on the disk, and moves it to the path.
    void commit();

private:
    [[noreturn]] void fail(const char* what, int error) const;  // error: an errno

    std::string path_;    // as it was given, for messages
    std::string target_;  // with symbolic links resolved
    std::string folder_;
    NewFile file_;
};

}  // namespace drgan
}  // namespace cv

#endif
