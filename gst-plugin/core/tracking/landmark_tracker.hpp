// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_LANDMARK_TRACKER_HPP
#define DRGAN_CORE_LANDMARK_TRACKER_HPP

#include <map>
#include <opencv2/drgan.hpp>
#include <vector>

#include "frame/face.hpp"
#include "frame/frame_view.hpp"
#include "tracker.hpp"

namespace drgan {

/// Locates landmarks with a bundle's aligner, around the predicted position of each track, so that tracks are updated
/// without a detector, and around detections, to confirm them. One object serves one thread at a time.
class LandmarkTracker {
public:
    explicit LandmarkTracker(cv::Ptr<cv::drgan::Aligner> aligner) : aligner_(std::move(aligner)) {}

    /// Locates the faces of all visible tracks in one batch. Of a face that looks as it did when it was last located,
    /// and that no other face touches, only every second frame is looked at: it is where it was predicted.
    /// @return the faces that are still there, with the aligner's box, landmarks, yaw and score; no two of one face.
    /// Face::followed is the track.
    std::vector<Face> follow(const FrameView& frame, const std::vector<Track>& tracks);

    /// Marks faces in which the aligner sees none as doubted. The others get the aligner's box, unless the face is
    /// upstream's, and the aligner's landmarks and yaw, unless theirs were measured.
    void confirm(const FrameView& frame, std::vector<Face>& faces);

private:
    struct Look {
        cv::Mat glimpse;      // see drgan::glimpse()
        bool rested = false;  // since then
    };
    bool mayRest(const FrameView& frame, const Track& track, const std::vector<Face>& predicted) const;
    std::vector<Face> locate(const FrameView& frame, const std::vector<Face>& faces);
    const cv::Mat& picture(const FrameView& frame, const cv::Mat& rows);

    cv::Ptr<cv::drgan::Aligner> aligner_;
    std::map<int, Look> looks_;  // the last one at each visible track's face
    cv::Mat canvas_;             // BGR frame, converted only where the aligner crops; for layouts that need conversion
};

/// Merges detections into the faces that were followed: the detection that overlaps a face most replaces its box and
/// landmarks, so that tracking does not drift; other detections of that face are dropped; detections of new faces are
/// appended, unless they are doubted.
void mergeDetections(const std::vector<Face>& detections, std::vector<Face>& followed);

}  // namespace drgan

#endif
