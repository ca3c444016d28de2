// SPDX-License-Identifier: Apache-2.0
#include "frame_view.hpp"

#include <opencv2/imgproc.hpp>

namespace drgan {
namespace {

bool isPlanar(PixelLayout layout) { return layout == PixelLayout::i420 || layout == PixelLayout::nv12; }

void resizeTo(const cv::Mat& src, cv::Mat& dst, cv::Size size) {
    if (src.size() == size) {
        dst = src;
        return;
    }
    // Average when shrinking: a detector misses small faces in aliased pictures.
    const bool shrinks = size.width < src.cols && size.height < src.rows;
    cv::resize(src, dst, size, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
}

cv::Rect chromaRect(const cv::Rect& r, const cv::Size& chroma) {
    const cv::Rect half(cv::Point(r.x / 2, r.y / 2), cv::Point((r.x + r.width + 1) / 2, (r.y + r.height + 1) / 2));
    return half & cv::Rect(cv::Point(), chroma);
}

// Rounds outwards to even coordinates, then cuts at the frame: no 2x2 chroma cell is drawn in part.
cv::Rect evenCover(const cv::Rect& r, const cv::Rect& bounds) {
    const cv::Rect cut = r & bounds;
    if (cut.empty()) {
        return {};
    }
    const cv::Point tl(cut.x & ~1, cut.y & ~1);
    const cv::Point br((cut.br().x + 1) & ~1, (cut.br().y + 1) & ~1);
    return cv::Rect(tl, br) & bounds;
}

}  // namespace

YuvConversion YuvConversion::create(double kr, double kb, bool limited) {
    const double kg = 1 - kr - kb;
    const double ys = limited ? 219. / 255 : 1.;
    const double cs = limited ? 224. / 255 : 1.;
    const double y0 = limited ? 16 : 0;
    const double cb = 0.5 * cs / (1 - kb);
    const double cr = 0.5 * cs / (1 - kr);
    YuvConversion c;
    c.fromBgr = {float(kb * ys),       float(kg * ys),  float(kr * ys),       float(y0),  // Y
                 float((1 - kb) * cb), float(-kg * cb), float(-kr * cb),      128.F,      // Cb
                 float(-kb * cr),      float(-kg * cr), float((1 - kr) * cr), 128.F};     // Cr
    const double bu = 2 * (1 - kb) / cs;
    const double rv = 2 * (1 - kr) / cs;
    const double gu = -bu * kb / kg;
    const double gv = -rv * kr / kg;
    const double y1 = 1 / ys;
    c.toBgr = {float(y1), float(bu), 0.F,       float(-y0 * y1 - 128 * bu),
               float(y1), float(gu), float(gv), float(-y0 * y1 - 128 * (gu + gv)),
               float(y1), 0.F,       float(rv), float(-y0 * y1 - 128 * rv)};
    return c;
}

FrameView::FrameView(PixelLayout layout, std::array<cv::Mat, 3> planes, const YuvConversion& conversion)
    : layout_(layout), planes_(std::move(planes)), conversion_(conversion) {}

cv::Mat FrameView::direct() const {
    return layout_ == PixelLayout::bgr || layout_ == PixelLayout::bgrx ? planes_[0] : cv::Mat();
}

cv::Mat FrameView::planar(const cv::Rect& region, cv::Size out) const {
    // Chroma starts at an even pixel: take the region from there, so that colours do not shift by half a cell.
    const cv::Rect cover = evenCover(region, bounds());
    const cv::Rect chroma = chromaRect(cover, planes_[1].size());
    const bool exact = out == region.size();
    const cv::Size size = exact ? cover.size() : out;
    const cv::Size chromaSize = exact ? cv::Size(chroma.width * 2, chroma.height * 2) : size;

    cv::Mat channels[3];
    resizeTo(planes_[0](exact ? cover : region), channels[0], size);
    if (layout_ == PixelLayout::i420) {
        resizeTo(planes_[1](chroma), channels[1], chromaSize);
        resizeTo(planes_[2](chroma), channels[2], chromaSize);
    } else {
        cv::Mat uv;
        resizeTo(planes_[1](chroma), uv, chromaSize);
        cv::extractChannel(uv, channels[1], 0);
        cv::extractChannel(uv, channels[2], 1);
    }
    for (int i = 1; i < 3; ++i) {
        channels[i] = channels[i](cv::Rect(cv::Point(), size));  // an odd frame's last cell is half outside
    }
    cv::Mat yuv;
    cv::Mat bgr;
    cv::merge(channels, 3, yuv);
    cv::transform(yuv, bgr, conversion_.toBgr);
    return exact ? bgr(region - cover.tl()) : bgr;
}

cv::Mat FrameView::bgr(const cv::Rect& region, cv::Size out) const {
    CV_Assert(!region.empty() && (region & bounds()) == region && !out.empty());
    if (isPlanar(layout_)) {
        return planar(region, out);
    }
    cv::Mat scaled;
    cv::Mat bgr;
    resizeTo(planes_[0](region), scaled, out);
    switch (layout_) {
        case PixelLayout::bgr:
            bgr = scaled.data == planes_[0](region).data ? scaled.clone() : scaled;
            break;
        case PixelLayout::bgrx:
            cv::cvtColor(scaled, bgr, cv::COLOR_BGRA2BGR);
            break;
        case PixelLayout::rgb:
            cv::cvtColor(scaled, bgr, cv::COLOR_RGB2BGR);
            break;
        default:
            cv::cvtColor(scaled, bgr, cv::COLOR_RGBA2BGR);
            break;
    }
    return bgr;
}

void FrameView::fill(const cv::Rect& r, const cv::Scalar& c) {
    const cv::Rect area = evenCover(r, bounds());
    if (area.empty()) {
        return;
    }
    if (!isPlanar(layout_)) {
        const bool rgb = layout_ == PixelLayout::rgb || layout_ == PixelLayout::rgbx;
        planes_[0](area).setTo(rgb ? cv::Scalar(c[2], c[1], c[0], 255) : cv::Scalar(c[0], c[1], c[2], 255));
        return;
    }
    cv::Mat yuv;
    cv::transform(cv::Mat(1, 1, CV_8UC3, c), yuv, conversion_.fromBgr);
    const auto v = yuv.at<cv::Vec3b>(0);
    const cv::Rect chroma = chromaRect(area, planes_[1].size());
    planes_[0](area).setTo(v[0]);
    if (layout_ == PixelLayout::i420) {
        planes_[1](chroma).setTo(v[1]);
        planes_[2](chroma).setTo(v[2]);
    } else {
        planes_[1](chroma).setTo(cv::Scalar(v[1], v[2]));
    }
}

void FrameView::blit(const cv::Mat& patch, cv::Point at) {
    CV_Assert(patch.type() == CV_8UC3);
    at = {at.x & ~1, at.y & ~1};
    cv::Rect area = cv::Rect(at, patch.size()) & bounds();
    // An odd patch loses its last row or column inside the frame, for the same reason.
    if (area.br().x < size().width) {
        area.width &= ~1;
    }
    if (area.br().y < size().height) {
        area.height &= ~1;
    }
    if (area.empty()) {
        return;
    }
    const cv::Mat src = patch(area - at);
    if (!isPlanar(layout_)) {
        constexpr int codes[] = {-1, cv::COLOR_BGR2BGRA, cv::COLOR_BGR2RGB, cv::COLOR_BGR2RGBA};
        cv::Mat dst = planes_[0](area);
        const int code = codes[static_cast<int>(layout_)];
        if (code < 0) {
            src.copyTo(dst);
        } else {
            cv::cvtColor(src, dst, code);
        }
        return;
    }
    cv::Mat yuv;
    cv::transform(src, yuv, conversion_.fromBgr);
    cv::Mat luma = planes_[0](area);
    cv::extractChannel(yuv, luma, 0);
    const cv::Rect chroma = chromaRect(area, planes_[1].size());
    cv::Mat small;
    cv::resize(yuv, small, chroma.size(), 0, 0, cv::INTER_AREA);
    if (layout_ == PixelLayout::i420) {
        cv::Mat u = planes_[1](chroma);
        cv::Mat v = planes_[2](chroma);
        cv::extractChannel(small, u, 1);
        cv::extractChannel(small, v, 2);
    } else {
        cv::Mat uv = planes_[1](chroma);
        const int pairs[] = {1, 0, 2, 1};
        cv::mixChannels(&small, 1, &uv, 1, pairs, 2);
    }
}

}  // namespace drgan
