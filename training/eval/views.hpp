// SPDX-License-Identifier: Apache-2.0
//
// Whether the frontal views look as the camera saw the people: light, skin and hair.

#pragma once

#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "faces.hpp"
#include "protocol.hpp"

namespace drgan::eval {

/// How like two aligned faces are, in the ellipse around the face.
struct Likeness {
    double colour = 0;  ///< distance of the mean colours, CIE Lab
    double lab = 0;     ///< mean absolute difference of the pixels, over L, a and b
    double grey = 0;    ///< correlation of the grey values, [-1, 1]; 0 where one picture is of one grey value
};

/// @param a, b 8-bit BGR, of alignment.size
Likeness likeness(const cv::Mat& a, const cv::Mat& b, const cv::drgan::Alignment& alignment);

/// Means over pictures.
struct ViewLikeness {
    size_t pictures = 0;
    Likeness mean;
};

struct Views {
    ViewLikeness own;     ///< frontal pictures against the views drawn from them
    ViewLikeness turned;  ///< frontal pictures against the views drawn from views turned from them
    cv::Mat examples;     ///< BGR; rows: the picture, what the view was drawn from, the view. Empty: no pictures
};

/// Draws frontal views of the split's near-frontal pictures, and of the views that drgan-data turned from them.
/// @param path face set
/// @param split train, dev or all
/// @throws std::runtime_error naming the file and what it lacks
Views viewsOfSet(const std::string& path, const std::string& split, const cv::drgan::Bundle& bundle);

/// The same for the persons' frontal pictures; there is nothing turned.
Views viewsOfFrontals(const Persons& persons, const Faces& faces, const cv::drgan::Bundle& bundle);

std::string table(const Views& views);
nlohmann::json report(const Views& views);

}  // namespace drgan::eval
