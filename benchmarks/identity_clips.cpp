// SPDX-License-Identifier: Apache-2.0
#include "identity_clips.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace drgan::bench {
namespace {

const cv::Size frameSize(400, 300);
constexpr float faceSide = 100;  // pixels
const cv::Point2f place(200, 150);

struct Look {
    cv::Point2f offset;
    float zoom = 1;
};

cv::Rect2f boxOf(const Portrait& p) {
    const auto* r = p.face.ptr<float>();
    return {r[0], r[1], r[2], r[3]};
}

// The movement of a hand-held camera.
Look sway(int frame, double phase) {
    const double t = 2 * CV_PI * frame / (2.3 * framesPerSecond) + phase;
    return {{static_cast<float>(5 * std::sin(t)), static_cast<float>(3 * std::sin(1.7 * t))},
            static_cast<float>(1 + 0.03 * std::sin(0.6 * t))};
}

// The portrait in a frame, with its face at `place`, on a plain background.
Shot paste(const Portrait& p, const cv::Mat& picture, const Look& look) {
    const cv::Rect2f b = boxOf(p);
    const float scale = look.zoom * faceSide / std::max(b.width, b.height);
    const cv::Point2f c(b.x + b.width / 2, b.y + b.height / 2);
    const cv::Point2f to = place + look.offset;
    const cv::Matx23f m(scale, 0, to.x - scale * c.x, 0, scale, to.y - scale * c.y);
    Shot s;
    cv::Mat drawn;
    cv::Mat mask;
    cv::warpAffine(picture, drawn, m, frameSize, cv::INTER_AREA);
    cv::warpAffine(cv::Mat(picture.size(), CV_8UC1, cv::Scalar(255)), mask, m, frameSize, cv::INTER_NEAREST);
    s.frame = cv::Mat(frameSize, CV_8UC3, cv::Scalar(120, 130, 125));
    drawn.copyTo(s.frame, mask);
    s.faces.push_back(
        {p.person, {to.x - b.width * scale / 2, to.y - b.height * scale / 2, b.width * scale, b.height * scale}});
    return s;
}

Shot nobody() { return {cv::Mat(frameSize, CV_8UC3, cv::Scalar(120, 130, 125)), {}}; }

// Rises from 0 at `from` to 1 at `from + length`.
double ramp(int frame, int from, int length) {
    return std::clamp(static_cast<double>(frame - from) / std::max(1, length), 0., 1.);
}

// Rises to 1 within `edge` frames, stays there for `stay` frames, and falls again.
double bump(int frame, int from, int edge, int stay) {
    return ramp(frame, from, edge) - ramp(frame, from + edge + stay, edge);
}

// Adds noise and compression, as every camera does.
void degrade(cv::Mat& frame, int seed) {
    cv::Mat noise(frame.size(), CV_16SC3);
    cv::RNG rng(static_cast<uint64>(seed) * 7919 + 1);
    rng.fill(noise, cv::RNG::NORMAL, 0, 4);
    cv::add(frame, noise, frame, cv::noArray(), CV_8U);
    std::vector<uchar> bytes;
    cv::imencode(".jpg", frame, bytes, {cv::IMWRITE_JPEG_QUALITY, 80});
    frame = cv::imdecode(bytes, cv::IMREAD_COLOR);
}

}  // namespace

bool Portraits::load(const std::string& file, Portrait& out) {
    out.picture = cv::imread(file);
    if (out.picture.empty()) {
        return false;
    }
    return finder_->findMain(out.picture, out.face);
}

ClipMaker::ClipMaker(std::vector<Portrait> portraits, std::vector<Portrait> profiles, const std::string& mesh)
    : portraits_(std::move(portraits)), profiles_(std::move(profiles)) {
    if (!mesh.empty()) {
        mesher_ = std::make_unique<drgan::data::FaceMesher>(mesh);
    }
}

const std::vector<std::string>& ClipMaker::kinds() {
    static const std::vector<std::string> all = {"cut",         "cut-alike",  "cut-key",   "cut-profile", "dissolve",
                                                 "slide",       "seat-other", "seat-same", "turn",        "hand",
                                                 "hand-sudden", "blur",       "light"};
    return all;
}

const Portrait& ClipMaker::any() {
    return portraits_[static_cast<size_t>(random_.uniform(0, static_cast<int>(portraits_.size())))];
}

const Portrait& ClipMaker::other(const Portrait& than, bool ofGroup) {
    for (int i = 0; i < 100000; ++i) {
        const Portrait& p = any();
        if (p.person != than.person && (!ofGroup || p.group == than.group)) {
            return p;
        }
    }
    CV_Error(cv::Error::StsBadArg, "nobody else of the group " + than.group);
}

bool ClipMaker::make(const std::string& kind, int number, Clip& out) {
    random_ = cv::RNG(std::hash<std::string>()(kind) + static_cast<size_t>(number));
    for (int i = 0; i < 10; ++i) {
        random_.next();  // the first numbers of neighbouring seeds are similar
    }
    const double phase = random_.uniform(0., 6.);
    const int at = random_.uniform(30, 45);
    const int seed = number * 1000;
    out = {kind, at + 50, -1, kind == "cut-key", {}};
    const auto finish = [seed](Shot s, int frame) {
        degrade(s.frame, seed + frame);
        return s;
    };
    if (kind.rfind("cut", 0) == 0 || kind == "dissolve" || kind == "slide") {
        if (kind == "cut-profile" && profiles_.empty()) {
            return false;
        }
        const Portrait a = any();
        Portrait b = other(a, kind != "cut");
        if (kind == "cut-profile") {
            b = profiles_[static_cast<size_t>(random_.uniform(0, static_cast<int>(profiles_.size())))];
        }
        const float zoom = random_.uniform(0.85F, 1.15F);
        const cv::Point2f off(random_.uniform(-12.F, 12.F), random_.uniform(-12.F, 12.F));
        const int length = kind == "dissolve" ? 12 : kind == "slide" ? 8 : 0;
        out.changeAt = at + (kind == "dissolve" ? length * 3 / 4 : length / 2);
        out.at = [=](int frame) {
            Shot first = paste(a, a.picture, sway(frame, phase));
            Look look = sway(frame, phase + 1);
            look.offset += off;
            look.zoom *= zoom;
            Shot second = paste(b, b.picture, look);
            const double part = length > 0 ? ramp(frame, at, length) : frame >= at;
            if (part > 0 && part < 1) {
                if (kind == "slide") {
                    const int x = cvRound(part * frameSize.width);
                    cv::Mat both(frameSize, CV_8UC3);
                    first.frame(cv::Rect(x, 0, frameSize.width - x, frameSize.height))
                        .copyTo(both(cv::Rect(0, 0, frameSize.width - x, frameSize.height)));
                    second.frame(cv::Rect(0, 0, x, frameSize.height))
                        .copyTo(both(cv::Rect(frameSize.width - x, 0, x, frameSize.height)));
                    first.faces[0].box.x -= static_cast<float>(x);
                    second.faces[0].box.x += static_cast<float>(frameSize.width - x);
                    first.frame = second.frame = both;
                    first.faces.push_back(second.faces[0]);
                    second.faces.push_back(first.faces[0]);
                } else {
                    cv::Mat both;
                    cv::addWeighted(first.frame, 1 - part, second.frame, part, 0, both);
                    first.frame = second.frame = both;
                    if (part > 0.25 && part < 0.75) {
                        first.faces[0].person = second.faces[0].person = "";  // a mixture of both people
                    }
                }
            }
            return finish(part < 0.5 ? first : second, frame);
        };
        return true;
    }
    if (kind == "seat-other" || kind == "seat-same") {
        const Portrait a = any();
        const Portrait b = kind == "seat-same" ? a : other(a, true);
        const int gap = random_.uniform(15, 40);
        out.frames = at + gap + 40;
        out.changeAt = kind == "seat-same" ? -1 : at + gap;
        out.at = [=](int frame) {
            const Portrait& p = frame < at ? a : b;
            const bool empty = frame >= at && frame < at + gap;
            return finish(empty ? nobody() : paste(p, p.picture, sway(frame, phase)), frame);
        };
        return true;
    }
    const Portrait a = any();
    if (kind == "turn") {
        if (!mesher_) {
            return false;
        }
        const auto* r = a.face.ptr<float>();
        const float roll = std::atan2(r[7] - r[5], r[6] - r[4]);
        const cv::Rect2f b = boxOf(a);
        const auto mesh =
            mesher_->find(a.picture, {b.x + b.width / 2, b.y + b.height / 2}, std::max(b.width, b.height), roll);
        if (mesh.score < 0.8F || std::abs(cv::drgan::estimateYaw(a.face)) > 15) {
            return make(kind, number + 1000, out);
        }
        const auto relief = std::make_shared<drgan::data::Relief>(a.picture, mesh, roll);
        const int length = random_.uniform(10, 30);
        const float most = random_.uniform(60.F, 85.F) * (random_.uniform(0, 2) == 0 ? 1.F : -1.F);
        out.frames = at + 2 * length + 35;
        out.at = [=](int frame) {
            const auto angle = most * static_cast<float>(bump(frame, at, length, 10));
            return finish(paste(a, angle == 0 ? a.picture : relief->turn(angle).picture, sway(frame, phase)), frame);
        };
        return true;
    }
    const int edge = kind == "hand" ? 5 : kind == "hand-sudden" || kind == "light" ? 1 : 6;
    const int stay = random_.uniform(8, 35);
    const cv::Point2f spot(random_.uniform(0.25F, 0.75F), random_.uniform(0.35F, 0.9F));
    const double strength = random_.uniform(0., 1.);
    out.frames = at + 2 * edge + stay + 30;
    out.at = [=](int frame) {
        Shot s = paste(a, a.picture, sway(frame, phase));
        const cv::Rect2f face = s.faces[0].box;
        const double part = bump(frame, at, edge, stay);
        if (part > 0 && kind.rfind("hand", 0) == 0) {
            const cv::Point2f goal(face.x + spot.x * face.width, face.y + spot.y * face.height);
            const cv::Point2f from(goal.x, face.y + 2.2F * face.height);
            const cv::Point2f c = from + (goal - from) * static_cast<float>(part);
            const cv::Size2f size(0.38F * face.width, 0.24F * face.height);
            cv::ellipse(s.frame, cv::Point(c), cv::Size(size), 60 * strength - 30, 0, 360, {110, 140, 190}, -1,
                        cv::LINE_AA);
        } else if (part > 0 && kind == "blur") {
            cv::GaussianBlur(s.frame, s.frame, {}, 0.2 + part * (0.02 + 0.05 * strength) * face.width);
        } else if (part > 0 && kind == "light") {
            const bool dark = strength < 0.6;
            s.frame.convertTo(s.frame, -1, dark ? 0.2 + strength / 2 : 1 + strength, dark ? 0 : 25);
        }
        return finish(s, frame);
    };
    return true;
}

}  // namespace drgan::bench
