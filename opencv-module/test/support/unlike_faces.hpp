// SPDX-License-Identifier: Apache-2.0
//
// Pictures of five people who do not exist and whom the default bundle distinguishes: their cosines are below 0.2.
// (Those of GeneratedFaces, which are drawn from random embeddings, are all one person to it.)
#ifndef DRGAN_TESTS_UNLIKE_FACES_HPP
#define DRGAN_TESTS_UNLIKE_FACES_HPP

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <string>

namespace drgan_test {

class UnlikeFaces {
public:
    static constexpr int people = 5;

    /// @param bundle folder of the default bundle, which has generated.jpg: a person per row, a yaw per column
    explicit UnlikeFaces(const std::string& bundle) : grid_(cv::imread(bundle + "/generated.jpg")) {
        if (grid_.empty()) throw std::runtime_error(bundle + "/generated.jpg is not there");
    }

    /// Draws a person's face into a picture, faded out towards its border. @param side pixels
    /// @param yaw degrees, a multiple of 15
    void draw(cv::Mat& picture, int person, cv::Point at, int side, int yaw = 0) const {
        static constexpr int rows[people] = {0, 2, 4, 5, 6};
        constexpr int cell = 112;
        cv::Mat face;
        cv::resize(grid_(cv::Rect((6 + yaw / 15) * cell, rows[person % people] * cell, cell, cell)), face, {side, side},
                   0, 0, cv::INTER_CUBIC);
        cv::Mat mask(side, side, CV_32F, cv::Scalar(0));
        cv::ellipse(mask, {side / 2, side / 2}, {side * 2 / 5, side * 9 / 20}, 0, 0, 360, cv::Scalar(1), cv::FILLED);
        cv::GaussianBlur(mask, mask, {}, side / 24.);
        cv::merge(std::vector<cv::Mat>(3, mask), mask);
        cv::Mat place = picture(cv::Rect(at, face.size()));
        cv::Mat below;
        place.convertTo(below, CV_32FC3);
        face.convertTo(face, CV_32FC3);
        cv::Mat(below.mul(cv::Scalar::all(1) - mask) + face.mul(mask)).convertTo(place, CV_8UC3);
    }

    static cv::Mat ground() { return cv::Mat(360, 640, CV_8UC3, cv::Scalar(150, 140, 120)); }

    /// A picture of one person.
    cv::Mat picture(int person, int yaw = 0) const {
        cv::Mat out = ground();
        draw(out, person, {200, 70}, 220, yaw);
        return out;
    }

private:
    cv::Mat grid_;
};

}  // namespace drgan_test

#endif
