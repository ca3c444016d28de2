// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_GALLERY_LOCK_HPP
#define DRGAN_ENROLMENT_GALLERY_LOCK_HPP

#include <string>

namespace drgan::enrolment {

/// Prevents other programs from changing a gallery's file between loading and saving it, so that no change is lost. It
/// is a lock (flock) on the file ".NAME.lock" beside the gallery, as saving replaces the gallery's file. The lock file
/// is removed with the lock. Readers need no lock.
class GalleryLock {
public:
    /// @param gallery path of the file, which need not exist; links are resolved
    /// @param seconds maximum time to wait for another program
    /// @throws std::runtime_error if another program keeps the lock, or the lock file cannot be created
    explicit GalleryLock(const std::string& gallery, double seconds = 30);
    ~GalleryLock();
    GalleryLock(const GalleryLock&) = delete;
    GalleryLock& operator=(const GalleryLock&) = delete;

private:
    std::string path_;
    int file_ = -1;
};

}  // namespace drgan::enrolment

#endif
