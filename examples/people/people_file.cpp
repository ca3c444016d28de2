// SPDX-License-Identifier: Apache-2.0
#include "people_file.hpp"

#include <algorithm>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>
#include <utility>

#include "file_stamp.hpp"
#include "gallery_lock.hpp"

namespace drgan::people {

using cv::drgan::Gallery;
using enrolment::GalleryLock;

namespace {

/// Runs the body; errors of OpenCV's lose their place in its sources.
template <typename Body>
void plainly(Body body) {
    try {
        body();
    } catch (const cv::Exception& error) {
        throw std::runtime_error(error.err.empty() ? error.what() : error.err);
    }
}

}  // namespace

PeopleFile::PeopleFile(std::string path, const std::string& bundle) : path_(std::move(path)) {
    plainly([&] {
        encoder_ = cv::drgan::Encoder::create(cv::drgan::Bundle::load(bundle).encoder);
        const GalleryLock lock(path_, 5);
        if (!std::filesystem::exists(path_)) {
            Gallery::create(encoder_)->save(path_);
        }
        Gallery::load(path_, encoder_);
    });
}

const std::vector<PeopleFile::Person>& PeopleFile::people() {
    const std::string stamp = enrolment::fileStamp(path_);
    if (stamp == stamp_) {
        return people_;
    }
    stamp_ = stamp;
    try {
        const auto gallery = Gallery::load(path_);
        std::vector<Person> people;
        for (const std::string& name : gallery->names()) {
            cv::Mat embedding;
            double totalConfidence = 0;
            int images = 0;
            gallery->person(name, embedding, totalConfidence, images);
            people.push_back({name, images});
        }
        people_ = std::move(people);
    } catch (const cv::Exception&) {
        // The element warns of a file that cannot be used, and keeps the old one in use, too.
    }
    return people_;
}

bool PeopleFile::contains(const std::string& name) {
    const auto& all = people();
    return std::any_of(all.begin(), all.end(), [&](const Person& person) { return person.name == name; });
}

void PeopleFile::enroll(const std::string& name, const std::string& face, const std::string& picture) {
    if (face.empty()) {
        throw std::runtime_error("there is no picture of this face");
    }
    plainly([&] {
        const cv::Mat aligned = cv::imdecode(std::vector<char>(face.begin(), face.end()), cv::IMREAD_COLOR);
        cv::Mat embedding;
        float confidence = 0;
        encoder_->feature(aligned, embedding, confidence);
        const GalleryLock lock(path_, 5);
        const auto gallery = Gallery::load(path_, encoder_);
        gallery->addPicture(name, embedding, confidence, 1, picture);
        gallery->save(path_);
    });
}

void PeopleFile::takeBack(const std::string& name, const std::string& source, unsigned track) {
    const std::string begin = source + " ";
    const std::string end = " track " + std::to_string(track);
    plainly([&] {
        const GalleryLock lock(path_, 5);
        const auto gallery = Gallery::load(path_, encoder_);
        std::string newest;
        for (const std::string& picture : gallery->pictures(name)) {
            const bool ofTrack = picture.rfind(begin, 0) == 0 && picture.size() > end.size() &&
                                 picture.compare(picture.size() - end.size(), end.size(), end) == 0;
            newest = ofTrack ? std::max<std::string>(newest, picture) : newest;
        }
        if (newest.empty() || !gallery->removePicture(name, newest)) {
            throw std::runtime_error("the gallery has no picture of this track");
        }
        gallery->save(path_);
    });
}

}  // namespace drgan::people
