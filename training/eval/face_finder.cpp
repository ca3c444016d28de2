// SPDX-License-Identifier: Apache-2.0

#include "face_finder.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <vector>

namespace drgan::eval {

namespace {

constexpr double faceSide = 110;  // pixels: YuNet's landmarks are best for faces of about this size
constexpr float yunetScore = 0.6F;
constexpr double looks[] = {256, 512, 128, 1024};  // longer side of the picture, tried until a face is found

// How much a box looks like what the picture is about: large and in the middle.
double rank(const cv::Rect2d& box, cv::Size picture) {
    const cv::Point2d offset(box.x + box.width / 2 - picture.width / 2.0,
                             box.y + box.height / 2 - picture.height / 2.0);
    const double away = std::hypot(offset.x / picture.width, offset.y / picture.height);  // 0 .. 0.7
    return box.area() * std::max(0.05, 1 - 1.5 * away);
}

double longerSide(cv::Size size) { return std::max(size.width, size.height); }

cv::Mat boxRow(const cv::Rect2d& box) { return (cv::Mat_<float>(1, 4) << box.x, box.y, box.width, box.height); }

}  // namespace

FaceFinder::FaceFinder(const std::string& detector, const std::string& cascades) {
    if (!detector.empty()) {
        try {
            yunet_ = cv::FaceDetectorYN::create(detector, "", {320, 320}, yunetScore);
        } catch (const cv::Exception& error) {
            throw std::runtime_error(detector + ": cannot load the detector: " + error.what());
        }
        return;
    }
    const auto load = [&](cv::CascadeClassifier& cascade, const char* name) {
        const std::string path = cascades + "/" + name;
        if (!cascade.load(path)) {
            throw std::runtime_error(path +
                                     ": cannot load the cascade (Debian: opencv-data), and no detector is given");
        }
    };
    load(frontal_, "haarcascade_frontalface_alt2.xml");
    load(profile_, "haarcascade_profileface.xml");
}

cv::Mat FaceFinder::lookWithYuNet(const cv::Mat& picture, double scale) {
    const cv::Size size(std::max(32, cvRound(picture.cols * scale)), std::max(32, cvRound(picture.rows * scale)));
    cv::Mat scaled;
    cv::resize(picture, scaled, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    yunet_->setInputSize(size);
    cv::Mat faces;
    yunet_->detect(scaled, faces);
    cv::Mat best;
    double bestRank = 0;
    for (int i = 0; i < faces.rows; ++i) {
        const auto* row = faces.ptr<float>(i);
        const double r = rank({row[0], row[1], row[2], row[3]}, size);
        if (r > bestRank) {
            bestRank = r;
            best = faces.row(i).clone();
        }
    }
    for (int i = 0; !best.empty() && i < 14; ++i) {  // back to the picture's pixels; the last value is the score
        best.at<float>(i) *= static_cast<float>(i % 2 ? static_cast<double>(picture.rows) / size.height
                                                      : static_cast<double>(picture.cols) / size.width);
    }
    return best;
}

cv::Mat FaceFinder::findWithYuNet(const cv::Mat& picture) {
    for (const double side : looks) {
        const double scale = side / longerSide(picture.size());
        const cv::Mat first = lookWithYuNet(picture, scale);
        if (first.empty()) {
            continue;
        }
        const double found = std::max(first.at<float>(2), first.at<float>(3));
        if (found < 1) {
            continue;
        }
        // Again with the face at the size that the landmarks are best at, unless it had about that.
        const double better = faceSide / found;
        if (better > 0.8 * scale && better < 1.25 * scale) {
            return first;
        }
        const cv::Mat second = lookWithYuNet(picture, std::min(better, 2048 / longerSide(picture.size())));
        const auto rect = [](const cv::Mat& row) {
            return cv::Rect2d(row.at<float>(0), row.at<float>(1), row.at<float>(2), row.at<float>(3));
        };
        const bool agree = !second.empty() && (rect(first) & rect(second)).area() > 0.3 * rect(first).area();
        return agree ? second : first;
    }
    return {};
}

cv::Mat FaceFinder::findWithCascades(const cv::Mat& picture) {
    constexpr double lookSide = 320;
    constexpr double padding = 0.3;  // of the longer side: the cascades need room around a face that fills the picture
    const double scale = lookSide / longerSide(picture.size());
    const int border = cvRound(padding * lookSide);
    cv::Mat grey;
    cv::cvtColor(picture, grey, cv::COLOR_BGR2GRAY);
    cv::resize(grey, grey, cv::Size(), scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    cv::copyMakeBorder(grey, grey, border, border, border, border, cv::BORDER_REPLICATE);
    cv::equalizeHist(grey, grey);
    const cv::Size least(cvRound(lookSide / 8), cvRound(lookSide / 8));
    cv::Mat mirrored;
    cv::flip(grey, mirrored, 1);
    // The profile cascade knows one side only.
    const auto look = [&](cv::CascadeClassifier& cascade, const cv::Mat& image, bool isMirrored) {
        std::vector<cv::Rect> boxes;
        cascade.detectMultiScale(image, boxes, 1.1, 3, 0, least);
        cv::Rect2d best;
        double bestRank = 0;
        for (cv::Rect box : boxes) {
            box.x = isMirrored ? grey.cols - box.x - box.width : box.x;
            if (rank(box, grey.size()) > bestRank) {
                bestRank = rank(box, grey.size());
                best = box;
            }
        }
        return best;
    };
    for (const cv::Rect2d& box :
         {look(frontal_, grey, false), look(profile_, grey, false), look(profile_, mirrored, true)}) {
        if (box.area() > 0) {
            return boxRow({(box.x - border) / scale, (box.y - border) / scale, box.width / scale, box.height / scale});
        }
    }
    return {};
}

cv::Mat FaceFinder::find(const cv::Mat& picture, bool& found) {
    if (picture.empty() || picture.type() != CV_8UC3) {
        throw std::runtime_error("finding a face needs a BGR picture of 8 bits");
    }
    const cv::Mat face = yunet_ ? findWithYuNet(picture) : findWithCascades(picture);
    found = !face.empty();
    if (found) {
        return face;
    }
    constexpr double middleShare = 0.55;  // of the shorter side
    const double side = middleShare * std::min(picture.cols, picture.rows);
    return boxRow({(picture.cols - side) / 2, (picture.rows - side) / 2, side, side});
}

}  // namespace drgan::eval
