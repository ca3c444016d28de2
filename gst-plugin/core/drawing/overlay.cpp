// SPDX-License-Identifier: Apache-2.0
#include "overlay.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <opencv2/imgproc.hpp>

namespace drgan {
namespace {

struct Style {
    int line;      // thickness of boxes, pixels, even
    int smallest;  // side of a frontal view, pixels
    int largest;

    explicit Style(cv::Size frame) {
        const int side = std::min(frame.width, frame.height);
        line = std::max(2, side / 360 * 2);
        smallest = std::max(32, side / 8);
        largest = std::max(smallest, side / 3);
    }
};

void drawBox(FrameView& frame, const cv::Rect& r, int line, const cv::Scalar& colour) {
    frame.fill({r.x, r.y, r.width, line}, colour);
    frame.fill({r.x, r.y + r.height - line, r.width, line}, colour);
    frame.fill({r.x, r.y, line, r.height}, colour);
    frame.fill({r.x + r.width - line, r.y, line, r.height}, colour);
}

// Even edges, as fill() rounds to even coordinates: lines would differ in thickness.
cv::Rect evenCover(const cv::Rect2f& box, const cv::Rect& bounds) {
    const cv::Rect b(box);
    return cv::Rect(b.x & ~1, b.y & ~1, (b.width + 1) & ~1, (b.height + 1) & ~1) & bounds;
}

// A region that is drawn already. Covering text costs more than covering a face, and a face more than a view.
struct Taken {
    cv::Rect place;
    double cost;  // per pixel
};
constexpr double viewCost = 1;
constexpr double faceCost = 2;
constexpr double plateCost = 100;

// The candidate that covers least; of equals the first.
cv::Rect freest(const std::vector<cv::Point>& candidates, cv::Size size, const cv::Rect& bounds,
                const std::vector<Taken>& taken) {
    cv::Rect best;
    double least = -1;
    for (const auto& c : candidates) {
        const cv::Rect r(c, size);
        double cost = plateCost * (r.area() - (r & bounds).area());
        for (const auto& t : taken) {
            cost += t.cost * (r & t.place).area();
        }
        if (least < 0 || cost < least) {
            least = cost;
            best = r;
        }
    }
    return best;
}

cv::Rect placePlate(const cv::Rect& box, cv::Size size, int line, const cv::Rect& bounds,
                    const std::vector<Taken>& taken) {
    const int furthest = std::max(0, bounds.width - size.width);
    const int left = std::clamp(box.x, 0, furthest);
    const int right = std::clamp(box.x + box.width - size.width, 0, furthest);
    const int above = box.y - size.height;
    const int below = box.y + box.height;
    const int lowest = std::max(0, bounds.height - size.height);
    return freest({{left, above},
                   {right, above},
                   {left, below},
                   {right, below},
                   {left, std::clamp(below - size.height - line, 0, lowest)},
                   {left, std::clamp(box.y + line, 0, lowest)}},
                  size, bounds, taken);
}

cv::Rect placeView(const cv::Rect& box, int side, const cv::Rect& bounds, const std::vector<Taken>& taken) {
    const int gap = 4;
    const int lowest = std::max(0, bounds.height - side);
    const int furthest = std::max(0, bounds.width - side);
    const int top = std::clamp(box.y, 0, lowest);
    const int bottom = std::clamp(box.y + box.height - side, 0, lowest);
    const int left = std::clamp(box.x, 0, furthest);
    const int right = std::clamp(box.x + box.width - side, 0, furthest);
    const int afterBox = box.x + box.width + gap;
    const int beforeBox = box.x - gap - side;
    const int below = box.y + box.height + gap;
    const int above = box.y - gap - side;
    return freest({{afterBox, top},
                   {beforeBox, top},
                   {afterBox, bottom},
                   {beforeBox, bottom},
                   {left, below},
                   {right, below},
                   {left, above},
                   {right, above},
                   {right, top},  // a face that fills the frame
                   {left, top}},
                  {side, side}, bounds, taken);
}

}  // namespace

cv::Scalar colourOf(const TrackInfo& track) {
    double hue = 0;
    const std::string& who = track.label.empty() ? track.visitor : track.label;
    if (who.empty()) {
        // Steps by the golden angle keep the hues of neighbouring ids far apart.
        hue = std::fmod(std::abs(static_cast<double>(track.id)) * 137.508, 360.);
    } else {
        std::uint32_t hash = 2166136261U;  // FNV-1a: the same on every machine, unlike std::hash
        for (const char c : who) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
        }
        hue = (hash ^ (hash >> 16U)) % 360;
    }
    cv::Mat c(1, 1, CV_8UC3, cv::Scalar(hue / 2, 200, 255));
    cv::cvtColor(c, c, cv::COLOR_HSV2BGR);
    return cv::Scalar(c.at<cv::Vec3b>(0));
}

void drawOverlay(FrameView& frame, const std::vector<TrackInfo>& tracks, const Spelling& spell) {
    const Style style(frame.size());
    const PlateStyle plateStyle(frame.size());
    const cv::Rect bounds = frame.bounds();
    struct Drawn {
        const TrackInfo* track;
        cv::Rect box;
        cv::Scalar colour;
        cv::Mat plate;
        cv::Point at;
    };
    std::vector<Drawn> all;
    std::vector<Taken> taken;
    for (const auto& t : tracks) {
        const cv::Rect box = evenCover(t.box, bounds);
        if (!box.empty()) {
            all.push_back({&t, box, colourOf(t), {}, {}});
            taken.push_back({box, faceCost});
        }
    }
    for (auto& d : all) {
        d.plate = makePlate(*d.track, plateStyle, d.colour, spell);
        const cv::Rect place = placePlate(d.box, d.plate.size(), style.line, bounds, taken);
        d.at = place.tl();
        taken.push_back({place, plateCost});
    }
    // Pictures first, so that they never cover boxes or text.
    for (const auto& d : all) {
        const cv::Mat& face = d.track->frontal;
        if (face.empty()) {
            continue;
        }
        const int side = std::clamp(d.box.height * 3 / 4, style.smallest, style.largest) & ~1;
        const cv::Rect place = placeView(d.box, side, bounds, taken);
        taken.push_back({place, viewCost});
        cv::Mat view;
        cv::resize(face, view, {side, side}, 0, 0, side < face.cols ? cv::INTER_AREA : cv::INTER_CUBIC);
        cv::rectangle(view, {0, 0, side, side}, d.colour, std::max(1, style.line / 2));
        frame.blit(view, place.tl());
    }
    for (const auto& d : all) {
        drawBox(frame, d.box, style.line, d.colour);
    }
    for (const auto& d : all) {
        frame.blit(d.plate, d.at);
    }
}

}  // namespace drgan
