// SPDX-License-Identifier: Apache-2.0
#include "puppet.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>
#if CV_VERSION_MAJOR >= 5
#include <opencv2/geometry.hpp>  // what imgproc.hpp had of shapes and transforms before
#endif
#include <vector>

namespace drgan::examples {

namespace {

/// A square around the face, computed from the distance between eyes and mouth.
cv::Rect findFace(const cv::Mat& portrait) {
    constexpr double side = 2.6;
    constexpr double below = 0.27;  // of the point between the eyes
    cv::Mat face;
    if (!cv::drgan::FaceFinder::create()->findMain(portrait, face)) {
        CV_Error(cv::Error::StsObjectNotFound, "no face in the portrait");
    }
    const auto* const v = face.ptr<float>();
    const cv::Point2d eyes((v[4] + v[6]) / 2, (v[5] + v[7]) / 2);
    const cv::Point2d mouth((v[10] + v[12]) / 2, (v[11] + v[13]) / 2);
    const double unit = cv::norm(mouth - eyes);
    const cv::Point2d centre = eyes + cv::Point2d(0, below * unit);
    return {cvRound(centre.x - side / 2 * unit), cvRound(centre.y - side / 2 * unit), cvRound(side * unit),
            cvRound(side * unit)};
}

/// An initial mask for grabCut, estimated from the face's box: head, hat, shoulders.
cv::Mat guessPerson(cv::Size size, const cv::Rect& face) {
    const double w = face.width;
    const cv::Point2d c(face.x + 0.5 * w, face.y + 0.5 * face.height);
    const auto at = [&](double dx, double dy) { return cv::Point(cvRound(c.x + dx * w), cvRound(c.y + dy * w)); };
    const auto axes = [&](double a, double b) { return cv::Size(cvRound(a * w), cvRound(b * w)); };

    cv::Mat mask(size, CV_8UC1, cv::Scalar(cv::GC_BGD));
    const auto fill = [&](const std::vector<cv::Point>& outline, int what) {
        cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{outline}, cv::Scalar(what));
    };
    fill({at(-0.5, 0.4), at(0.5, 0.4), at(1.6, 1.0), at(2.0, 1.6), at(2.0, 9), at(-2.0, 9), at(-2.0, 1.6),
          at(-1.6, 1.0)},
         cv::GC_PR_BGD);
    fill({at(-0.3, 0.4), at(0.3, 0.4), at(1.0, 0.9), at(1.25, 1.6), at(1.25, 9), at(-1.25, 9), at(-1.25, 1.6),
          at(-1.0, 0.9)},
         cv::GC_PR_FGD);
    cv::ellipse(mask, at(0, -0.15), axes(0.72, 0.98), 0, 0, 360, cv::Scalar(cv::GC_PR_BGD), cv::FILLED);
    cv::ellipse(mask, at(0, -0.15), axes(0.60, 0.85), 0, 0, 360, cv::Scalar(cv::GC_PR_FGD), cv::FILLED);
    cv::ellipse(mask, at(0, 0.05), axes(0.40, 0.50), 0, 0, 360, cv::Scalar(cv::GC_FGD), cv::FILLED);
    fill({at(-0.2, 0.4), at(0.2, 0.4), at(0.7, 1.3), at(0.8, 9), at(-0.8, 9), at(-0.7, 1.3)}, cv::GC_FGD);
    return mask;
}

}  // namespace

Puppet::Puppet(const cv::Mat& portrait) : face_(findFace(portrait)) {
    cv::Mat mask = guessPerson(portrait.size(), face_);
    cv::Mat background;
    cv::Mat foreground;
    cv::setRNGSeed(1);
    cv::grabCut(portrait, mask, cv::Rect(), background, foreground, 6, cv::GC_INIT_WITH_MASK);
    cv::Mat person = (mask & 1) * 255;

    // only the largest piece, without holes and thin threads
    std::vector<std::vector<cv::Point>> outlines;
    cv::findContours(person, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_NONE);
    const auto largest = std::max_element(outlines.begin(), outlines.end(), [](const auto& a, const auto& b) {
        return cv::contourArea(a) < cv::contourArea(b);
    });
    person.setTo(0);
    cv::drawContours(person, outlines, static_cast<int>(largest - outlines.begin()), cv::Scalar(255), cv::FILLED);
    cv::morphologyEx(person, person, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(21, 21)));
    cv::erode(person, person, cv::Mat());
    cv::GaussianBlur(person, person, cv::Size(), 1.2);

    cv::cvtColor(portrait, picture_, cv::COLOR_BGR2BGRA);
    cv::insertChannel(person, picture_, 3);
}

cv::Mat Puppet::turned(double yaw) const {
    // The head is modelled as a smooth bump with a nose. A rotation by yaw moves the point at x, with depth z, to
    // x cos + z sin; remap needs the inverse, which a few fixed-point steps give (the field is a contraction).
    const double sine = std::sin(yaw * CV_PI / 180);
    const double cosine = std::cos(yaw * CV_PI / 180);
    const double a = 0.62 * face_.width;
    const double b = 0.80 * face_.height;
    const cv::Point2d c(face_.x + 0.5 * face_.width, face_.y + 0.5 * face_.height);
    const auto shift = [&](double x, double y) {
        const double u = (x - c.x) / a;
        const double v = (y - c.y) / b;
        if (u * u + v * v > 4) {
            return 0.0;
        }
        const double nose = 0.22 * std::exp(-(u * u / 0.022 + (v - 0.12) * (v - 0.12) / 0.035));
        const double near = std::exp(-std::pow((u * u + v * v) / 1.3, 2));
        const double depth = a * (0.75 * std::exp(-1.2 * u * u) + nose);
        return near * (depth * sine + (x - c.x) * (cosine - 1));
    };
    // nothing moves beyond twice the head's size
    const cv::Rect head = cv::Rect(cvFloor(c.x - 2 * a), cvFloor(c.y - 2 * b), cvCeil(4 * a), cvCeil(4 * b)) &
                          cv::Rect(cv::Point(), picture_.size());
    cv::Mat mapX(head.size(), CV_32FC1);
    cv::Mat mapY(head.size(), CV_32FC1);
    for (int y = 0; y < head.height; ++y) {
        for (int x = 0; x < head.width; ++x) {
            double from = x + head.x;
            for (int step = 0; step < 5; ++step) {
                from = x + head.x - shift(from, y + head.y);
            }
            mapX.at<float>(y, x) = static_cast<float>(from);
            mapY.at<float>(y, x) = static_cast<float>(y + head.y);
        }
    }
    cv::Mat result = picture_.clone();
    cv::Mat moved;
    cv::remap(picture_, moved, mapX, mapY, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    moved.copyTo(result(head));
    return result;
}

void Puppet::draw(cv::Mat& frame, const Pose& pose) const {
    const cv::Mat source = turned(pose.yaw);
    const cv::Point2f c(face_.x + 0.5F * static_cast<float>(face_.width),
                        face_.y + 0.5F * static_cast<float>(face_.height));
    cv::Mat move = cv::getRotationMatrix2D(c, -pose.roll, pose.faceWidth / face_.width);
    move.at<double>(0, 2) += pose.face.x - c.x;
    move.at<double>(1, 2) += pose.face.y - c.y;
    cv::Mat placed;
    cv::warpAffine(source, placed, move, frame.size(), cv::INTER_AREA, cv::BORDER_CONSTANT, cv::Scalar::all(0));
    for (int y = 0; y < frame.rows; ++y) {
        const auto* from = placed.ptr<cv::Vec4b>(y);
        auto* to = frame.ptr<cv::Vec3b>(y);
        for (int x = 0; x < frame.cols; ++x) {
            const int alpha = from[x][3];
            for (int k = 0; k < 3; ++k) {
                to[x][k] = cv::saturate_cast<uchar>((from[x][k] * alpha + to[x][k] * (255 - alpha) + 127) / 255);
            }
        }
    }
}

}  // namespace drgan::examples
