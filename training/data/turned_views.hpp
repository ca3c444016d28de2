// SPDX-License-Identifier: Apache-2.0
//
// Turning a near-frontal face picture in 3D, so that every person has profiles to learn from.

#pragma once

#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

#include "labels.hpp"

namespace drgan::data {

/// A face's 468 mesh points in a picture.
struct FaceMesh {
    std::vector<cv::Point3f> points;  ///< x, y in pixels of the picture; z in the same unit, smaller is nearer
    float score = 0;                  ///< that there is a face at all, in [0, 1]
};

/// MediaPipe's face mesh as ONNX: `image` [1,3,192,192] RGB in [0,1] -> `mesh` [1,1404], `face` [1,1].
/// One object serves one thread at a time.
class FaceMesher {
public:
    /// @throws std::runtime_error naming the file if it cannot be loaded.
    explicit FaceMesher(const std::string& model);

    /// @param picture BGR, 8-bit
    /// @param center of the face box, pixels
    /// @param boxSide of the face box, pixels; the network looks at a square of 1.5 times that
    /// @param roll radians that the eyes' line is turned clockwise in the picture; the network wants it level
    FaceMesh find(const cv::Mat& picture, cv::Point2f center, float boxSide, float roll);

private:
    cv::dnn::Net net_;
};

/// A picture with the head turned, and the five landmarks where the turned mesh has them.
struct TurnedFace {
    cv::Mat picture;
    Landmarks landmarks;
};

/// A face picture as a relief that can be turned: the mesh, rings of points outside the face's oval (ears, hair, skull)
/// that follow the turn less and less, and a still background.
class Relief {
public:
    /// @param picture BGR, 8-bit, is kept (not copied)
    /// @param mesh with 468 finite points around the picture
    /// @param roll as in FaceMesher::find: the head turns about its own vertical axis
    /// @throws std::runtime_error if the mesh is not one of a face in this picture.
    Relief(const cv::Mat& picture, const FaceMesh& mesh, float roll);

    /// Turns the head about the vertical axis at the depth of the ears.
    /// @param degrees positive turns the nose to the image's right; |degrees| <= 90
    TurnedFace turn(float degrees) const;

private:
    struct Ring;
    void addRing(const Ring& ring, const std::vector<cv::Point3f>& oval);
    void addBackground();
    void triangulate();

    cv::Mat picture_;
    cv::Matx22f level_;                 // picture -> upright, about axis_
    cv::Point3f axis_;                  // x, y of the oval's middle in the picture, z of the ears
    float radius_ = 0;                  // of the face's oval, pixels
    std::vector<cv::Point2f> source_;   // where each point lies in the picture
    std::vector<cv::Point3f> upright_;  // the same in the upright head's frame, from axis_
    std::vector<float> follow_;         // share of the turn that a point makes
    std::vector<cv::Vec3i> triangles_;
};

}  // namespace drgan::data
