// SPDX-License-Identifier: Apache-2.0
#include "choose.hpp"

#include <algorithm>

namespace drgan::enroll {
namespace {

constexpr double clearly = 2;  // a factor: of the area of a face, of the total confidence of a track

std::string sizeOf(const Track& t) { return cv::format("%dx%d", t.box.width, t.box.height); }

}  // namespace

Choice choosePicture(std::vector<Track> faces) {
    if (faces.empty()) {
        return {{}, "no face"};
    }
    std::sort(faces.begin(), faces.end(), [](const Track& a, const Track& b) { return a.box.area() > b.box.area(); });
    if (faces.size() > 1 && faces[0].box.area() < clearly * faces[1].box.area()) {
        return {{},
                cv::format("%zu faces, and the largest (%s pixels) is not twice as large as the next (%s): whose "
                           "picture is it?",
                           faces.size(), sizeOf(faces[0]).c_str(), sizeOf(faces[1]).c_str())};
    }
    const std::string aside = faces.size() > 1 ? cv::format("the largest of %zu faces was taken (%s pixels)",
                                                            faces.size(), sizeOf(faces[0]).c_str())
                                               : "";
    faces.resize(1);
    return {std::move(faces), aside};
}

Choice chooseVideo(std::vector<Track> tracks, const Match& match, double threshold) {
    if (tracks.empty()) {
        return {{}, "no face"};
    }
    const Track main = *std::max_element(tracks.begin(), tracks.end(), [](const Track& a, const Track& b) {
        return a.totalConfidence < b.totalConfidence;
    });
    const auto others = std::stable_partition(tracks.begin(), tracks.end(), [&](const Track& t) {
        return t.id == main.id || match(t.embedding, main.embedding) >= threshold;
    });
    const auto strongest = std::max_element(
        others, tracks.end(), [](const Track& a, const Track& b) { return a.totalConfidence < b.totalConfidence; });
    const auto left = static_cast<size_t>(tracks.end() - others);
    if (strongest != tracks.end() && main.totalConfidence < clearly * strongest->totalConfidence) {
        return {{},
                cv::format("%zu faces that are unlike, and the one seen best (total confidence %.2f) is not twice as "
                           "well seen as the next (%.2f): whose video is it?",
                           left + 1, main.totalConfidence, strongest->totalConfidence)};
    }
    const std::string aside = left > 0 ? cv::format("%zu tracks of other faces were left aside", left) : std::string();
    tracks.erase(others, tracks.end());
    return {std::move(tracks), aside};
}

}  // namespace drgan::enroll
