// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_FACE_FINDER_HPP
#define DRGAN_CORE_FACE_FINDER_HPP

#include <memory>
#include <string>
#include <vector>

#include "face.hpp"

namespace drgan {

/// Finds the faces of a picture. One object serves one thread at a time.
class FaceFinder {
public:
    virtual ~FaceFinder() = default;

    /// @param bgr 8-bit, 3 channels
    /// @param minFace smallest face of interest, pixels of `bgr`
    /// @return faces in pixels of `bgr`, no two on the same face, best first
    virtual std::vector<Face> find(const cv::Mat& bgr, float minFace) = 0;

    /// Longest side of the pictures that the finder wants, in pixels: bounds its cost.
    virtual int workingSide() const = 0;

    /// Score at or above which one sighting is enough; below, a face is believed when seen again.
    virtual float sureScore() const = 0;

    /// YuNet through cv::FaceDetectorYN.
    /// @throws cv::Exception naming the file if it cannot be read or is not such a model
    static std::unique_ptr<FaceFinder> createYuNet(const std::string& model);

    /// OpenCV's cascades: frontal, profile and mirrored profile.
    /// @param folder where haarcascade_frontalface_alt2.xml and haarcascade_profileface.xml lie; empty: searched for
    /// where OpenCV's data is usually installed
    /// @throws cv::Exception naming the file that is missing
    static std::unique_ptr<FaceFinder> createCascades(const std::string& folder = {});
};

/// Drops every face that lies mostly on one before it in the list, order kept.
void dropDuplicates(std::vector<Face>& faces);

}  // namespace drgan

#endif
