// SPDX-License-Identifier: Apache-2.0
//
// Where the aligner looks and what it makes of the network's answer. The tiny aligner finds a red dot (eyes), a green
// one (nose) and a blue one (mouth), or always answers the same.
#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/drgan.hpp>

#include "expect_error.hpp"
#include "imgproc.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"

using cv::Mat;
using cv::Point2d;
using cv::drgan::Aligner;
using cv::drgan::Encoder;
using drgan_test::expectError;
using drgan_test::tinyAligner;
using drgan_test::TinyOptions;

namespace {

Mat align(Aligner& aligner, const Mat& picture, const Mat& boxes, int passes = 1) {
    Mat faces;
    aligner.align(picture, boxes, faces, passes);
    return faces;
}

Mat box(double x, double y, double w, double h) { return (cv::Mat_<double>(1, 4) << x, y, w, h); }

Point2d point(const Mat& row, int k) { return Point2d(row.at<float>(4 + 2 * k), row.at<float>(5 + 2 * k)); }
Point2d eyes(const Mat& row) { return (point(row, 0) + point(row, 1)) / 2; }
Point2d mouth(const Mat& row) { return (point(row, 3) + point(row, 4)) / 2; }

/// A face of three dots on black.
struct Dots {
    Mat picture;
    Point2d eyes, nose, mouth;
    Mat box;  ///< in which eyes and mouth lie as they do in a detector's box (0.397 and 0.747 of the side from the top)
};

Dots dots(Point2d center, double side, double rollDegrees, double noseX = 0) {
    Dots result;
    const double r = rollDegrees * CV_PI / 180;
    const auto at = [&](double x, double y) {
        return center + side * Point2d(x * std::cos(r) - y * std::sin(r), x * std::sin(r) + y * std::cos(r));
    };
    result.eyes = at(0, 0.397 - 0.5);
    result.nose = at(noseX, 0.1);
    result.mouth = at(0, 0.747 - 0.5);
    result.picture = Mat(480, 640, CV_8UC3, cv::Scalar::all(0));
    const std::pair<Point2d, cv::Scalar> marks[] = {{result.eyes, cv::Scalar(0, 0, 255)},
                                                    {result.nose, cv::Scalar(0, 255, 0)},
                                                    {result.mouth, cv::Scalar(255, 0, 0)}};
    for (const auto& mark : marks) {
        Mat layer(result.picture.size(), CV_8UC3, cv::Scalar::all(0));  // dots may overlap
        cv::circle(layer, cv::Point(cvRound(mark.first.x * 256), cvRound(mark.first.y * 256)), cvRound(side * 20),
                   mark.second, cv::FILLED, cv::LINE_AA, 8);
        result.picture += layer;
    }
    result.box = box(center.x - side / 2, center.y - side / 2, side, side);
    return result;
}

void expectNear(Point2d got, Point2d expected, double tolerance) {
    EXPECT_NEAR(got.x, expected.x, tolerance);
    EXPECT_NEAR(got.y, expected.y, tolerance);
}

TinyOptions sized(int imageSize) {
    TinyOptions options;
    options.imageSize = imageSize;
    return options;
}

/// An aligner that always finds its landmarks where a frontal face has them on average in the given box.
TinyOptions average() {
    TinyOptions options;
    for (const double v : {0.347, 0.397, 0.653, 0.397, 0.5, 0.597, 0.371, 0.747, 0.629, 0.747}) {
        options.landmarks.push_back(static_cast<float>((v - 0.5) / options.cropFactor + 0.5));
    }
    return options;
}

}  // namespace

TEST(Aligner, TellsWhatItsMetadataSays) {
    TinyOptions options = sized(32);
    options.cropFactor = 1.5f;
    options.bundleId = "another";
    const auto aligner = Aligner::create(tinyAligner(options));
    EXPECT_EQ(aligner->imageSize(), 32);
    EXPECT_FLOAT_EQ(aligner->cropFactor(), 1.5f);
    EXPECT_EQ(aligner->bundleId(), "another");
}

TEST(Aligner, OnlyGoesWithTheEncoderOfItsBundle) {
    const auto encoder = Encoder::create(drgan_test::tinyEncoder());
    EXPECT_NO_THROW(Aligner::create(tinyAligner(), encoder));
    TinyOptions other;
    other.bundleId = "other";
    expectError([&] { Aligner::create(tinyAligner(other), encoder); }, {"drgan.bundle_id", "\"other\"", "\"tiny\""});
}

TEST(Aligner, FindsThePointsWhereTheyAre) {
    for (const int size : {16, 64}) {
        const auto aligner = Aligner::create(tinyAligner(sized(size)));
        for (const double side : {62.0, 90.0, 140.0}) {
            for (const double roll : {0.0, 25.0, -70.0, 180.0}) {
                SCOPED_TRACE(cv::format("S %d, side %g, roll %g", size, side, roll));
                const Dots face = dots(Point2d(301.3, 222.6), side, roll, 0.1);
                // The crop's sampling; had its coordinates slipped by half a pixel, that would be five times as much.
                const double near = 0.3 + 0.1 * 1.8 * side / size;
                const Mat off = box(301 - 0.6 * side, 222 - 0.45 * side, 1.1 * side, 0.9 * side);
                for (const Mat& where : {face.box, off}) {
                    for (const int passes : {1, 2, 3}) {
                        const Mat row = align(*aligner, face.picture, where, passes);
                        ASSERT_EQ(row.size(), cv::Size(16, 1));
                        ASSERT_EQ(row.type(), CV_32F);
                        expectNear(eyes(row), face.eyes, near);
                        expectNear(point(row, 2), face.nose, near);
                        expectNear(mouth(row), face.mouth, near);
                        EXPECT_GT(row.at<float>(14), 0);
                        EXPECT_LT(row.at<float>(14), 1);
                    }
                }
            }
        }
    }
}

TEST(Aligner, TheBoxIsTheOneThatTheLandmarksImply) {
    const auto aligner = Aligner::create(tinyAligner(sized(64)));
    for (const double roll : {0.0, 40.0}) {
        const Dots face = dots(Point2d(300, 220), 100, roll);
        const Mat row = align(*aligner, face.picture, box(240, 180, 110, 90));
        for (int i = 0; i < 4; ++i) EXPECT_NEAR(row.at<float>(i), face.box.at<double>(i), 1.0) << i;
        EXPECT_EQ(row.at<float>(2), row.at<float>(3));
    }
}

TEST(Aligner, TheBoxAloneGivesAnUprightFacesCrop) {
    const auto aligner = Aligner::create(tinyAligner(average()));
    const auto encoder = Encoder::create(drgan_test::tinyEncoder(sized(112)));
    const auto drawn = drgan_test::drawFace({320, 240}, {150, 120}, 120);
    for (const Mat& given : {box(100, 70, 100, 100), box(80, 90, 60, 110), box(-20, 100, 90, 40)}) {
        const Mat row = align(*aligner, drawn.picture, given);
        Mat byBox, byRow, byGiven;
        encoder->alignCrop(drawn.picture, row.colRange(0, 4), byBox);
        encoder->alignCrop(drawn.picture, row, byRow);
        encoder->alignCrop(drawn.picture, given, byGiven);
        EXPECT_LE(cv::norm(byBox, byRow, cv::NORM_INF), 2);
        EXPECT_LE(cv::norm(byGiven, byRow, cv::NORM_INF), 2);
    }
}

TEST(Aligner, FixedLandmarksComeOutAtTheBoxesPlace) {
    TinyOptions options;
    options.landmarks = {0.4f, 0.4f, 0.7f, 0.45f, 0.5f, 0.5f, 0.45f, 0.7f, 0.6f, 1.25f};
    const auto aligner = Aligner::create(tinyAligner(options));
    const Mat picture(300, 400, CV_8UC3, cv::Scalar::all(90));
    for (const cv::Rect2d& b :
         {cv::Rect2d(100, 80, 60, 60), cv::Rect2d(10.5, 200, 40, 80), cv::Rect2d(-60, -70, 99, 80)}) {
        const Mat row = align(*aligner, picture, box(b.x, b.y, b.width, b.height));
        const double side = 1.8 * std::max(b.width, b.height);
        for (int k = 0; k < 5; ++k) {
            const Point2d l(options.landmarks[2 * k] - 0.5, options.landmarks[2 * k + 1] - 0.5);
            expectNear(point(row, k), (b.tl() + b.br()) / 2 + l * side, 0.01);
        }
    }
}

TEST(Aligner, LandmarksThatComeInSayWhereToLookAndHowTurned) {
    const TinyOptions options = average();
    const auto aligner = Aligner::create(tinyAligner(options));
    const Mat picture(480, 640, CV_8UC3, cv::Scalar::all(90));
    const Mat upright = align(*aligner, picture, box(250, 150, 100, 100));
    for (const double roll : {30.0, -110.0}) {
        const Mat turn =
            cv::getRotationMatrix2D(cv::Point2f(300, 200), -roll, 1);  // positive: clockwise, about the middle
        Mat given(1, 15, CV_32F, cv::Scalar(7)), points;
        cv::transform(upright.colRange(4, 14).reshape(2), points, turn);
        points.reshape(1).copyTo(given.colRange(4, 14));
        const Mat row = align(*aligner, picture, given);  // its box, 7 x 7 at 7,7, does not count
        EXPECT_LT(cv::norm(row.colRange(4, 14), given.colRange(4, 14), cv::NORM_INF), 0.01);
        EXPECT_LT(cv::norm(row.colRange(0, 4), upright.colRange(0, 4), cv::NORM_INF), 0.01);
    }
}

TEST(Aligner, TheSecondPassLevelsTheHead) {
    const auto aligner = Aligner::create(tinyAligner(sized(64)));
    for (const double roll : {0.0, 35.0, -50.0}) {
        SCOPED_TRACE(roll);
        const Dots face = dots(Point2d(310, 230), 100, roll, 0.2);
        const Mat given = box(250, 170, 130, 130);
        const Mat once = align(*aligner, face.picture, given, 1);
        const Mat twice = align(*aligner, face.picture, given, 2);
        // The network puts the eyes 0.1 of the crop's side apart along the crop's x: the picture's at first, the head's
        // in the second pass, which looks at the head's own box.
        expectNear(point(once, 1) - point(once, 0), Point2d(0.1 * 1.8 * 130, 0), 0.1);
        const double r = roll * CV_PI / 180;
        expectNear(point(twice, 1) - point(twice, 0), Point2d(std::cos(r), std::sin(r)) * 0.1 * 1.8 * 100, 0.4);
        // Yaw is 90 degrees for a nose one crop's side to the right of the eyes.
        EXPECT_NEAR(twice.at<float>(15), 90 * 0.2 / 1.8, 0.5);
        EXPECT_EQ(cv::drgan::estimateYaw(twice), twice.at<float>(15));
        EXPECT_EQ(cv::norm(twice, align(*aligner, face.picture, once)), 0);
        EXPECT_EQ(cv::norm(twice, align(*aligner, face.picture, once.colRange(0, 15))), 0);
    }
}

TEST(Aligner, TheThirdPassIsTheMeanWithTheMirrorImage) {
    // A network that always finds the same, lopsided face: mean and mirror image together are even.
    TinyOptions options;
    options.landmarks = {0.35f, 0.4f, 0.55f, 0.42f, 0.6f, 0.5f, 0.4f, 0.66f, 0.5f, 0.64f};
    options.imageSize = 64;
    const auto aligner = Aligner::create(tinyAligner(options));
    const Mat picture(400, 400, CV_8UC1, cv::Scalar(90));
    const Mat row = align(*aligner, picture, box(150, 150, 100, 100), 3);
    const Point2d along = mouth(row) - eyes(row);
    const Point2d axis = along / cv::norm(along);
    const auto across = [&](int k) {
        const Point2d off = point(row, k) - eyes(row);
        return off.x * axis.y - off.y * axis.x;
    };
    EXPECT_NEAR(across(0), -across(1), 1e-3);
    EXPECT_NEAR(across(2), 0, 1e-3);
    EXPECT_NEAR(across(3), -across(4), 1e-3);
    EXPECT_GT(std::abs(across(0)), 5);

    // One that sees the same in both: its yaw and score stay.
    const auto fair = Aligner::create(tinyAligner(sized(64)));
    const Dots face = dots(Point2d(301.3, 222.6), 120, 10, 0.1);
    const Mat twice = align(*fair, face.picture, face.box, 2), thrice = align(*fair, face.picture, face.box, 3);
    EXPECT_GT(twice.at<float>(15), 3);
    EXPECT_NEAR(thrice.at<float>(15), twice.at<float>(15), 0.5);
    EXPECT_NEAR(thrice.at<float>(14), twice.at<float>(14), 1e-3);
}

TEST(Aligner, ManyBoxesAtOnceAreTheSameAsOneByOne) {
    const auto aligner = Aligner::create(tinyAligner());
    Mat picture = drgan_test::noisePicture({16, 12}, CV_8UC3, 3);
    cv::resize(picture, picture, {640, 480}, 0, 0, cv::INTER_CUBIC);
    const int n = 250;  // more than one forward pass
    Mat boxes(n, 4, CV_32F);
    cv::RNG random(9);
    for (int i = 0; i < n; ++i) {
        const float side = random.uniform(40.f, 160.f);
        for (int k = 0; k < 4; ++k) boxes.at<float>(i, k) = k < 2 ? random.uniform(-200.f, 640.f) : side;
    }
    for (const int passes : {1, 2, 3}) {
        const Mat rows = align(*aligner, picture, boxes, passes);
        ASSERT_EQ(rows.size(), cv::Size(16, n));
        int found = 0;
        for (int i = 0; i < n; ++i) {
            EXPECT_LT(cv::norm(rows.row(i), align(*aligner, picture, boxes.row(i), passes), cv::NORM_INF), 0.05) << i;
            found += rows.at<float>(i, 14) > 0;
        }
        EXPECT_GT(found, 70);
        EXPECT_LT(found, n);  // some lie outside the picture
    }
}

TEST(Aligner, ShrinkingAverages) {
    // The tiny aligner's score tells the brightness: of stripes one pixel wide, the mean.
    const auto aligner = Aligner::create(tinyAligner(average()));
    Mat stripes(1000, 1000, CV_8UC1);
    for (int x = 0; x < stripes.cols; ++x) stripes.col(x).setTo(x % 2 ? 255 : 0);
    const Mat where = box(300, 300, 400, 400);
    const float got = align(*aligner, stripes, where).at<float>(14);
    EXPECT_NEAR(got, align(*aligner, Mat(1000, 1000, CV_8UC1, cv::Scalar(127)), where).at<float>(14), 0.01);
    EXPECT_GT(std::abs(got - align(*aligner, Mat(1000, 1000, CV_8UC1, cv::Scalar(255)), where).at<float>(14)), 0.1);
}

TEST(Aligner, BeyondTheBorderThePictureGoesOn) {
    const auto aligner = Aligner::create(tinyAligner(average()));
    Mat large(400, 400, CV_8UC3, cv::Scalar(0, 255, 0));
    Mat part = large(cv::Rect(100, 100, 150, 150));
    part.setTo(cv::Scalar(200, 180, 30));
    const float inside = align(*aligner, part, box(60, 60, 30, 30)).at<float>(14);
    for (const Mat& where : {box(-70, 20, 100, 100), box(120, 120, 90, 90), box(-500, -500, 1200, 1200)}) {
        EXPECT_NEAR(align(*aligner, part, where).at<float>(14), inside, 1e-4);
        EXPECT_EQ(cv::norm(align(*aligner, part, where), align(*aligner, part.clone(), where)), 0);
    }
}
