// SPDX-License-Identifier: Apache-2.0
//
// File functions that the standard library lacks, for POSIX and for Windows.
#ifndef OPENCV_DRGAN_NEW_FILE_HPP
#define OPENCV_DRGAN_NEW_FILE_HPP

#include <cstddef>
#include <string>

namespace cv {
namespace drgan {

/// A temporary file with a unique name. The destructor removes it unless keep() was called. Functions that return bool
/// return false and set errno on failure.
class NewFile {
public:
    NewFile() = default;
    ~NewFile();
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    /// Creates a file named ".drgan-" and twelve characters.
    /// @param ownerOnly nobody else may read or write it
    bool createIn(const std::string& folder, bool ownerOnly);
    /// Gives it the permissions and, if the process may change owners, the owner of another file.
    bool takePermissionsOf(const std::string& path);
    /// Writes all bytes. Exceeding the limit on file sizes is an error like any other and raises no signal.
    bool write(const void* data, size_t size);
    /// Waits until the content is on the disk.
    bool close();
    void keep() { path_.clear(); }

    const std::string& path() const { return path_; }

private:
    std::string path_;
    int descriptor_ = -1;
};

bool mayWrite(const std::string& path);

/// Waits until the names in a folder are on the disk. Not an error if the file system does not support it.
bool syncFolder(const std::string& folder);

}  // namespace drgan
}  // namespace cv

#endif
