// SPDX-License-Identifier: Apache-2.0
//
// What the standard library cannot do with files: new_file.cpp has it for POSIX and for Windows.
#ifndef OPENCV_DRGAN_NEW_FILE_HPP
#define OPENCV_DRGAN_NEW_FILE_HPP

#include <cstddef>
#include <string>

namespace cv {
namespace drgan {

/// A file under a name that nobody else has, which goes with the object unless it is kept. Functions that return bool
/// return false and set errno where the system refuses.
class NewFile {
public:
    NewFile() = default;
    ~NewFile();
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    /// Makes a file ".drgan-" and twelve letters.
    /// @param ownerOnly nobody else may read or write it
    bool createIn(const std::string& folder, bool ownerOnly);
    /// Gives it the permissions and, where the process may give files away, the owner of another file.
    bool takePermissionsOf(const std::string& path);
    /// Writes all of it. A limit on the size of files is an error like any other, not a signal.
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

/// Waits until the names in a folder are on the disk. Where a file system cannot do that, it is no error.
bool syncFolder(const std::string& folder);

}  // namespace drgan
}  // namespace cv

#endif
