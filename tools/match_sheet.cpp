// SPDX-License-Identifier: Apache-2.0
#include "match_sheet.hpp"

#include <algorithm>
#include <cstdio>
#include <opencv2/imgproc.hpp>

namespace drgan::tools {

namespace {

constexpr int side = 160;  // of a picture, pixels
constexpr int gap = 12;
constexpr int captionHeight = 48;
constexpr int headHeight = 46;
constexpr double captionScale = 0.45;
const cv::Scalar paper(250, 250, 250);
const cv::Scalar ink(40, 40, 40);
const cv::Scalar faint(150, 150, 150);
const cv::Scalar agreed(60, 140, 40);  // green: the named person

void text(cv::Mat& sheet, const std::string& words, cv::Point at, double scale, const cv::Scalar& color) {
    cv::putText(sheet, words, at, cv::FONT_HERSHEY_DUPLEX, scale, color, 1, cv::LINE_AA);
}

/// As ASCII, truncated to the width of a picture.
std::string fitting(const std::string& words) {
    std::string ascii;
    for (const char c : words) {
        if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {  // a character's first byte
            ascii += c >= ' ' && c < 127 ? c : '?';
        }
    }
    const auto width = [](const std::string& s) {
        return cv::getTextSize(s, cv::FONT_HERSHEY_DUPLEX, captionScale, 1, nullptr).width;
    };
    if (width(ascii) <= side) {
        return ascii;
    }
    while (!ascii.empty() && width(ascii + "...") > side) {
        ascii.pop_back();
    }
    return ascii + "...";
}

void place(cv::Mat& sheet, const cv::Mat& picture, cv::Point at) {
    cv::Mat scaled;
    cv::resize(picture, scaled, cv::Size(side, side), 0, 0, picture.cols > side ? cv::INTER_AREA : cv::INTER_CUBIC);
    scaled.copyTo(sheet(cv::Rect(at, cv::Size(side, side))));
}

}  // namespace

void MatchSheet::add(const std::string& caption, const cv::Mat& face, std::vector<Match> matches) {
    matches.resize(std::min<size_t>(matches.size(), maxMatches));
    queries_.push_back({caption, face.clone(), std::move(matches)});
}

cv::Mat MatchSheet::draw() const {
    size_t columns = 1;
    for (const Query& query : queries_) {
        columns = std::max(columns, query.matches.size());
    }
    constexpr int cell = side + gap, rowHeight = side + captionHeight + gap;
    const int rows = std::max(1, static_cast<int>(queries_.size()));
    const int width = std::max(3 * gap + static_cast<int>(columns + 1) * cell + gap, 480);
    cv::Mat sheet(headHeight + rows * rowHeight, width, CV_8UC3, paper);
    text(sheet, queries_.empty() ? "no face was detected" : "query  |  most similar people, frontal views",
         cv::Point(2 * gap, 30), 0.6, ink);
    for (size_t q = 0; q < queries_.size(); ++q) {
        const Query& query = queries_[q];
        const cv::Point at(2 * gap, headHeight + static_cast<int>(q) * rowHeight);
        const cv::Point below(0, side + 18), second(0, side + 38);
        place(sheet, query.face, at);
        text(sheet, fitting(query.caption), at + below, captionScale, ink);
        if (query.matches.empty()) {
            text(sheet, "nobody is in the gallery", at + cv::Point(cell + 2 * gap, side / 2), captionScale, faint);
        }
        for (size_t i = 0; i < query.matches.size(); ++i) {
            const Match& match = query.matches[i];
            const cv::Point there = at + cv::Point(static_cast<int>(i + 1) * cell + gap, 0);
            char similarity[32];
            std::snprintf(similarity, sizeof similarity, "%.3f", match.similarity);
            place(sheet, match.view, there);
            text(sheet, fitting(match.name), there + below, captionScale, match.same ? ink : faint);
            text(sheet, similarity, there + second, captionScale, match.same ? agreed : faint);
            if (match.same) {
                cv::rectangle(sheet, cv::Rect(there, cv::Size(side, side)), agreed, 2);
            }
        }
    }
    return sheet;
}

}  // namespace drgan::tools
