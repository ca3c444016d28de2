// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_GALLERY_LOCK_HPP
#define DRGAN_ENROLMENT_GALLERY_LOCK_HPP

#include <string>

namespace drgan::enrolment {

/// Keeps other programs from changing a gallery's file between its being read and its being saved, or one of them would
/// lose what the other did. A lock (flock) on the file ".NAME.lock" beside it, as saving replaces the file itself; it
/// goes with the lock. Readers need none.
class GalleryLock {
public:
    /// @param gallery path of the file, which need not be there; of a link, the file behind it counts
    /// @param seconds so long it waits for another program
    /// @throws std::runtime_error if that is in vain, or no lock can be made there
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
