// SPDX-License-Identifier: Apache-2.0
#include "contact_sheet.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace drgan::examples {

namespace {

constexpr int side = 160;  // of a picture, pixels
constexpr int gap = 12;
constexpr int captionHeight = 58;
constexpr int headHeight = 46;
constexpr int cellWidth = 2 * side + 3 * gap;
constexpr int cellHeight = side + captionHeight + gap;
const cv::Scalar paper(250, 250, 250);
const cv::Scalar ink(40, 40, 40);
const cv::Scalar faint(120, 120, 120);

void text(cv::Mat& sheet, const std::string& words, cv::Point at, double scale, const cv::Scalar& color) {
    cv::putText(sheet, words, at, cv::FONT_HERSHEY_DUPLEX, scale, color, 1, cv::LINE_AA);
}

template <typename... Values>
std::string format(const char* pattern, Values... values) {
    char buffer[128];
    std::snprintf(buffer, sizeof buffer, pattern, values...);
    return buffer;
}

void place(cv::Mat& sheet, const cv::Mat& picture, cv::Point at) {
    const cv::Rect where(at, cv::Size(side, side));
    if (picture.empty()) {
        cv::rectangle(sheet, where, cv::Scalar(225, 225, 225), cv::FILLED);
        text(sheet, "no view", at + cv::Point(48, side / 2), 0.45, faint);
        return;
    }
    cv::Mat scaled;
    cv::resize(picture, scaled, where.size(), 0, 0, picture.cols > side ? cv::INTER_AREA : cv::INTER_CUBIC);
    scaled.copyTo(sheet(where));
}

}  // namespace

void ContactSheet::add(const Result& result) {
    Person& person = people_[result.trackId];
    person.images = std::max(person.images, result.images);
    if (!result.face.empty() && (person.face.empty() || result.confidence >= person.confidence)) {
        person.face = result.face;
        person.yaw = result.yaw;
        person.confidence = result.confidence;
    }
    if (!result.frontal.empty()) {
        person.frontal = result.frontal;
    }
    if (people_.size() > maxPeople) {
        people_.erase(std::min_element(people_.begin(), people_.end(),
                                       [](const auto& a, const auto& b) { return a.second.images < b.second.images; }));
    }
}

cv::Mat ContactSheet::draw() const {
    const int count = static_cast<int>(people_.size());
    const int columns = std::clamp(static_cast<int>(std::ceil(std::sqrt(count / 2.0))), 1, 4);
    const int rows = std::max(1, (count + columns - 1) / columns);
    cv::Mat sheet(headHeight + rows * cellHeight, gap + columns * cellWidth, CV_8UC3, paper);
    text(sheet, count == 0 ? "no face was found" : "input face  |  frontal view", cv::Point(2 * gap, 30), 0.6, ink);
    int index = 0;
    for (const auto& [id, person] : people_) {
        const cv::Point at(2 * gap + (index % columns) * cellWidth, headHeight + (index / columns) * cellHeight);
        place(sheet, person.face, at);
        place(sheet, person.frontal, at + cv::Point(side + gap, 0));
        const cv::Point below = at + cv::Point(0, side);
        text(sheet, format("track %u", id), below + cv::Point(0, 20), 0.5, ink);
        text(sheet, format("%u image%s fused", person.images, person.images == 1 ? "" : "s"),
             below + cv::Point(side + gap, 20), 0.5, ink);
        text(sheet, format("yaw %+.0f deg", person.yaw), below + cv::Point(0, 42), 0.5, faint);
        text(sheet, format("confidence %.2f", person.confidence), below + cv::Point(side + gap, 42), 0.5, faint);
        ++index;
    }
    return sheet;
}

void ContactSheet::write(const std::string& file) const {
    const std::string unfinished = file + ".part.png";
    if (!cv::imwrite(unfinished, draw()) || std::rename(unfinished.c_str(), file.c_str()) != 0) {
        throw std::runtime_error("cannot write the contact sheet " + file);
    }
}

}  // namespace drgan::examples
