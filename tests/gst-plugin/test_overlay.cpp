// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "core/drawing/overlay.hpp"
#include "pictures.hpp"

namespace {

using drgan::colourOf;
using drgan::FrameView;
using drgan::makePlate;
using drgan::plainSpelling;
using drgan::PlateStyle;
using drgan::TrackInfo;

TrackInfo face(int id, const cv::Rect2f& box, const std::string& label = {}) {
    TrackInfo t;
    t.id = id;
    t.box = box;
    t.yaw = 23;
    t.images = 3;
    t.confidence = 0.5F;
    t.label = label;
    t.similarity = 0.61;
    t.frontal = drgan_test::noisePicture({96, 96}, CV_8UC3, static_cast<unsigned>(id));
    return t;
}

constexpr int sizes[][2] = {{320, 240}, {640, 480}, {1920, 1080}, {3840, 2160}};

TEST(Colour, IsStableAndDiffersBetweenNeighbours) {
    for (int id = 0; id < 20; ++id) {
        EXPECT_EQ(colourOf(face(id, {})), colourOf(face(id, {0, 0, 9, 9})));
        for (int other = id + 1; other < id + 4; ++other) {
            EXPECT_GT(cv::norm(colourOf(face(id, {})) - colourOf(face(other, {}))), 60) << id << " and " << other;
        }
    }
    colourOf(face(std::numeric_limits<int>::min(), {}));
}

TEST(Colour, IsTheNamesWhereThereIsOne) {
    EXPECT_EQ(colourOf(face(1, {}, "Ada")), colourOf(face(77, {}, "Ada")));
    EXPECT_NE(colourOf(face(1, {}, "Ada")), colourOf(face(1, {})));
    EXPECT_GT(cv::norm(colourOf(face(1, {}, "Ada")) - colourOf(face(1, {}, "Grace"))), 30);
}

TEST(Colour, IsTheVisitorsWhereThereIsNoName) {
    TrackInfo visitor = face(1, {});
    visitor.visitor = "visitor-k3v7q2mdw5xa";
    TrackInfo again = face(77, {});
    again.visitor = visitor.visitor;
    EXPECT_EQ(colourOf(visitor), colourOf(again));
    EXPECT_NE(colourOf(visitor), colourOf(face(1, {})));
}

TEST(Spelling, HasAQuestionMarkForEachCharacterThatIsNotAscii) {
    EXPECT_EQ(plainSpelling("Ada"), "Ada");
    EXPECT_EQ(plainSpelling("\xC5\x81ukasz \xE7\x8E\x8B"), "?ukasz ?");
    EXPECT_EQ(plainSpelling("\xF0\x9F\x98\x80"), "?");
    EXPECT_EQ(plainSpelling(""), "");
}

double inkOf(const cv::Mat& plate) {
    cv::Mat grey;
    cv::cvtColor(plate, grey, cv::COLOR_BGR2GRAY);
    return cv::countNonZero(grey < 20);
}

TEST(Plate, HasABarThatGrowsWithTheConfidence) {
    for (const auto& [width, height] : sizes) {
        const PlateStyle style({width, height});
        double before = 0;
        for (const float confidence : {0.F, 0.25F, 0.5F, 1.F}) {
            TrackInfo t = face(1, {});
            t.confidence = confidence;
            const double ink = inkOf(makePlate(t, style, {0, 255, 255}, plainSpelling));
            EXPECT_GT(ink, before) << confidence;
            before = ink;
        }
        TrackInfo none = face(1, {});
        none.images = 0;  // the confidence is not known yet
        EXPECT_LT(makePlate(none, style, {}, plainSpelling).cols,
                  makePlate(face(1, {}), style, {}, plainSpelling).cols);
    }
}

TEST(Plate, IsLegibleAndCutsNamesThatAreTooLong) {
    for (const auto& [width, height] : sizes) {
        const PlateStyle style({width, height});
        EXPECT_GE(style.text * 21, 8) << "the height of a digit in pixels";
        EXPECT_GE(style.text * 21, 0.015 * height);
        const cv::Mat unnamed = makePlate(face(3, {}), style, {}, plainSpelling);
        const cv::Mat named = makePlate(face(3, {}, "Ada Lovelace"), style, {}, plainSpelling);
        EXPECT_GT(named.rows, unnamed.rows);
        const cv::Mat endless = makePlate(face(3, {}, std::string(1024, 'm')), style, {}, plainSpelling);
        EXPECT_LE(endless.cols, style.widest + 2);
        EXPECT_GT(endless.cols, style.widest * 3 / 4);
        for (const auto& plate : {unnamed, named, endless}) {
            EXPECT_EQ(plate.cols % 2, 0);
            EXPECT_EQ(plate.rows % 2, 0);
        }
    }
}

TEST(Plate, HasTheBeginningOfAVisitorsId) {
    for (const auto& [width, height] : sizes) {
        const PlateStyle style({width, height});
        TrackInfo visitor = face(3, {});
        visitor.visitor = "visitor-k3v7q2mdw5xa";
        const cv::Mat plate = makePlate(visitor, style, {}, plainSpelling);
        EXPECT_GT(plate.rows, makePlate(face(3, {}), style, {}, plainSpelling).rows);
        EXPECT_LE(plate.cols, style.widest + 2);
        visitor.visitor = "visitor-k3v7ytmdw5xa";
        EXPECT_EQ(cv::norm(plate, makePlate(visitor, style, {}, plainSpelling)), 0);
        visitor.visitor = "visitor-33v7q2mdw5xa";
        const cv::Mat other = makePlate(visitor, style, {}, plainSpelling);
        EXPECT_TRUE(other.size() != plate.size() || cv::norm(plate, other) > 0);
    }
}

// Whether the frame contains the whole plate.
bool shows(const cv::Mat& frame, const cv::Mat& plate) {
    const auto length = static_cast<size_t>(plate.cols) * 3;
    for (int y = 0; y + plate.rows <= frame.rows; ++y) {
        for (int x = 0; x + plate.cols <= frame.cols; ++x) {
            int row = 0;
            while (row < plate.rows && std::memcmp(plate.ptr(row), frame.ptr(y + row, x), length) == 0) {
                ++row;
            }
            if (row == plate.rows) {
                return true;
            }
        }
    }
    return false;
}

TEST(Overlay, KeepsEveryPlateWholeWhereFacesAreNeighbours) {
    const auto spell = [](const std::string& name) { return "<" + plainSpelling(name) + ">"; };
    for (const auto& [width, height] : {std::pair(320, 240), std::pair(640, 480)}) {
        cv::Mat picture = drgan_test::noisePicture({width, height}, CV_8UC3, 1);
        FrameView view(drgan::PixelLayout::bgr, {picture}, {});
        const auto w = static_cast<float>(width);
        const auto h = static_cast<float>(height);
        const std::vector<TrackInfo> tracks = {face(1, {0.02F * w, 0, 0.2F * w, 0.25F * h}, "Ada"),
                                               face(2, {0.3F * w, 0.4F * h, 0.2F * w, 0.25F * h}, "Grace"),
                                               face(3, {0.75F * w, 0.75F * h, 0.2F * w, 0.25F * h}),
                                               face(4, {0.7F * w, 0.1F * h, 0.25F * w, 0.3F * h})};
        drgan::drawOverlay(view, tracks, spell);
        for (const auto& t : tracks) {
            EXPECT_TRUE(shows(picture, makePlate(t, PlateStyle(picture.size()), colourOf(t), spell)))
                << t.id << " at " << width << "x" << height;
        }
    }
}

TEST(Overlay, FitsAnyFrame) {
    for (const auto& [width, height] : {std::pair(1, 1), std::pair(2, 300), std::pair(301, 3), std::pair(64, 48)}) {
        cv::Mat picture = drgan_test::noisePicture({width, height}, CV_8UC3, 1);
        FrameView view(drgan::PixelLayout::bgr, {picture}, {});
        drgan::drawOverlay(view, {face(1, {-5, -5, 400, 400}, std::string(1024, '\xC3')), face(2, {0, 0, 1, 1})});
    }
}

}  // namespace
