// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <vector>

#include "small_network/crops.hpp"

/// Pictures that training composes: faces put into backgrounds.
namespace drgan::train {

/// How a piece is cut out of the picture that it comes from: an ellipse, or a square with round corners, that fades.
struct Mask {
    double round = 2;   ///< exponent of the outline |x|^r + |y|^r = 1: 2 is an ellipse, 8 nearly a square
    double reach = 1;   ///< half the outline's width, in units of half the piece's side
    double fade = 0.2;  ///< of the reach, over which the piece fades, inwards from the outline
};

/// A square picture with what stands in it.
class Scene {
public:
    /// @param planes [3,side,side] in [-1,1]
    Scene(std::vector<float> planes, int side) : planes_(std::move(planes)), side_(side) {}

    /// Blends a square piece over what is there. Pixels of the scene are means of the piece's where that is reduced.
    /// @param piece planes [3,pieceSide,pieceSide]
    /// @param place the whole piece's place in the scene; may lie partly outside
    void put(const std::vector<float>& piece, int pieceSide, const Square& place, const Mask& mask);

    /// Puts a face, and notes where it is. @param landmarks in pixels of the piece
    void putFace(const std::vector<float>& piece, int pieceSide, const Landmarks& landmarks, const Square& place,
                 const Mask& mask);

    std::vector<float>& planes() { return planes_; }
    int side() const { return side_; }
    const std::vector<Landmarks>& faces() const { return faces_; }  ///< pixels of the scene
    void note(const Landmarks& face) { faces_.push_back(face); }  ///< a face that the planes have shown from the first

private:
    std::vector<float> planes_;
    int side_;
    std::vector<Landmarks> faces_;
};

/// Sharpens planes in place: each pixel moves away from the mean of its neighbourhood (3x3) by `amount` of the
/// difference.
void sharpen(std::vector<float>& planes, int side, float amount);

}  // namespace drgan::train
