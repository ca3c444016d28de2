// SPDX-License-Identifier: Apache-2.0
//
// Not installed: shared by the module and the programs of this project.

#ifndef OPENCV_DRGAN_ATOMIC_FILE_HPP
#define OPENCV_DRGAN_ATOMIC_FILE_HPP

#include <memory>
#include <opencv2/core.hpp>
#include <string>

namespace cv {
namespace drgan {

class NewFile;

/// Writes a file atomically: at any moment its path names either the old content or all of the new content. The content
/// goes into a temporary file in the same folder (".drgan-" and twelve characters), which replaces the file at the end.
/// A process that is killed leaves the temporary file behind.
///
/// If the path is a symbolic link, its target is replaced. An existing file keeps its permissions and, if the process may
/// change owners, its owner. Anything but a regular file is refused.
///
/// All functions throw cv::Exception naming the path and the reason.
class CV_EXPORTS AtomicFile {
public:
    /// Who may read and write a new file.
    enum Access {
        OWNER_ONLY,  ///< 0600
        BY_UMASK     ///< as of any other new file
    };
    explicit AtomicFile(const std::string& path, Access access = OWNER_ONLY);
    /// Without commit(), removes the temporary file; nothing has changed.
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(const void* data, size_t size);
    /// Waits until the content is on the disk, and moves it to the path.
    void commit();

private:
    [[noreturn]] void fail(const char* what, int error) const;  // error: an errno

    std::string path_;    // as it was given, for messages
    std::string target_;  // with symbolic links resolved
    std::string folder_;
    std::unique_ptr<NewFile> file_;
};

}  // namespace drgan
}  // namespace cv

#endif
