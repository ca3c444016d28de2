// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>
#include <utility>
#include <vector>

#include "small_network/scene_face.hpp"

/// Pictures that training composes: faces put into backgrounds.
namespace drgan::train {

/// How a piece is cut out of the picture that it comes from: an ellipse, or a square with round corners, that fades.
struct Mask {
    double round = 2;   ///< exponent of the outline |x|^r + |y|^r = 1: 2 is an ellipse, 8 nearly a square
    double reach = 1;   ///< half the outline's width, in units of half the piece's side
    double fade = 0.2;  ///< of the reach, over which the piece fades, inwards from the outline
};

/// A square picture and the faces in it. Pictures and pieces are square, CV_32FC3, RGB, in [-1,1].
class Scene {
public:
    explicit Scene(cv::Mat picture) : picture_(std::move(picture)) {}

    /// Blends a piece over what is there; where that reduces it, its pixels are averaged.
    /// @param place the whole piece's place in the scene; may lie partly outside
    void put(const cv::Mat& piece, const Square& place, const Mask& mask);

    /// Puts a face, and notes where it is, with its tightBox(). @param landmarks in pixels of the piece
    void putFace(const cv::Mat& piece, const Landmarks& landmarks, const Square& place, const Mask& mask);

    cv::Mat& picture() { return picture_; }
    int side() const { return picture_.cols; }
    const std::vector<SceneFace>& faces() const { return faces_; }  ///< pixels of the scene
    void note(const SceneFace& face) { faces_.push_back(face); }  ///< a face that the picture has shown from the first

private:
    cv::Mat picture_;
    std::vector<SceneFace> faces_;
};

/// Sharpens a picture in place: each pixel moves away from the mean of its neighbourhood (3x3) by `amount` of the
/// difference.
void sharpen(cv::Mat& picture, double amount);

}  // namespace drgan::train
