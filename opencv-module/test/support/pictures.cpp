// SPDX-License-Identifier: Apache-2.0
#include "pictures.hpp"

#include <cmath>
#include <opencv2/imgproc.hpp>

namespace drgan_test {

DrawnFace drawFace(cv::Size size, cv::Point2f center, float faceSize, float rollDegrees, int person) {
    DrawnFace result;
    cv::RNG random(static_cast<uint64_t>(person) + 1);
    result.picture = noisePicture(size / 8 + cv::Size(1, 1), CV_8UC3, 7);
    cv::resize(result.picture, result.picture, size, 0, 0, cv::INTER_CUBIC);

    const double roll = rollDegrees * CV_PI / 180;
    const auto at = [&](double x, double y) {  // in units of the face's height, origin at its centre
        x *= faceSize;
        y *= faceSize;
        return cv::Point2f(static_cast<float>(center.x + x * std::cos(roll) - y * std::sin(roll)),
                           static_cast<float>(center.y + x * std::sin(roll) + y * std::cos(roll)));
    };
    const auto oval = [&](double x, double y, double w, double h, const cv::Scalar& color) {
        const cv::RotatedRect rect(
            at(x, y), cv::Size2f(static_cast<float>(w * faceSize), static_cast<float>(h * faceSize)), rollDegrees);
        cv::ellipse(result.picture, rect, color, cv::FILLED, cv::LINE_AA);
    };
    const double eyeX = random.uniform(0.14, 0.19), eyeY = -0.1, noseY = 0.08, mouthX = random.uniform(0.1, 0.14);
    const double mouthY = 0.25;
    const cv::Scalar skin(random.uniform(90, 170), random.uniform(120, 190), random.uniform(170, 240));
    const cv::Scalar eyes(random.uniform(0, 120), random.uniform(0, 90), random.uniform(0, 90));
    oval(0, 0, 0.75, 1, skin);
    for (const double side : {-1.0, 1.0}) {
        oval(side * eyeX, eyeY, 0.14, 0.07, cv::Scalar::all(240));
        oval(side * eyeX, eyeY, 0.06, 0.06, eyes);
        oval(side * eyeX, eyeY - 0.07, 0.17, 0.025, eyes);
    }
    oval(0, noseY, 0.08, 0.06, skin * 0.8);
    oval(0, mouthY, 2 * mouthX, 0.06, cv::Scalar(60, 60, random.uniform(120, 220)));

    const cv::Point2f points[] = {at(-eyeX, eyeY), at(eyeX, eyeY), at(0, noseY), at(-mouthX, mouthY),
                                  at(mouthX, mouthY)};
    result.landmarks = cv::Mat(5, 2, CV_32F);
    for (int i = 0; i < 5; ++i) {
        result.landmarks.at<float>(i, 0) = points[i].x;
        result.landmarks.at<float>(i, 1) = points[i].y;
    }
    const float side = 0.9f * faceSize;
    result.box = cv::Rect(cvRound(center.x - side / 2), cvRound(center.y - side / 2), cvRound(side), cvRound(side));
    return result;
}

cv::Mat noisePicture(cv::Size size, int type, unsigned seed) {
    cv::Mat picture(size, type);
    cv::RNG random(seed + 1);
    random.fill(picture, cv::RNG::UNIFORM, 0, 256);
    return picture;
}

}  // namespace drgan_test
