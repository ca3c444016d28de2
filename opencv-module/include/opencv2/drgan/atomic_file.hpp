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

/// Writes a file so that at any moment its path names either what was there before or all of the new content: into a
/// temporary file beside it (".drgan-" and twelve letters), which takes its place at the end. A process that is killed
/// leaves the temporary file.
///
/// A symbolic link stays, and what it names is replaced. A file that is there keeps its permissions and, where the
/// process may give files away, its owner. Anything but a regular file is refused.
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
    /// Without commit() the temporary file goes with the object, and nothing has changed.
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(const void* data, size_t size);
    /// Waits until the content is on the disk, and gives it the path.
    void commit();

private:
    [[noreturn]] void fail(const char* what, int error) const;  // by errno

    std::string path_;    // as it was given, for messages
    std::string target_;  // behind symbolic links
    std::string folder_;
    std::unique_ptr<NewFile> file_;
};

}  // namespace drgan
}  // namespace cv

#endif
