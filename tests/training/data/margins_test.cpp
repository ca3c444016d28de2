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
