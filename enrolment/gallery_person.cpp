// SPDX-License-Identifier: Apache-2.0
#include "gallery_person.hpp"

#include <algorithm>
#include <utility>

namespace drgan::enrolment {

using cv::drgan::Gallery;

GalleryPerson personOf(const Gallery& gallery, const std::string& name) {
    GalleryPerson person;
    gallery.person(name, person.fused.embedding, person.fused.confidence, person.fused.images);
    int stored = 0;
    for (const std::string& label : gallery.pictures(name)) {
        GalleryPerson::Picture picture{label, {}};
        gallery.picture(name, label, picture.known.embedding, picture.known.confidence, picture.known.images);
        stored += picture.known.images;
        person.pictures.push_back(std::move(picture));
    }
    if (stored < person.fused.images) {
        person.pictures.clear();  // the others are in the fused embedding only
    }
    return person;
}

void putPerson(const GalleryPerson& person, const std::string& name, Gallery& to) {
    if (person.pictures.empty()) {
        to.addFused(name, person.fused.embedding, person.fused.confidence, person.fused.images);
    }
    for (const auto& [label, known] : person.pictures) {
        to.addPicture(name, known.embedding, known.confidence, known.images, freeLabel(to, name, label));
    }
}

bool hasPicture(const Gallery& gallery, const std::string& name, const std::string& label) {
    if (!gallery.contains(name)) {
        return false;
    }
    const auto labels = gallery.pictures(name);
    return std::find(labels.begin(), labels.end(), label) != labels.end();
}

std::string freeLabel(const Gallery& gallery, const std::string& name, const std::string& label) {
    std::string free = label;
    for (int i = 2; hasPicture(gallery, name, free); ++i) {
        free = label + " (" + std::to_string(i) + ")";
    }
    return free;
}

}  // namespace drgan::enrolment
