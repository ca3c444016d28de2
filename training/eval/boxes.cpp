// SPDX-License-Identifier: Apache-2.0

#include "boxes.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace drgan::eval {

namespace {

constexpr double sideYaw = 45;  // degrees
constexpr int landmarkColumn = 4, scoreColumn = 14;

double between(double low, double high, std::mt19937& random) {  // no distribution: those differ between libraries
    return low + (high - low) * random() / static_cast<double>(std::mt19937::max());
}

cv::Mat boxOf(const cv::Mat& face) {
    cv::Mat box;
    face.reshape(1, 1).colRange(0, 4).convertTo(box, CV_32F);
    return box;
}

cv::Mat jittered(const cv::Mat& box, std::mt19937& random) {
    const float* b = box.ptr<float>();
    const double side = std::max(b[2], b[3]), scale = between(1 - boxScale, 1 + boxScale, random);
    const double x = b[0] + b[2] / 2 + side * between(-boxShift, boxShift, random);
    const double y = b[1] + b[3] / 2 + side * between(-boxShift, boxShift, random);
    const double w = b[2] * scale, h = b[3] * scale;
    return (cv::Mat_<float>(1, 4) << x - w / 2, y - h / 2, w, h);
}

cv::Point2d point(const cv::Mat& row, int i) {
    const float* p = row.ptr<float>() + landmarkColumn + 2 * i;
    return {p[0], p[1]};
}

/// Mean distance of the five points, units of the distance from eyes to mouth in `truth`.
double distance(const cv::Mat& truth, const cv::Mat& found) {
    double sum = 0;
    for (int i = 0; i < 5; ++i) {
        sum += cv::norm(point(truth, i) - point(found, i));
    }
    const cv::Point2d eyes = (point(truth, 0) + point(truth, 1)) / 2, mouth = (point(truth, 3) + point(truth, 4)) / 2;
    return sum / 5 / cv::norm(mouth - eyes);
}

void add(LandmarkErrors& to, const cv::Mat& truth, const cv::Mat& found, double yaw) {
    ++to.faces;
    to.landmarks += distance(truth, found);
    to.yaw += std::abs(cv::drgan::estimateYaw(found) - yaw);
    to.score += found.at<float>(scoreColumn);
}

}  // namespace

Landed landFromBoxes(const Faces& faces, cv::drgan::Aligner& aligner, bool jitter) {
    std::mt19937 random(1);
    std::map<std::string, Faces::Face> landed = faces.all();
    LandmarkErrors front{0, sideYaw}, side{sideYaw, 90};
    for (auto& [name, face] : landed) {
        if (!face.found) {
            continue;
        }
        const cv::Mat truth = face.place;
        cv::Mat row, box = boxOf(truth);
        if (jitter) {
            box = jittered(box, random);
        }
        aligner.align(faces.read(name), box, row, 3);
        if (face.hasYaw) {
            add(std::abs(face.yaw) < sideYaw ? front : side, truth, row, face.yaw);
        }
        face.place = row.at<float>(scoreColumn) > 0 ? row : box;
    }
    Landed result{{std::move(landed), [faces](const std::string& name) { return faces.read(name); }}, {}};
    for (LandmarkErrors errors : {front, side}) {
        if (errors.faces > 0) {
            const auto n = static_cast<double>(errors.faces);
            errors.landmarks /= n;
            errors.yaw /= n;
            errors.score /= n;
            result.rows.push_back(errors);
        }
    }
    return result;
}

std::string table(const std::vector<LandmarkErrors>& rows) {
    std::string text = "|yaw|             faces  landmarks    yaw  face score\n";
    for (const LandmarkErrors& r : rows) {
        text += fmt::format("{:3.0f} - {:3.0f} deg {:10} {:9.2f}% {:6.2f} {:11.3f}\n", r.from, r.to, r.faces,
                            100 * r.landmarks, r.yaw, r.score);
    }
    return text;
}

nlohmann::json report(const std::vector<LandmarkErrors>& rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const LandmarkErrors& r : rows) {
        list.push_back({{"from", r.from},
                        {"to", r.to},
                        {"faces", r.faces},
                        {"landmarks", r.landmarks},
                        {"yaw", r.yaw},
                        {"score", r.score}});
    }
    return list;
}

}  // namespace drgan::eval
