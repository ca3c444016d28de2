// SPDX-License-Identifier: Apache-2.0

#include "data/margins.hpp"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace drgan::data {
namespace {

cv::Mat unevenPicture(cv::Size size) {
    cv::Mat picture(size, CV_8UC3);
    cv::RNG random(7);
    random.fill(picture, cv::RNG::UNIFORM, 0, 255);
    cv::GaussianBlur(picture, picture, {}, 2);
    cv::normalize(picture, picture, 0, 255, cv::NORM_MINMAX);
    return picture;
}

cv::Mat asJpeg(const cv::Mat& picture) {
    std::vector<uint8_t> bytes;
    cv::imencode(".jpg", picture, bytes, {cv::IMWRITE_JPEG_QUALITY, 90});
    return cv::imdecode(bytes, cv::IMREAD_COLOR);
}

TEST(Margins, StreaksAreFoundAtEachSideThroughJpeg) {
    const cv::Mat picture = unevenPicture({100, 110});
    cv::Mat crop;
    cv::copyMakeBorder(picture, crop, 30, 20, 16, 44, cv::BORDER_REPLICATE);
    const cv::Rect inner = withoutStreaks(asJpeg(crop));
    EXPECT_NEAR(inner.x, 16, 2);
    EXPECT_NEAR(inner.y, 30, 2);
    EXPECT_NEAR(inner.br().x, 116, 2);
    EXPECT_NEAR(inner.br().y, 140, 2);
}

TEST(Margins, WholePicturesStayAsTheyAre) {
    const cv::Mat picture = asJpeg(unevenPicture({160, 160}));
    EXPECT_EQ(withoutStreaks(picture), cv::Rect(0, 0, 160, 160));
    EXPECT_EQ(padToSquare(picture, {0, 0, 160, 160}).data, picture.data);
}

TEST(Margins, PaddingKeepsThePictureAndHidesItsMirrorImage) {
    const cv::Mat picture = unevenPicture({100, 110});
    const cv::Rect square(-16, -30, 160, 160), inside(16, 30, 100, 110);
    const cv::Mat padded = padToSquare(picture, square);
    ASSERT_EQ(padded.size(), square.size());
    EXPECT_EQ(cv::norm(padded(inside), picture, cv::NORM_INF), 0);
    cv::Scalar mean, meanOutside, deviation, deviationOutside;
    cv::meanStdDev(picture, mean, deviation);
    cv::meanStdDev(padded.rowRange(0, 30), meanOutside, deviationOutside);
    for (int k = 0; k < 3; ++k) {
        EXPECT_NEAR(meanOutside[k], mean[k], 25);
        EXPECT_LT(deviationOutside[k], 0.5 * deviation[k]);
    }
}

TEST(Margins, ALargePictureIsPaddedAsASmallOne) {
    const cv::Rect square(-48, -90, 480, 480), inside(48, 90, 300, 330);
    const cv::Mat picture = unevenPicture(inside.size());
    cv::Mat wanted;
    cv::copyMakeBorder(picture, wanted, 90, 60, 48, 132, cv::BORDER_REFLECT_101);
    cv::GaussianBlur(wanted, wanted, cv::Size(), 0.09 * square.width);
    picture.copyTo(wanted(inside));
    // Blurred at another resolution: not the same, but nothing that is seen.
    const cv::Mat padded = padToSquare(picture, square);
    EXPECT_LE(cv::norm(padded, wanted, cv::NORM_INF), 8);
    EXPECT_LE(cv::norm(padded, wanted, cv::NORM_L1) / static_cast<double>(3 * padded.total()), 1);
}

TEST(Margins, APlainWallIsNoStreak) {
    cv::Mat picture = unevenPicture({160, 160});
    picture.rowRange(0, 60).setTo(cv::Scalar(240, 240, 240));
    EXPECT_EQ(withoutStreaks(picture), cv::Rect(0, 0, 160, 160));
}

TEST(Margins, APictureOfOnePixelOrOneColorStaysAsItIs) {
    for (const cv::Size size : {cv::Size(1, 1), cv::Size(1, 90), cv::Size(90, 2), cv::Size(64, 64)}) {
        const cv::Mat picture(size, CV_8UC3, cv::Scalar(9, 80, 200));
        EXPECT_EQ(withoutStreaks(picture), cv::Rect(cv::Point(), size));
    }
}

TEST(Margins, APictureOfStreaksAloneKeepsItsMiddle) {
    cv::Mat picture(80, 80, CV_8UC3);
    for (int x = 0; x < picture.cols; ++x) picture.col(x).setTo(x * 53 % 256);
    const cv::Rect inner = withoutStreaks(picture);
    EXPECT_GE(inner.height, 1);
    EXPECT_GE(inner.width, 40);
}

}  // namespace
}  // namespace drgan::data
