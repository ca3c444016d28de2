// SPDX-License-Identifier: Apache-2.0
#include "overlay.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace drgan {
namespace {

constexpr int font = cv::FONT_HERSHEY_SIMPLEX;

struct Style {
    int line;      // thickness of boxes, pixels, even
    double text;   // font scale
    int stroke;    // of the text, pixels
    int smallest;  // side of a frontal view, pixels
    int largest;

    explicit Style(cv::Size frame) {
        const int side = std::min(frame.width, frame.height);
        line = std::max(2, side / 360 * 2);
        text = std::clamp(side / 900., 0.36, 1.6);
        stroke = std::max(1, cvRound(text * 1.4));
        smallest = std::max(32, side / 6);
        largest = std::max(smallest, side / 3);
    }
};

void drawBox(FrameView& frame, const cv::Rect& r, int line, const cv::Scalar& colour) {
    frame.fill({r.x, r.y, r.width, line}, colour);
    frame.fill({r.x, r.y + r.height - line, r.width, line}, colour);
    frame.fill({r.x, r.y, line, r.height}, colour);
    frame.fill({r.x + r.width - line, r.y, line, r.height}, colour);
}

cv::Mat makeLabel(const std::string& text, const Style& style, const cv::Scalar& colour) {
    int baseline = 0;
    const cv::Size size = cv::getTextSize(text, font, style.text, style.stroke, &baseline);
    const int pad = style.line + 1;
    const cv::Size area((size.width + 2 * pad + 1) & ~1, (size.height + baseline + 2 * pad + 1) & ~1);
    cv::Mat label(area, CV_8UC3, colour);
    // Luma as the eye sees it decides between black and white text.
    const double luma = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2];
    cv::putText(label, text, {pad, pad + size.height}, font, style.text, cv::Scalar::all(luma > 120 ? 0 : 255),
                style.stroke, cv::LINE_AA);
    return label;
}

std::string labelText(const TrackInfo& t) {
    std::string text = cv::format("#%d %+d", t.id, cvRound(t.yaw));
    return t.images > 0 ? text + cv::format(" %.2f", t.confidence) : text;
}

// Where a frontal view of a side hides least: beside the head, above or below it.
cv::Rect place(const cv::Rect& box, int side, const cv::Rect& bounds, const std::vector<cv::Rect>& occupied) {
    const int gap = 4;
    const int y = std::clamp(box.y, 0, std::max(0, bounds.height - side));
    const int x = std::clamp(box.x, 0, std::max(0, bounds.width - side));
    const cv::Point candidates[] = {{box.x + box.width + gap, y},  {box.x - gap - side, y},
                                    {x, box.y + box.height + gap}, {x, box.y - gap - side},
                                    {bounds.width - side, y},      {0, y}};
    cv::Rect best;
    double least = -1;
    for (const auto& c : candidates) {
        const cv::Rect r(c, cv::Size(side, side));
        double cost = 4. * (r.area() - (r & bounds).area());
        for (const auto& o : occupied) {
            cost += (r & o).area();
        }
        if (least < 0 || cost < least) {
            least = cost;
            best = r;
        }
    }
    return best;
}

}  // namespace

cv::Scalar trackColour(int id) {
    // Steps by the golden angle keep the hues of neighbouring ids far apart.
    const double hue = std::fmod(std::abs(static_cast<double>(id)) * 137.508, 360.) / 2;
    cv::Mat c(1, 1, CV_8UC3, cv::Scalar(hue, 200, 255));
    cv::cvtColor(c, c, cv::COLOR_HSV2BGR);
    return cv::Scalar(c.at<cv::Vec3b>(0));
}

void drawOverlay(FrameView& frame, const std::vector<TrackInfo>& tracks) {
    const Style style(frame.size());
    const cv::Rect bounds = frame.bounds();
    std::vector<cv::Rect> boxes;
    for (const auto& t : tracks) {
        // Even edges: fill() rounds outwards, which would make lines of different thickness.
        const cv::Rect b(t.box);
        boxes.push_back(cv::Rect(b.x & ~1, b.y & ~1, (b.width + 1) & ~1, (b.height + 1) & ~1) & bounds);
    }
    std::vector<cv::Rect> occupied = boxes;
    for (size_t i = 0; i < tracks.size(); ++i) {
        const cv::Rect& box = boxes[i];
        if (box.empty()) {
            continue;
        }
        const cv::Scalar colour = trackColour(tracks[i].id);
        drawBox(frame, box, style.line, colour);

        const cv::Mat& face = tracks[i].frontal;
        if (!face.empty()) {
            const int side = std::clamp(box.height * 3 / 4, style.smallest, style.largest) & ~1;
            const cv::Rect r = place(box, side, bounds, occupied);
            occupied.push_back(r);
            cv::Mat view;
            cv::resize(face, view, {side, side}, 0, 0, side < face.cols ? cv::INTER_AREA : cv::INTER_CUBIC);
            cv::rectangle(view, {0, 0, side, side}, colour, std::max(1, style.line / 2));
            frame.blit(view, r.tl());
        }
        const cv::Mat label = makeLabel(labelText(tracks[i]), style, colour);
        const int above = box.y - label.rows;
        frame.blit(label, {std::clamp(box.x, 0, std::max(0, bounds.width - label.cols)), above >= 0 ? above : box.y});
    }
}

}  // namespace drgan
