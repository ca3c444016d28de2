// SPDX-License-Identifier: Apache-2.0
#include "gallery_change.hpp"

#include "gallery_person.hpp"

namespace drgan {
namespace {

using cv::drgan::Gallery;

void enroll(const GalleryChange& change, Gallery& gallery) {
    if (enrolment::hasPicture(gallery, change.name, change.picture)) {
        try {
            gallery.removePicture(change.name, change.picture);
        } catch (const cv::Exception&) {
            return;  // not every picture of the person is stored: the earlier enrolment stays
        }
    }
    gallery.addPicture(change.name, change.embedding, change.totalConfidence, change.images, change.picture);
}

void checkContains(const Gallery& gallery, const std::string& name) {
    if (!gallery.contains(name)) {
        CV_Error(cv::Error::StsObjectNotFound, "there is no person named \"" + name + "\" in the gallery");
    }
}

// The pictures stay what they are, as long as all of the person's are stored.
void merge(Gallery& gallery, const std::string& from, const std::string& into) {
    enrolment::putPerson(enrolment::personOf(gallery, from), into, gallery);
    gallery.remove(from);
}

}  // namespace

void apply(const GalleryChange& change, Gallery& gallery) {
    switch (change.kind) {
        case GalleryChange::Kind::enroll:
            enroll(change, gallery);
            break;
        case GalleryChange::Kind::remove:
            checkContains(gallery, change.name);
            gallery.remove(change.name);
            break;
        case GalleryChange::Kind::rename:
            gallery.rename(change.name, change.to);
            break;
        case GalleryChange::Kind::merge:
            checkContains(gallery, change.name);
            checkContains(gallery, change.to);
            if (change.name == change.to) {
                CV_Error(cv::Error::StsBadArg, "\"" + change.name + "\" cannot be merged with themselves");
            }
            merge(gallery, change.name, change.to);
            break;
    }
}

void applyAgain(const GalleryChange& change, Gallery& gallery) {
    const bool isThere = gallery.contains(change.name);
    switch (change.kind) {
        case GalleryChange::Kind::enroll:
            enroll(change, gallery);
            break;
        case GalleryChange::Kind::remove:
            gallery.remove(change.name);
            break;
        case GalleryChange::Kind::rename:
        case GalleryChange::Kind::merge:
            if (isThere && change.name != change.to) {
                gallery.contains(change.to) ? merge(gallery, change.name, change.to)
                                            : gallery.rename(change.name, change.to);
            }
            break;
    }
}

}  // namespace drgan
