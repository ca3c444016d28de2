// SPDX-License-Identifier: Apache-2.0
#include "choose.hpp"

namespace drgan::enroll {
namespace {

constexpr double passingBy = 0.2;  // of the person's total confidence

}  // namespace

Choice chooseTracks(std::vector<Track> tracks, const enrolment::Match& match, double threshold) {
    if (tracks.empty()) {
        return {{}, "no face found"};
    }
    std::vector<enrolment::Piece> pieces;
    for (const Track& track : tracks) {
        pieces.push_back({track.embedding, track.totalConfidence});
    }
    const enrolment::Fit fit = enrolment::fittingStrongest(pieces, match, threshold);
    double own = 0;
    double others = 0;
    Choice choice;
    for (size_t i = 0; i < tracks.size(); ++i) {
        (fit.fits[i] ? own : others) += tracks[i].totalConfidence;
        if (fit.fits[i]) {
            choice.tracks.push_back(std::move(tracks[i]));
        }
    }
    const size_t left = tracks.size() - fit.count;
    if (others > passingBy * own) {
        return {{},
                cv::format("faces of several people: the main person has a total confidence of %.2f, %zu tracks of "
                           "others have %.2f. Cut the video to the parts that show one person",
                           own, left, others)};
    }
    if (left > 0) {
        choice.reason = cv::format("%zu tracks of other faces were ignored", left);
    }
    return choice;
}

}  // namespace drgan::enroll
