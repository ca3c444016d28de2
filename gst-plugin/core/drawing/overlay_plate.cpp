// SPDX-License-Identifier: Apache-2.0
#include "overlay_plate.hpp"

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace drgan {
namespace {

constexpr int font = cv::FONT_HERSHEY_SIMPLEX;

int widthOf(const std::string& text, const PlateStyle& style) {
    return cv::getTextSize(text, font, style.text, style.stroke, nullptr).width;
}

// "visitor k3v7" of visitor-k3v7q2mdw5xa: the beginning is enough to tell apart those in the picture.
std::string shortVisitor(std::string id) {
    const size_t dash = std::min(id.find('-'), id.size() - 1);
    id[dash] = ' ';
    return id.substr(0, dash + 5);
}

// Cuts `name` until the line fits.
std::string nameLine(const std::string& id, std::string name, const std::string& similarity, const PlateStyle& style) {
    const auto whole = [&](const char* cut) { return id + " " + name + cut + similarity; };
    std::string line = whole("");
    while (name.size() > 1 && widthOf(line, style) > style.widest - 2 * style.pad) {
        // Cut a long name by halves first: measuring takes time in proportion to the text.
        name.resize(name.size() > 128 ? name.size() / 2 : name.size() - 1);
        line = whole("..");
    }
    return line;
}

}  // namespace

std::string plainSpelling(const std::string& utf8) {
    std::string out;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out += c;
        } else if (byte >= 0xC0) {  // a character's first byte
            out += '?';
        }
    }
    return out;
}

PlateStyle::PlateStyle(cv::Size frame) {
    const int side = std::min(frame.width, frame.height);
    // Hershey's digits are 21 units high: 8 pixels at the least, 2 % of the frame's height, in between a bit more.
    text = std::max(0.42, 0.22 + side * 0.00085);
    stroke = std::max(1, cvRound(text * 1.5));
    line = cvRound(text * 30) / 2 * 2 + 2;
    pad = std::max(2, cvRound(text * 6));
    widest = std::max({120, std::min(260, frame.width / 2), frame.width / 3}) & ~1;
}

cv::Mat makePlate(const TrackInfo& t, const PlateStyle& style, const cv::Scalar& colour, const Spelling& spell) {
    const std::string id = cv::format("#%d", t.id);
    const std::string yaw = cv::format("%+d", cvRound(t.yaw));
    std::string first;
    std::string last = id + " " + yaw;
    if (!t.label.empty()) {
        first = nameLine(id, spell(t.label), cv::format(" %.2f", t.similarity), style);
        last = yaw;
    } else if (!t.visitor.empty()) {
        first = nameLine(id, shortVisitor(t.visitor), "", style);
        last = yaw;
    }
    const int ring = std::max(1, style.line / 9);  // radius of the degree sign, which the font lacks
    const int textEnd = style.pad + widthOf(last, style) + style.stroke + 2 * ring;
    const int barFrom = textEnd + style.pad + ring;
    const int shortestBar = t.images > 0 ? style.line * 5 / 2 : 0;
    const int width =
        std::max(barFrom + shortestBar, first.empty() ? 0 : widthOf(first, style) + style.pad) + style.pad;
    const int height = (first.empty() ? 1 : 2) * style.line + style.pad;
    cv::Mat plate((height + 1) & ~1, (width + 1) & ~1, CV_8UC3, colour);
    // Black or white text, by the luma of the background.
    const double luma = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2];
    const cv::Scalar ink = cv::Scalar::all(luma > 120 ? 0 : 255);
    int base = style.line - style.pad / 2;
    const auto write = [&](const std::string& text) {
        cv::putText(plate, text, {style.pad, base}, font, style.text, ink, style.stroke, cv::LINE_AA);
    };
    if (!first.empty()) {
        write(first);
        base += style.line;
    }
    write(last);
    const int capital = cv::getTextSize("0", font, style.text, style.stroke, nullptr).height;
    cv::circle(plate, {textEnd - ring, base - capital + ring}, ring, ink, std::max(1, style.stroke / 2), cv::LINE_AA);
    if (t.images > 0) {
        const cv::Rect bar(barFrom, base - capital, plate.cols - style.pad - barFrom, capital + 1);
        const int frame = std::max(1, style.stroke / 2);
        cv::rectangle(plate, bar, ink, frame);
        const cv::Rect inner(bar.x + 2 * frame, bar.y + 2 * frame, bar.width - 4 * frame, bar.height - 4 * frame);
        cv::Rect full = inner;
        full.width = cvRound(inner.width * std::clamp(t.confidence, 0.F, 1.F));
        cv::rectangle(plate, full, ink, cv::FILLED);
    }
    return plate;
}

}  // namespace drgan
