// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "core/drawing/overlay.hpp"
#include "core/frame/frame_view.hpp"

namespace {

using drgan::FrameView;
using drgan::PixelLayout;
using drgan::YuvConversion;

// A frame that owns its memory, with some bytes of padding after each row of every plane.
struct Frame {
    std::array<cv::Mat, 3> whole;
    std::array<cv::Mat, 3> planes;
    PixelLayout layout;

    Frame(PixelLayout l, cv::Size size, unsigned seed) : layout(l) {
        const cv::Size half((size.width + 1) / 2, (size.height + 1) / 2);
        switch (l) {
            case PixelLayout::bgr:
            case PixelLayout::rgb:
                add(0, size, CV_8UC3, seed);
                break;
            case PixelLayout::bgrx:
            case PixelLayout::rgbx:
                add(0, size, CV_8UC4, seed);
                break;
            case PixelLayout::i420:
                add(0, size, CV_8UC1, seed);
                add(1, half, CV_8UC1, seed + 1);
                add(2, half, CV_8UC1, seed + 2);
                break;
            case PixelLayout::nv12:
                add(0, size, CV_8UC1, seed);
                add(1, half, CV_8UC2, seed + 1);
                break;
        }
    }
    void add(size_t i, cv::Size size, int type, unsigned seed) {
        whole[i].create(size.height, size.width + 5, type);
        cv::RNG(seed).fill(whole[i], cv::RNG::UNIFORM, 0, 256);
        planes[i] = whole[i].colRange(0, size.width);
    }
    FrameView view() const { return {layout, planes, YuvConversion::create(0.299, 0.114, true)}; }
};

constexpr PixelLayout layouts[] = {PixelLayout::bgr,  PixelLayout::bgrx, PixelLayout::rgb,
                                   PixelLayout::rgbx, PixelLayout::i420, PixelLayout::nv12};

class FrameViews : public testing::TestWithParam<std::tuple<PixelLayout, cv::Size>> {};

INSTANTIATE_TEST_SUITE_P(All, FrameViews,
                         testing::Combine(testing::ValuesIn(layouts),
                                          testing::Values(cv::Size(64, 48), cv::Size(63, 47), cv::Size(2, 1),
                                                          cv::Size(1, 1))));

TEST_P(FrameViews, WhatIsBlittedIsReadBack) {
    const auto [layout, size] = GetParam();
    Frame frame(layout, size, 1);
    FrameView view = frame.view();
    const cv::Scalar colour(40, 120, 200);
    view.blit(cv::Mat(size, CV_8UC3, colour), {0, 0});
    const cv::Mat back = view.bgr(view.bounds(), size);
    ASSERT_EQ(back.size(), size);
    // 8-bit Y'CbCr is precise to 2 or 3 steps of a colour.
    EXPECT_LE(cv::norm(back, cv::Mat(size, CV_8UC3, colour), cv::NORM_INF), 3);
    const cv::Mat small = view.bgr(view.bounds(), {3, 5});
    EXPECT_LE(cv::norm(small, cv::Mat(5, 3, CV_8UC3, colour), cv::NORM_INF), 3);
}

TEST_P(FrameViews, DrawingTouchesNothingElse) {
    const auto [layout, size] = GetParam();
    Frame frame(layout, size, 1);
    const Frame before(layout, size, 1);
    FrameView view = frame.view();
    const cv::Rect fill(5, 7, 10, 3);  // becomes 4..16, 6..10
    view.fill(fill, {1, 2, 3});
    view.blit(cv::Mat(9, 11, CV_8UC3, cv::Scalar(4, 5, 6)), {31, 21});  // becomes 30..40, 20..28
    const cv::Rect touched[] = {{4, 6, 12, 4}, {30, 20, 10, 8}};
    for (int i = 0; i < 3; ++i) {
        const cv::Mat& a = frame.whole[i];
        const cv::Mat& b = before.whole[i];
        const int cell = i == 0 ? 1 : 2;
        const int step = static_cast<int>(a.elemSize());
        for (int y = 0; y < a.rows; ++y) {
            for (int x = 0; x < a.cols; ++x) {
                const cv::Point p(x * cell, y * cell);
                if (touched[0].contains(p) || touched[1].contains(p)) {
                    continue;
                }
                ASSERT_EQ(std::memcmp(a.ptr(y) + x * step, b.ptr(y) + x * step, static_cast<size_t>(step)), 0)
                    << "plane " << i << " at " << x << ", " << y;
            }
        }
    }
}

TEST_P(FrameViews, DrawingOutsideTheFrameIsCutOff) {
    const auto [layout, size] = GetParam();
    Frame frame(layout, size, 1);
    FrameView view = frame.view();
    view.fill({-100, -100, 5, 5}, {1, 2, 3});
    view.fill({-1000000, -1000000, 2000000, 2000000}, {9, 9, 9});
    view.blit(cv::Mat(200, 200, CV_8UC3, cv::Scalar(4, 5, 6)), {-50, -50});
    view.blit(cv::Mat(8, 8, CV_8UC3, cv::Scalar(4, 5, 6)), {1000, 1000});
    drgan::TrackInfo t;
    t.id = 3;
    t.frontal = cv::Mat(96, 96, CV_8UC3, cv::Scalar(1, 2, 3));
    for (const cv::Rect2f box : {cv::Rect2f(-20, -20, 60, 60), cv::Rect2f(0, 0, 1, 1), cv::Rect2f(-1e5F, 3, 2e5F, 4)}) {
        t.box = box;
        drgan::drawOverlay(view, {t});
    }
}

TEST(YuvConversion, MatchesTheStandardsReferenceColours) {
    // BT.601, limited range: (R, G, B) -> (Y, Cb, Cr) of the 100 % bars, ITU-R BT.601-7 rounded to 8 bits.
    const struct {
        cv::Scalar bgr;
        cv::Vec3i yuv;
    } bars[] = {{{255, 255, 255}, {235, 128, 128}}, {{0, 0, 0}, {16, 128, 128}},   {{0, 0, 255}, {81, 90, 240}},
                {{0, 255, 0}, {145, 54, 34}},       {{255, 0, 0}, {41, 240, 110}}, {{0, 255, 255}, {210, 16, 146}}};
    const auto c = YuvConversion::create(0.299, 0.114, true);
    for (const auto& bar : bars) {
        cv::Mat yuv;
        cv::transform(cv::Mat(1, 1, CV_8UC3, bar.bgr), yuv, c.fromBgr);
        for (int i = 0; i < 3; ++i) {
            EXPECT_NEAR(yuv.at<cv::Vec3b>(0)[i], bar.yuv[i], 1) << bar.bgr << " component " << i;
        }
        cv::Mat bgr;
        cv::transform(yuv, bgr, c.toBgr);
        EXPECT_LE(cv::norm(bgr, cv::Mat(1, 1, CV_8UC3, bar.bgr), cv::NORM_INF), 3);
    }
}

TEST(FrameView, ReadsI420AsOpenCvDoes) {
    cv::Mat bgr(48, 64, CV_8UC3);
    cv::RNG(5).fill(bgr, cv::RNG::UNIFORM, 0, 256);
    cv::blur(bgr, bgr, {9, 9});
    cv::Mat packed;
    cv::cvtColor(bgr, packed, cv::COLOR_BGR2YUV_I420);
    const std::array<cv::Mat, 3> planes = {packed.rowRange(0, 48), cv::Mat(24, 32, CV_8UC1, packed.ptr(48)),
                                           cv::Mat(24, 32, CV_8UC1, packed.ptr(48) + 24 * 32)};
    const FrameView view(PixelLayout::i420, planes, YuvConversion::create(0.299, 0.114, true));
    cv::Mat expected;
    cv::cvtColor(packed, expected, cv::COLOR_YUV2BGR_I420);
    const cv::Rect region(11, 7, 31, 25);
    // OpenCV repeats chroma samples and the view interpolates them: close, but not equal.
    EXPECT_LE(cv::norm(view.bgr(region, region.size()), expected(region), cv::NORM_L1) / (3. * region.area()), 4);
}

}  // namespace
