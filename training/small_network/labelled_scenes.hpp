// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <random>
#include <string>
#include <vector>

#include "small_network/backgrounds.hpp"
#include "small_network/loose_faces.hpp"
#include "small_network/scene_face.hpp"

namespace drgan::train {

/// Which squares are cut out of photographs.
struct CutOptions {
    int side = 256;                     ///< S, pixels
    double smallest = 9;                ///< side of a face's box in the cut, pixels: smaller faces are not learned
    double largest = 0.7;               ///< of S: the face that a cut is made for
    double mostEnlarged = 2;            ///< a photograph is enlarged at most so many times
    double anywhere = 0.15;             ///< of the cuts are made for no face
    double tiltShare = 0.3, tilt = 15;  ///< of the cuts are rolled; degrees, at most, each way
    bool validation = false;            ///< of the photographs that are kept out of training, one in 16, instead
};

/// Photographs of people whose faces are labelled.
class LabelledScenes {
public:
    /// @param folder its pictures that are not in the table are not used
    /// @param table as io::readSceneFaces() has it, with landmarks
    /// @param sure minimum score of a face that is learned; the others are left out of the loss
    /// @throws std::runtime_error naming what cannot be read, or a photograph of the table that is not in the folder
    LabelledScenes(const std::string& folder, const std::string& table, double sure);

    size_t size() const { return used_[0].size() + used_[1].size(); }
    size_t faces() const;  ///< that are sure

    struct Cut {
        cv::Mat pixels;  ///< CV_8UC3, RGB, square
        std::vector<SceneFace> faces;
    };

    /// A square cut out of a photograph, with the faces in it.
    Cut draw(const CutOptions& how, std::mt19937_64& random) const;

    /// One face with its surroundings, three times its box; small ones are enlarged. Its yaw is an estimate.
    /// @param others boxes of the faces beside it
    LooseFaces::Picture drawFace(bool validation, std::mt19937_64& random, std::vector<cv::Rect2d>& others) const;

private:
    const std::vector<size_t>& photos(bool validation) const;
    Square place(size_t photo, const CutOptions& how, std::mt19937_64& random) const;

    Backgrounds photos_;
    std::vector<std::vector<SceneFace>> faces_;
    std::array<std::vector<size_t>, 2> used_;  // photographs of training and of validation
};

}  // namespace drgan::train
