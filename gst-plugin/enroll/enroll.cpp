// SPDX-License-Identifier: Apache-2.0
#include "enroll.hpp"

namespace drgan::enroll {

std::vector<FileResult> embedFiles(const std::vector<enrolment::Source>& files, const Embedders& embedders,
                                   const std::function<void(size_t index, const enrolment::Source&)>& progress) {
    std::vector<FileResult> results;
    for (size_t i = 0; i < files.size(); ++i) {
        progress(i, files[i]);
        results.push_back(embedFile(files[i], embedders));
    }
    return results;
}

std::vector<Outcome> add(const std::vector<FileResult>& results, cv::drgan::Gallery& gallery,
                         const Embedders& embedders, const enrolment::AddOptions& options) {
    std::vector<enrolment::Seen> seen;
    for (const FileResult& result : results) {
        seen.push_back(result.seen);
    }
    const auto verdicts = enrolment::addPeople(seen, gallery, embedders.match, embedders.threshold, options);
    std::vector<Outcome> outcomes;
    for (size_t i = 0; i < results.size(); ++i) {
        Outcome outcome{{seen[i].name, seen[i].file}, results[i].reason};
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
