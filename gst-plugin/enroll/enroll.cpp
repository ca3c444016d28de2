// SPDX-License-Identifier: Apache-2.0
#include "enroll.hpp"

namespace drgan::enroll {

std::vector<Look> lookAt(const std::vector<enrolment::Source>& files, const Eyes& eyes,
                         const std::function<void(size_t index, const enrolment::Source&)>& progress) {
    std::vector<Look> looks;
    for (size_t i = 0; i < files.size(); ++i) {
        progress(i, files[i]);
        looks.push_back(look(files[i], eyes));
    }
    return looks;
}

std::vector<Outcome> add(const std::vector<Look>& looks, cv::drgan::Gallery& gallery, const Eyes& eyes,
                         const enrolment::AddOptions& options) {
    std::vector<enrolment::Seen> seen;
    for (const Look& look : looks) {
        seen.push_back(look.seen);
    }
    const auto verdicts = enrolment::addPeople(seen, gallery, eyes.match, eyes.threshold, options);
    std::vector<Outcome> outcomes;
    for (size_t i = 0; i < looks.size(); ++i) {
        Outcome outcome{{seen[i].name, seen[i].file}, looks[i].reason};
        outcome.likeness = verdicts[i].likeness;
        outcome.unlike = verdicts[i].unlike;
        if (verdicts[i].taken) {
            outcome.images = seen[i].images;
            outcome.totalConfidence = seen[i].piece.confidence;
        } else if (!verdicts[i].reason.empty()) {
            outcome.reason = verdicts[i].reason;
        }
        outcomes.push_back(outcome);
    }
    return outcomes;
}

}  // namespace drgan::enroll
