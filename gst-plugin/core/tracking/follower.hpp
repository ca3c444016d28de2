// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_FOLLOWER_HPP
#define DRGAN_CORE_FOLLOWER_HPP

#include <opencv2/drgan.hpp>
#include <vector>

#include "frame/face.hpp"
#include "frame/frame_view.hpp"
#include "tracker.hpp"

namespace drgan {

/// Asks a bundle's aligner about places in a frame: is a face there, where are its landmarks? So tracks are followed
/// without a detector, and boxes are confirmed, whoever drew them. One object serves one thread at a time.
class Follower {
public:
    explicit Follower(cv::Ptr<cv::drgan::Aligner> aligner) : aligner_(std::move(aligner)) {}

    /// Looks for all visible tracks where they are predicted, in one batch.
    /// @return those that are still there, with box, landmarks, yaw and score of the aligner's row; no two on one face.
    /// Face::followed is the track.
    std::vector<Face> follow(const FrameView& frame, const std::vector<Track>& tracks);

    /// Marks the faces in which the aligner sees none as doubted. Gives the others the aligner's box, unless it is
    /// upstream's, and landmarks and yaw, unless theirs were measured.
    void confirm(const FrameView& frame, std::vector<Face>& faces);

private:
    std::vector<Face> look(const FrameView& frame, const std::vector<Face>& faces);
    const cv::Mat& picture(const FrameView& frame, const cv::Mat& rows);

    cv::Ptr<cv::drgan::Aligner> aligner_;
    cv::Mat canvas_;  // BGR, as large as the frame, current where the aligner looks; for layouts that need conversion
};

/// Takes a detector's finds to the faces that were followed: the find that lies best on one renews its box and
/// landmarks, so that following does not drift; others on the same face are dropped; those on no followed face are
/// appended, no two on one face, unless they are doubted.
void join(const std::vector<Face>& finds, std::vector<Face>& followed);

}  // namespace drgan

#endif
